/* SPDX-License-Identifier: Apache-2.0 */
#include "base/flag.h"

#include <string.h>

#include "test.h"

struct values {
	const char *text;
	unsigned number;
	bool on;
	enum log_level log_level;
};

static int parse(const char *first, const char *second, struct values *values, struct error *err)
{
	const struct flag flags[] = {
		{ .name = "name", .text = &values->text },
		{ .name = "workers", .number = &values->number, .min = 1, .max = 64 },
		{ .name = "elect", .on = &values->on },
		{ .name = "log-level", .log_level = &values->log_level },
	};
	const struct flag_table table = { .program = "p", .help = "", .flags = flags, .count = 4 };
	const char *argv[] = { "p", first, second, NULL };
	return flag_table_parse(&table, 1 + !!first + (first && second), (char *const *)argv, err);
}

static void a_flag_that_is_not_given_keeps_its_default(void **state)
{
	struct values values = { .text = "default", .number = 8, .on = true };
	struct error err;
	assert_int_equal(parse(NULL, NULL, &values, &err), 0);
	assert_string_equal(values.text, "default");
	assert_int_equal(values.number, 8);
	assert_true(values.on);
}

static void a_value_follows_an_equals_sign_or_is_the_next_argument(void **state)
{
	struct values values = { 0 };
	struct error err;
	assert_int_equal(parse("--name=a=b", "--workers=64", &values, &err), 0);
	assert_string_equal(values.text, "a=b");
	assert_int_equal(values.number, 64);
	assert_int_equal(parse("--name", "c", &values, &err), 0);
	assert_string_equal(values.text, "c");
	assert_int_equal(parse("--name=", "--log-level=debug", &values, &err), 0);
	assert_string_equal(values.text, "");
	assert_int_equal(values.log_level, LOG_DEBUG);
}

static void a_switch_may_stand_alone(void **state)
{
	struct values values = { 0 };
	struct error err;
	assert_int_equal(parse("--elect", "--workers=2", &values, &err), 0);
	assert_true(values.on);
	assert_int_equal(values.number, 2);
	assert_int_equal(parse("--elect=false", NULL, &values, &err), 0);
	assert_false(values.on);
}

static void refuses_what_it_does_not_know_and_names_it(void **state)
{
	static const struct {
		const char *first, *second, *text;
	} cases[] = {
		{ "--nam=x", NULL, "--nam=x: unknown flag" },
		{ "--names=x", NULL, "--names=x: unknown flag" },
		{ "-n", NULL, "-n: unexpected argument" },
		{ "x", NULL, "x: unexpected argument" },
		{ "--name", NULL, "--name: its value is missing" },
		{ "--workers=0", NULL, "--workers=0: must be a number from 1 to 64" },
		{ "--workers=65", NULL, "--workers=65: must be" },
		{ "--workers=-1", NULL, "--workers=-1: must be" },
		{ "--workers= 1", NULL, "--workers= 1: must be" },
		{ "--workers=", NULL, "--workers=: must be" },
		{ "--workers=99999999999999999999", NULL, "must be a number" },
		{ "--elect=yes", NULL, "--elect=yes: must be true or false" },
		{ "--elect", "false", "false: unexpected argument" },
		{ "--log-level=loud", NULL, "--log-level=loud: must be debug" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct values values = { 0 };
		struct error err = { 0 };
		assert_int_equal(parse(cases[i].first, cases[i].second, &values, &err), -1);
		assert_int_equal(err.code, ERROR_INVALID);
		if (!strstr(err.text, cases[i].text))
			fail_msg("\"%s\" lacks \"%s\"", err.text, cases[i].text);
	}
}

static void help_and_version_are_answered_before_what_follows_is_read(void **state)
{
	struct values values = { 0 };
	struct error err;
	assert_int_equal(parse("--help", "nonsense", &values, &err), 1);
	assert_int_equal(parse("--version", "nonsense", &values, &err), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flag_that_is_not_given_keeps_its_default),
		cmocka_unit_test(a_value_follows_an_equals_sign_or_is_the_next_argument),
		cmocka_unit_test(a_switch_may_stand_alone),
		cmocka_unit_test(refuses_what_it_does_not_know_and_names_it),
		cmocka_unit_test(help_and_version_are_answered_before_what_follows_is_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
