/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <string.h>

#include "test.h"

static void reads_times_with_any_offset_and_fraction(void **state)
{
	int64_t us;
	assert_true(clock_parse_us("1970-01-01T00:00:00Z", &us));
	assert_int_equal(us, 0);
	assert_true(clock_parse_us("2026-11-24T09:15:02.113Z", &us));
	assert_int_equal(us, INT64_C(1795511702113000));
	assert_true(clock_parse_us("2026-11-24T10:15:02.113456789+01:00", &us));
	assert_int_equal(us, INT64_C(1795511702113456));
	int64_t s;
	assert_true(clock_parse_s("2024-02-29T23:59:59-00:30", &s));
	assert_int_equal(s, 1709252999);
}

static void refuses_what_is_no_time(void **state)
{
	static const char *const texts[] = {
		"",
		"2026-11-24",
		"2026-11-24T09:15:02",
		"2026-13-24T09:15:02Z",
		"2026-11-24T24:15:02Z",
		"2026-11-24T09:15:02.Z",
		"2026-11-24T09:15:02Zx",
		"2026-11-24 09:15:02Z",
		"1969-12-31T23:59:59Z",
		"1970-01-01T00:00:00+01:00",
		"-026-11-24T09:15:02Z",
		"2026-11-24T09:15:02+1:00",
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		int64_t s = 77;
		if (clock_parse_s(texts[i], &s))
			fail_msg("\"%s\" was read as %lld", texts[i], (long long)s);
		assert_int_equal(s, 77);
	}
}

static void writes_what_it_reads(void **state)
{
	char text[CLOCK_TEXT_MAX];
	clock_format_s(1795511702, text);
	assert_string_equal(text, "2026-11-24T09:15:02Z");
	clock_format_us(INT64_C(1795511702000042), text);
	assert_string_equal(text, "2026-11-24T09:15:02.000042Z");
}

static void counts_since_boot_what_the_monotonic_clock_leaves_out(void **state)
{
	uint64_t monotonic_ms = clock_monotonic_ms();
	uint64_t boot_ms = clock_boot_ms();
	assert_true(boot_ms >= monotonic_ms);
	assert_true(clock_boot_ms() >= boot_ms);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_since_boot_what_the_monotonic_clock_leaves_out),
		cmocka_unit_test(reads_times_with_any_offset_and_fraction),
		cmocka_unit_test(refuses_what_is_no_time),
		cmocka_unit_test(writes_what_it_reads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
