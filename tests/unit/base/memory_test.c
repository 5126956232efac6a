/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/backoff.h"
#include "base/error.h"
#include "base/pairs.h"
#include "base/text.h"

static void text_grows_and_hands_its_content_over(void **state)
{
	struct text text CLEANUP_TEXT = TEXT_INIT;
	assert_string_equal(text_string(&text), "");
	for (int i = 0; i < 100; i++)
		text_printf(&text, "%02d", i);
	assert_int_equal(text.length, 200);
	CLEANUP_FREE char *content = text_take(&text);
	assert_int_equal(strlen(content), 200);
	assert_string_equal(content + 196, "9899");
	assert_int_equal(text.length, 0);
	CLEANUP_FREE char *empty = text_take(&text);
	assert_string_equal(empty, "");
}

static void arena_gives_aligned_zeroed_memory_of_any_size(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(16);
	for (size_t size = 0; size < 5000; size += 37) {
		unsigned char *p = arena_alloc(arena, size);
		assert_int_equal((uintptr_t)p % sizeof(max_align_t) % 16, 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xff, size);
	}
	assert_string_equal(arena_strdup(arena, "abc"), "abc");
	assert_null(arena_strdup(arena, NULL));
	assert_string_equal(arena_printf(arena, "%s-%d", "web", 0), "web-0");
}

static void pairs_replace_and_compare_without_regard_to_order(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(256);
	struct pairs a = { 0 }, b = { 0 };
	pairs_set(&a, arena, "app", "nginx");
	pairs_set(&a, arena, "tier", "web");
	pairs_set(&b, arena, "tier", "db");
	assert_false(pairs_include(&a, &b));
	pairs_set(&b, arena, "tier", "web");
	assert_true(pairs_include(&a, &b));
	assert_false(pairs_equal(&a, &b));
	pairs_set(&b, arena, "app", "nginx");
	assert_true(pairs_equal(&a, &b));
	assert_int_equal(b.count, 2);
	assert_null(pairs_get(&a, "none"));
}

static void an_error_keeps_its_code_through_prefixes(void **state)
{
	struct error err;
	assert_int_equal(error_errno(&err, 28 /* ENOSPC */, "write %s", "image"), -1);
	assert_int_equal(error_prefix(&err, "volume %s", "pvc-1"), -1);
	assert_int_equal(err.code, ERROR_EXHAUSTED);
	assert_string_equal(err.text, "volume pvc-1: write image: No space left on device");
	assert_int_equal(error_set(&err, ERROR_INVALID, "%s again", err.text), -1);
	assert_non_null(strstr(err.text, "device again"));
	assert_int_equal(error_set(NULL, ERROR_INVALID, "nobody listens"), -1);
}

static void a_long_error_is_cut_not_overrun(void **state)
{
	char noise[3 * ERROR_TEXT_MAX];
	memset(noise, 'x', sizeof(noise) - 1);
	noise[sizeof(noise) - 1] = '\0';
	struct error err;
	error_set(&err, ERROR_INTERNAL, "%s", noise);
	error_prefix(&err, "%s", noise);
	assert_int_equal(strlen(err.text), ERROR_TEXT_MAX - 1);
}

static void waits_twice_as_long_each_time_up_to_the_limit(void **state)
{
	assert_int_equal(backoff_ms(1, 100, 1000), 100);
	assert_int_equal(backoff_ms(2, 100, 1000), 200);
	assert_int_equal(backoff_ms(4, 100, 1000), 800);
	assert_int_equal(backoff_ms(5, 100, 1000), 1000);
	assert_int_equal(backoff_ms(4000000000u, 100, UINT32_MAX), UINT32_MAX);
	for (int i = 0; i < 100; i++) {
		uint32_t delay_ms = backoff_spread_ms(3, 100, 1000);
		assert_in_range(delay_ms, 300, 400);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_grows_and_hands_its_content_over),
		cmocka_unit_test(arena_gives_aligned_zeroed_memory_of_any_size),
		cmocka_unit_test(pairs_replace_and_compare_without_regard_to_order),
		cmocka_unit_test(an_error_keeps_its_code_through_prefixes),
		cmocka_unit_test(a_long_error_is_cut_not_overrun),
		cmocka_unit_test(waits_twice_as_long_each_time_up_to_the_limit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
