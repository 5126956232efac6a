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
#include "rival.h"
#include "set/pod.h"
#include "set/statefulset.h"

/* After a failed request to make or remove the probe. */
#define RETRY_MS 1000
/* Bounds how long the answer to a deleted probe may take. */
#define REMOVE_TRIES_MAX 50
#define REMOVE_WAIT_MS 100
/* While a probe stands and is not yet believed: a lease is renewed every two seconds. */
#define LEASE_LOOK_MAX_MS 2000
#define LEASE_LOOK_MIN_MS 100

/* A set that was changed while we stand by, and whose status has not followed. */
struct neglected {
	char *uid; /* NULL: none */
	uint64_t since_ms;
};

struct guard {
	struct guard_options options;
	pthread_t thread;
	bool started;

	/* The thread's own. */
	struct rival rival;
	uint64_t probed_ms; /* when the last probe was made */
	bool reported;	    /* that we stand by */

	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool stopping;
	bool touched; /* the probe's status was written */
	bool lost;    /* the probe was deleted */
	struct neglected neglected;
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

static bool is_observed(const struct object *set)
{
	return ((const struct statefulset *)set)->status.observed_generation >= set->generation;
}

static void forget_neglected(struct guard *guard)
{
	free(guard->neglected.uid);
	guard->neglected.uid = NULL;
}

/* One set is enough: that of which we have waited longest. Under the lock. */
static void note_neglect(struct guard *guard, const struct object *before,
			 const struct object *after)
{
	const struct object *set = after ? after : before;
	struct neglected *neglected = &guard->neglected;
	bool known = neglected->uid && strcmp(neglected->uid, set->uid) == 0;
	bool gone = !after || after->deleted_s != 0;
	if (known && (gone || is_observed(after)))
		forget_neglected(guard);
	bool changed = !gone && (!before || before->generation != after->generation);
	if (neglected->uid || !changed || is_observed(after))
		return;
	neglected->uid = must_strdup(after->uid);
	neglected->since_ms = clock_monotonic_ms();
}

bool guard_saw(struct guard *guard, const struct object *before, const struct object *after)
{
	const struct object *set = after ? after : before;
	pthread_mutex_lock(&guard->lock);
	if (!guard_is_probe(guard, set)) {
		if (guard_mode(guard) == GUARD_STANDING_BY)
			note_neglect(guard, before, after);
		pthread_mutex_unlock(&guard->lock);
		return false;
	}
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

static bool something_seen(struct guard *guard)
{
	pthread_mutex_lock(&guard->lock);
	bool seen = guard->touched || guard->lost;
	pthread_mutex_unlock(&guard->lock);
	return seen;
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

/* The informer may have shown a write before we knew the probe's uid, or may lag: so it is read
 * from the API itself. 0: untouched; 1: written. */
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

/* As an event of our own pod, where a user looks for the reason why nothing happens. Normal: on a
 * stock cluster this is expected. */
static void report_standby(struct guard *guard)
{
	const struct guard_options *options = &guard->options;
	CLEANUP_FREE char *advice = must_printf(
		"another controller runs %s StatefulSets (kube-controller-manager?); start it with "
		"--controllers=*,-statefulset-controller to hand them over",
		options->kind->api_version);
	log_info("standing by", LOG_TEXT("why", advice));
	if (guard->reported)
		return;
	guard->reported = true;
	CLEANUP(object_unrefp) struct object *pod = NULL;
	struct error err;
	if (*options->pod_name && kube_get(options->client, &pod_kind, options->namespace,
					   options->pod_name, &pod, &err) == 0)
		event_record(options->events, pod, EVENT_NORMAL, "StandingBy", "%s", advice);
}

static bool is_neglected(struct guard *guard)
{
	const struct guard_options *options = &guard->options;
	uint64_t now_ms = clock_monotonic_ms();
	pthread_mutex_lock(&guard->lock);
	bool neglected =
		guard->neglected.uid && now_ms - guard->neglected.since_ms >= options->margin_ms;
	pthread_mutex_unlock(&guard->lock);
	return neglected && now_ms - guard->probed_ms >= options->probe_again_ms;
}

static int look_at_lease(struct guard *guard, struct error *err)
{
	const struct rival_times times = { .settled_ms = guard->options.margin_ms / 2,
					   .gone_ms = guard->options.margin_ms };
	return rival_look(&guard->rival, guard->options.client, &times, err);
}

/* An API server that does not answer shows nothing. */
static bool lease_has_changed(struct guard *guard)
{
	struct rival *rival = &guard->rival;
	enum rival_state before = rival->state;
	struct error err;
	if (look_at_lease(guard, &err) < 0)
		return false;
	return rival->is_new || (rival->state == RIVAL_UNKNOWN && before != RIVAL_UNKNOWN);
}

/* Until a fact has changed that the last probe rested on. */
static void wait_for_a_change(struct guard *guard)
{
	const char *why = NULL;
	while (!why && pause_ms(guard, guard->options.look_ms)) {
		if (lease_has_changed(guard))
			why = "the lease of kube-controller-manager has changed";
		else if (is_neglected(guard))
			why = "the status of a set does not follow its spec";
	}
	if (why)
		log_info("probing again", LOG_TEXT("why", why));
}

static void stand_by(struct guard *guard)
{
	struct error err = { 0 };
	__atomic_store_n(&guard->mode, GUARD_STANDING_BY, __ATOMIC_RELEASE);
	tell_mode(guard, GUARD_STANDING_BY);
	report_standby(guard);
	if (remove_probe(guard, &err) < 0 && err.code != ERROR_CANCELLED)
		log_warning("probe not removed", LOG_ERR(&err));
	wait_for_a_change(guard);
	pthread_mutex_lock(&guard->lock);
	forget_neglected(guard);
	pthread_mutex_unlock(&guard->lock);
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

/* Active until the probe is touched. One that was merely deleted is made again. */
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

/* False if the probe was touched in this last moment. */
static bool become_active(struct guard *guard)
{
	pthread_mutex_lock(&guard->lock);
	bool touched = guard->touched;
	if (!touched)
		__atomic_store_n(&guard->mode, GUARD_ACTIVE, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&guard->lock);
	if (touched)
		return false;
	guard->reported = false;
	log_info("active", LOG_TEXT("api_version", guard->options.kind->api_version));
	tell_mode(guard, GUARD_ACTIVE);
	return true;
}

/* Waits until an untouched probe proves something, or something was seen. False when stopping. */
static bool wait_for_proof(struct guard *guard)
{
	const struct guard_options *options = &guard->options;
	uint64_t since_ms = clock_monotonic_ms();
	uint32_t step_ms =
		options->wait_ms < LEASE_LOOK_MAX_MS ? options->wait_ms : LEASE_LOOK_MAX_MS;
	for (;;) {
		struct error err;
		if (look_at_lease(guard, &err) < 0 || guard->rival.is_new)
			since_ms = clock_monotonic_ms();
		look_at_probe(guard); /* it may have been written before we knew its uid */
		uint64_t quiet_ms = clock_monotonic_ms() - since_ms;
		enum rival_state state = guard->rival.state;
		if ((state == RIVAL_STEADY && quiet_ms >= options->wait_ms) ||
		    (state == RIVAL_UNKNOWN && quiet_ms >= options->margin_ms) ||
		    something_seen(guard))
			return true;
		if (!pause_ms(guard, step_ms > LEASE_LOOK_MIN_MS ? step_ms : LEASE_LOOK_MIN_MS))
			return false;
	}
}

static int probe_once(struct guard *guard, struct error *err)
{
	guard->probed_ms = clock_monotonic_ms();
	if (make_probe(guard, err) < 0)
		return error_prefix(err, "probe %s", GUARD_PROBE_NAME);
	if (!wait_for_proof(guard))
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
		/* A probe that was deleted would end the pause at once. */
		forget_probe(guard);
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
	free(guard->neglected.uid);
	rival_done(&guard->rival);
	free(guard);
}
