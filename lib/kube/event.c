/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/event.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <utlist.h>

#include "base/clock.h"
#include "base/metric.h"
#include "base/text.h"
#include "kube/event_correlator.h"
#include "kube/json.h"
#include "kube/verbs.h"

/* Events that wait to be posted; beyond that the newest are dropped. */
#define WAITING_MAX 256

/* Limits of the API (core/v1 Event validation): a message of 1024 bytes, a name of 253. */
#define MESSAGE_MAX 1024
#define NAME_MAX_BYTES 253

struct event {
	struct event *prev; /* among the waiting, the newest last */
	struct event *next;
	char *key; /* of the Event object that it goes into: kube/event_correlator.h */
	const struct kind *kind;
	char *namespace;
	char *about_name;
	char *uid;
	char *resource_version;
	char *reason;
	char *message;
	enum event_type type;
	int64_t first_s;
	int64_t last_s;
	int64_t count; /* as the API should have it */
	char *name;    /* of the Event object; NULL: none was posted yet */
};

struct event_recorder {
	struct kube_client *client;
	char *component;
	char *instance;
	pthread_t thread;

	uint64_t name_number; /* the thread's own */

	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct event_correlator *correlator;
	struct event *waiting;
	size_t waiting_count;
	bool stopping;
};

static const struct kind event_kind = {
	.api_version = "v1",
	.name = "Event",
	.plural = "events",
	.namespaced = true,
	.size = sizeof(struct object),
};

static struct metric dropped_metric = {
	.name = "kube_events_dropped_total",
	.help = "Events that were not posted, by the reason why not.",
	.type = METRIC_COUNTER,
	.labels = { "why" },
};

static const char *type_name(enum event_type type)
{
	return type == EVENT_WARNING ? "Warning" : "Normal";
}

static void count_dropped(const char *why)
{
	metric_add(&dropped_metric, &why, 1);
}

static void event_free(struct event *event)
{
	if (!event)
		return;
	free(event->key);
	free(event->namespace);
	free(event->about_name);
	free(event->uid);
	free(event->resource_version);
	free(event->reason);
	free(event->message);
	free(event->name);
	free(event);
}

DEFINE_CLEANUP(struct event *, event_free);

/* Events about things of the whole cluster live in the namespace "default" (core/v1). */
static const char *event_namespace(const struct event *event)
{
	return *event->namespace ? event->namespace : "default";
}

/* Cut between characters: the API refuses half of a UTF-8 sequence. */
static char *cut(const char *text, size_t max)
{
	size_t length = strlen(text);
	if (length > max) {
		length = max;
		while (length && ((unsigned char)text[length] & 0xc0) == 0x80)
			length--;
	}
	return must_printf("%.*s", (int)length, text);
}

static struct event *event_new(const struct object *about, enum event_type type, const char *reason,
			       const char *message)
{
	struct event *event = must_alloc(sizeof(*event));
	event->kind = about->kind;
	event->namespace = must_strdup(about->namespace);
	event->about_name = must_strdup(about->name);
	event->uid = must_strdup(about->uid);
	event->resource_version = must_strdup(about->resource_version);
	event->reason = must_strdup(reason);
	event->message = cut(message, MESSAGE_MAX);
	event->type = type;
	event->first_s = event->last_s = clock_wall_s();
	event->count = 1;
	return event;
}

/*
 * What is posted.
 */

static void set_time(struct json_object *json, const char *key, int64_t time_s)
{
	char text[CLOCK_TEXT_MAX];
	clock_format_s(time_s, text);
	json_set_string(json, key, text);
}

static void fill_about(struct json_object *about, const struct event *event)
{
	json_set_string(about, "apiVersion", event->kind->api_version);
	json_set_string(about, "kind", event->kind->name);
	json_set_string(about, "name", event->about_name);
	json_set_string(about, "uid", event->uid);
	json_set_string(about, "resourceVersion", event->resource_version);
	if (*event->namespace)
		json_set_string(about, "namespace", event->namespace);
}

static struct json_object *event_json(const struct event_recorder *recorder,
				      const struct event *event)
{
	struct json_object *json = object_json(&event_kind, event_namespace(event), event->name);
	fill_about(json_child(json, "involvedObject"), event);
	json_set_string(json, "type", type_name(event->type));
	json_set_string(json, "reason", event->reason);
	json_set_string(json, "message", event->message);
	json_set_string(json_child(json, "source"), "component", recorder->component);
	json_set_string(json, "reportingComponent", recorder->component);
	json_set_string(json, "reportingInstance", recorder->instance);
	set_time(json, "firstTimestamp", event->first_s);
	set_time(json, "lastTimestamp", event->last_s);
	json_set_int(json, "count", event->count);
	return json;
}

static char *make_name(struct event_recorder *recorder, const struct event *event)
{
	char number[24];
	snprintf(number, sizeof(number), ".%llx", (unsigned long long)++recorder->name_number);
	CLEANUP_FREE char *front = cut(event->about_name, NAME_MAX_BYTES - strlen(number));
	return must_printf("%s%s", front, number);
}

static int post_first(struct event_recorder *recorder, struct event *event, struct error *err)
{
	free(event->name);
	event->name = make_name(recorder, event);
	CLEANUP(json_object_putp) struct json_object *json = event_json(recorder, event);
	return kube_create(recorder->client, &event_kind, event_namespace(event), json, NULL, err);
}

static int post_again(struct event_recorder *recorder, struct event *event, struct error *err)
{
	CLEANUP(json_object_putp) struct json_object *json = json_object_new_object();
	json_set_int(json, "count", event->count);
	set_time(json, "lastTimestamp", event->last_s);
	json_set_string(json, "message", event->message); /* a combined event shows the newest */
	return kube_patch(recorder->client, &event_kind, event_namespace(event), event->name, NULL,
			  KUBE_PATCH_MERGE, json, NULL, err);
}

/* The server forgets events after an hour: one that is gone is posted again. */
static int post(struct event_recorder *recorder, struct event *event, struct error *err)
{
	if (!event->name)
		return post_first(recorder, event, err);
	if (post_again(recorder, event, err) == 0)
		return 0;
	if (err->code != ERROR_NOT_FOUND)
		return -1;
	event->first_s = event->last_s;
	event->count = 1;
	return post_first(recorder, event, err);
}

/*
 * The thread.
 */

/* What went before into the same Event object. */
static void recall(struct event_recorder *recorder, struct event *event)
{
	pthread_mutex_lock(&recorder->lock);
	const struct event_posted *posted =
		event_correlator_posted(recorder->correlator, event->key);
	if (posted->name) {
		event->name = must_strdup(posted->name);
		event->first_s = posted->first_s;
		event->count += posted->count;
	}
	pthread_mutex_unlock(&recorder->lock);
}

static void remember(struct event_recorder *recorder, struct event *event)
{
	pthread_mutex_lock(&recorder->lock);
	struct event_posted *posted = event_correlator_posted(recorder->correlator, event->key);
	free(posted->name);
	posted->name = TAKE(event->name);
	posted->first_s = event->first_s;
	posted->count = event->count;
	pthread_mutex_unlock(&recorder->lock);
}

/* False where there is no use in going on with the next one. */
static bool post_event(struct event_recorder *recorder, struct event *taken)
{
	CLEANUP(event_freep) struct event *event = taken;
	struct error err;
	recall(recorder, event);
	if (post(recorder, event, &err) == 0) {
		remember(recorder, event);
		return true;
	}
	count_dropped(error_code_name(err.code));
	return err.code != ERROR_TIMEOUT && err.code != ERROR_UNAVAILABLE &&
	       err.code != ERROR_CANCELLED;
}

static bool is_stopping(struct event_recorder *recorder)
{
	pthread_mutex_lock(&recorder->lock);
	bool stopping = recorder->stopping;
	pthread_mutex_unlock(&recorder->lock);
	return stopping;
}

/* NULL at the end: what waits when the recorder is freed is still posted, as long as the server
 * answers. */
static struct event *next_event(struct event_recorder *recorder)
{
	pthread_mutex_lock(&recorder->lock);
	while (!recorder->waiting && !recorder->stopping)
		pthread_cond_wait(&recorder->changed, &recorder->lock);
	struct event *event = recorder->waiting;
	if (event) {
		DL_DELETE(recorder->waiting, event);
		recorder->waiting_count--;
	}
	pthread_mutex_unlock(&recorder->lock);
	return event;
}

static void *run(void *context)
{
	struct event_recorder *recorder = context;
	struct event *event;
	while ((event = next_event(recorder)))
		if (!post_event(recorder, event) && is_stopping(recorder))
			break;
	return NULL;
}

/*
 * The outside.
 */

struct event_recorder *event_recorder_new(struct kube_client *client, const char *component,
					  const char *instance)
{
	struct event_recorder *recorder = must_alloc(sizeof(*recorder));
	recorder->client = client;
	recorder->component = must_strdup(component);
	recorder->instance = must_strdup(instance);
	recorder->name_number = (uint64_t)clock_wall_us();
	recorder->correlator = event_correlator_new();
	pthread_mutex_init(&recorder->lock, NULL);
	pthread_cond_init(&recorder->changed, NULL);
	if (pthread_create(&recorder->thread, NULL, run, recorder) != 0)
		abort(); /* as when memory is out: base/text.h */
	return recorder;
}

static void drop_waiting(struct event_recorder *recorder)
{
	while (recorder->waiting) {
		struct event *event = recorder->waiting;
		DL_DELETE(recorder->waiting, event);
		count_dropped("stopped");
		event_free(event);
	}
}

void event_recorder_free(struct event_recorder *recorder)
{
	if (!recorder)
		return;
	pthread_mutex_lock(&recorder->lock);
	recorder->stopping = true;
	pthread_cond_signal(&recorder->changed);
	pthread_mutex_unlock(&recorder->lock);
	pthread_join(recorder->thread, NULL);
	drop_waiting(recorder);
	event_correlator_free(recorder->correlator);
	pthread_cond_destroy(&recorder->changed);
	pthread_mutex_destroy(&recorder->lock);
	free(recorder->component);
	free(recorder->instance);
	free(recorder);
}

static int compare_keys(const struct event *a, const struct event *b)
{
	return strcmp(a->key, b->key);
}

/* Into an event that waits for the same Event object. */
static void merge(struct event *into, struct event *event)
{
	into->count += event->count;
	into->last_s = event->last_s;
	free(into->message);
	into->message = TAKE(event->message);
}

/* More events than the rate allows are counted in the Event object that is there already: its next
 * change shows them. */
static void suppress(struct event_recorder *recorder, const struct event *event)
{
	struct event_posted *posted = event_correlator_posted(recorder->correlator, event->key);
	if (posted->name)
		posted->count += event->count;
	count_dropped("rate");
}

/* True if the event was taken. Under the lock. */
static bool enqueue(struct event_recorder *recorder, const struct event_about *about,
		    struct event *event)
{
	struct event *same;
	DL_SEARCH(recorder->waiting, same, event, compare_keys);
	if (same) {
		merge(same, event);
		return false;
	}
	if (!event_correlator_admit(recorder->correlator, about, clock_monotonic_ms())) {
		suppress(recorder, event);
		return false;
	}
	if (recorder->waiting_count == WAITING_MAX) {
		count_dropped("queue full");
		return false;
	}
	DL_APPEND(recorder->waiting, event);
	recorder->waiting_count++;
	pthread_cond_signal(&recorder->changed);
	return true;
}

static bool record(struct event_recorder *recorder, const struct event_about *about,
		   struct event *event)
{
	bool combined;
	pthread_mutex_lock(&recorder->lock);
	event->key =
		event_correlator_key(recorder->correlator, about, clock_monotonic_ms(), &combined);
	if (combined) {
		CLEANUP_FREE char *message =
			must_printf(EVENT_COMBINED_PREFIX "%s", event->message);
		free(event->message);
		event->message = cut(message, MESSAGE_MAX);
	}
	bool taken = enqueue(recorder, about, event);
	pthread_mutex_unlock(&recorder->lock);
	return taken;
}

void event_record(struct event_recorder *recorder, const struct object *about, enum event_type type,
		  const char *reason, const char *format, ...)
{
	CLEANUP_TEXT struct text message = TEXT_INIT;
	va_list args;
	va_start(args, format);
	text_vprintf(&message, format, args);
	va_end(args);
	const struct event_about what = {
		.object = about,
		.type = type_name(type),
		.reason = reason,
		.message = text_string(&message),
	};
	struct event *event = event_new(about, type, reason, text_string(&message));
	if (!record(recorder, &what, event))
		event_free(event);
}
