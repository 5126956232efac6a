/* SPDX-License-Identifier: Apache-2.0 */
#include "csi/page.h"

#include <string.h>

#include "test.h"

static void without_words_it_is_the_whole_list(void **state)
{
	struct csi_page page;
	struct error err = { 0 };
	assert_int_equal(csi_page_read(0, "", &page, &err), 0);
	assert_string_equal(page.after, "");
	assert_true(page.max == SIZE_MAX);
}

static void a_token_leads_to_what_comes_behind_its_id(void **state)
{
	struct csi_page page;
	struct error err = { 0 };
	CLEANUP(arena_freep) struct arena *arena = arena_new(64);
	assert_int_equal(csi_page_read(2, csi_page_token(arena, "pvc-7"), &page, &err), 0);
	assert_string_equal(page.after, "pvc-7");
	assert_int_equal(page.max, 2);
}

static void a_token_that_is_not_ours_is_refused(void **state)
{
	static const char *const tokens[] = { "pvc-7", "after", "after:", "after:../x", "7" };
	struct csi_page page;
	for (size_t i = 0; i < sizeof(tokens) / sizeof(*tokens); i++) {
		struct error err = { 0 };
		assert_int_equal(csi_page_read(0, tokens[i], &page, &err), -1);
		assert_int_equal(err.code, ERROR_BUSY);
		assert_non_null(strstr(err.text, "starting_token"));
	}
}

static void a_page_of_fewer_than_no_entries_is_refused(void **state)
{
	struct csi_page page;
	struct error err = { 0 };
	assert_int_equal(csi_page_read(-1, "", &page, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_non_null(strstr(err.text, "max_entries"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_words_it_is_the_whole_list),
		cmocka_unit_test(a_token_leads_to_what_comes_behind_its_id),
		cmocka_unit_test(a_token_that_is_not_ours_is_refused),
		cmocka_unit_test(a_page_of_fewer_than_no_entries_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
