/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/capacity.h"

#include <stdint.h>
#include <string.h>

#include "test.h"

#define MIB (1ULL << 20)
#define GIB (1ULL << 30)

static void chooses_a_size_by_the_range(void **state)
{
	static const struct {
		uint64_t required, limit, minimum, size;
	} cases[] = {
		{ 0, 0, 16 * MIB, GIB },
		{ GIB, 0, 16 * MIB, GIB },
		{ GIB, GIB, 16 * MIB, GIB },
		{ GIB + 1, 0, 0, GIB + 4096 },
		{ 0, 512 * MIB, 0, 512 * MIB },
		{ 0, 2 * GIB, 0, GIB },
		{ 0, 100000000, 0, 99999744 },
		{ 100 * GIB, 0, 0, 100 * GIB },
		{ 1, 0, 0, 4096 },
		{ 16 * MIB, 0, 16 * MIB, 16 * MIB },
		/* The least that is wanted is raised to the least that can be made. */
		{ 1, 0, 16 * MIB, 16 * MIB },
		{ 1000000, 32 * MIB, 16 * MIB, 16 * MIB },
		{ 200 * MIB, 0, 300 * MIB, 300 * MIB },
		/* Between request and limit lies no multiple of the unit. */
		{ 100000000, 100000000, 16 * MIB, 100000000 },
		{ 100000000, 110000000, 16 * MIB, 100003840 },
		{ GIB + 1, GIB + 2, 0, GIB + 1 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct error err = { 0 };
		uint64_t size = 0;
		struct capacity_range range = { cases[i].required, cases[i].limit };
		assert_int_equal(capacity_choose(&range, cases[i].minimum, &size, &err), 0);
		assert_int_equal(size, cases[i].size);
	}
}

static void grows_by_the_range_and_never_shrinks(void **state)
{
	static const struct {
		uint64_t required, limit, now, size;
		int outcome;
		enum error_code code;
	} cases[] = {
		{ 2 * GIB, 0, GIB, 2 * GIB, 0, ERROR_NONE },
		{ 2 * GIB, 3 * GIB, GIB, 2 * GIB, 0, ERROR_NONE },
		{ GIB + 1, 0, GIB, GIB + 4096, 0, ERROR_NONE },
		{ GIB, 0, GIB, GIB, 1, ERROR_NONE },
		{ MIB, 0, GIB, GIB, 1, ERROR_NONE },
		{ 0, 2 * GIB, GIB, GIB, 1, ERROR_NONE },
		{ 0, 0, GIB, 7, -1, ERROR_INVALID },
		{ 0, MIB, GIB, 7, -1, ERROR_RANGE },
		{ MIB, 2 * MIB, GIB, 7, -1, ERROR_RANGE },
		{ 3 * GIB, 2 * GIB, GIB, 7, -1, ERROR_RANGE },
		{ GIB + 1, GIB + 2, GIB, GIB + 1, 0, ERROR_NONE },
		{ INT64_MAX, 0, GIB, 7, -1, ERROR_RANGE },
		{ UINT64_MAX, 0, GIB, 7, -1, ERROR_RANGE },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct error err = { 0 };
		uint64_t size = 7;
		struct capacity_range range = { cases[i].required, cases[i].limit };
		assert_int_equal(capacity_choose_growth(&range, cases[i].now, &size, &err),
				 cases[i].outcome);
		assert_int_equal(size, cases[i].size);
		assert_int_equal(err.code, cases[i].code);
	}
}

static void refuses_a_range_in_which_no_size_lies(void **state)
{
	static const struct {
		uint64_t required, limit, minimum;
		const char *reason;
	} cases[] = {
		{ 2 * GIB, GIB, 0, "is less than required_bytes" },
		{ UINT64_MAX, 0, 0, "more than any volume" },
		{ INT64_MAX, 0, 0, "more than any volume" },
		{ 100 * MIB, 200 * MIB, 300 * MIB,
		  "limit_bytes 200Mi is too small: the least for this kind of volume is 300Mi" },
		{ 0, 4095, 4096, "limit_bytes 4095 is too small" },
		{ 0, 100 * MIB, 300 * MIB, "limit_bytes 100Mi is too small" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct error err = { 0 };
		uint64_t size = 7;
		struct capacity_range range = { cases[i].required, cases[i].limit };
		assert_int_equal(capacity_choose(&range, cases[i].minimum, &size, &err), -1);
		assert_int_equal(err.code, ERROR_RANGE);
		assert_non_null(strstr(err.text, cases[i].reason));
		assert_int_equal(size, 7);
	}
}

static void an_existing_size_serves_if_it_lies_in_the_range(void **state)
{
	assert_true(capacity_fits_range(&(struct capacity_range) { 0, 0 }, GIB));
	assert_true(capacity_fits_range(&(struct capacity_range) { GIB, GIB }, GIB));
	assert_true(capacity_fits_range(&(struct capacity_range) { GIB - 1, 0 }, GIB));
	assert_false(capacity_fits_range(&(struct capacity_range) { GIB + 1, 0 }, GIB));
	assert_false(capacity_fits_range(&(struct capacity_range) { 0, GIB - 1 }, GIB));
}

static void room_is_what_is_neither_promised_nor_kept_back(void **state)
{
	struct capacity_space space = {
		.total_bytes = 100 * GIB,
		.available_bytes = 60 * GIB,
		.reserve_bytes = 5 * GIB,
	};
	assert_int_equal(capacity_room(&space), 55 * GIB);
	space.promised_bytes = 30 * GIB;
	assert_int_equal(capacity_room(&space), 25 * GIB);
	/* What the images hold already is part of the promise and must not count twice. */
	space.allocated_bytes = 10 * GIB;
	assert_int_equal(capacity_room(&space), 35 * GIB);
	assert_int_equal(capacity_ever(&space), 95 * GIB);
}

static void room_is_never_less_than_nothing(void **state)
{
	struct capacity_space space = {
		.total_bytes = 10 * GIB,
		.available_bytes = GIB,
		.promised_bytes = 5 * GIB,
		.reserve_bytes = GIB,
	};
	assert_int_equal(capacity_room(&space), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chooses_a_size_by_the_range),
		cmocka_unit_test(grows_by_the_range_and_never_shrinks),
		cmocka_unit_test(refuses_a_range_in_which_no_size_lies),
		cmocka_unit_test(an_existing_size_serves_if_it_lies_in_the_range),
		cmocka_unit_test(room_is_what_is_neither_promised_nor_kept_back),
		cmocka_unit_test(room_is_never_less_than_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
