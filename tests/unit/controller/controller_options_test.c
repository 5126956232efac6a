/* SPDX-License-Identifier: Apache-2.0 */
#include "controller_options.h"

#include <string.h>

#include "set/statefulset.h"
#include "test.h"

static int parse(const char *flag, struct options *options, struct error *err)
{
	const char *argv[] = { "p", flag, NULL };
	return options_parse(flag ? 2 : 1, (char *const *)argv, options, err);
}

static void runs_the_sets_of_apps_in_all_namespaces_unless_told_otherwise(void **state)
{
	struct options options;
	struct error err;
	assert_int_equal(parse(NULL, &options, &err), 0);
	assert_string_equal(options.namespace, "");
	assert_ptr_equal(options.kind, &statefulset_apps_kind);
	assert_true(options.leader_elect);
	assert_int_equal(parse("--namespace=web", &options, &err), 0);
	assert_string_equal(options.namespace, "web");
}

static void refuses_a_group_that_it_cannot_run(void **state)
{
	struct options options;
	struct error err;
	assert_int_equal(parse("--api-group=kentledge.io", &options, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_non_null(strstr(err.text, "--api-group=kentledge.io"));
}

static void the_guard_may_be_told_not_to_wait(void **state)
{
	struct options options;
	struct error err;
	assert_int_equal(parse("--guard-wait=0", &options, &err), 0);
	assert_int_equal(options.guard_wait_s, 0);
	assert_int_equal(parse("--guard-wait=-1", &options, &err), -1);
	assert_non_null(strstr(err.text, "--guard-wait=-1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_the_sets_of_apps_in_all_namespaces_unless_told_otherwise),
		cmocka_unit_test(refuses_a_group_that_it_cannot_run),
		cmocka_unit_test(the_guard_may_be_told_not_to_wait),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
