/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/object_text.h"

#include <stdint.h>
#include <string.h>

#include "kube/claim.h"
#include "test.h"

static const char *const unread[] = { "spec.containers", "status.images", NULL };

static const struct kind kind = {
	.api_version = "v1",
	.name = "Thing",
	.plural = "things",
	.namespaced = true,
	.size = sizeof(struct object),
	.unread = unread,
};

static int prune(const char *json, struct text *out, struct error *err)
{
	const struct json_span span = { json, strlen(json) };
	return object_text_prune(&kind, &span, out, err);
}

static void expect(const char *json, const char *pruned)
{
	CLEANUP_TEXT struct text out = TEXT_INIT;
	struct error err;
	assert_int_equal(prune(json, &out, &err), 0);
	assert_string_equal(text_string(&out), pruned);
}

static void drops_what_is_not_read(void **state)
{
	expect("{\"kind\":\"Thing\",\"metadata\":{\"name\":\"a\",\"managedFields\":[{\"x\":\"]}\"}]"
	       ","
	       "\"labels\":{\"l\":\"1\"}},\"spec\":{\"containers\":[{\"a\":[{}]}],\"node\":\"n\"},"
	       "\"status\":{\"images\":[1,2],\"phase\":\"\\\"}\"}}",
	       "{\"kind\":\"Thing\",\"metadata\":{\"name\":\"a\",\"labels\":{\"l\":\"1\"}},"
	       "\"spec\":{\"node\":\"n\"},\"status\":{\"phase\":\"\\\"}\"}}");
	expect(" { \"spec\" : { \"containers\" : 1 } , \"a\" : [ ] } ", "{\"spec\":{},\"a\":[ ]}");
	expect("{\"spec\":7,\"metadata\":{\"annotations\":null}}",
	       "{\"spec\":7,\"metadata\":{\"annotations\":null}}");
	expect("{}", "{}");
}

/* Two hundred annotations of 1 KiB that come first do not crowd out the one that we read. */
static void keeps_few_annotations_and_those_of_kubernetes_apart(void **state)
{
	CLEANUP_TEXT struct text json = TEXT_INIT;
	CLEANUP_TEXT struct text out = TEXT_INIT;
	struct error err;
	text_append_string(&json, "{\"metadata\":{\"name\":\"a\",\"annotations\":{");
	for (int i = 0; i < 200; i++)
		text_printf(&json, "\"a.example/%03d\":\"%01000d\",", i, i);
	text_printf(&json, "\"large.kubernetes.io/x\":\"%05000d\",", 0);
	text_append_string(&json, "\"volume.kubernetes.io/selected-node\":\"n1\"}}}");
	assert_int_equal(prune(text_string(&json), &out, &err), 0);
	assert_in_range(out.length, 10000, 17000);
	assert_non_null(strstr(text_string(&out), "a.example/000"));
	assert_null(strstr(text_string(&out), "a.example/199"));
	assert_null(strstr(text_string(&out), "large.kubernetes.io"));
	assert_non_null(strstr(text_string(&out), "selected-node\":\"n1\""));
}

/* An editor of the claim could else hide the note that a volume may have been made. */
static void keeps_what_decisions_depend_on_whatever_else_is_there(void **state)
{
	static const char note[] = "\"kentledge.io/provisioning-node\":\"n1\"";
	static const char node[] = "\"volume.kubernetes.io/selected-node\":\"n1\"";
	CLEANUP_TEXT struct text json = TEXT_INIT;
	CLEANUP_TEXT struct text out = TEXT_INIT;
	struct error err;
	text_append_string(&json, "{\"metadata\":{\"name\":\"a\",\"annotations\":{");
	for (int i = 0; i < 700; i++)
		text_printf(&json, "\"a.kubernetes.io/%03d\":\"%d\",", i, i);
	for (int i = 0; i < 20; i++)
		text_printf(&json, "\"b.kubernetes.io/%03d\":\"%01000d\",", i, i);
	text_printf(&json, "%s,%s}}}", note, node);
	assert_int_equal(prune(text_string(&json), &out, &err), 0);
	assert_in_range(out.length, 16000, 20000);
	assert_non_null(strstr(text_string(&out), note));
	assert_non_null(strstr(text_string(&out), node));
}

static void refuses_what_is_too_large_and_says_what(void **state)
{
	CLEANUP_TEXT struct text json = TEXT_INIT;
	struct error err;
	struct object *object;
	text_printf(
		&json,
		"{\"metadata\":{\"name\":\"a\",\"namespace\":\"n\",\"labels\":{\"l\":\"%0*d\"}}}",
		40000, 0);
	assert_int_equal(object_parse_text(&kind, text_string(&json), json.length, &object, &err),
			 -1);
	assert_int_equal(err.code, ERROR_EXHAUSTED);
	assert_non_null(strstr(err.text, "metadata.labels: is 40"));

	text_done(&json);
	text_printf(&json,
		    "{\"metadata\":{\"name\":\"a\",\"namespace\":\"n\"},\"spec\":{\"x\":\"%0*d\"}}",
		    300000, 0);
	assert_int_equal(object_parse_text(&kind, text_string(&json), json.length, &object, &err),
			 -1);
	assert_int_equal(err.code, ERROR_EXHAUSTED);
	assert_non_null(strstr(err.text, "what is read of it is 300"));

	/* That it is gone is known all the same. */
	assert_int_equal(object_parse_name(&kind, text_string(&json), json.length, &object, &err),
			 0);
	assert_string_equal(object->name, "a");
	object_unref(object);
}

static void refuses_what_is_cut_off(void **state)
{
	static const char *const texts[] = {
		"",
		"[]",
		"{",
		"{\"a\"",
		"{\"a\":",
		"{\"a\":1",
		"{\"a\":\"\\\"}",
		"{\"a\":[}",
		"{\"metadata\":{\"name\":\"a\"",
		"{} {}",
		"{\"a\":1,}",
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		CLEANUP_TEXT struct text out = TEXT_INIT;
		struct error err;
		if (prune(texts[i], &out, &err) == 0)
			fail_msg("%s was taken", texts[i]);
		assert_int_equal(err.code, ERROR_INVALID);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(drops_what_is_not_read),
		cmocka_unit_test(keeps_few_annotations_and_those_of_kubernetes_apart),
		cmocka_unit_test(keeps_what_decisions_depend_on_whatever_else_is_there),
		cmocka_unit_test(refuses_what_is_too_large_and_says_what),
		cmocka_unit_test(refuses_what_is_cut_off),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
