/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/list_text.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include "kube/json.h"

DEFINE_CLEANUP(struct json_tokener *, json_tokener_free);

struct reader {
	const char *text;
	size_t length;
	size_t at;
	struct json_tokener *tokener;
	void (*item)(void *context, struct json_object *json);
	void *context;
	struct json_object *metadata;
};

static int broken(const struct reader *reader, const char *wanted, struct error *err)
{
	return error_set(err, ERROR_INTERNAL, "the answer is not a list: no %s at byte %zu of %zu",
			 wanted, reader->at, reader->length);
}

/* The next character that is not white space, or 0 at the end. */
static char peek(struct reader *reader)
{
	while (reader->at < reader->length && strchr(" \t\r\n", reader->text[reader->at]) &&
	       reader->text[reader->at])
		reader->at++;
	return reader->at < reader->length ? reader->text[reader->at] : '\0';
}

static bool accept(struct reader *reader, char wanted)
{
	if (peek(reader) != wanted)
		return false;
	reader->at++;
	return true;
}

static int read_value(struct reader *reader, struct json_object **ret_json, struct error *err)
{
	json_tokener_reset(reader->tokener);
	size_t rest = reader->length - reader->at;
	struct json_object *json =
		json_tokener_parse_ex(reader->tokener, reader->text + reader->at, (int)rest);
	if (json_tokener_get_error(reader->tokener) != json_tokener_success) {
		json_object_put(json);
		return broken(reader, "value", err);
	}
	reader->at += json_tokener_get_parse_end(reader->tokener);
	*ret_json = json;
	return 0;
}

static int read_items(struct reader *reader, struct error *err)
{
	reader->at++; /* the bracket */
	if (accept(reader, ']'))
		return 0;
	do {
		CLEANUP(json_object_putp) struct json_object *json = NULL;
		if (read_value(reader, &json, err) < 0)
			return -1;
		reader->item(reader->context, json);
	} while (accept(reader, ','));
	return accept(reader, ']') ? 0 : broken(reader, "end of items", err);
}

static int read_member(struct reader *reader, struct error *err)
{
	CLEANUP(json_object_putp) struct json_object *key = NULL;
	if (peek(reader) != '"' || read_value(reader, &key, err) < 0)
		return broken(reader, "name of a member", err);
	if (!accept(reader, ':'))
		return broken(reader, "colon", err);
	const char *name = json_object_get_string(key);
	if (strcmp(name, "items") == 0 && peek(reader) == '[')
		return read_items(reader, err);
	CLEANUP(json_object_putp) struct json_object *value = NULL;
	if (read_value(reader, &value, err) < 0)
		return -1;
	if (strcmp(name, "metadata") == 0 && !reader->metadata)
		reader->metadata = TAKE(value);
	return 0;
}

static int read_members(struct reader *reader, struct error *err)
{
	if (!accept(reader, '{'))
		return broken(reader, "object", err);
	if (accept(reader, '}'))
		return 0;
	do {
		if (read_member(reader, err) < 0)
			return -1;
	} while (accept(reader, ','));
	return accept(reader, '}') ? 0 : broken(reader, "end", err);
}

int list_text_parse(const char *text, size_t length,
		    void (*item)(void *context, struct json_object *json), void *context,
		    struct json_object **ret_metadata, struct error *err)
{
	if (length > INT_MAX)
		return error_set(err, ERROR_EXHAUSTED, "a list of %zu bytes is too large", length);
	CLEANUP(json_tokener_freep)
	struct json_tokener *tokener = json_tokener_new_ex(JSON_DEPTH_MAX);
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_ALLOW_TRAILING_CHARS |
						JSON_TOKENER_VALIDATE_UTF8);
	struct reader reader = {
		.text = text,
		.length = length,
		.tokener = tokener,
		.item = item,
		.context = context,
	};
	if (read_members(&reader, err) < 0) {
		json_object_put(reader.metadata);
		return -1;
	}
	*ret_metadata = reader.metadata;
	return 0;
}
