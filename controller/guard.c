/* SPDX-License-Identifier: Apache-2.0 */
#include "guard.h"

#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/text.h"
#include "kube/json.h"
#include "kube/verbs.h"
#include "set/pod.h"
#include "set/statefulset.h"

/* After a failed request to make or remove the probe. */
#define RETRY_MS 1000
/* Bounds how long the answer to a deleted probe may take. */
#define REMOVE_TRIES_MAX 50
#define REMOVE_WAIT_MS 100

struct guard {
	struct guard_options options;
	pthread_t thread;
	bool started;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool stopping;
	bool touched;	 /* somebody wrote the probe's status */
	bool lost;	 /* somebody deleted the probe */
	char *probe_uid; /* of the probe that counts; NULL: none */
	int mode;	 /* enum guard_mode; atomic */
};

static struct metric active_metric = {
	.name = "kentledge_controller_active",
	.help = "1 while this process runs StatefulSets, 0 while it probes or stands by.",
	.type = METRIC_GAUGE,
};

enum guard_mode guard_mode(const struct guard *guard)
{
	return (enum guard_mode)__atomic_load_n(&guard->mode, __ATOMIC_ACQUIRE);
}

static void tell_mode(struct guard *guard, enum guard_mode mode)
{
	metric_set(&active_metric, NULL, mode == GUARD_ACTIVE);
	guard->options.changed(guard->options.context, mode);
}

bool guard_is_probe(const struct guard *guard, const struct object *set)
{
	return strcmp(set->name, GUARD_PROBE_NAME) == 0 &&
	       strcmp(set->namespace, guard->options.namespace) == 0;
}

static bool is_touched(const struct object *set)
{
	const struct statefulset_status *status = &((const struct statefulset *)set)->status;
	return status->observed_generation > 0 || status->replicas > 0 ||
	       *status->update_revision || *status->current_revision;
}

bool guard_saw(struct guard *guard, const struct object *before, const struct object *after)
{
	const struct object *set = after ? after : before;
	if (!guard_is_probe(guard, set))
		return false;
	pthread_mutex_lock(&guard->lock);
	bool counts = guard->probe_uid && strcmp(guard->probe_uid, set->uid) == 0;
	if (counts && after && is_touched(after)) {
		/* Stand down in this very thread: every write asks for the mode first. */
		__atomic_store_n(&guard->mode, GUARD_STANDING_BY, __ATOMIC_RELEASE);
		guard->touched = true;
	}
	if (counts && !after)
		guard->lost = true;
	pthread_cond_broadcast(&guard->changed);
	pthread_mutex_unlock(&guard->lock);
	return true;
}

static struct json_object *probe_template(void)
{
	struct json_object *template = json_object_new_object();
	json_set_string(json_child(json_child(template, "metadata"), "labels"),
			"app.kubernetes.io/name", GUARD_PROBE_NAME);
	struct json_object *container = json_object_new_object();
	json_set_string(container, "name", "none");
	json_set_string(container, "image", "registry.k8s.io/pause");
	struct json_object *containers = json_object_new_array();
	json_object_array_add(containers, container);
	json_set(json_child(template, "spec"), "containers", containers);
	return template;
}

static struct json_object *probe_owners(const struct guard_options *options)
{
	struct json_object *owner = json_object_new_object();
	json_set_string(owner, "apiVersion", "v1");
	json_set_string(owner, "kind", "Pod");
	json_set_string(owner, "name", options->pod_name);
	json_set_string(owner, "uid", options->pod_uid);
	struct json_object *owners = json_object_new_array();
	json_object_array_add(owners, owner);
	return owners;
}

static struct json_object *probe_json(const struct guard_options *options)
{
	struct json_object *json = object_json(options->kind, options->namespace, GUARD_PROBE_NAME);
	struct json_object *metadata = json_child(json, "metadata");
	json_set_string(json_child(metadata, "labels"), "app.kubernetes.io/name", GUARD_PROBE_NAME);
	json_set_string(json_child(metadata, "annotations"), "kentledge.io/purpose",
			"shows whether another controller runs StatefulSets; "
			"has no pods and is removed with the controller's pod");
	if (*options->pod_uid)
		json_set(metadata, "ownerReferences", probe_owners(options));
	struct json_object *spec = json_child(json, "spec");
	json_set_int(spec, "replicas", 0);
	json_set_string(json_child(json_child(spec, "selector"), "matchLabels"),
			"app.kubernetes.io/name", GUARD_PROBE_NAME);
	json_set(spec, "template", probe_template());
	return json;
}

/* Waits with the lock held; true when something happened, false when the time is over. */
static bool wait_ms(struct guard *guard, uint32_t ms)
{
	struct timespec deadline = clock_deadline(clock_monotonic_ms() + ms);
	while (!guard->stopping && !guard->touched && !guard->lost)
		if (pthread_cond_clockwait(&guard->changed, &guard->lock, CLOCK_MONOTONIC,
					   &deadline) != 0)
			return false;
	return true;
}

static bool pause_ms(struct guard *guard, uint32_t ms)
{
	pthread_mutex_lock(&guard->lock);
	wait_ms(guard, ms);
	bool stopping = guard->stopping;
	pthread_mutex_unlock(&guard->lock);
	return !stopping;
}

static void forget_probe(struct guard *guard)
{
	pthread_mutex_lock(&guard->lock);
	free(guard->probe_uid);
	guard->probe_uid = NULL;
	guard->touched = false;
	guard->lost = false;
	pthread_mutex_unlock(&guard->lock);
}

/* One of an earlier leader, or our own after standing by. */
static int remove_probe(struct guard *guard, struct error *err)
{
	const struct guard_options *options = &guard->options;
	forget_probe(guard);
	for (int tries = 0; tries < REMOVE_TRIES_MAX; tries++) {
		if (kube_delete(options->client, options->kind, options->namespace,
				GUARD_PROBE_NAME, NULL, NULL, err) < 0)
			return err->code == ERROR_NOT_FOUND ? 0 : -1;
		if (!pause_ms(guard, REMOVE_WAIT_MS))
			return error_set(err, ERROR_CANCELLED, "stopping");
	}
	return error_set(err, ERROR_TIMEOUT, "%s/%s does not go away: a finalizer holds it",
			 options->namespace, GUARD_PROBE_NAME);
}

static int make_probe(struct guard *guard, struct error *err)
{
	const struct guard_options *options = &guard->options;
	CLEANUP(json_object_putp) struct json_object *body = probe_json(options);
	CLEANUP(object_unrefp) struct object *probe = NULL;
	if (remove_probe(guard, err) < 0 ||
	    kube_create(options->client, options->kind, options->namespace, body, &probe, err) < 0)
		return -1;
	pthread_mutex_lock(&guard->lock);
	guard->probe_uid = must_strdup(probe->uid);
	pthread_mutex_unlock(&guard->lock);
	return 0;
}

/* The informer may have told of a write before we knew the probe's uid, or may lag: so it is read
 * from the API itself. 0: nobody wrote it; 1: somebody did. */
static int read_probe(struct guard *guard, struct error *err)
{
	const struct guard_options *options = &guard->options;
	CLEANUP(object_unrefp) struct object *probe = NULL;
	if (kube_get(options->client, options->kind, options->namespace, GUARD_PROBE_NAME, &probe,
		     err) < 0)
		return -1;
	return is_touched(probe);
}

static bool is_stopping(struct guard *guard)
{
	pthread_mutex_lock(&guard->lock);
	bool stopping = guard->stopping;
	pthread_mutex_unlock(&guard->lock);
	return stopping;
}

/* Told of our own pod, where somebody will look who wonders why nothing happens. */
static void report_standby(struct guard *guard)
{
	const struct guard_options *options = &guard->options;
	CLEANUP_FREE char *advice = must_printf(
		"another controller runs %s StatefulSets (kube-controller-manager?); start it with "
		"--controllers=*,-statefulset-controller to hand them over",
		options->kind->api_version);
	log_warning("standing by", LOG_TEXT("why", advice));
	CLEANUP(object_unrefp) struct object *pod = NULL;
	struct error err;
	if (*options->pod_name && kube_get(options->client, &pod_kind, options->namespace,
					   options->pod_name, &pod, &err) == 0)
		event_record(options->events, pod, EVENT_WARNING, "StandingBy", "%s", advice);
}

static void stand_by(struct guard *guard)
{
	struct error err = { 0 };
	__atomic_store_n(&guard->mode, GUARD_STANDING_BY, __ATOMIC_RELEASE);
	tell_mode(guard, GUARD_STANDING_BY);
	report_standby(guard);
	if (remove_probe(guard, &err) < 0 && err.code != ERROR_CANCELLED)
		log_warning("probe not removed", LOG_ERR(&err));
	pause_ms(guard, guard->options.probe_again_ms);
}

/* An API server that does not answer tells nothing. */
static void look_at_probe(struct guard *guard)
{
	struct error err = { 0 };
	int touched = read_probe(guard, &err);
	pthread_mutex_lock(&guard->lock);
	guard->touched |= touched > 0;
	guard->lost |= touched < 0 && err.code == ERROR_NOT_FOUND;
	pthread_mutex_unlock(&guard->lock);
}

/* Active until somebody touches the probe. One that was merely deleted is made again. */
static void be_active(struct guard *guard)
{
	pthread_mutex_lock(&guard->lock);
	while (!wait_ms(guard, guard->options.check_ms)) {
		pthread_mutex_unlock(&guard->lock);
		look_at_probe(guard);
		pthread_mutex_lock(&guard->lock);
	}
	bool touched = guard->touched;
	pthread_mutex_unlock(&guard->lock);
	if (touched)
		stand_by(guard);
}

/* False if somebody touched the probe in this last moment. */
static bool become_active(struct guard *guard)
{
	pthread_mutex_lock(&guard->lock);
	bool touched = guard->touched;
	if (!touched)
		__atomic_store_n(&guard->mode, GUARD_ACTIVE, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&guard->lock);
	if (touched)
		return false;
	log_info("active", LOG_TEXT("api_version", guard->options.kind->api_version));
	tell_mode(guard, GUARD_ACTIVE);
	return true;
}

static int probe_once(struct guard *guard, struct error *err)
{
	if (make_probe(guard, err) < 0)
		return error_prefix(err, "probe %s", GUARD_PROBE_NAME);
	if (!pause_ms(guard, guard->options.wait_ms))
		return 0;
	int touched = read_probe(guard, err);
	if (touched < 0)
		return error_prefix(err, "probe %s", GUARD_PROBE_NAME);
	if (touched || !become_active(guard))
		stand_by(guard);
	else
		be_active(guard);
	return 0;
}

static void *run(void *argument)
{
	struct guard *guard = argument;
	while (!is_stopping(guard)) {
		struct error err = { 0 };
		if (probe_once(guard, &err) == 0 || err.code == ERROR_CANCELLED)
			continue;
		log_warning("cannot tell whether another controller runs", LOG_ERR(&err));
		pause_ms(guard, RETRY_MS);
	}
	return NULL;
}

struct guard *guard_new(const struct guard_options *options)
{
	struct guard *guard = must_alloc(sizeof(*guard));
	guard->options = *options;
	pthread_mutex_init(&guard->lock, NULL);
	pthread_cond_init(&guard->changed, NULL);
	guard->mode = GUARD_PROBING;
	metric_set(&active_metric, NULL, 0);
	return guard;
}

void guard_start(struct guard *guard)
{
	if (pthread_create(&guard->thread, NULL, run, guard) != 0)
		abort();
	guard->started = true;
}

void guard_stop(struct guard *guard)
{
	if (!guard)
		return;
	pthread_mutex_lock(&guard->lock);
	guard->stopping = true;
	pthread_cond_broadcast(&guard->changed);
	pthread_mutex_unlock(&guard->lock);
	if (guard->started)
		pthread_join(guard->thread, NULL);
	guard->started = false;
}

void guard_free(struct guard *guard)
{
	if (!guard)
		return;
	guard_stop(guard);
	pthread_cond_destroy(&guard->changed);
	pthread_mutex_destroy(&guard->lock);
	free(guard->probe_uid);
	free(guard);
}
