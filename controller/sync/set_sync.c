/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/set_sync.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "kube/claim.h"
#include "kube/event.h"
#include "kube/informer.h"
#include "set/statefulset_plan.h"
#include "sync/applier.h"
#include "sync/ownership.h"
#include "sync/revision_history.h"
#include "sync/statefulset_apply.h"

struct claims_seen {
	struct informer *informer;
	const char *namespace;
	struct object_list list; /* references, for the life of the plan */
	size_t capacity;
};

static const struct claim *find_claim(void *context, const char *name)
{
	struct claims_seen *seen = context;
	struct object *claim = informer_get(seen->informer, seen->namespace, name);
	if (!claim)
		return NULL;
	if (seen->list.count == seen->capacity) {
		seen->capacity = seen->capacity ? seen->capacity * 2 : 8;
		seen->list.items =
			must_realloc(seen->list.items, seen->capacity * sizeof(*seen->list.items));
	}
	seen->list.items[seen->list.count++] = claim;
	return claim_of(claim);
}

static void claims_seen_done(struct claims_seen *seen)
{
	object_list_done(&seen->list);
}

/* A set that is being deleted gets its counts and nothing else. */
static int count_only(const struct set_sync *sync, const struct statefulset *set,
		      const struct object_list *pods, struct error *err)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(512);
	struct plan_input input = {
		.set = set,
		.pods = (struct pod *const *)pods->items,
		.pod_count = pods->count,
		.current_revision = set->status.current_revision,
		.update_revision = set->status.update_revision,
		.collision_count = set->status.collision_count,
		.now_ms = clock_wall_us() / 1000,
	};
	struct plan plan = statefulset_plan(&input, arena);
	return statefulset_write_status(sync->applier, set, &plan.status, err);
}

static void log_plan(const struct statefulset *set, const struct plan *plan)
{
	log_debug("set planned", LOG_NAME("set", set->object.namespace, set->object.name),
		  LOG_UINT("decisions", plan->count), LOG_TEXT("waits_for", plan->waits_for),
		  LOG_TEXT("pod", plan->waits_for_pod));
}

/* The status is written also when something failed: what could be done is worth showing. */
static int plan_and_apply(const struct set_sync *sync, const struct statefulset *set,
			  const struct object_list *pods, const struct revision_state *revisions,
			  struct error *err)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(1024);
	CLEANUP(claims_seen_done)
	struct claims_seen claims = {
		.informer = sync->informers[WRITTEN_CLAIM],
		.namespace = set->object.namespace,
	};
	struct plan_input input = {
		.set = set,
		.pods = (struct pod *const *)pods->items,
		.pod_count = pods->count,
		.claims = { .find = find_claim, .context = &claims },
		.current_revision = revisions->current->object.name,
		.update_revision = revisions->update->object.name,
		.collision_count = revisions->collision_count,
		.now_ms = clock_wall_us() / 1000,
	};
	struct plan plan = statefulset_plan(&input, arena);
	struct statefulset_status status;
	struct error status_error;
	log_plan(set, &plan);
	int outcome = statefulset_apply(sync->applier, set, &plan, revisions, &status, err);
	if (statefulset_write_status(sync->applier, set, &status, &status_error) < 0 &&
	    outcome == 0) {
		*err = status_error;
		return -1;
	}
	if (outcome < 0)
		return -1;
	return plan.look_again_ms > INT32_MAX ? INT32_MAX : (int)plan.look_again_ms;
}

static int run_set(const struct set_sync *sync, const struct statefulset *set,
		   const struct object_list *pods, const struct object_list *revisions,
		   struct error *err)
{
	CLEANUP(revision_state_done) struct revision_state state = { 0 };
	struct error truncate_error;
	if (revision_history_settle(sync->applier, set, revisions, &state, err) < 0)
		return -1;
	int outcome = plan_and_apply(sync, set, pods, &state, err);
	if (revision_history_truncate(sync->applier, set, revisions, &state, pods,
				      &truncate_error) < 0 &&
	    outcome >= 0) {
		*err = truncate_error;
		return -1;
	}
	return outcome;
}

/* Kubernetes' Recreate is alpha; without its gate its controller says this too. */
static int refuse_recreate(const struct set_sync *sync, const struct statefulset *set,
			   struct error *err)
{
	error_set(err, ERROR_UNSUPPORTED,
		  "statefulset %s/%s uses the Recreate strategy, which is not served here: use "
		  "RollingUpdate or OnDelete",
		  set->object.namespace, set->object.name);
	event_record(sync->applier->events, &set->object, EVENT_WARNING, "UnknownStrategy", "%s",
		     err->text);
	return -1;
}

int set_sync(const struct set_sync *sync, const struct statefulset *set, const char *key,
	     struct error *err)
{
	bool being_deleted = set->object.deleted_s != 0;
	CLEANUP_OBJECT_LIST struct object_list revisions = { 0 };
	CLEANUP_OBJECT_LIST struct object_list candidates = { 0 };
	CLEANUP_OBJECT_LIST struct object_list pods = { 0 };

	revision_history_list(sync->informers[WRITTEN_REVISION], set, &revisions);
	if (!being_deleted && revision_history_adopt(sync->applier, set, &revisions, err) < 0)
		return -1;
	informer_list(sync->informers[WRITTEN_POD], key, &candidates);
	if (ownership_settle(sync->applier, set, &candidates, &pods, err) < 0)
		return -1;
	if (being_deleted)
		return count_only(sync, set, &pods, err);
	if (set->update_strategy == RECREATE)
		return refuse_recreate(sync, set, err);
	return run_set(sync, set, &pods, &revisions, err);
}
