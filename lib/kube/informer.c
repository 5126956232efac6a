/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/informer.h"

#include <pthread.h>
#include <string.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/metric.h"
#include "kube/list.h"
#include "kube/object_store.h"
#include "kube/watch.h"

#define RETRY_MIN_MS 200
#define RETRY_MAX_MS 10000

/* A watch that the server ends sooner than this without an event counts as a failure. */
#define WATCH_SHORT_MS 1000

/* Between two lists of a kind that is not served. */
#define UNSERVED_WAIT_MS 30000

struct informer {
	struct kube_client *client;
	struct informer_options options; /* the kind of its scope is what is listed now */
	const struct kind *newest;
	char *namespace;
	char *label_selector;
	char *field_selector;
	pthread_t thread;
	bool joined; /* by informer_stop() */

	/* The thread's own. */
	unsigned failures;
	bool relist;
	bool reported_unserved;

	pthread_mutex_t lock;
	pthread_cond_t synced_changed;
	bool synced;
	bool served;		 /* the last list was answered */
	const struct kind *kind; /* by it: that of the options' scope, which the thread owns */
	bool stopping;
	struct object_store store;
	char *resource_version;
	struct error last_error;
};

static struct metric failures_metric = {
	.name = "kube_informer_failures_total",
	.help = "Lists and watches that failed and objects that could not be parsed.",
	.type = METRIC_COUNTER,
	.labels = { "kind", "what" },
};

static struct metric objects_metric = {
	.name = "kube_informer_objects",
	.help = "Objects held in memory.",
	.type = METRIC_GAUGE,
	.labels = { "kind" },
};

static char *key_of(const char *namespace, const char *name)
{
	return must_printf("%s/%s", namespace ? namespace : "", name);
}

/*
 * What arrives, in the informer's thread.
 */

/* Under the lock. */
static void see_version(struct informer *informer, const char *resource_version)
{
	free(informer->resource_version);
	informer->resource_version = must_strdup(resource_version);
}

static void announce(struct informer *informer, const struct object *before,
		     const struct object *after)
{
	if (informer->options.changed)
		informer->options.changed(informer->options.context, before, after);
}

static void count_objects(struct informer *informer)
{
	const char *kind = informer->options.scope.kind->name;
	metric_set(&objects_metric, &kind, object_store_count(&informer->store));
}

static void take_deleted(struct informer *informer, const char *key, const char *resource_version)
{
	pthread_mutex_lock(&informer->lock);
	struct object *before = object_store_remove(&informer->store, key);
	if (resource_version)
		see_version(informer, resource_version);
	count_objects(informer);
	pthread_mutex_unlock(&informer->lock);
	if (before)
		announce(informer, before, NULL);
	object_unref(before);
}

static void take_changed(struct informer *informer, const char *key, struct object *object)
{
	pthread_mutex_lock(&informer->lock);
	struct object *before = object_store_put(&informer->store, key, object);
	count_objects(informer);
	pthread_mutex_unlock(&informer->lock);
	/* Deleted and made again under the same name, both while we were not looking. */
	bool another = before && strcmp(before->uid, object->uid) != 0;
	if (another)
		announce(informer, before, NULL);
	announce(informer, another ? NULL : before, object);
	object_unref(before);
}

static bool mark_if_known(struct informer *informer, const char *key, const struct object *object)
{
	pthread_mutex_lock(&informer->lock);
	bool known = object_store_see(&informer->store, key, object);
	pthread_mutex_unlock(&informer->lock);
	return known;
}

static void take_listed(void *context, struct object *object)
{
	struct informer *informer = context;
	CLEANUP_FREE char *key = key_of(object->namespace, object->name);
	if (!mark_if_known(informer, key, object))
		take_changed(informer, key, object);
}

/* The key of some entry that the last list did not see; yours, or NULL. */
static char *find_vanished(struct informer *informer)
{
	pthread_mutex_lock(&informer->lock);
	char *key = must_strdup(object_store_unseen(&informer->store));
	pthread_mutex_unlock(&informer->lock);
	return key;
}

static void drop_vanished(struct informer *informer)
{
	char *key;
	while ((key = find_vanished(informer))) {
		take_deleted(informer, key, NULL);
		free(key);
	}
}

/* The copy is what a list has answered; resource_version NULL: that the kind is not served. */
static void set_synced(struct informer *informer, const char *resource_version)
{
	pthread_mutex_lock(&informer->lock);
	see_version(informer, resource_version);
	informer->synced = true;
	informer->served = resource_version != NULL;
	if (informer->served)
		informer->kind = informer->options.scope.kind;
	count_objects(informer);
	pthread_cond_broadcast(&informer->synced_changed);
	pthread_mutex_unlock(&informer->lock);
}

static void report(struct informer *informer, const char *what, const struct error *err)
{
	const char *labels[] = { informer->options.scope.kind->name, what };
	metric_add(&failures_metric, labels, 1);
	pthread_mutex_lock(&informer->lock);
	informer->last_error = *err;
	pthread_mutex_unlock(&informer->lock);
	if (informer->options.failed)
		informer->options.failed(informer->options.context, what, err);
}

static void report_skipped(void *context, const struct error *err)
{
	report(context, "parse", err);
}

static void report_served(struct informer *informer, bool served)
{
	if (informer->reported_unserved == !served)
		return;
	informer->reported_unserved = !served;
	if (informer->options.served)
		informer->options.served(informer->options.context,
					 served ? informer->options.scope.kind : informer->newest,
					 served);
}

/* A version whose objects cannot be converted from the stored one is as good as not served: a
 * webhook that a CustomResourceDefinition names may know other versions alone. */
static bool is_other_version_needed(const struct informer *informer, const struct error *err)
{
	return informer->options.optional && informer->options.scope.kind->older &&
	       (err->code == ERROR_NOT_FOUND || strstr(err->text, "conversion webhook"));
}

static int list_version(struct informer *informer, char **ret_resource_version, struct error *err)
{
	object_store_begin_round(&informer->store);
	return kube_list(informer->client, &informer->options.scope, take_listed, report_skipped,
			 informer, ret_resource_version, err);
}

static int list_all(struct informer *informer, struct error *err)
{
	CLEANUP_FREE char *resource_version = NULL;
	struct error broken = { 0 };
	informer->options.scope.kind = informer->newest;
	while (list_version(informer, &resource_version, err) < 0) {
		if (err->code != ERROR_NOT_FOUND)
			broken = *err;
		if (!is_other_version_needed(informer, err)) {
			/* One that is served and broken is not a kind that is not served. */
			*err = broken.code ? broken : *err;
			return -1;
		}
		informer->options.scope.kind = informer->options.scope.kind->older;
	}
	drop_vanished(informer);
	set_synced(informer, resource_version);
	report_served(informer, true);
	return 0;
}

/* Before its objects go: whom their end is announced to can tell that it is for this. */
static void set_unserved(struct informer *informer)
{
	pthread_mutex_lock(&informer->lock);
	informer->served = false;
	pthread_mutex_unlock(&informer->lock);
}

static void list_nothing(struct informer *informer)
{
	set_unserved(informer);
	object_store_begin_round(&informer->store);
	drop_vanished(informer);
	set_synced(informer, NULL);
	report_served(informer, false);
}

static void take_event(struct informer *informer, enum kube_watch_type type, struct object *object)
{
	CLEANUP_FREE char *key = key_of(object->namespace, object->name);
	switch (type) {
	case KUBE_ADDED:
	case KUBE_MODIFIED:
		take_changed(informer, key, object);
		break;
	case KUBE_DELETED:
		take_deleted(informer, key, object->resource_version);
		return;
	case KUBE_BOOKMARK:
		break;
	}
	pthread_mutex_lock(&informer->lock);
	see_version(informer, object->resource_version);
	pthread_mutex_unlock(&informer->lock);
}

/* 0 after an event, 1 at the end of the watch. */
static int follow_event(struct informer *informer, struct kube_watch *watch, struct error *err)
{
	enum kube_watch_type type;
	CLEANUP(object_unrefp) struct object *object = NULL;
	int r = kube_watch_next(watch, &type, &object, err);
	if (r < 0 && err->code == ERROR_INVALID) {
		report(informer, "parse", err);
		return 0;
	}
	if (r != 0)
		return r;
	informer->failures = 0;
	take_event(informer, type, object);
	return 0;
}

static int follow(struct informer *informer, struct error *err)
{
	uint64_t opened_ms = clock_monotonic_ms();
	CLEANUP(kube_watch_closep) struct kube_watch *watch = NULL;
	/* Only this thread writes the version, so it may read it without the lock. */
	if (kube_watch_open(informer->client, &informer->options.scope, informer->resource_version,
			    &watch, err) < 0)
		return -1;
	bool any = false;
	int r;
	while ((r = follow_event(informer, watch, err)) == 0)
		any = true;
	if (r > 0 && !any && clock_monotonic_ms() - opened_ms < WATCH_SHORT_MS)
		return error_set(err, ERROR_UNAVAILABLE, "the server ended the watch at once");
	return r;
}

/* A connection that broke is taken up where it broke. Anything else that is wrong with a watch
 * (410 Gone, 404, a line that is not an event) means that we may have missed something. */
static bool must_relist(const struct error *err)
{
	return err->code == ERROR_EXPIRED || err->code == ERROR_INTERNAL ||
	       err->code == ERROR_INVALID || err->code == ERROR_NOT_FOUND;
}

static int step(struct informer *informer, const char **ret_what, struct error *err)
{
	*ret_what = "list";
	if (informer->relist && list_all(informer, err) < 0)
		return -1;
	informer->relist = false;
	*ret_what = "watch";
	if (follow(informer, err) >= 0)
		return 0;
	informer->relist = must_relist(err);
	return -1;
}

/* Of a step that failed: how long to wait before the next one. */
static uint32_t take_failure(struct informer *informer, const char *what, const struct error *err)
{
	const struct informer_options *options = &informer->options;
	bool unserved = options->optional && err->code == ERROR_NOT_FOUND;
	if (unserved && strcmp(what, "list") == 0) {
		informer->failures = 0;
		list_nothing(informer);
		return options->unserved_wait_ms ? options->unserved_wait_ms : UNSERVED_WAIT_MS;
	}
	/* A watch that the server has no more is no failure yet: the list that follows decides. */
	if (!unserved || informer->failures > 0)
		report(informer, what, err);
	informer->failures++;
	return backoff_spread_ms(informer->failures, RETRY_MIN_MS, RETRY_MAX_MS);
}

static bool stopping(struct informer *informer)
{
	pthread_mutex_lock(&informer->lock);
	bool stop = informer->stopping;
	pthread_mutex_unlock(&informer->lock);
	return stop;
}

static void *run(void *context)
{
	struct informer *informer = context;
	while (!stopping(informer)) {
		const char *what;
		struct error err, stopped;
		if (step(informer, &what, &err) == 0)
			continue;
		if (kube_client_sleep(informer->client, 0, &stopped) < 0)
			break;
		uint32_t delay_ms = take_failure(informer, what, &err);
		if (kube_client_sleep(informer->client, delay_ms, &stopped) < 0)
			break;
	}
	return NULL;
}

/*
 * The outside.
 */

struct informer *informer_new(struct kube_client *client, const struct informer_options *options)
{
	struct informer *informer = must_alloc(sizeof(*informer));
	informer->client = client;
	informer->options = *options;
	informer->namespace = must_strdup(options->scope.namespace);
	informer->label_selector = must_strdup(options->scope.label_selector);
	informer->field_selector = must_strdup(options->scope.field_selector);
	informer->newest = informer->kind = options->scope.kind;
	informer->options.scope = (struct kube_scope) {
		.kind = options->scope.kind,
		.namespace = informer->namespace,
		.label_selector = informer->label_selector,
		.field_selector = informer->field_selector,
	};
	memcpy(informer->store.index, options->index, sizeof(options->index));
	informer->relist = true;
	pthread_mutex_init(&informer->lock, NULL);
	pthread_cond_init(&informer->synced_changed, NULL);
	if (pthread_create(&informer->thread, NULL, run, informer) != 0)
		abort(); /* as when memory is out: base/text.h */
	return informer;
}

void informer_stop(struct informer *informer)
{
	if (!informer || informer->joined)
		return;
	pthread_mutex_lock(&informer->lock);
	informer->stopping = true;
	pthread_mutex_unlock(&informer->lock);
	pthread_join(informer->thread, NULL);
	informer->joined = true;
}

void informer_free(struct informer *informer)
{
	if (!informer)
		return;
	informer_stop(informer);
	object_store_done(&informer->store);
	pthread_cond_destroy(&informer->synced_changed);
	pthread_mutex_destroy(&informer->lock);
	free(informer->resource_version);
	free(informer->namespace);
	free(informer->label_selector);
	free(informer->field_selector);
	free(informer);
}

bool informer_synced(struct informer *informer)
{
	pthread_mutex_lock(&informer->lock);
	bool synced = informer->synced;
	pthread_mutex_unlock(&informer->lock);
	return synced;
}

bool informer_serves(struct informer *informer)
{
	pthread_mutex_lock(&informer->lock);
	bool served = informer->served;
	pthread_mutex_unlock(&informer->lock);
	return served;
}

const struct kind *informer_kind(struct informer *informer)
{
	pthread_mutex_lock(&informer->lock);
	const struct kind *kind = informer->kind;
	pthread_mutex_unlock(&informer->lock);
	return kind;
}

int informer_wait_synced(struct informer *informer, uint32_t timeout_ms, struct error *err)
{
	struct timespec deadline = clock_deadline(clock_monotonic_ms() + timeout_ms);
	pthread_mutex_lock(&informer->lock);
	int r = 0;
	while (!informer->synced && r == 0)
		r = pthread_cond_clockwait(&informer->synced_changed, &informer->lock,
					   CLOCK_MONOTONIC, &deadline);
	bool synced = informer->synced;
	struct error last = informer->last_error;
	pthread_mutex_unlock(&informer->lock);
	if (synced)
		return 0;
	return error_set(err, ERROR_TIMEOUT, "%s not listed within %u ms: %s",
			 informer->newest->plural, timeout_ms,
			 last.code ? last.text : "no answer yet");
}

struct object *informer_get(struct informer *informer, const char *namespace, const char *name)
{
	CLEANUP_FREE char *key = key_of(namespace, name);
	pthread_mutex_lock(&informer->lock);
	struct object *object = object_store_get(&informer->store, key);
	if (object)
		object_ref(object);
	pthread_mutex_unlock(&informer->lock);
	return object;
}

void informer_list(struct informer *informer, const char *key, struct object_list *ret_list)
{
	pthread_mutex_lock(&informer->lock);
	object_store_list(&informer->store, key, ret_list);
	pthread_mutex_unlock(&informer->lock);
}

size_t informer_count(struct informer *informer)
{
	pthread_mutex_lock(&informer->lock);
	size_t count = object_store_count(&informer->store);
	pthread_mutex_unlock(&informer->lock);
	return count;
}

/* Resource versions of one kind are decimal numbers that grow (Kubernetes API concepts, resource
 * versions); compared as text, since nothing promises that they fit a machine word. */
static bool is_number(const char *text)
{
	return *text >= '1' && *text <= '9' && strspn(text, "0123456789") == strlen(text);
}

static bool at_least(const char *a, const char *b)
{
	size_t length_a = strlen(a), length_b = strlen(b);
	return length_a != length_b ? length_a > length_b : strcmp(a, b) >= 0;
}

bool informer_has_seen(struct informer *informer, const char *resource_version)
{
	if (!is_number(resource_version))
		return true;
	pthread_mutex_lock(&informer->lock);
	const char *ours = informer->resource_version;
	bool seen = ours && (!is_number(ours) || at_least(ours, resource_version));
	pthread_mutex_unlock(&informer->lock);
	return seen;
}
