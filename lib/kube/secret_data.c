/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/secret_data.h"

#include <stdbool.h>
#include <string.h>

#include "base/utf8.h"
#include "kube/base64.h"
#include "kube/json_scan.h"
#include "kube/object.h"

/* Far more than CSI asks a driver to take (4 KiB), and little beside what else a call needs. */
#define SECRET_ENTRIES_MAX 256u
#define SECRET_DATA_MAX (64u << 10) /* as text, in base64 */

const struct kind secret_kind = {
	.api_version = "v1",
	.name = "Secret",
	.plural = "secrets",
	.namespaced = true,
	.size = sizeof(struct object),
};

/* What a key of a Secret is made of (apimachinery, IsConfigMapKey): nothing that JSON escapes. */
static bool is_key(const struct json_span *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-._";
	for (size_t i = 0; i < name->length; i++)
		if (!name->text[i] || !strchr(allowed, name->text[i]))
			return false;
	return name->length > 0 && name->length <= 253;
}

/* 1: *ret_name and *ret_value are the next member; 0: there are no more. */
static int next_member(struct json_scan *scan, bool first, struct json_span *ret_name,
		       struct json_span *ret_value, struct error *err)
{
	if (first && json_scan_accept(scan, '}'))
		return 0;
	if (!first && !json_scan_accept(scan, ','))
		return json_scan_accept(scan, '}')
			       ? 0
			       : error_set(err, ERROR_INVALID, "data: not an object");
	if (!json_scan_name(scan, ret_name) || !json_scan_value(scan, ret_value))
		return error_set(err, ERROR_INVALID, "data: not an object");
	if (!is_key(ret_name))
		return error_set(err, ERROR_INVALID, "data: a key is not one of a Secret");
	return 1;
}

/* Go writes an empty list of bytes that was never set as null. */
static bool is_null(const struct json_span *value)
{
	return json_span_is(value, "null");
}

static int decode(const struct json_span *name, const struct json_span *value, unsigned char *room,
		  size_t *ret_length, struct error *err)
{
	*ret_length = 0;
	if (is_null(value))
		return 0;
	if (value->text[0] != '"' ||
	    !base64_decode_into(value->text + 1, value->length - 2, room, ret_length))
		return error_set(err, ERROR_INVALID, "data.%.*s: not base64", (int)name->length,
				 name->text);
	if (memchr(room, '\0', *ret_length) || !utf8_is_valid(room, *ret_length))
		return error_set(err, ERROR_INVALID,
				 "data.%.*s: not text in UTF-8 without NUL, which is all that CSI "
				 "can send; encode the value, as in base64",
				 (int)name->length, name->text);
	return 0;
}

static size_t count_members(struct json_scan scan)
{
	struct json_span name, value;
	size_t count = 0;
	while (next_member(&scan, count == 0, &name, &value, NULL) > 0)
		count++;
	return count;
}

/* The pairs, each key and each value with its NUL. A value's text has two quotes more than what is
 * decoded of it, so that the text itself is long enough; three bytes of each are for the decoder.
 */
static size_t room_of(const struct json_scan *scan, size_t count)
{
	return count * (sizeof(struct pair) + 4) + scan->length;
}

static int fill(struct json_scan scan, struct secret_data *data, size_t count, struct error *err)
{
	struct json_span name, value;
	unsigned char *free_bytes = data->room.bytes + count * sizeof(struct pair);
	data->pairs.items = (struct pair *)(void *)data->room.bytes;
	for (;;) {
		size_t length;
		int r = next_member(&scan, data->pairs.count == 0, &name, &value, err);
		if (r <= 0)
			return r;
		struct pair *pair = &data->pairs.items[data->pairs.count];
		memcpy(free_bytes, name.text, name.length);
		pair->key = (char *)free_bytes;
		free_bytes += name.length + 1;
		if (decode(&name, &value, free_bytes, &length, err) < 0)
			return -1;
		pair->value = (char *)free_bytes;
		/* The decoder may have written some bytes of what it then found to be none. */
		free_bytes[length] = '\0';
		free_bytes += length + 1;
		data->pairs.count++;
	}
}

int secret_data_parse(const char *text, size_t length, struct secret_data *ret_data,
		      struct error *err)
{
	struct json_span span;
	if (length == 0 || !json_scan_member(text, length, "metadata", &span))
		return error_set(err, ERROR_INVALID, "not a Secret");
	if (!json_scan_member(text, length, "data", &span) || is_null(&span))
		return 0;
	struct json_scan scan = { .text = span.text, .length = span.length };
	if (!json_scan_accept(&scan, '{'))
		return error_set(err, ERROR_INVALID, "data: not an object");
	CLEANUP_SECRET_DATA struct secret_data data = { 0 };
	size_t count = count_members(scan);
	if (count > SECRET_ENTRIES_MAX || scan.length > SECRET_DATA_MAX)
		return error_set(err, ERROR_INVALID,
				 "data: has %zu entries in %zu bytes; at most %u in %u can be sent",
				 count, scan.length, SECRET_ENTRIES_MAX, SECRET_DATA_MAX);
	if (secret_init(&data.room, room_of(&scan, count), err) < 0 ||
	    fill(scan, &data, count, err) < 0)
		return -1;
	*ret_data = data;
	data = (struct secret_data) { 0 };
	return 0;
}

void secret_data_done(struct secret_data *data)
{
	secret_done(&data->room);
	*data = (struct secret_data) { 0 };
}
