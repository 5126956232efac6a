/* SPDX-License-Identifier: Apache-2.0 */
#include "record/id.h"

#include <string.h>

#include "test.h"

static char id[ID_MAX + 1];

static void a_claims_name_is_its_own_id(void **state)
{
	struct error err = { 0 };
	const char *name = "pvc-6f8f0f9e-7c1b-4bbd-9d1f-0d3c2f6f3f11";
	assert_int_equal(id_of_name(name, id, &err), 0);
	assert_string_equal(id, name);
}

static void any_other_name_gets_an_id_that_is_safe_and_always_the_same(void **state)
{
	struct error err = { 0 };
	const char *names[] = { "UPPER", "with space",	       "a/b", "\xc3\xa4\xc3\xb6", ".hidden",
				"-dash", "h-looks-like-a-hash" };
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char again[ID_MAX + 1];
		assert_int_equal(id_of_name(names[i], id, &err), 0);
		assert_int_equal(id_of_name(names[i], again, &err), 0);
		assert_string_equal(id, again);
		assert_true(id_is_valid(id));
		assert_int_equal(strlen(id), 2 + 64);
	}
}

static void a_name_cannot_pretend_to_be_the_id_of_another(void **state)
{
	struct error err = { 0 };
	char second[ID_MAX + 1];
	assert_int_equal(id_of_name("UPPER", id, &err), 0);
	assert_int_equal(id_of_name(id, second, &err), 0);
	assert_string_not_equal(id, second);
}

static void refuses_names_that_are_no_names_and_says_so(void **state)
{
	char long_name[ID_NAME_MAX + 2];
	memset(long_name, 'a', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	const char *names[] = { "",	"..",	       ".",	 "../../etc", "a/../b",
				"x/..", "line\nbreak", "bell\a", "del\x7f",   long_name };
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct error err = { 0 };
		assert_int_equal(id_of_name(names[i], id, &err), -1);
		assert_int_equal(err.code, ERROR_INVALID);
		assert_non_null(strstr(err.text, "name"));
	}
}

static void takes_the_longest_name_that_csi_allows(void **state)
{
	struct error err = { 0 };
	char name[ID_NAME_MAX + 1];
	memset(name, 'a', ID_NAME_MAX);
	name[ID_NAME_MAX] = '\0';
	assert_int_equal(id_of_name(name, id, &err), 0);
	assert_string_equal(id, name);
}

static void an_id_is_the_name_of_one_folder_and_nothing_else(void **state)
{
	assert_true(id_is_valid("pvc-1"));
	const char *ids[] = {
		"", ".", "..", "a/b", "/", ".x", "-x", "A", "a b", "a\n", "\xc3\xa4"
	};
	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++)
		assert_false(id_is_valid(ids[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_claims_name_is_its_own_id),
		cmocka_unit_test(any_other_name_gets_an_id_that_is_safe_and_always_the_same),
		cmocka_unit_test(a_name_cannot_pretend_to_be_the_id_of_another),
		cmocka_unit_test(refuses_names_that_are_no_names_and_says_so),
		cmocka_unit_test(takes_the_longest_name_that_csi_allows),
		cmocka_unit_test(an_id_is_the_name_of_one_folder_and_nothing_else),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
