/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <string.h>

#include "base/utf8.h"
#include "test.h"

static void a_secret_text_that_grows_takes_its_content_along(void **state)
{
	struct text text = { .secret = true };
	for (int i = 0; i < 1000; i++)
		text_append_string(&text, "correct horse ");
	assert_int_equal(text.length, 14000);
	assert_memory_equal(text_string(&text) + 13986, "correct horse ", 15);
	CLEANUP_FREE char *taken = text_take(&text);
	assert_int_equal(strlen(taken), 14000);
	assert_false(text.secret);
	text_done(&text);
}

static void a_secret_text_can_be_done_without_content(void **state)
{
	struct text text = { .secret = true };
	text_done(&text);
	assert_string_equal(text_string(&text), "");
}

static void tells_utf_8_from_other_bytes(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
		bool valid;
	} rows[] = {
		{ "", 0, true },
		{ "plain", 5, true },
		{ "a\0b", 3, true },
		{ "\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80", 9, true },
		{ "\xc3", 1, false },
		{ "\xc0\x80", 2, false },	  /* a NUL in two bytes */
		{ "\xed\xa0\x80", 3, false },	  /* half of a surrogate pair */
		{ "\xf4\x90\x80\x80", 4, false }, /* above U+10FFFF */
		{ "a\xff", 2, false },
		{ "\xe2\x82", 2, false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (utf8_is_valid(rows[i].bytes, rows[i].length) != rows[i].valid)
			fail_msg("row %zu", i);
}

/* Not under a sanitizer, which forbids the look at memory that was freed. */
static void a_secret_text_leaves_nothing_where_it_was(void **state)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	print_message("SKIPPED: the sanitizer forbids it\n");
	skip();
#else
	struct text text = { .secret = true };
	text_append_string(&text, "correct horse battery staple that is long");
	volatile const char *old = text.data;
	for (int i = 0; i < 100; i++)
		text_append_string(&text, "more and more ");
	assert_ptr_not_equal(text.data, (const char *)old);
	/* The allocator keeps its list in the first 16 bytes of what is free. */
	for (size_t i = 16; i < 40; i++)
		assert_int_equal(old[i], 0);
	old = text.data;
	text_done(&text);
	for (size_t i = 16; i < 40; i++)
		assert_int_equal(old[i], 0);
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_secret_text_that_grows_takes_its_content_along),
		cmocka_unit_test(a_secret_text_leaves_nothing_where_it_was),
		cmocka_unit_test(a_secret_text_can_be_done_without_content),
		cmocka_unit_test(tells_utf_8_from_other_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
