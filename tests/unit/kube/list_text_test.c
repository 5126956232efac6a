/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/list_text.h"

#include <string.h>

#include "base/text.h"
#include "kube/json.h"
#include "test.h"

static void note_item(void *context, const struct json_span *item)
{
	text_append(context, item->text, item->length);
	text_append_string(context, "|");
}

static int parse(const char *text, struct text *items, struct json_object **metadata)
{
	struct error err;
	int r = list_text_parse(text, strlen(text), note_item, items, metadata, &err);
	if (r < 0)
		assert_int_equal(err.code, ERROR_INTERNAL);
	return r;
}

static void finds_items_and_metadata_in_any_order(void **state)
{
	static const char *const texts[] = {
		"{\"kind\":\"L\",\"metadata\":{\"resourceVersion\":\"7\"},"
		"\"items\":[{\"a\":1},{\"b\":\"]}\"}]}",
		" {\n\"items\" : [ {\"a\":1} ,\t{\"b\":\"]}\"} ] , \"metadata\":"
		"{\"resourceVersion\":\"7\"} , \"x\":[1,{}]}\n",
	};
	for (size_t i = 0; i < 2; i++) {
		CLEANUP_TEXT struct text items = TEXT_INIT;
		CLEANUP(json_object_putp) struct json_object *metadata = NULL;
		assert_int_equal(parse(texts[i], &items, &metadata), 0);
		assert_string_equal(text_string(&items), "{\"a\":1}|{\"b\":\"]}\"}|");
		assert_string_equal(json_object_get_string(json_find(metadata, "resourceVersion")),
				    "7");
	}
}

static void takes_a_list_without_items(void **state)
{
	static const char *const texts[] = { "{}", "{\"items\":[]}", "{\"items\":null}",
					     "{ \"items\" : [ ] }" };
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		CLEANUP_TEXT struct text items = TEXT_INIT;
		CLEANUP(json_object_putp) struct json_object *metadata = NULL;
		assert_int_equal(parse(texts[i], &items, &metadata), 0);
		assert_string_equal(text_string(&items), "");
		assert_null(metadata);
	}
}

static void refuses_what_is_cut_or_no_list(void **state)
{
	static const char *const texts[] = {
		"",
		"[]",
		"{",
		"{\"items\"",
		"{\"items\":",
		"{\"items\":[",
		"{\"items\":[{\"a\":1}",
		"{\"items\":[{\"a\":1},",
		"{\"items\":[{\"a\":1},]}",
		"{\"items\":[{\"a\":1}}",
		"{\"items\":[{\"a\":1}]",
		"{\"items\":[{\"a\":1} {\"b\":1}]}",
		"{\"metadata\":{\"resourceVersion\":\"7\"},",
		"{items:[]}",
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		CLEANUP_TEXT struct text items = TEXT_INIT;
		struct json_object *metadata = NULL;
		if (parse(texts[i], &items, &metadata) == 0)
			fail_msg("%s was taken", texts[i]);
		assert_null(metadata);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_items_and_metadata_in_any_order),
		cmocka_unit_test(takes_a_list_without_items),
		cmocka_unit_test(refuses_what_is_cut_or_no_list),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
