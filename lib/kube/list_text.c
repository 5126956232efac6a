/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/list_text.h"

#include "kube/json.h"

struct reader {
	struct json_scan scan;
	void (*item)(void *context, const struct json_span *text);
	void *context;
	struct json_object *metadata;
};

static int broken(const struct reader *reader, const char *wanted, struct error *err)
{
	return error_set(err, ERROR_INTERNAL, "the answer is not a list: no %s at byte %zu of %zu",
			 wanted, reader->scan.at, reader->scan.length);
}

static int read_items(struct reader *reader, struct error *err)
{
	json_scan_accept(&reader->scan, '[');
	if (json_scan_accept(&reader->scan, ']'))
		return 0;
	do {
		struct json_span value;
		if (!json_scan_value(&reader->scan, &value))
			return broken(reader, "value", err);
		reader->item(reader->context, &value);
	} while (json_scan_accept(&reader->scan, ','));
	return json_scan_accept(&reader->scan, ']') ? 0 : broken(reader, "end of items", err);
}

static int read_metadata(struct reader *reader, const struct json_span *value, struct error *err)
{
	if (json_parse(value->text, value->length, &reader->metadata, err) < 0)
		return broken(reader, "metadata", err);
	return 0;
}

static int read_member(struct reader *reader, struct error *err)
{
	struct json_span name;
	struct json_span value;
	if (!json_scan_name(&reader->scan, &name))
		return broken(reader, "name of a member", err);
	if (json_span_is(&name, "items") && json_scan_peek(&reader->scan) == '[')
		return read_items(reader, err);
	if (!json_scan_value(&reader->scan, &value))
		return broken(reader, "value", err);
	if (json_span_is(&name, "metadata") && !reader->metadata)
		return read_metadata(reader, &value, err);
	return 0;
}

static int read_members(struct reader *reader, struct error *err)
{
	if (!json_scan_accept(&reader->scan, '{'))
		return broken(reader, "object", err);
	if (json_scan_accept(&reader->scan, '}'))
		return 0;
	do {
		if (read_member(reader, err) < 0)
			return -1;
	} while (json_scan_accept(&reader->scan, ','));
	return json_scan_accept(&reader->scan, '}') ? 0 : broken(reader, "end", err);
}

int list_text_parse(const char *text, size_t length,
		    void (*item)(void *context, const struct json_span *text), void *context,
		    struct json_object **ret_metadata, struct error *err)
{
	struct reader reader = {
		.scan = { .text = text, .length = length },
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
