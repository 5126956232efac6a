/* SPDX-License-Identifier: Apache-2.0 */
#include "base/aside.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "test.h"

struct disk {
	atomic_uint looks;
	atomic_bool hangs;
	atomic_bool fails;
};

static int look(void *context, struct error *err)
{
	struct disk *disk = context;
	atomic_fetch_add(&disk->looks, 1);
	while (atomic_load(&disk->hangs))
		usleep(1000);
	return atomic_load(&disk->fails) ? error_set(err, ERROR_INTERNAL, "it fails") : 0;
}

static struct aside *look_at(struct disk *disk, unsigned interval_ms)
{
	const struct aside_options options = { .what = "disk one",
					       .look = look,
					       .context = disk,
					       .interval_ms = interval_ms,
					       .patience_ms = 200 };
	return aside_new(&options);
}

static void the_outcome_is_the_looks(void **state)
{
	struct disk disk = { 0 };
	struct error err = { 0 };
	CLEANUP(aside_freep) struct aside *aside = look_at(&disk, 0);
	assert_int_equal(aside_ask(aside, &err), 0);
	atomic_store(&disk.fails, true);
	usleep(2000);
	assert_int_equal(aside_ask(aside, &err), -1);
	assert_string_equal(err.text, "it fails");
	assert_int_equal(atomic_load(&disk.looks), 2);
}

static void within_the_interval_it_is_known(void **state)
{
	struct disk disk = { 0 };
	CLEANUP(aside_freep) struct aside *aside = look_at(&disk, 60000);
	for (int i = 0; i < 100; i++)
		assert_int_equal(aside_ask(aside, NULL), 0);
	assert_int_equal(atomic_load(&disk.looks), 1);
}

static void a_look_that_hangs_blocks_no_caller(void **state)
{
	struct disk disk = { .hangs = true };
	struct error err = { 0 };
	CLEANUP(aside_freep) struct aside *aside = look_at(&disk, 0);
	uint64_t begin_ms = clock_monotonic_ms();
	assert_int_equal(aside_ask(aside, &err), -1);
	assert_int_equal(err.code, ERROR_TIMEOUT);
	/* A patience of less than a second is not told as none. */
	unsigned waited_ms = 0;
	assert_int_equal(sscanf(err.text, "disk one: no answer for %u ms", &waited_ms), 1);
	assert_in_range(waited_ms, 200, 2000);
	uint64_t first_ms = clock_monotonic_ms() - begin_ms;
	assert_in_range(first_ms, 150, 2000);
	/* It is known to hang now. */
	begin_ms = clock_monotonic_ms();
	for (int i = 0; i < 100; i++)
		assert_int_equal(aside_ask(aside, &err), -1);
	assert_true(clock_monotonic_ms() - begin_ms < 150);
	assert_int_equal(atomic_load(&disk.looks), 1);
	atomic_store(&disk.hangs, false);
	usleep(50000);
	assert_int_equal(aside_ask(aside, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_outcome_is_the_looks),
		cmocka_unit_test(within_the_interval_it_is_known),
		cmocka_unit_test(a_look_that_hangs_blocks_no_caller),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
