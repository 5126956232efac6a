/* SPDX-License-Identifier: Apache-2.0 */
#include "base/quantity.h"

#include <string.h>

#include "test.h"

struct row {
	const char *text;
	uint64_t bytes;
};

static void reads_what_kubernetes_writes(void **state)
{
	static const struct row rows[] = {
		{ "0", 0 },
		{ "1", 1 },
		{ "1Gi", 1073741824 },
		{ "1.5Gi", 1610612736 },
		{ "500M", 500000000 },
		{ "1e9", 1000000000 },
		{ "1E3", 1000 },
		{ "1E", 1000000000000000000 },
		{ "7Ei", UINT64_C(8070450532247928832) },
		{ "9223372036854775807", INT64_MAX },
		{ ".5Ki", 512 },
		{ "5.", 5 },
		{ "+3k", 3000 },
		{ "0.000000001Ei", 1152921505 },
		{ "1e-3", 1 },
		{ "0e999999999", 0 },
		/* 12.345678Ti, as the API server writes it */
		{ "13574216513778352128u", UINT64_C(13574216513779) },
		{ "9223372036854775806999999999n", INT64_MAX },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint64_t bytes = 77;
		struct error err = { 0 };
		if (quantity_parse_bytes(rows[i].text, &bytes, &err) < 0)
			fail_msg("%s: %s", rows[i].text, err.text);
		assert_int_equal(bytes, rows[i].bytes);
	}
}

static void rounds_fractions_of_a_byte_up(void **state)
{
	static const struct row rows[] = {
		{ "1m", 1 },  { "1001m", 2 }, { "1000m", 1 },
		{ "0.1", 1 }, { "1n", 1 },    { "1e-30", 1 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint64_t bytes = 77;
		assert_int_equal(quantity_parse_bytes(rows[i].text, &bytes, NULL), 0);
		assert_int_equal(bytes, rows[i].bytes);
	}
}

static void expect_refusal(const char *text, enum error_code code)
{
	uint64_t bytes = 77;
	struct error err = { 0 };
	if (quantity_parse_bytes(text, &bytes, &err) != -1)
		fail_msg("\"%s\" was read as %llu", text, (unsigned long long)bytes);
	assert_int_equal(err.code, code);
	assert_int_equal(bytes, 77);
}

static void refuses_what_is_no_quantity(void **state)
{
	static const char *const texts[] = {
		"",	".",	 "Gi",	"1gi",	"1 Gi", "1Gib",
		"0x10", "1.2.3", "1e",	"1e+",	"--1",	"1e3Ki",
		"-1Gi", "1Gi ",	 "inf", "1e3k", "+",	"12345678901234567890123456789n"
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		expect_refusal(texts[i], ERROR_INVALID);
}

static void refuses_more_than_eight_exbibytes(void **state)
{
	expect_refusal("8Ei", ERROR_RANGE);
	expect_refusal("9223372036854775808", ERROR_RANGE);
	expect_refusal("1e300", ERROR_RANGE);
	expect_refusal("12345678901234567890", ERROR_RANGE);
	expect_refusal("9999999999999999999999999999Ei", ERROR_RANGE);
	expect_refusal("9999999999999999999Ei", ERROR_RANGE);
}

static void writes_the_shortest_exact_form(void **state)
{
	static const struct row rows[] = {
		{ "0", 0 },
		{ "1Gi", 1073741824 },
		{ "1536Mi", 1610612736 },
		{ "1500", 1500 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char text[QUANTITY_TEXT_MAX];
		quantity_format_bytes(rows[i].bytes, text);
		assert_string_equal(text, rows[i].text);
	}
}

static void writes_what_is_about_so_much(void **state)
{
	static const struct row rows[] = {
		{ "0", 0 },
		{ "7", 7 },
		{ "1Gi", 1073741824 },
		{ "1Gi", 1073741824 + 200000000 },
		{ "640Mi", 671088640 + 1 },
		{ "7Ei", INT64_MAX },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char text[QUANTITY_TEXT_MAX];
		quantity_format_about(rows[i].bytes, text);
		assert_string_equal(text, rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_kubernetes_writes),
		cmocka_unit_test(rounds_fractions_of_a_byte_up),
		cmocka_unit_test(refuses_what_is_no_quantity),
		cmocka_unit_test(refuses_more_than_eight_exbibytes),
		cmocka_unit_test(writes_the_shortest_exact_form),
		cmocka_unit_test(writes_what_is_about_so_much),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
