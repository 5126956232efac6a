/* SPDX-License-Identifier: Apache-2.0 */
#include "controller.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/metric.h"
#include "base/text.h"
#include "guard.h"
#include "kube/claim.h"
#include "kube/event.h"
#include "kube/informer.h"
#include "kube/workqueue.h"
#include "set/identity.h"
#include "set/pod.h"
#include "sync/absence.h"
#include "sync/applier.h"
#include "sync/remakes.h"
#include "sync/repeats.h"
#include "sync/replacements.h"
#include "sync/revision_history.h"
#include "sync/set_sync.h"
#include "sync/template_meaning.h"
#include "sync/waits.h"

/* How soon a set is looked at again whose copies lag behind, or do not exist yet. */
#define BEHIND_LOOK_MS 10
#define UNSYNCED_LOOK_MS 50

/* A machine that was suspended holds its lease again after the next renewal, or the program ends.
 * Keys wait for that: nothing would bring a dropped one back. */
#define LEASE_LOOK_MS 500

struct controller {
	struct controller_options options;
	struct event_recorder *events;
	struct written *written;
	struct absence *absences;
	struct replacements *replacements;
	struct remakes *remakes;
	struct repeats *repeats;
	struct template_meanings *meanings;
	struct waits *waits;
	struct applier applier;
	struct guard *guard; /* NULL: not guarded */
	struct workqueue *queue;
	struct informer *informers[WRITTEN_KINDS];
	bool stopping; /* atomic */
};

static struct metric behind_metric = {
	.name = "statefulset_controller_stale_sync_skips_total",
	.help = "Looks at a set that were put off because the watched copies lag behind our "
		"writes.",
	.type = METRIC_COUNTER,
	.labels = { "resource" },
};

static bool holds_lease(const struct controller *controller)
{
	const struct controller_options *options = &controller->options;
	return !options->leads || options->leads(options->leads_context);
}

/* When this becomes true again, every set is put into the queue: mode_changed(). */
static bool is_in_charge(const struct controller *controller)
{
	if (__atomic_load_n(&controller->stopping, __ATOMIC_ACQUIRE))
		return false;
	return !controller->guard || guard_mode(controller->guard) == GUARD_ACTIVE;
}

bool controller_is_active(const struct controller *controller)
{
	return is_in_charge(controller) && holds_lease(controller);
}

static bool may_act(void *context)
{
	return controller_is_active(context);
}

/* Events of the informers. */

static void enqueue(struct controller *controller, const char *namespace, const char *name)
{
	CLEANUP_FREE char *key = must_printf("%s/%s", namespace, name);
	workqueue_add(controller->queue, key);
}

static void set_changed(void *context, const struct object *before, const struct object *after)
{
	struct controller *controller = context;
	const struct object *set = after ? after : before;
	if (controller->guard && guard_saw(controller->guard, before, after))
		return;
	enqueue(controller, set->namespace, set->name);
}

/* Pods are found by the name of the set that controls them, orphans by the set name in their own
 * name: only that set could adopt them. */
static const char *set_name_of_pod(const struct object *pod)
{
	const struct owner *owner = object_controller(pod);
	if (!owner)
		return ((const struct pod *)pod)->parent;
	return strcmp(owner->kind, statefulset_apps_kind.name) == 0 ? owner->name : "";
}

static void pod_index(const struct object *pod, struct text *key)
{
	const char *set_name = set_name_of_pod(pod);
	if (*set_name)
		text_printf(key, "%s/%s", pod->namespace, set_name);
}

static void enqueue_set_of_pod(struct controller *controller, const struct object *pod)
{
	const char *set_name = set_name_of_pod(pod);
	if (*set_name)
		enqueue(controller, pod->namespace, set_name);
}

static bool same_controller(const struct object *a, const struct object *b)
{
	const struct owner *left = object_controller(a);
	const struct owner *right = object_controller(b);
	if (!left || !right)
		return left == right;
	return strcmp(left->uid, right->uid) == 0;
}

/* The pod will be made again: its set is there and wants it. */
static bool is_wanted(struct controller *controller, const struct object *pod)
{
	CLEANUP(object_unrefp)
	struct object *set = informer_get(controller->informers[WRITTEN_SET], pod->namespace,
					  set_name_of_pod(pod));
	return set && set->deleted_s == 0 &&
	       statefulset_owns(statefulset_of(set), object_controller(pod)) &&
	       identity_in_range(statefulset_of(set), ((const struct pod *)pod)->ordinal);
}

/* Whichever set the pod belonged to, the set that is part of its name may use the name now. */
static void pod_removed(struct controller *controller, const struct object *pod)
{
	const char *namesake = ((const struct pod *)pod)->parent;
	if (is_wanted(controller, pod))
		absence_begins(controller->absences, pod->namespace, pod->name);
	enqueue_set_of_pod(controller, pod);
	if (*namesake)
		enqueue(controller, pod->namespace, namesake);
}

/* The deletion of a pod begins. One that was ready comes back at once. */
static void pod_leaves(struct controller *controller, const struct object *pod)
{
	if (!pod_running_and_ready((const struct pod *)pod) && is_wanted(controller, pod))
		replacements_note_vanished(controller->replacements, (const struct pod *)pod,
					   clock_monotonic_ms());
}

static void pod_changed(void *context, const struct object *before, const struct object *after)
{
	struct controller *controller = context;
	if (before && before->deleted_s == 0 && (!after || after->deleted_s != 0))
		pod_leaves(controller, before);
	if (!after) {
		pod_removed(controller, before);
		return;
	}
	if (before && strcmp(before->resource_version, after->resource_version) == 0)
		return;
	if (before && !same_controller(before, after))
		enqueue_set_of_pod(controller, before);
	enqueue_set_of_pod(controller, after);
}

/* A claim that is gone may have been waited for. In "<template>-<set>-<ordinal>" both names may
 * hold dashes, so each way to read it counts. */
static void claim_changed(void *context, const struct object *before, const struct object *after)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(256);
	const char *rest;
	if (after || pod_name_parse(arena, before->name, &rest) < 0)
		return;
	while ((rest = strchr(rest, '-'))) {
		rest++;
		if (*rest)
			enqueue(context, before->namespace, rest);
	}
}

static void informer_failed(void *context, const char *what, const struct error *err)
{
	(void)context;
	log_warning("watch failed", LOG_TEXT("what", what), LOG_ERR(err));
}

/* "<namespace>/<uid of the set that controls it>". */
static void claim_index(const struct object *claim, struct text *key)
{
	const struct owner *owner = object_controller(claim);
	if (owner && strcmp(owner->kind, statefulset_apps_kind.name) == 0)
		text_printf(key, "%s/%s", claim->namespace, owner->uid);
}

/* The queue's worker. */

static bool is_synced(struct controller *controller)
{
	for (int kind = 0; kind < WRITTEN_KINDS; kind++)
		if (!informer_synced(controller->informers[kind]))
			return false;
	return true;
}

static struct object *find_set(struct controller *controller, const char *key)
{
	const char *slash = strchr(key, '/');
	CLEANUP_FREE char *namespace = must_printf("%.*s", (int)(slash - key), key);
	return informer_get(controller->informers[WRITTEN_SET], namespace, slash + 1);
}

static bool is_behind(struct controller *controller, const char *key)
{
	enum written_kind behind;
	if (written_is_seen(controller->written, key, controller->informers, &behind))
		return false;
	static const char *const resources[] = {
		[WRITTEN_SET] = "statefulsets",
		[WRITTEN_POD] = "pods",
		[WRITTEN_CLAIM] = "persistentvolumeclaims",
		[WRITTEN_REVISION] = "controllerrevisions",
	};
	metric_add(&behind_metric, (const char *[]) { resources[behind] }, 1);
	return true;
}

static int reconcile_set(void *context, const char *key, struct error *err)
{
	struct controller *controller = context;
	if (!is_in_charge(controller))
		return 0;
	if (!holds_lease(controller))
		return workqueue_put_off(LEASE_LOOK_MS);
	if (!is_synced(controller))
		return workqueue_put_off(UNSYNCED_LOOK_MS);
	if (is_behind(controller, key))
		return workqueue_put_off(BEHIND_LOOK_MS);
	CLEANUP(object_unrefp) struct object *set = find_set(controller, key);
	if (!set) {
		written_forget(controller->written, key);
		waits_forget(controller->waits, key);
		return 0;
	}
	if (controller->guard && guard_is_probe(controller->guard, set))
		return 0;
	return set_sync(&controller->applier, statefulset_of(set), key, err);
}

static void reconcile_failed(void *context, const char *key, const struct error *err,
			     uint32_t retry_after_ms)
{
	(void)context;
	if (err->code == ERROR_CONFLICT)
		log_debug("set changed meanwhile", LOG_TEXT("set", key), LOG_ERR(err),
			  LOG_UINT("retry_after_ms", retry_after_ms));
	else if (err->code != ERROR_CANCELLED)
		log_warning("set failed", LOG_TEXT("set", key), LOG_ERR(err),
			    LOG_UINT("retry_after_ms", retry_after_ms));
}

/* Start and end. */

static void enqueue_all(struct controller *controller)
{
	CLEANUP_OBJECT_LIST struct object_list sets = { 0 };
	informer_list(controller->informers[WRITTEN_SET], NULL, &sets);
	for (size_t i = 0; i < sets.count; i++)
		enqueue(controller, sets.items[i]->namespace, sets.items[i]->name);
}

static void mode_changed(void *context, enum guard_mode mode)
{
	if (mode == GUARD_ACTIVE)
		enqueue_all(context);
	memory_trim(); /* the probe took longer than the first lists */
}

static struct informer *watch(struct controller *controller, const struct kind *kind,
			      void (*index)(const struct object *, struct text *),
			      void (*changed)(void *, const struct object *, const struct object *))
{
	struct informer_options options = {
		.scope = { .kind = kind, .namespace = controller->options.namespace },
		.index = { index },
		.changed = changed,
		.failed = informer_failed,
		.context = controller,
	};
	return informer_new(controller->options.client, &options);
}

/* Sets first: an event of a pod asks for its set. */
static void start_informers(struct controller *controller)
{
	controller->informers[WRITTEN_SET] =
		watch(controller, controller->options.kind, NULL, set_changed);
	controller->informers[WRITTEN_POD] = watch(controller, &pod_kind, pod_index, pod_changed);
	controller->informers[WRITTEN_CLAIM] =
		watch(controller, &claim_kind, claim_index, claim_changed);
	controller->informers[WRITTEN_REVISION] =
		watch(controller, &revision_kind, revision_index, NULL);
}

static void make_queue(struct controller *controller)
{
	struct workqueue_options options = {
		.name = "statefulset",
		.workers = controller->options.workers,
		.backoff_min_ms = controller->options.backoff_min_ms,
		.backoff_max_ms = controller->options.backoff_max_ms,
		.reconcile = reconcile_set,
		.failed = reconcile_failed,
		.context = controller,
	};
	controller->queue = workqueue_new(&options);
}

static void make_guard(struct controller *controller)
{
	struct guard_options options = {
		.client = controller->options.client,
		.events = controller->events,
		.kind = controller->options.kind,
		.namespace = controller->options.own_namespace,
		.pod_name = controller->options.pod_name,
		.pod_uid = controller->options.pod_uid,
		.wait_ms = controller->options.guard_wait_ms,
		.margin_ms = controller->options.guard_margin_ms,
		.look_ms = controller->options.guard_look_ms,
		.probe_again_ms = controller->options.probe_again_ms,
		.check_ms = controller->options.probe_check_ms,
		.changed = mode_changed,
		.context = controller,
	};
	controller->guard = guard_new(&options);
}

struct controller *controller_new(const struct controller_options *options)
{
	struct controller *controller = must_alloc(sizeof(*controller));
	controller->options = *options;
	controller->events =
		event_recorder_new(options->client, "statefulset-controller",
				   *options->pod_name ? options->pod_name : "kentledge-controller");
	controller->written = written_new();
	controller->absences = absence_new();
	controller->replacements = replacements_new();
	controller->remakes = remakes_new();
	controller->repeats = repeats_new();
	controller->meanings = template_meanings_new();
	controller->waits = waits_new();
	controller->applier = (struct applier) {
		.client = options->client,
		.informers = controller->informers,
		.events = controller->events,
		.written = controller->written,
		.absences = controller->absences,
		.replacements = controller->replacements,
		.remakes = controller->remakes,
		.repeats = controller->repeats,
		.meanings = controller->meanings,
		.waits = controller->waits,
		.may_act = may_act,
		.context = controller,
	};
	make_queue(controller);
	if (options->guarded)
		make_guard(controller);
	start_informers(controller);
	if (controller->guard)
		guard_start(controller->guard);
	workqueue_start(controller->queue);
	return controller;
}

void controller_stop(struct controller *controller)
{
	__atomic_store_n(&controller->stopping, true, __ATOMIC_RELEASE);
	workqueue_stop(controller->queue);
	guard_stop(controller->guard);
}

void controller_free(struct controller *controller)
{
	if (!controller)
		return;
	controller_stop(controller);
	/* Sets last: an event of a pod may still ask for its set. */
	for (int kind = WRITTEN_KINDS; kind-- > 0;)
		informer_free(controller->informers[kind]);
	workqueue_free(controller->queue);
	guard_free(controller->guard);
	event_recorder_free(controller->events);
	template_meanings_free(controller->meanings);
	waits_free(controller->waits);
	repeats_free(controller->repeats);
	remakes_free(controller->remakes);
	replacements_free(controller->replacements);
	absence_free(controller->absences);
	written_free(controller->written);
	free(controller);
}
