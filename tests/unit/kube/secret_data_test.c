/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/secret_data.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "fake_api.h"
#include "kube/base64.h"
#include "kube/verbs.h"
#include "test.h"

#define SECRET(data) "{\"kind\":\"Secret\",\"metadata\":{\"name\":\"k\"}" data "}"

static int parse(const char *text, struct secret_data *ret_data, struct error *err)
{
	*ret_data = (struct secret_data) { 0 };
	return secret_data_parse(text, strlen(text), ret_data, err);
}

static void decodes_each_entry(void **state)
{
	CLEANUP_SECRET_DATA struct secret_data data;
	struct error err = { 0 };
	assert_int_equal(parse(SECRET(",\"data\":{\"user\" : \"YWRtaW4=\", \"a.b-C_9\":\"\","
				      "\"unset\":null,\"umlaut\":\"w7w=\"},\"type\":\"Opaque\""),
			       &data, &err),
			 0);
	assert_int_equal(data.pairs.count, 4);
	assert_string_equal(pairs_get(&data.pairs, "user"), "admin");
	assert_string_equal(pairs_get(&data.pairs, "a.b-C_9"), "");
	assert_string_equal(pairs_get(&data.pairs, "unset"), "");
	assert_string_equal(pairs_get(&data.pairs, "umlaut"), "\xc3\xbc");
	for (size_t i = 0; i < data.pairs.count; i++) {
		const unsigned char *value = (const unsigned char *)data.pairs.items[i].value;
		assert_in_range(value - data.room.bytes, 0, data.room.length - 1);
	}
}

static void a_secret_without_data_has_none(void **state)
{
	static const char *const texts[] = { SECRET(""), SECRET(",\"data\":null"),
					     SECRET(",\"data\":{}") };
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		CLEANUP_SECRET_DATA struct secret_data data;
		struct error err = { 0 };
		assert_int_equal(parse(texts[i], &data, &err), 0);
		assert_int_equal(data.pairs.count, 0);
	}
}

static int parse_entries(int count, struct secret_data *ret_data, struct error *err)
{
	CLEANUP_TEXT struct text text = TEXT_INIT;
	text_append_string(&text, "{\"metadata\":{},\"data\":{");
	for (int i = 0; i < count; i++)
		text_printf(&text, "%s\"%d\":\"%s\"", i ? "," : "", i, i % 2 ? "YQ==" : "YWFh");
	text_append_string(&text, "}}");
	return parse(text_string(&text), ret_data, err);
}

static void has_room_for_as_many_entries_as_there_are(void **state)
{
	enum { COUNT = 256 };
	CLEANUP_SECRET_DATA struct secret_data data;
	struct error err = { 0 };
	assert_int_equal(parse_entries(COUNT, &data, &err), 0);
	assert_int_equal(data.pairs.count, COUNT);
	for (int i = 0; i < COUNT; i++)
		assert_string_equal(data.pairs.items[i].value, i % 2 ? "a" : "aaa");
}

static void refuses_more_than_a_call_can_carry(void **state)
{
	CLEANUP_SECRET_DATA struct secret_data many = { 0 };
	CLEANUP_SECRET_DATA struct secret_data large = { 0 };
	CLEANUP_TEXT struct text text = TEXT_INIT;
	struct error err = { 0 };
	assert_int_equal(parse_entries(257, &many, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_non_null(strstr(err.text, "257 entries"));
	text_append_string(&text, "{\"metadata\":{},\"data\":{\"a\":\"");
	for (int i = 0; i < 20000; i++)
		text_append_string(&text, "YWFh");
	text_append_string(&text, "\"}}");
	assert_int_equal(parse(text_string(&text), &large, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
}

static void refuses_what_csi_cannot_send_and_says_no_value(void **state)
{
	static const struct {
		const char *text;
		const char *error;
	} rows[] = {
		{ "", "not a Secret" },
		{ "[]", "not a Secret" },
		{ "{\"data\":{}}", "not a Secret" },
		{ SECRET(",\"data\":[]"), "data: not an object" },
		{ SECRET(",\"data\":{\"a\":\"YQ==\" \"b\":\"YQ==\"}"), "data: not an object" },
		{ SECRET(",\"data\":{\"a\"}"), "data: not an object" },
		{ SECRET(",\"data\":{\"a/b\":\"YQ==\"}"), "data: a key is not one of a Secret" },
		{ SECRET(",\"data\":{\"\":\"YQ==\"}"), "data: a key" },
		{ SECRET(",\"data\":{\"key\":\"c2VjcmV0!\"}"), "data.key: not base64" },
		{ SECRET(",\"data\":{\"key\":\"c2VjcmV0c2\"}"), "data.key: not base64" },
		{ SECRET(",\"data\":{\"key\":7}"), "data.key: not base64" },
		{ SECRET(",\"data\":{\"key\":\"c2VjcgBl\"}"), "data.key: not text in UTF-8" },
		{ SECRET(",\"data\":{\"key\":\"c2Vj/w==\"}"), "data.key: not text in UTF-8" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEANUP_SECRET_DATA struct secret_data data;
		struct error err = { 0 };
		if (parse(rows[i].text, &data, &err) == 0)
			fail_msg("%s is taken", rows[i].text);
		assert_int_equal(err.code, ERROR_INVALID);
		if (!strstr(err.text, rows[i].error) || strstr(err.text, "c2Vj") ||
		    strstr(err.text, "secr"))
			fail_msg("%s: %s", rows[i].text, err.text);
		assert_int_equal(data.pairs.count, 0);
	}
}

static void decodes_into_no_more_room_than_it_says(void **state)
{
	static const char *const texts[] = {
		"", "YQ==", "YWE=", "YWFh", " Y W F h Y Q = = ", "YWF"
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		size_t length = strlen(texts[i]), decoded = 0;
		CLEANUP_FREE unsigned char *data = must_alloc(BASE64_DATA_MAX(length));
		bool ok = base64_decode_into(texts[i], length, data, &decoded);
		assert_int_equal(ok, i != 5);
		assert_in_range(decoded, 0, BASE64_DATA_MAX(length));
	}
}

static void reads_a_secret_of_the_api(void **state)
{
	CLEANUP(fake_api_freep) struct fake_api *api = fake_api_new();
	CLEANUP(kube_client_freep)
	struct kube_client *client = kube_client_new_over(fake_api_transport(api));
	CLEANUP_SECRET_DATA struct secret_data data = { 0 };
	struct error err = { 0 };
	fake_api_putf(api, &secret_kind,
		      "{'metadata':{'name':'k','namespace':'keys'},'data':{'user':'YWRtaW4='}}");
	fake_api_putf(api, &secret_kind,
		      "{'metadata':{'name':'bad','namespace':'keys'},'data':{'user':'!'}}");
	assert_int_equal(kube_get_secret(client, "keys", "k", &data, &err), 0);
	assert_string_equal(pairs_get(&data.pairs, "user"), "admin");
	secret_data_done(&data);
	assert_int_equal(data.pairs.count, 0);
	assert_int_equal(kube_get_secret(client, "keys", "none", &data, &err), -1);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
	assert_int_equal(kube_get_secret(client, "keys", "bad", &data, &err), -1);
	assert_non_null(strstr(err.text, "Secret keys/bad: data.user: not base64"));
	assert_int_equal(kube_get_secret(client, "../keys", "k", &data, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes_each_entry),
		cmocka_unit_test(a_secret_without_data_has_none),
		cmocka_unit_test(has_room_for_as_many_entries_as_there_are),
		cmocka_unit_test(refuses_more_than_a_call_can_carry),
		cmocka_unit_test(refuses_what_csi_cannot_send_and_says_no_value),
		cmocka_unit_test(decodes_into_no_more_room_than_it_says),
		cmocka_unit_test(reads_a_secret_of_the_api),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
