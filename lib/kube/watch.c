/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/watch.h"

#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "kube/call.h"
#include "kube/json.h"
#include "kube/status.h"
#include "kube/transport.h"

/* The server ends a watch after this time, so that watches spread over its replicas again. */
#define WATCH_MIN_S 300
#define WATCH_SPREAD_S 300

/* The server sends a bookmark a minute; when two are missing we no longer believe it is there. */
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
static int parse_type(const char *name, enum kube_watch_type *ret_type)
{
	static const char *const names[] = {
		[KUBE_ADDED] = "ADDED",
		[KUBE_MODIFIED] = "MODIFIED",
		[KUBE_DELETED] = "DELETED",
		[KUBE_BOOKMARK] = "BOOKMARK",
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], name) == 0) {
			*ret_type = (enum kube_watch_type)i;
			return 0;
		}
	}
	return -1;
}

/* A bookmark's object has a resourceVersion and no name. */
static int parse_bookmark(const struct kind *kind, struct json_object *json,
			  struct object **ret_object, struct error *err)
{
	struct arena *arena = arena_new(512);
	struct object *object = arena_alloc(arena, kind->size);
	object->arena = arena;
	object->references = 1;
	object->kind = kind;
	object->namespace = object->name = object->uid = "";
	if (json_need_string(json, "metadata.resourceVersion", arena, &object->resource_version,
			     err) < 0) {
		arena_free(arena);
		return -1;
	}
	*ret_object = object;
	return 0;
}

/* What is gone must be known to be gone, whatever it had become: its name is enough. */
static int parse_deleted(const struct kind *kind, struct json_object *json,
			 struct object **ret_object, struct error *err)
{
	struct kind bare = *kind;
	bare.parse = NULL;
	if (object_parse(kind, json, ret_object, err) == 0)
		return 0;
	if (object_parse(&bare, json, ret_object, err) < 0)
		return -1;
	(*ret_object)->kind = kind;
	return 0;
}

static int parse_object(const struct kind *kind, enum kube_watch_type type,
			struct json_object *json, struct object **ret_object, struct error *err)
{
	if (type == KUBE_BOOKMARK)
		return parse_bookmark(kind, json, ret_object, err);
	if (type == KUBE_DELETED)
		return parse_deleted(kind, json, ret_object, err);
	return object_parse(kind, json, ret_object, err);
}

static int parse_event(const struct kind *kind, struct json_object *json,
		       enum kube_watch_type *ret_type, struct object **ret_object,
		       struct error *err)
{
	struct json_object *type_json = json_find(json, "type");
	const char *name = type_json ? json_object_get_string(type_json) : "";
	struct json_object *object = json_find(json, "object");
	if (strcmp(name, "ERROR") == 0) {
		kube_status_object_error(object, err);
		if (err->code == ERROR_INVALID) /* which would mean that the watch goes on */
			err->code = ERROR_INTERNAL;
		return -1;
	}
	enum kube_watch_type type;
	if (parse_type(name, &type) < 0)
		return error_set(err, ERROR_INTERNAL, "an event of the unknown type \"%.32s\"",
				 name);
	if (parse_object(kind, type, object, ret_object, err) < 0) {
		err->code = ERROR_INVALID;
		struct json_object *place = json_find(object, "metadata.name");
		return error_prefix(err, "%.253s", place ? json_object_get_string(place) : name);
	}
	*ret_type = type;
	return 0;
}

static int parse_line(const struct kind *kind, const char *line, size_t length,
		      enum kube_watch_type *ret_type, struct object **ret_object, struct error *err)
{
	CLEANUP(json_object_putp) struct json_object *json = NULL;
	if (json_parse(line, length, &json, err) < 0) {
		err->code =
			ERROR_INTERNAL; /* not an object we fail to understand: a broken watch */
		return -1;
	}
	return parse_event(kind, json, ret_type, ret_object, err);
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
		r = parse_line(watch->kind, line, length, ret_type, ret_object, err);
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
