/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_api.h"

#include <assert.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/clock.h"
#include "base/text.h"
#include "fake_json.h"
#include "fake_store.h"
#include "kube/json.h"

#define WAIT_MS 5000

enum stream_state {
	STREAM_OPEN,
	STREAM_CUT,	/* ends in the middle of a line */
	STREAM_ENDED,	/* ends in good order */
	STREAM_EXPIRED, /* one more event: 410 */
};

/* A line that the test or the server itself sends, beside the events. */
struct extra_line {
	struct extra_line *next;
	char *text;
};

struct stream {
	struct stream *prev;
	struct stream *next;
	struct connection *connection;
	struct fake_path path;
	char *labels;
	char *fields;
	enum stream_state state;
	size_t place; /* the next change of the history to look at */
	uint64_t version;
	struct extra_line *extra;
};

struct connection {
	struct connection *prev;
	struct connection *next;
	struct fake_api *api;
	struct kube_transport transport;
	bool stopped;
};

struct failure {
	struct failure *prev;
	struct failure *next;
	struct fake_api_failure what;
	char *method;
	char *path_part;
};

/* A collection that is not served. */
struct unserved {
	struct unserved *next;
	char *collection;
};

struct fake_api {
	pthread_mutex_t lock;
	pthread_cond_t changed; /* anything at all */
	struct fake_store store;
	struct connection *connections;
	struct stream *streams;
	struct failure *failures;
	struct unserved *unserved;
	char **requests; /* "METHOD path" */
	size_t request_count;
	fake_api_hook *hook;
	void *hook_context;
	bool down;
};

static void announce(struct fake_api *api)
{
	pthread_cond_broadcast(&api->changed);
	pthread_mutex_unlock(&api->lock);
}

/*
 * Faults.
 */

static bool request_matches(const char *method, const char *path, const char *wanted_method,
			    const char *path_part)
{
	return (!wanted_method || strcmp(method, wanted_method) == 0) &&
	       (!path_part || strstr(path, path_part));
}

/* Takes one use of the first failure that matches. Under the lock. */
static bool take_failure(struct fake_api *api, const char *method, const char *path,
			 struct fake_api_failure *ret_failure)
{
	struct failure *failure;
	DL_FOREACH(api->failures, failure) {
		if (!request_matches(method, path, failure->method, failure->path_part))
			continue;
		*ret_failure = failure->what;
		if (--failure->what.times == 0) {
			DL_DELETE(api->failures, failure);
			free(failure->method);
			free(failure->path_part);
			free(failure);
		}
		return true;
	}
	return false;
}

void fake_api_fail(struct fake_api *api, const struct fake_api_failure *what)
{
	struct failure *failure = must_alloc(sizeof(*failure));
	failure->what = *what;
	failure->what.times = what->times ? what->times : 1;
	failure->method = must_strdup(what->method);
	failure->path_part = must_strdup(what->path_part);
	pthread_mutex_lock(&api->lock);
	DL_APPEND(api->failures, failure);
	pthread_mutex_unlock(&api->lock);
}

void fake_api_fail_next(struct fake_api *api, const char *method, const char *path_part,
			enum fake_api_fault how, int status)
{
	const struct fake_api_failure failure = {
		.method = method,
		.path_part = path_part,
		.how = how,
		.status = status,
	};
	fake_api_fail(api, &failure);
}

void fake_api_set_hook(struct fake_api *api, fake_api_hook *hook, void *context)
{
	pthread_mutex_lock(&api->lock);
	api->hook = hook;
	api->hook_context = context;
	pthread_mutex_unlock(&api->lock);
}

static int ask_hook(struct fake_api *api, const char *method, const char *path, bool after,
		    struct error *err)
{
	pthread_mutex_lock(&api->lock);
	fake_api_hook *hook = api->hook;
	void *context = api->hook_context;
	pthread_mutex_unlock(&api->lock);
	if (hook && !hook(context, method, path, after))
		return error_set(err, ERROR_CANCELLED, "stopped by the test");
	return 0;
}

static void note_request(struct fake_api *api, const char *method, const char *path)
{
	if ((api->request_count & (api->request_count - 1)) == 0)
		api->requests = must_realloc(api->requests,
					     (api->request_count * 2 + 1) * sizeof(*api->requests));
	api->requests[api->request_count++] = must_printf("%s %s", method, path);
}

/*
 * Requests.
 */

static void fill_response(struct http_response *response, int status, uint32_t retry_after_s,
			  struct json_object *json)
{
	size_t length;
	const char *text = json_text(json, &length);
	*response = (struct http_response) {
		.status = status,
		.retry_after_s = retry_after_s,
		.body = must_printf("%s", text),
		.body_length = length,
	};
}

/* Under the lock. 0: go on; 1: the answer stands already; -1. */
static int check_connection(struct connection *connection, const struct http_request *request,
			    struct fake_api_failure *failure, struct http_response *response,
			    struct error *err)
{
	struct fake_api *api = connection->api;
	note_request(api, request->method, request->path);
	if (connection->stopped)
		return error_set(err, ERROR_CANCELLED, "the client was stopped");
	if (api->down)
		return error_set(err, ERROR_UNAVAILABLE, "connection refused");
	if (!take_failure(api, request->method, request->path, failure))
		return 0;
	if (failure->how == FAKE_API_LOST_REQUEST)
		return error_set(err, ERROR_TIMEOUT, "no answer in time");
	if (failure->how == FAKE_API_LOST_ANSWER)
		return 0;
	CLEANUP(json_object_putp)
	struct json_object *status =
		fake_status(failure->status, "InternalError",
			    failure->message ? failure->message : "a fault of the test");
	fill_response(response, failure->status, failure->retry_after_s, status);
	return 1;
}

static struct json_object *parse_body(const struct http_request *request)
{
	struct json_object *json = NULL;
	struct error err;
	if (request->body && json_parse(request->body, request->body_length, &json, &err) < 0)
		fprintf(stderr, "a body that is no JSON: %s\n", err.text);
	return json;
}

/* Under the lock. NULL: it is served. */
static struct unserved *find_unserved(struct fake_api *api, const char *collection)
{
	struct unserved *unserved;
	LL_FOREACH(api->unserved, unserved)
		if (strcmp(unserved->collection, collection) == 0)
			break;
	return unserved;
}

/* Under the lock. */
static int answer(struct fake_api *api, const struct http_request *request, struct fake_path *path,
		  struct json_object **ret_json)
{
	if (find_unserved(api, path->collection)) {
		*ret_json = fake_status(404, "NotFound",
					"the server could not find the requested resource");
		return 404;
	}
	CLEANUP(json_object_putp) struct json_object *body = parse_body(request);
	const char *type = request->content_type ? request->content_type : "";
	return fake_store_handle(&api->store, request->method, path, type, body, ret_json);
}

/* Under the lock. */
static void serve(struct fake_api *api, const struct http_request *request,
		  struct http_response *response)
{
	struct fake_path path;
	CLEANUP(json_object_putp) struct json_object *json = NULL;
	int status = 404;
	if (fake_path_parse(request->path, &path)) {
		status = answer(api, request, &path, &json);
		fake_path_done(&path);
	} else {
		json = fake_status(404, "NotFound", "404 page not found");
	}
	fill_response(response, status, 0, json);
}

static int serve_request(struct connection *connection, const struct http_request *request,
			 struct http_response *ret_response, struct error *err)
{
	struct fake_api *api = connection->api;
	struct fake_api_failure failure = { 0 };
	pthread_mutex_lock(&api->lock);
	int r = check_connection(connection, request, &failure, ret_response, err);
	if (r == 0)
		serve(api, request, ret_response);
	announce(api);
	if (r == 0 && request->body_max && ret_response->body_length > request->body_max) {
		http_response_done(ret_response);
		return error_set(err, ERROR_EXHAUSTED, "the answer is too large");
	}
	if (r == 0 && failure.how == FAKE_API_LOST_ANSWER) {
		http_response_done(ret_response);
		return error_set(err, ERROR_TIMEOUT, "no answer in time");
	}
	return r < 0 ? -1 : 0;
}

static int transport_request(void *context, const struct http_request *request,
			     struct http_response *ret_response, struct error *err)
{
	struct connection *connection = context;
	struct http_response response;
	if (ask_hook(connection->api, request->method, request->path, false, err) < 0 ||
	    serve_request(connection, request, &response, err) < 0)
		return -1;
	if (ask_hook(connection->api, request->method, request->path, true, err) < 0) {
		http_response_done(&response);
		return -1;
	}
	*ret_response = response;
	return 0;
}

/*
 * Watches.
 */

static size_t place_behind(const struct fake_store *store, uint64_t version)
{
	size_t place = 0;
	while (place < store->change_count && store->changes[place].version <= version)
		place++;
	return place;
}

/* Under the lock. */
static struct stream *add_stream(struct connection *connection, struct fake_path *taken)
{
	struct fake_api *api = connection->api;
	struct stream *stream = must_alloc(sizeof(*stream));
	CLEANUP_FREE char *version = fake_path_parameter(taken, "resourceVersion");
	stream->connection = connection;
	stream->path = *taken;
	stream->labels = fake_path_parameter(taken, "labelSelector");
	stream->fields = fake_path_parameter(taken, "fieldSelector");
	stream->version = version ? strtoull(version, NULL, 10) : api->store.version;
	stream->place = place_behind(&api->store, stream->version);
	if (stream->version < api->store.oldest_version)
		stream->state = STREAM_EXPIRED;
	DL_APPEND(api->streams, stream);
	return stream;
}

static int open_stream(struct connection *connection, const struct http_request *request,
		       struct stream **ret_stream, struct http_response *ret_response,
		       struct error *err)
{
	struct fake_api *api = connection->api;
	struct fake_api_failure failure = { 0 };
	struct fake_path path;
	pthread_mutex_lock(&api->lock);
	int r = check_connection(connection, request, &failure, ret_response, err);
	if (r == 0 && failure.how == FAKE_API_LOST_ANSWER)
		r = error_set(err, ERROR_TIMEOUT, "no answer in time");
	*ret_stream = NULL;
	if (r == 0 && fake_path_parse(request->path, &path)) {
		if (!find_unserved(api, path.collection)) {
			*ret_stream = add_stream(connection, &path);
		} else {
			fake_path_done(&path);
			serve(api, request, ret_response);
		}
	} else if (r == 0) {
		serve(api, request, ret_response);
	}
	announce(api);
	return r < 0 ? -1 : 0;
}

static int transport_open(void *context, const struct http_request *request, void **ret_stream,
			  struct http_response *ret_response, struct error *err)
{
	struct connection *connection = context;
	struct stream *stream;
	if (ask_hook(connection->api, request->method, request->path, false, err) < 0 ||
	    open_stream(connection, request, &stream, ret_response, err) < 0)
		return -1;
	*ret_stream = stream;
	return 0;
}

static bool is_wanted(const struct stream *stream, struct json_object *json)
{
	return json && fake_json_labels_match(json, stream->labels) &&
	       fake_json_fields_match(json, stream->fields);
}

static char *event_line(const char *type, struct json_object *object)
{
	CLEANUP(json_object_putp) struct json_object *event = json_object_new_object();
	json_set_string(event, "type", type);
	json_set(event, "object", fake_json_copy(object));
	return must_strdup(json_text(event, NULL));
}

/* NULL where the change is none of the stream's. What begins or ceases to match the selector is
 * added or deleted, as on a real server. */
static char *change_line(const struct stream *stream, const struct fake_change *change)
{
	if (strcmp(stream->path.collection, change->collection) != 0 ||
	    (*stream->path.namespace && strcmp(stream->path.namespace, change->namespace) != 0))
		return NULL;
	bool before = is_wanted(stream, change->before);
	bool after = is_wanted(stream, change->after);
	if (!before && !after)
		return NULL;
	if (after)
		return event_line(before ? "MODIFIED" : "ADDED", change->after);
	return event_line("DELETED", change->last ? change->last : change->after);
}

static char *expiry_line(void)
{
	CLEANUP(json_object_putp)
	struct json_object *status = fake_status(410, "Expired", "too old resource version");
	return event_line("ERROR", status);
}

/* Under the lock. NULL: nothing yet. */
static char *next_line(struct stream *stream)
{
	const struct fake_store *store = &stream->connection->api->store;
	while (stream->place < store->change_count) {
		char *line = change_line(stream, &store->changes[stream->place++]);
		if (line)
			return line;
	}
	if (!stream->extra)
		return NULL;
	struct extra_line *extra = stream->extra;
	char *line = extra->text;
	LL_DELETE(stream->extra, extra);
	free(extra);
	return line;
}

/* Under the lock. As read_line, or 2 to wait for more. */
static int read_stream(struct stream *stream, char **ret_line, struct error *err)
{
	if (stream->connection->stopped)
		return error_set(err, ERROR_CANCELLED, "the client was stopped");
	if (stream->state == STREAM_CUT)
		return error_set(err, ERROR_UNAVAILABLE,
				 "the stream ended in the middle of a line");
	if (stream->state == STREAM_EXPIRED) {
		stream->state = STREAM_ENDED;
		*ret_line = expiry_line();
		return 0;
	}
	*ret_line = next_line(stream);
	if (*ret_line)
		return 0;
	return stream->state == STREAM_ENDED ? 1 : 2;
}

static int transport_read_line(void *context, void *opaque, char **ret_line, size_t *ret_length,
			       struct error *err)
{
	struct connection *connection = context;
	struct stream *stream = opaque;
	char *line = NULL;
	int r;
	pthread_mutex_lock(&connection->api->lock);
	while ((r = read_stream(stream, &line, err)) == 2)
		pthread_cond_wait(&connection->api->changed, &connection->api->lock);
	pthread_mutex_unlock(&connection->api->lock);
	if (r == 0) {
		*ret_length = strlen(line);
		*ret_line = line;
	}
	return r;
}

static void transport_close(void *context, void *opaque)
{
	struct connection *connection = context;
	struct stream *stream = opaque;
	pthread_mutex_lock(&connection->api->lock);
	DL_DELETE(connection->api->streams, stream);
	announce(connection->api);
	struct extra_line *extra, *next;
	LL_FOREACH_SAFE(stream->extra, extra, next) {
		free(extra->text);
		free(extra);
	}
	fake_path_done(&stream->path);
	free(stream->labels);
	free(stream->fields);
	free(stream);
}

static void transport_stop(void *context)
{
	struct connection *connection = context;
	pthread_mutex_lock(&connection->api->lock);
	connection->stopped = true;
	announce(connection->api);
}

static void set_streams(struct fake_api *api, enum stream_state state)
{
	struct stream *stream;
	DL_FOREACH(api->streams, stream)
		stream->state = state;
}

void fake_api_set_down(struct fake_api *api, bool down)
{
	pthread_mutex_lock(&api->lock);
	api->down = down;
	if (down)
		set_streams(api, STREAM_CUT);
	announce(api);
}

void fake_api_cut_watches(struct fake_api *api)
{
	pthread_mutex_lock(&api->lock);
	set_streams(api, STREAM_CUT);
	announce(api);
}

void fake_api_end_watches(struct fake_api *api)
{
	pthread_mutex_lock(&api->lock);
	set_streams(api, STREAM_ENDED);
	announce(api);
}

void fake_api_expire(struct fake_api *api)
{
	pthread_mutex_lock(&api->lock);
	api->store.oldest_version = ++api->store.version;
	set_streams(api, STREAM_EXPIRED);
	announce(api);
}

static void end_streams_of(struct fake_api *api, const char *collection)
{
	struct stream *stream;
	DL_FOREACH(api->streams, stream)
		if (strcmp(stream->path.collection, collection) == 0)
			stream->state = STREAM_ENDED;
}

static void set_unserved(struct fake_api *api, const char *collection)
{
	struct unserved *unserved = must_alloc(sizeof(*unserved));
	unserved->collection = must_strdup(collection);
	LL_PREPEND(api->unserved, unserved);
	end_streams_of(api, collection);
}

static void drop_unserved(struct fake_api *api, struct unserved *unserved)
{
	LL_DELETE(api->unserved, unserved);
	free(unserved->collection);
	free(unserved);
}

static char *collection_of(const struct kind *kind)
{
	return must_printf("/%s/%s/%s", strchr(kind->api_version, '/') ? "apis" : "api",
			   kind->api_version, kind->plural);
}

void fake_api_set_served(struct fake_api *api, const struct kind *kind, bool served)
{
	CLEANUP_FREE char *collection = collection_of(kind);
	pthread_mutex_lock(&api->lock);
	struct unserved *unserved = find_unserved(api, collection);
	if (served && unserved)
		drop_unserved(api, unserved);
	else if (!served && !unserved)
		set_unserved(api, collection);
	announce(api);
}

static void send(struct stream *stream, char *taken)
{
	struct extra_line *extra = must_alloc(sizeof(*extra));
	extra->text = taken;
	LL_APPEND(stream->extra, extra);
}

void fake_api_send_line(struct fake_api *api, const char *line)
{
	struct stream *stream;
	pthread_mutex_lock(&api->lock);
	DL_FOREACH(api->streams, stream)
		send(stream, must_strdup(line));
	announce(api);
}

void fake_api_send_bookmarks(struct fake_api *api)
{
	pthread_mutex_lock(&api->lock);
	CLEANUP_FREE char *line = must_printf("{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"Any\","
					      "\"metadata\":{\"resourceVersion\":\"%llu\"}}}",
					      (unsigned long long)api->store.version);
	struct stream *stream;
	DL_FOREACH(api->streams, stream)
		send(stream, must_strdup(line));
	announce(api);
}

void fake_api_skip_versions(struct fake_api *api, uint64_t how_many)
{
	pthread_mutex_lock(&api->lock);
	api->store.version += how_many;
	pthread_mutex_unlock(&api->lock);
}

void fake_api_set_webhook(struct fake_api *api, fake_api_webhook *webhook, void *context)
{
	pthread_mutex_lock(&api->lock);
	api->store.webhook = webhook;
	api->store.webhook_context = context;
	pthread_mutex_unlock(&api->lock);
}

void fake_api_set_template_default(struct fake_api *api, const char *member)
{
	pthread_mutex_lock(&api->lock);
	api->store.template_default = member;
	pthread_mutex_unlock(&api->lock);
}

size_t fake_api_requests(struct fake_api *api, const char *method, const char *path_part)
{
	size_t count = 0;
	pthread_mutex_lock(&api->lock);
	for (size_t i = 0; i < api->request_count; i++) {
		const char *space = strchr(api->requests[i], ' ');
		CLEANUP_FREE char *seen =
			must_printf("%.*s", (int)(space - api->requests[i]), api->requests[i]);
		count += request_matches(seen, space + 1, method, path_part);
	}
	pthread_mutex_unlock(&api->lock);
	return count;
}

size_t fake_api_watches(struct fake_api *api)
{
	struct stream *stream;
	size_t count;
	pthread_mutex_lock(&api->lock);
	DL_COUNT(api->streams, stream, count);
	pthread_mutex_unlock(&api->lock);
	return count;
}

/*
 * The test as another client.
 */

/* Under the lock. */
static struct fake_record *find(struct fake_api *api, const struct kind *kind,
				const char *namespace, const char *name)
{
	CLEANUP_FREE char *collection = collection_of(kind);
	return fake_store_find(&api->store, collection, namespace, name);
}

void fake_api_put(struct fake_api *api, const struct kind *kind, const char *text)
{
	struct json_object *json = fake_json_of(text);
	CLEANUP_FREE char *collection = collection_of(kind);
	assert(json_find(json, "metadata.name"));
	assert(!kind->namespaced || json_find(json, "metadata.namespace"));
	json_set_string(json, "apiVersion", kind->api_version);
	json_set_string(json, "kind", kind->name);
	pthread_mutex_lock(&api->lock);
	fake_store_put(&api->store, collection, json);
	announce(api);
}

void fake_api_putf(struct fake_api *api, const struct kind *kind, const char *format, ...)
{
	CLEANUP_TEXT struct text text = TEXT_INIT;
	va_list args;
	va_start(args, format);
	text_vprintf(&text, format, args);
	va_end(args);
	fake_api_put(api, kind, text_string(&text));
}

void fake_api_edit(struct fake_api *api, const struct kind *kind, const char *namespace,
		   const char *name, const char *format, ...)
{
	CLEANUP_TEXT struct text text = TEXT_INIT;
	va_list args;
	va_start(args, format);
	text_vprintf(&text, format, args);
	va_end(args);
	CLEANUP(json_object_putp) struct json_object *patch = fake_json_of(text_string(&text));
	CLEANUP_FREE char *collection = collection_of(kind);
	pthread_mutex_lock(&api->lock);
	struct fake_record *record = find(api, kind, namespace, name);
	if (!record) {
		fprintf(stderr, "%s %s/%s is not there\n", kind->name, namespace, name);
		abort();
	}
	fake_store_put(&api->store, collection,
		       fake_json_merge(fake_json_copy(record->json), patch));
	announce(api);
}

void fake_api_remove(struct fake_api *api, const struct kind *kind, const char *namespace,
		     const char *name)
{
	pthread_mutex_lock(&api->lock);
	struct fake_record *record = find(api, kind, namespace, name);
	if (record)
		fake_store_remove(&api->store, record);
	announce(api);
}

struct json_object *fake_api_read(struct fake_api *api, const struct kind *kind,
				  const char *namespace, const char *name)
{
	pthread_mutex_lock(&api->lock);
	struct fake_record *record = find(api, kind, namespace, name);
	struct json_object *copy = record ? fake_json_copy(record->json) : NULL;
	pthread_mutex_unlock(&api->lock);
	return copy;
}

bool fake_api_exists(struct fake_api *api, const struct kind *kind, const char *namespace,
		     const char *name)
{
	pthread_mutex_lock(&api->lock);
	bool exists = find(api, kind, namespace, name) != NULL;
	pthread_mutex_unlock(&api->lock);
	return exists;
}

/* Under the lock. Yours; NULL if the object or the field is not there. */
static char *field_of(struct fake_api *api, const struct kind *kind, const char *namespace,
		      const char *name, const char *path)
{
	struct fake_record *record = find(api, kind, namespace, name);
	struct json_object *field = record ? json_find(record->json, path) : NULL;
	if (!field)
		return NULL;
	if (json_object_is_type(field, json_type_string))
		return must_strdup(json_object_get_string(field));
	return must_strdup(json_text(field, NULL));
}

char *fake_api_field(struct fake_api *api, const struct kind *kind, const char *namespace,
		     const char *name, const char *path)
{
	pthread_mutex_lock(&api->lock);
	char *field = field_of(api, kind, namespace, name, path);
	pthread_mutex_unlock(&api->lock);
	return field;
}

/* Under the lock. */
static size_t count_of(struct fake_api *api, const struct kind *kind)
{
	CLEANUP_FREE char *collection = collection_of(kind);
	size_t count = 0;
	struct fake_record *record;
	DL_FOREACH(api->store.records, record)
		count += strcmp(record->collection, collection) == 0;
	return count;
}

size_t fake_api_count(struct fake_api *api, const struct kind *kind)
{
	pthread_mutex_lock(&api->lock);
	size_t count = count_of(api, kind);
	pthread_mutex_unlock(&api->lock);
	return count;
}

/* Under the lock. False when the time is over. */
static bool wait_for_change(struct fake_api *api, struct timespec deadline)
{
	return pthread_cond_clockwait(&api->changed, &api->lock, CLOCK_MONOTONIC, &deadline) == 0;
}

static bool field_is(struct fake_api *api, const struct kind *kind, const char *namespace,
		     const char *name, const char *path, const char *value)
{
	CLEANUP_FREE char *field = field_of(api, kind, namespace, name, path);
	return value ? field && strcmp(field, value) == 0 : !field;
}

bool fake_api_wait_field(struct fake_api *api, const struct kind *kind, const char *namespace,
			 const char *name, const char *path, const char *value)
{
	struct timespec deadline = clock_deadline(clock_monotonic_ms() + WAIT_MS);
	bool met, in_time = true;
	pthread_mutex_lock(&api->lock);
	while (!(met = field_is(api, kind, namespace, name, path, value)) && in_time)
		in_time = wait_for_change(api, deadline);
	pthread_mutex_unlock(&api->lock);
	return met;
}

bool fake_api_wait_count(struct fake_api *api, const struct kind *kind, size_t count)
{
	struct timespec deadline = clock_deadline(clock_monotonic_ms() + WAIT_MS);
	bool met, in_time = true;
	pthread_mutex_lock(&api->lock);
	while (!(met = count_of(api, kind) == count) && in_time)
		in_time = wait_for_change(api, deadline);
	pthread_mutex_unlock(&api->lock);
	return met;
}

/*
 * The server itself.
 */

const struct kube_transport *fake_api_connect(struct fake_api *api)
{
	struct connection *connection = must_alloc(sizeof(*connection));
	connection->api = api;
	connection->transport = (struct kube_transport) {
		.context = connection,
		.request = transport_request,
		.open = transport_open,
		.read_line = transport_read_line,
		.close = transport_close,
		.stop = transport_stop,
	};
	pthread_mutex_lock(&api->lock);
	DL_APPEND(api->connections, connection);
	pthread_mutex_unlock(&api->lock);
	return &connection->transport;
}

struct fake_api *fake_api_new(void)
{
	struct fake_api *api = must_alloc(sizeof(*api));
	pthread_mutex_init(&api->lock, NULL);
	pthread_cond_init(&api->changed, NULL);
	fake_store_init(&api->store);
	fake_api_connect(api);
	return api;
}

const struct kube_transport *fake_api_transport(struct fake_api *api)
{
	return &api->connections->transport;
}

static void free_failures(struct fake_api *api)
{
	struct failure *failure, *next;
	DL_FOREACH_SAFE(api->failures, failure, next) {
		free(failure->method);
		free(failure->path_part);
		free(failure);
	}
}

void fake_api_free(struct fake_api *api)
{
	if (!api)
		return;
	assert(!api->streams); /* a watch is still open */
	struct connection *connection, *next;
	DL_FOREACH_SAFE(api->connections, connection, next)
		free(connection);
	free_failures(api);
	while (api->unserved)
		drop_unserved(api, api->unserved);
	for (size_t i = 0; i < api->request_count; i++)
		free(api->requests[i]);
	free(api->requests);
	fake_store_done(&api->store);
	pthread_cond_destroy(&api->changed);
	pthread_mutex_destroy(&api->lock);
	free(api);
}
