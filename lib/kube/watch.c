/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/watch.h"

#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "kube/call.h"
#include "kube/json.h"
#include "kube/json_scan.h"
#include "kube/object_text.h"
#include "kube/status.h"
#include "kube/transport.h"

/* The server ends a watch after this time, so that watches spread over its replicas again. */
#define WATCH_MIN_S 300
#define WATCH_SPREAD_S 300

/* The server sends a bookmark a minute; when two are missing the watch counts as broken. */
#define SILENCE_MAX_MS 150000

struct kube_watch {
	struct kube_client *client;
	const struct kind *kind;
	void *stream;
};

static int open_stream(struct kube_client *client, const struct kube_call *call, void **ret_stream,
		       struct error *err)
{
	CLEANUP_TEXT struct text path = TEXT_INIT;
	if (kube_call_path(call, &path, err) < 0)
		return -1;
	const struct kube_transport *transport = kube_client_transport(client);
	const struct http_request request = {
		.method = "GET",
		.path = text_string(&path),
		.timeout_ms = SILENCE_MAX_MS,
	};
	struct http_response refusal;
	void *stream = NULL;
	if (transport->open(transport->context, &request, &stream, &refusal, err) < 0)
		return -1;
	if (!stream) {
		kube_status_error(refusal.status, refusal.body, refusal.body_length, err);
		http_response_done(&refusal);
		return -1;
	}
	*ret_stream = stream;
	return 0;
}

int kube_watch_open(struct kube_client *client, const struct kube_scope *scope,
		    const char *resource_version, struct kube_watch **ret_watch, struct error *err)
{
	CLEANUP_TEXT struct text query = TEXT_INIT;
	text_printf(&query, "watch=1&allowWatchBookmarks=true&timeoutSeconds=%u",
		    WATCH_MIN_S + (unsigned)(clock_monotonic_us() % WATCH_SPREAD_S));
	kube_query_add(&query, "resourceVersion", resource_version);
	kube_query_add(&query, "labelSelector", scope->label_selector);
	kube_query_add(&query, "fieldSelector", scope->field_selector);
	const struct kube_call call = {
		.verb = "watch",
		.method = "GET",
		.kind = scope->kind,
		.namespace = scope->namespace,
		.query = text_string(&query),
	};
	void *stream;
	if (open_stream(client, &call, &stream, err) < 0)
		return error_prefix(err, "watch %s", scope->kind->name);
	struct kube_watch *watch = must_alloc(sizeof(*watch));
	watch->client = client;
	watch->kind = scope->kind;
	watch->stream = stream;
	*ret_watch = watch;
	return 0;
}

/* -1 for a type that we do not know. */
static int parse_type(const struct json_span *name, enum kube_watch_type *ret_type)
{
	static const char *const names[] = {
		[KUBE_ADDED] = "\"ADDED\"",
		[KUBE_MODIFIED] = "\"MODIFIED\"",
		[KUBE_DELETED] = "\"DELETED\"",
		[KUBE_BOOKMARK] = "\"BOOKMARK\"",
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (json_span_is(name, names[i])) {
			*ret_type = (enum kube_watch_type)i;
			return 0;
		}
	}
	return -1;
}

static struct object *bookmark_new(const struct kind *kind, struct arena *arena)
{
	struct object *object = arena_alloc(arena, kind->size);
	object->arena = arena;
	object->references = 1;
	object->kind = kind;
	object->namespace = object->name = object->uid = "";
	return object;
}

/* A bookmark's object has a resourceVersion and no name. */
static int parse_bookmark(const struct kind *kind, const struct json_span *text,
			  struct object **ret_object, struct error *err)
{
	CLEANUP_TEXT struct text bare = TEXT_INIT;
	CLEANUP(json_object_putp) struct json_object *json = NULL;
	if (object_text_name(text, &bare, err) < 0 ||
	    json_parse(text_string(&bare), bare.length, &json, err) < 0)
		return -1;
	CLEANUP(object_unrefp) struct object *object = bookmark_new(kind, arena_new(512));
	if (json_need_string(json, "metadata.resourceVersion", object->arena,
			     &object->resource_version, err) < 0)
		return -1;
	*ret_object = TAKE(object);
	return 0;
}

/* A deletion must be reported even if the object cannot be parsed: its name is enough. */
static int parse_deleted(const struct kind *kind, const struct json_span *text,
			 struct object **ret_object, struct error *err)
{
	if (object_parse_text(kind, text->text, text->length, ret_object, err) == 0)
		return 0;
	return object_parse_name(kind, text->text, text->length, ret_object, err);
}

static int parse_object(const struct kind *kind, enum kube_watch_type type,
			const struct json_span *text, struct object **ret_object, struct error *err)
{
	if (type == KUBE_BOOKMARK)
		return parse_bookmark(kind, text, ret_object, err);
	if (type == KUBE_DELETED)
		return parse_deleted(kind, text, ret_object, err);
	return object_parse_text(kind, text->text, text->length, ret_object, err);
}

static int parse_failure(const struct json_span *text, struct error *err)
{
	CLEANUP(json_object_putp) struct json_object *status = NULL;
	if (json_parse(text->text, text->length, &status, err) == 0)
		kube_status_object_error(status, err);
	if (err->code == ERROR_INVALID) /* which would mean that the watch goes on */
		err->code = ERROR_INTERNAL;
	return -1;
}

static int parse_event(const struct kind *kind, const struct json_span *name,
		       const struct json_span *text, enum kube_watch_type *ret_type,
		       struct object **ret_object, struct error *err)
{
	if (json_span_is(name, "\"ERROR\""))
		return parse_failure(text, err);
	enum kube_watch_type type;
	if (parse_type(name, &type) < 0)
		return error_set(err, ERROR_INTERNAL, "an event of the unknown type %.*s",
				 name->length < 32 ? (int)name->length : 32, name->text);
	if (parse_object(kind, type, text, ret_object, err) < 0) {
		err->code = ERROR_INVALID;
		return object_name_error(kind, text->text, text->length, err);
	}
	*ret_type = type;
	return 0;
}

/* A line that is no event is not an object that we fail to understand, but a broken watch. */
static int parse_line(const struct kind *kind, const struct json_span *line,
		      enum kube_watch_type *ret_type, struct object **ret_object, struct error *err)
{
	struct json_span type;
	struct json_span object;
	struct json_scan scan = { .text = line->text, .length = line->length };
	struct json_span whole;
	if (!json_scan_value(&scan, &whole) || json_scan_peek(&scan) || scan.at < scan.length ||
	    !json_scan_member(line->text, line->length, "type", &type) ||
	    !json_scan_member(line->text, line->length, "object", &object))
		return error_set(err, ERROR_INTERNAL, "a line that is no event");
	return parse_event(kind, &type, &object, ret_type, ret_object, err);
}

int kube_watch_next(struct kube_watch *watch, enum kube_watch_type *ret_type,
		    struct object **ret_object, struct error *err)
{
	const struct kube_transport *transport = kube_client_transport(watch->client);
	struct error unread;
	err = err ? err : &unread;
	CLEANUP_FREE char *line = NULL;
	size_t length = 0;
	int r = transport->read_line(transport->context, watch->stream, &line, &length, err);
	if (r == 0)
		r = parse_line(watch->kind, &(struct json_span) { line, length }, ret_type,
			       ret_object, err);
	if (r < 0)
		return error_prefix(err, "watch %s", watch->kind->name);
	return r;
}

void kube_watch_close(struct kube_watch *watch)
{
	if (!watch)
		return;
	const struct kube_transport *transport = kube_client_transport(watch->client);
	transport->close(transport->context, watch->stream);
	free(watch);
}
