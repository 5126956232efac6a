/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdint.h>
#include <string.h>

#include "test.h"

static void what_is_allocated_is_zeroed_and_aligned(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(64);
	for (size_t size = 1; size < 300; size++) {
		char *p = arena_alloc(arena, size);
		assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xff, size);
	}
}

/* In the first block and in those that came later. */
static void a_wiped_arena_holds_nothing_any_more(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(64);
	char *copies[40];
	for (size_t i = 0; i < 40; i++)
		copies[i] = arena_strdup(arena, "not for everybody's eyes");
	arena_wipe(arena);
	for (size_t i = 0; i < 40; i++)
		for (size_t k = 0; k < strlen("not for everybody's eyes"); k++)
			assert_int_equal(copies[i][k], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_allocated_is_zeroed_and_aligned),
		cmocka_unit_test(a_wiped_arena_holds_nothing_any_more),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
