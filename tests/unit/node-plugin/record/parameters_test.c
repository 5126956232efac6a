/* SPDX-License-Identifier: Apache-2.0 */
#include "record/parameters.h"

#include <string.h>

#include "test.h"

static int parse(const char *key, const char *value, const char *key2, const char *value2,
		 struct parameters *ret_parameters, struct error *err)
{
	struct pair items[] = { { key, value }, { key2, value2 } };
	struct pairs pairs = { .items = items, .count = key ? (key2 ? 2 : 1) : 0 };
	return parameters_parse(&pairs, ret_parameters, err);
}

static void the_default_is_a_loop_volume_whose_size_holds(void **state)
{
	struct parameters parameters;
	struct error err = { 0 };
	assert_int_equal(parse(NULL, NULL, NULL, NULL, &parameters, &err), 0);
	assert_int_equal(parameters.backend, BACKEND_LOOP);
	assert_true(parameters.enforce);
	assert_null(parameters.claim_name);
}

static void a_directory_may_say_that_its_size_does_not_hold(void **state)
{
	struct parameters parameters;
	struct error err = { 0 };
	assert_int_equal(parse("backend", "directory", NULL, NULL, &parameters, &err), 0);
	assert_true(parameters.enforce);
	assert_int_equal(parse("backend", "directory", "enforce", "false", &parameters, &err), 0);
	assert_int_equal(parameters.backend, BACKEND_DIRECTORY);
	assert_false(parameters.enforce);
	assert_int_equal(parse("backend", "loop", "enforce", "false", &parameters, &err), -1);
}

static void what_the_provisioner_tells_of_the_claim_is_kept_for_the_log(void **state)
{
	struct parameters parameters;
	struct error err = { 0 };
	assert_int_equal(parse("csi.storage.k8s.io/pvc/name", "www-web-0",
			       "csi.storage.k8s.io/pvc/namespace", "default", &parameters, &err),
			 0);
	assert_string_equal(parameters.claim_name, "www-web-0");
	assert_string_equal(parameters.claim_namespace, "default");
	assert_int_equal(
		parse("csi.storage.k8s.io/pv/name", "pvc-1", NULL, NULL, &parameters, &err), 0);
	assert_int_equal(parse("csi.storage.k8s.io/pvc/name", "x\nsize_bytes=1", NULL, NULL,
			       &parameters, &err),
			 -1);
}

static void refuses_what_it_does_not_know_and_names_it(void **state)
{
	static const struct {
		const char *key, *value, *named;
	} cases[] = {
		{ "bakend", "loop", "\"bakend\"" },
		{ "backend", "zfs", "\"zfs\"" },
		{ "enforce", "yes", "\"yes\"" },
		{ "", "", "\"\"" },
		{ "csi.storage.k8s.io/other", "x", "csi.storage.k8s.io/other" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct parameters parameters;
		struct error err = { 0 };
		assert_int_equal(parse(cases[i].key, cases[i].value, NULL, NULL, &parameters, &err),
				 -1);
		assert_int_equal(err.code, ERROR_INVALID);
		assert_non_null(strstr(err.text, cases[i].named));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_default_is_a_loop_volume_whose_size_holds),
		cmocka_unit_test(a_directory_may_say_that_its_size_does_not_hold),
		cmocka_unit_test(what_the_provisioner_tells_of_the_claim_is_kept_for_the_log),
		cmocka_unit_test(refuses_what_it_does_not_know_and_names_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
