/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

#include "test.h"

static void assert_repaired(const char *text, const char *expected)
{
	char copy[64];
	snprintf(copy, sizeof(copy), "%s", text);
	utf8_repair(copy);
	assert_string_equal(copy, expected);
}

static void what_is_valid_stays(void **state)
{
	assert_repaired("", "");
	assert_repaired("no room", "no room");
	assert_repaired("größer: 1 → 2, 😀", "größer: 1 → 2, 😀");
}

static void bytes_of_no_character_are_replaced(void **state)
{
	assert_repaired("a\xff"
			"b",
			"a?b");
	assert_repaired("\xc0\x80", "??");		     /* an overlong NUL */
	assert_repaired("\xed\xa0\x80", "???");		     /* half of a surrogate pair */
	assert_repaired("cut \xe2\x86", "cut ??");	     /* in the middle of a character */
	assert_repaired("\xf4\x90\x80\x80 end", "???? end"); /* behind U+10FFFF */
}

static void assert_cut(const char *text, const char *expected)
{
	char copy[64];
	strcpy(copy, text);
	utf8_cut(copy);
	assert_string_equal(copy, expected);
}

static void a_cut_leaves_whole_characters(void **state)
{
	assert_cut("", "");
	assert_cut("no room", "no room");
	assert_cut("größ", "größ");
	assert_cut("gr\xc3", "gr");
	assert_cut("1 →", "1 →");
	assert_cut("1 \xe2", "1 ");
	assert_cut("1 \xe2\x86", "1 ");
	assert_cut("😀", "😀");
	assert_cut("\xf0\x9f\x98", "");
	assert_cut("\x98\x98\x98\x98", "\x98\x98\x98\x98"); /* never was one */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_valid_stays),
		cmocka_unit_test(bytes_of_no_character_are_replaced),
		cmocka_unit_test(a_cut_leaves_whole_characters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
