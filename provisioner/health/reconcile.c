/* SPDX-License-Identifier: Apache-2.0 */
#include "health/reconcile.h"

#include <stdlib.h>
#include <string.h>

#include "apply/role.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "cluster/node_absence.h"
#include "cluster/nodes.h"
#include "cluster/persistent_volume.h"
#include "cluster/volume_node.h"
#include "health/apply.h"
#include "health/memory.h"
#include "health/question.h"
#include "kube/event.h"

#define CALLS_A_SECOND_MAX 50		  /* over all nodes */
#define NODE_LOST "Inaccessible NodeLost" /* health_plan.set of tell_lost() */
#define GETS_MAX 32			  /* in one round of a node */
#define ABSENT_AGAIN 10 /* rounds until one that is still absent is asked for again */

struct health_reconciler {
	const struct applier *applier;
	struct memory *memory;
	struct health_field field;
};

/* One round. */
struct round {
	struct health_reconciler *reconciler;
	struct memory_node *node;
	const char *node_id;
	struct text name;	    /* of the Node; "": it has left the cluster */
	struct object_list volumes; /* that are bound or were */
	struct health_list list;
	unsigned gets;
	const char *stopped_at; /* the first volume that no call was left for */
	size_t counts[MEMORY_STATUSES];
	struct arena *arena;
};

struct health_reconciler *health_reconciler_new(const struct applier *applier)
{
	struct health_reconciler *reconciler = must_alloc(sizeof(*reconciler));
	reconciler->applier = applier;
	reconciler->memory = memory_new();
	return reconciler;
}

void health_reconciler_free(struct health_reconciler *reconciler)
{
	if (!reconciler)
		return;
	memory_free(reconciler->memory);
	free(reconciler);
}

static void round_done(struct round *round)
{
	text_done(&round->name);
	object_list_done(&round->volumes);
	health_list_done(&round->list);
	arena_free(round->arena);
}

/* Its claim, if that is bound to it. A reference. */
static struct object *find_claim(struct cluster *cluster, const struct persistent_volume *volume)
{
	if (volume->phase != PERSISTENT_VOLUME_BOUND || volume->object.deleted_s ||
	    !volume->claim_name || !volume->claim_namespace || !volume->claim_uid)
		return NULL;
	struct object *claim =
		cluster_get(cluster, CLUSTER_CLAIMS, volume->claim_namespace, volume->claim_name);
	if (claim && strcmp(claim->uid, volume->claim_uid) == 0)
		return claim;
	object_unref(claim);
	return NULL;
}

static void count_statuses(struct round *round, unsigned statuses)
{
	for (unsigned i = 0; i < MEMORY_STATUSES; i++)
		round->counts[i] += statuses >> i & 1;
}

static int tell(struct round *round, const struct persistent_volume *volume,
		const struct csi_health_condition *conditions, size_t count, struct error *err)
{
	const struct applier *applier = round->reconciler->applier;
	CLEANUP(object_unrefp)
	struct object *claim = find_claim(applier->cluster, volume);
	struct health_plan plan;
	if (!claim)
		return 0;
	health_plan(conditions, count, round->arena, &plan);
	struct memory_volume *known = plan.count ? memory_see(round->node, volume->handle)
						 : memory_find(round->node, volume->handle);
	unsigned statuses = 0;
	for (size_t i = 0; i < plan.count; i++)
		statuses |= 1u << plan.conditions[i].status;
	if (known)
		known->statuses = statuses;
	count_statuses(round, statuses);
	struct health_report report = {
		.claim = claim_of(claim),
		.volume = known,
		.plan = &plan,
	};
	return health_apply(applier, &round->reconciler->field, &report, err);
}

/* What a failed call says of a volume is nothing, unless it says that there is none: the volume is
 * asked for again in the next round. */
static int ask_for(struct round *round, const struct persistent_volume *volume,
		   struct memory_volume *known, struct error *err)
{
	static const struct csi_health_condition missing = {
		.status = CSI_HEALTH_DATA_LOSS,
		.reason = "VolumeMissing",
		.message = "the volume does not exist on its node: its folder was removed from the "
			   "pool. Put it back from a backup, or delete the claim",
	};
	CLEANUP(csi_health_page_freep) struct csi_health_page *page = NULL;
	struct error reason = { 0 };
	round->gets++;
	known->wait_rounds = ABSENT_AGAIN;
	if (health_ask_one(round->reconciler->applier, text_string(&round->name), volume->handle,
			   &page, &reason) == 0)
		return tell(round, volume, page->volumes[0].conditions, page->volumes[0].count,
			    err);
	if (reason.code == ERROR_NOT_FOUND)
		return tell(round, volume, &missing, 1, err);
	known->wait_rounds = 1;
	count_statuses(round, known->statuses);
	return 0;
}

/* A round that has no calls left stops at a volume, and the next one asks from that volume on, so
 * that each has its turn however many are absent. */
static bool may_ask(struct round *round, const struct persistent_volume *volume)
{
	if (round->gets < GETS_MAX)
		return true;
	if (!round->stopped_at)
		round->stopped_at = volume->handle;
	return false;
}

static int look_at_absent(struct round *round, const struct persistent_volume *volume,
			  struct error *err)
{
	struct memory_volume *known = memory_see(round->node, volume->handle);
	known->absences++;
	known->wait_rounds -= known->wait_rounds > 0;
	if (known->absences >= 2 && !known->wait_rounds && may_ask(round, volume))
		return ask_for(round, volume, known, err);
	count_statuses(round, known->statuses);
	return 0;
}

static int look_at_volume(struct round *round, const struct persistent_volume *volume,
			  struct error *err)
{
	const struct csi_volume_health *found = health_list_find(&round->list, volume->handle);
	if (!found)
		return look_at_absent(round, volume, err);
	struct memory_volume *known = memory_find(round->node, volume->handle);
	if (known) {
		known->absences = 0;
		known->wait_rounds = 0;
	}
	return tell(round, volume, found->conditions, found->count, err);
}

/* Where the last round stopped asking; 0 if that volume is gone. */
static size_t find_first(const struct round *round)
{
	const char *first = round->node->first;
	for (size_t i = 0; first && i < round->volumes.count; i++) {
		const char *handle = persistent_volume_of(round->volumes.items[i])->handle;
		if (handle && strcmp(handle, first) == 0)
			return i;
	}
	return 0;
}

/* One claim that cannot be written does not hold up the others. */
static int look_at_all(struct round *round,
		       int (*look)(struct round *round, const struct persistent_volume *volume,
				   struct error *err),
		       struct error *err)
{
	int outcome = 0;
	size_t count = round->volumes.count, first = find_first(round);
	for (size_t i = 0; i < count; i++) {
		struct error one = { 0 };
		struct persistent_volume *volume =
			persistent_volume_of(round->volumes.items[(first + i) % count]);
		if (!volume->handle || look(round, volume, &one) == 0)
			continue;
		*err = one;
		outcome = -1;
		if (one.code == ERROR_CANCELLED)
			break;
	}
	memory_end_round(round->node);
	free(round->node->first);
	round->node->first = round->stopped_at ? must_strdup(round->stopped_at) : NULL;
	memory_count(round->reconciler->memory, round->node, round->counts);
	return outcome;
}

static void note_silence(struct round *round, const struct error *reason)
{
	const struct applier *applier = round->reconciler->applier;
	CLEANUP(object_unrefp)
	struct object *node =
		cluster_get(applier->cluster, CLUSTER_NODES, "", text_string(&round->name));
	if (round->node->silent || reason->code == ERROR_UNSUPPORTED ||
	    reason->code == ERROR_CANCELLED || !node)
		return;
	round->node->silent = true;
	log_warning("health not known", LOG_TEXT("node", node->name), LOG_ERR(reason));
	event_record(applier->events, node, EVENT_WARNING, "VolumeHealthUnknown",
		     "the health of the %zu volumes on this node is not known: %s",
		     round->volumes.count, reason->text);
}

/* The Node is back, so what was written of its loss is wrong, whether its plugin answers or not. */
static int clear_lost(struct round *round, struct error *err)
{
	int outcome = 0;
	for (size_t i = 0; i < round->volumes.count; i++) {
		const struct persistent_volume *volume =
			persistent_volume_of(round->volumes.items[i]);
		if (!volume->handle)
			continue;
		CLEANUP(object_unrefp)
		struct object *claim = find_claim(round->reconciler->applier->cluster, volume);
		const struct memory_volume *known = memory_find(round->node, volume->handle);
		if ((claim && !health_differs(claim_of(claim)->health, NODE_LOST)) ||
		    (known && !health_differs(known->announced, NODE_LOST)))
			outcome |= tell(round, volume, NULL, 0, err);
	}
	return outcome;
}

static int look_at_node(struct round *round, struct error *err)
{
	struct error reason = { 0 };
	round->node->gone_since_ms = 0;
	round->node->there_s = clock_wall_s();
	if (health_ask_all(round->reconciler->applier, text_string(&round->name), &round->list,
			   &reason) < 0) {
		note_silence(round, &reason);
		return clear_lost(round, err);
	}
	round->node->silent = false;
	return look_at_all(round, look_at_volume, err);
}

static int tell_lost(struct round *round, const struct persistent_volume *volume, struct error *err)
{
	const struct csi_health_condition lost = {
		.status = CSI_HEALTH_INACCESSIBLE,
		.reason = "NodeLost",
		.message = arena_printf(round->arena,
					"node %s, which has the data, has left the cluster",
					round->node_id),
	};
	return tell(round, volume, &lost, 1, err);
}

/* The notes on the volumes outlive this process. They may be left over from another absence, so
 * they count after this process has missed the node itself for a while. */
static uint64_t gone_for_ms(const struct round *round)
{
	const struct applier *applier = round->reconciler->applier;
	uint64_t for_ms = clock_monotonic_ms() - round->node->gone_since_ms;
	if (for_ms < applier->node_sight_s * UINT64_C(1000))
		return for_ms;
	/* No jump of the wall clock counts as time that has passed. */
	int64_t wall_s = clock_wall_s(),
		now_s = round->node->gone_wall_s + (int64_t)(for_ms / 1000);
	now_s = wall_s < now_s ? wall_s : now_s;
	for (size_t i = 0; i < round->volumes.count; i++) {
		int64_t since_s;
		if (node_absence_read(persistent_volume_of(round->volumes.items[i]), now_s,
				      &since_s) &&
		    since_s >= round->node->there_s && since_s < now_s &&
		    (uint64_t)(now_s - since_s) * 1000 > for_ms)
			for_ms = (uint64_t)(now_s - since_s) * 1000;
	}
	return for_ms;
}

static int look_at_gone(struct round *round, struct error *err)
{
	const struct applier *applier = round->reconciler->applier;
	if (!round->node->gone_since_ms) {
		round->node->gone_since_ms = clock_monotonic_ms();
		round->node->gone_wall_s = clock_wall_s();
	}
	if (gone_for_ms(round) < applier->node_gone_after_s * UINT64_C(1000))
		return 0;
	return look_at_all(round, tell_lost, err);
}

/* Stretched where many nodes would make too many calls; and nodes that were asked together are not
 * asked together again. */
static uint32_t next_round_ms(const struct applier *applier)
{
	uint64_t stretched_ms =
		cluster_count(applier->cluster, CLUSTER_CSI_NODES) * 1000 / CALLS_A_SECOND_MAX;
	uint64_t ms =
		applier->health_poll_ms > stretched_ms ? applier->health_poll_ms : stretched_ms;
	return (uint32_t)(ms - arc4random_uniform((uint32_t)ms / 8 + 1));
}

static int settle(struct round *round, struct error *err)
{
	const struct applier *applier = round->reconciler->applier;
	volume_node_list(applier->cluster, round->node_id, &round->volumes);
	bool found = cluster_find_node(applier->cluster, round->node_id, &round->name);
	if (round->volumes.count == 0) {
		memory_forget(round->reconciler->memory, round->node_id);
		return found ? (int)next_round_ms(applier) : 0;
	}
	uint32_t wait_ms = next_round_ms(applier);
	int r = found ? look_at_node(round, err) : look_at_gone(round, err);
	round->node->next_ms = r < 0 ? 0 : clock_monotonic_ms() + wait_ms;
	return r < 0 ? -1 : (int)wait_ms;
}

int health_reconcile(struct health_reconciler *reconciler, const char *node_id, struct error *err)
{
	if (lead_check(&reconciler->applier->lead, err) < 0)
		return -1;
	CLEANUP(round_done)
	struct round round = {
		.reconciler = reconciler,
		.node = memory_of(reconciler->memory, node_id),
		.node_id = node_id,
	};
	uint64_t now_ms = clock_monotonic_ms();
	if (now_ms < round.node->next_ms) /* woken in between */
		return (int)(round.node->next_ms - now_ms);
	round.arena = arena_new(1024);
	return settle(&round, err);
}
