/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "kube/json.h"
#include "set/canonical_json.h"
#include "test.h"

static void check(const char *json, const char *wanted)
{
	CLEANUP(json_object_putp) struct json_object *tree = json_tokener_parse(json);
	CLEANUP_TEXT struct text text = TEXT_INIT;
	canonical_json_append(&text, tree);
	assert_string_equal(text_string(&text), wanted);
}

static void members_are_in_byte_order_without_spaces(void **state)
{
	check("{ \"b\": 1, \"a\": [true, false, null], \"B\": {}, \"aa\": [] }",
	      "{\"B\":{},\"a\":[true,false,null],\"aa\":[],\"b\":1}");
	check("null", "null");
}

/* What encoding/json of Go 1.25 writes for a float64. */
static void numbers_take_their_shortest_form(void **state)
{
	static const char *const rows[][2] = {
		{ "0", "0" },
		{ "-0.0", "-0" },
		{ "30", "30" },
		{ "-7", "-7" },
		{ "0.1", "0.1" },
		{ "1.50", "1.5" },
		{ "100.0", "100" },
		{ "3.14159", "3.14159" },
		{ "9007199254740993", "9007199254740992" },
		{ "9223372036854775807", "9223372036854776000" },
		{ "1e20", "100000000000000000000" },
		{ "12345678901234567890", "12345678901234567000" },
		{ "1e21", "1e+21" },
		{ "1.25e25", "1.25e+25" },
		{ "0.000001", "0.000001" },
		{ "0.0000001", "1e-7" },
		{ "1.5e-10", "1.5e-10" },
		{ "0.3333333333333333", "0.3333333333333333" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check(rows[i][0], rows[i][1]);
}

static void strings_are_escaped_as_in_go(void **state)
{
	check("\"a/b\"", "\"a/b\"");
	check("\"<a href='x'>&</a>\"", "\"\\u003ca href='x'\\u003e\\u0026\\u003c/a\\u003e\"");
	check("\"\\u2028\\u2029\\u2027\"", "\"\\u2028\\u2029\xe2\x80\xa7\"");
	check("\"\\n\\r\\t\\b\\f\\u0001\\u001f\\\\\\\"\"",
	      "\"\\n\\r\\t\\b\\f\\u0001\\u001f\\\\\\\"\"");
	check("\"\\u007f\xc3\xa4\xf0\x9f\x98\x80\"", "\"\x7f\xc3\xa4\xf0\x9f\x98\x80\"");
	check("{\"<k>\":\"v\"}", "{\"\\u003ck\\u003e\":\"v\"}");
}

static void bytes_that_are_no_utf8_are_replaced(void **state)
{
	CLEANUP(json_object_putp)
	struct json_object *string = json_object_new_string_len("a\xff\xc0\x80z\xed\xa0\x80", 8);
	CLEANUP_TEXT struct text text = TEXT_INIT;
	canonical_json_append(&text, string);
	assert_string_equal(text_string(&text), "\"a\\ufffd\\ufffd\\ufffdz\\ufffd\\ufffd\\ufffd\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_are_in_byte_order_without_spaces),
		cmocka_unit_test(numbers_take_their_shortest_form),
		cmocka_unit_test(strings_are_escaped_as_in_go),
		cmocka_unit_test(bytes_that_are_no_utf8_are_replaced),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
