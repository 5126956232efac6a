/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <errno.h>
#include <string.h>

#include "base/utf8.h"
#include "test.h"

static void what_is_missing_but_was_not_named_by_the_caller_is_internal(void **state)
{
	struct error err = { 0 };
	assert_int_equal(error_errno(&err, ENOENT, "open image"), -1);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
	assert_int_equal(error_not_named(&err), -1);
	assert_int_equal(err.code, ERROR_INTERNAL);
	assert_non_null(strstr(err.text, "open image"));
}

static void another_code_stays_as_it_is(void **state)
{
	struct error err = { 0 };
	error_errno(&err, ENOSPC, "write record");
	error_not_named(&err);
	assert_int_equal(err.code, ERROR_EXHAUSTED);
	assert_int_equal(error_not_named(NULL), -1);
}

static void a_prefix_keeps_code_and_text(void **state)
{
	struct error err = { 0 };
	error_set(&err, ERROR_BUSY, "held");
	assert_int_equal(error_prefix(&err, "volume %s", "pvc-1"), -1);
	assert_int_equal(err.code, ERROR_BUSY);
	assert_string_equal(err.text, "volume pvc-1: held");
}

static void a_long_text_ends_with_a_whole_character(void **state)
{
	char text[ERROR_TEXT_MAX];
	struct error err = { 0 };
	for (size_t i = 0; i < sizeof(text) - 1; i++)
		text[i] = i % 2 ? '\xa9' : '\xc3';
	text[sizeof(text) - 1] = '\0';
	error_set(&err, ERROR_BUSY, "%s", text);
	assert_int_equal(strlen(err.text), sizeof(text) - 2);
	error_prefix(&err, "x");
	assert_true(utf8_is_valid(err.text, strlen(err.text)));
	error_errno(&err, ENOSPC, "%s", text);
	assert_true(utf8_is_valid(err.text, strlen(err.text)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_missing_but_was_not_named_by_the_caller_is_internal),
		cmocka_unit_test(another_code_stays_as_it_is),
		cmocka_unit_test(a_prefix_keeps_code_and_text),
		cmocka_unit_test(a_long_text_ends_with_a_whole_character),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
