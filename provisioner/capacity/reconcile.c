/* SPDX-License-Identifier: Apache-2.0 */
#include "capacity/reconcile.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "apply/role.h"
#include "apply/rooms.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "capacity/apply.h"
#include "capacity/ledger.h"
#include "capacity/question.h"
#include "cluster/class.h"
#include "cluster/nodes.h"
#include "kube/verbs.h"

#define CALLS_A_SECOND_MAX 50 /* of the poll, over all nodes */

static const struct kind deployment_kind = {
	.api_version = "apps/v1",
	.name = "Deployment",
	.plural = "deployments",
	.namespaced = true,
	.size = sizeof(struct object),
};

struct capacity_reconciler {
	const struct applier *applier;
	struct ledger *ledger;
	pthread_mutex_t lock;
	bool owner_is_known;
	char *owner_uid; /* NULL: no owner */
};

/* What is seen of a node. */
struct sight {
	bool counts;
	struct text name; /* of the Node */
	struct object_list classes;
	struct object_list objects;
};

struct capacity_reconciler *capacity_reconciler_new(const struct applier *applier)
{
	struct capacity_reconciler *reconciler = must_alloc(sizeof(*reconciler));
	reconciler->applier = applier;
	reconciler->ledger = ledger_new();
	pthread_mutex_init(&reconciler->lock, NULL);
	return reconciler;
}

void capacity_reconciler_free(struct capacity_reconciler *reconciler)
{
	if (!reconciler)
		return;
	ledger_free(reconciler->ledger);
	pthread_mutex_destroy(&reconciler->lock);
	free(reconciler->owner_uid);
	free(reconciler);
}

/* With the lock held. Asked once: a Deployment that is made again has new pods. */
static int learn_owner(struct capacity_reconciler *reconciler, struct error *err)
{
	const struct applier *applier = reconciler->applier;
	CLEANUP(object_unrefp) struct object *deployment = NULL;
	if (reconciler->owner_is_known)
		return 0;
	if (applier->deployment && *applier->deployment) {
		int r = kube_get(applier->client, &deployment_kind,
				 cluster_namespace(applier->cluster), applier->deployment,
				 &deployment, err);
		if (r < 0 && err->code != ERROR_NOT_FOUND)
			return -1;
		if (r < 0)
			log_warning("capacity objects have no owner", LOG_ERR(err));
	}
	reconciler->owner_uid = deployment ? must_strdup(deployment->uid) : NULL;
	reconciler->owner_is_known = true;
	return 0;
}

static int get_owner(struct capacity_reconciler *reconciler, struct capacity_owner *ret_owner,
		     struct error *err)
{
	pthread_mutex_lock(&reconciler->lock);
	int r = learn_owner(reconciler, err);
	*ret_owner = (struct capacity_owner) { .name = reconciler->applier->deployment,
					       .uid = reconciler->owner_uid };
	pthread_mutex_unlock(&reconciler->lock);
	return r;
}

static void sight_done(struct sight *sight)
{
	object_list_done(&sight->classes);
	object_list_done(&sight->objects);
	text_done(&sight->name);
}

/* The scheduler compares the Node's labels with the object's topology. */
static bool has_label(const struct node *node, const char *node_id)
{
	const char *value = pairs_get(&node->object.labels, CSI_TOPOLOGY_KEY);
	return value && strcmp(value, node_id) == 0;
}

static void see_node(struct cluster *cluster, const char *node_id, struct sight *sight)
{
	CLEANUP_OBJECT_LIST struct object_list registered = { 0 };
	cluster_list(cluster, CLUSTER_CSI_NODES, node_id, &registered);
	for (size_t i = 0; i < registered.count && !sight->counts; i++) {
		const char *name = registered.items[i]->name;
		CLEANUP(object_unrefp)
		struct object *node = cluster_get(cluster, CLUSTER_NODES, "", name);
		if (!node || !has_label(node_of(node), node_id))
			continue;
		sight->counts = true;
		text_append_string(&sight->name, name);
	}
}

/* Those of ours. */
static void see_classes(struct cluster *cluster, struct sight *sight)
{
	struct object_list *classes = &sight->classes;
	size_t kept = 0;
	cluster_list(cluster, CLUSTER_CLASSES, NULL, classes);
	for (size_t i = 0; i < classes->count; i++) {
		struct object *class = classes->items[i];
		if (strcmp(class_of(class)->provisioner, CSI_DRIVER_NAME) == 0)
			classes->items[kept++] = class;
		else
			object_unref(class);
	}
	classes->count = kept;
}

static void take_sight(struct cluster *cluster, const char *node_id, struct sight *sight)
{
	see_node(cluster, node_id, sight);
	if (sight->counts)
		see_classes(cluster, sight);
	cluster_list(cluster, CLUSTER_CAPACITIES, node_id, &sight->objects);
}

struct act {
	const struct applier *applier;
	const char *node_id;
	struct capacity_owner owner;
	struct ledger_entry *entry;
	uint64_t since_ms; /* of a refresh; else 0 */
};

/* For so long the values stand as they were; then pods are kept away. */
static void presume_no_room(const struct act *act, struct capacity_class *classes, size_t count)
{
	if (clock_monotonic_ms() - ledger_silent_since_ms(act->entry) <
	    act->applier->capacity_silence_ms)
		return;
	for (size_t i = 0; i < count; i++)
		if (!classes[i].answered)
			classes[i] = (struct capacity_class) {
				.name = classes[i].name,
				.answered = true,
				.room = { .has_capacity = true },
			};
}

/* For the role provision: what the node itself said. */
static void note_room(const struct act *act, const struct capacity_class *classes, size_t count,
		      uint64_t asked_ms)
{
	struct room_answer *items = must_alloc((count + 1) * sizeof(*items));
	struct room_answers answers = { .items = items, .asked_ms = count ? asked_ms : 0 };
	for (size_t i = 0; i < count; i++)
		if (classes[i].answered && !capacity_is_anything(&classes[i].room))
			items[answers.count++] =
				(struct room_answer) { classes[i].name, classes[i].room };
	rooms_note(act->applier->rooms, act->node_id, &answers);
	free(items);
}

/* Pods whose claims have just left the node are kept away for a while. */
static void lower(const struct act *act, struct capacity_class *classes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t bytes = rooms_ceiling(act->applier->rooms, act->node_id, classes[i].name);
		struct room *room = &classes[i].room;
		if (room->capacity_bytes > bytes)
			room->capacity_bytes = bytes;
		if (room->maximum_bytes > bytes)
			room->maximum_bytes = bytes;
	}
}

/* The scheduler asks for the room of classes that bind late alone. */
static void mark(const struct act *act, const struct sight *sight, struct capacity_class *classes)
{
	for (size_t i = 0; i < sight->classes.count; i++) {
		classes[i].written_ms = ledger_written_ms(act->entry, classes[i].name);
		classes[i].unpublished =
			!class_of(sight->classes.items[i])->wait_for_first_consumer &&
			!act->applier->capacity_for_immediate;
	}
}

/* What the node answered last, for a refresh soon after. */
static void recall(const struct act *act, const struct sight *sight, struct capacity_class *classes)
{
	for (size_t i = 0; i < sight->classes.count; i++) {
		const char *name = sight->classes.items[i]->name;
		classes[i] = (struct capacity_class) { .name = name };
		classes[i].answered =
			rooms_answered(act->applier->rooms, act->node_id, name, &classes[i].room);
	}
}

static enum question_outcome ask(const struct act *act, const struct sight *sight,
				 struct capacity_class *classes, struct error *err)
{
	size_t count = sight->classes.count;
	if (act->since_ms && rooms_asked_ms(act->applier->rooms, act->node_id) > act->since_ms) {
		recall(act, sight, classes);
		lower(act, classes, count);
		mark(act, sight, classes);
		return QUESTION_ANSWERED;
	}
	uint64_t asked_ms = clock_monotonic_ms();
	enum question_outcome outcome = question_ask(act->applier, text_string(&sight->name),
						     &sight->classes, classes, err);
	note_room(act, classes, count, asked_ms);
	if (outcome == QUESTION_SILENT) {
		ledger_note_silence(act->entry, clock_monotonic_ms());
		presume_no_room(act, classes, count);
	} else {
		ledger_note_answer(act->entry);
	}
	lower(act, classes, count);
	mark(act, sight, classes);
	return outcome;
}

/* 0, 1: look again soon, or -1. One object that cannot be written does not hold up the others. */
static int apply_all(const struct act *act, const struct capacity_plan *plan, struct error *err)
{
	int outcome = 0;
	for (size_t i = 0; i < plan->count; i++) {
		struct error one;
		const struct capacity_decision *decision = &plan->decisions[i];
		int r = capacity_apply(act->applier, act->node_id, &act->owner, decision, &one);
		if (r == 0)
			ledger_note_written(act->entry, decision->class_name, clock_monotonic_ms());
		if (r < 0)
			*err = one;
		if (r != 0 && outcome >= 0)
			outcome = r;
	}
	return outcome;
}

/* Of the poll: stretched where many nodes would make too many calls. */
static uint32_t poll_ms(const struct applier *applier, size_t class_count)
{
	uint64_t calls = cluster_count(applier->cluster, CLUSTER_CSI_NODES) * class_count;
	uint64_t stretched_ms = calls * 1000 / CALLS_A_SECOND_MAX;
	uint64_t ms =
		applier->capacity_poll_ms > stretched_ms ? applier->capacity_poll_ms : stretched_ms;
	if (ms > 60 * 60 * 1000)
		ms = 60 * 60 * 1000;
	/* Nodes that were asked together are not asked together again. */
	return (uint32_t)(ms - arc4random_uniform((uint32_t)ms / 8 + 1));
}

static uint32_t sooner_ms(uint32_t ms, uint32_t other_ms)
{
	return other_ms && (!ms || other_ms < ms) ? other_ms : ms;
}

static int next_look_ms(const struct act *act, const struct sight *sight,
			const struct capacity_plan *plan)
{
	uint64_t until_ms = rooms_lowered_until_ms(act->applier->rooms, act->node_id);
	uint64_t now_ms = clock_monotonic_ms();
	uint32_t ms = 0;
	if (sight->counts && sight->classes.count)
		ms = poll_ms(act->applier, sight->classes.count);
	if (until_ms)
		ms = sooner_ms(ms, until_ms > now_ms ? (uint32_t)(until_ms - now_ms) : 1);
	return (int)sooner_ms(ms, plan->wait_ms);
}

static int settle(const struct act *act, const struct sight *sight, struct error *err)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(1024);
	size_t count = sight->classes.count;
	struct capacity_class *classes = arena_alloc(arena, count * sizeof(*classes));
	struct capacity_plan plan;
	struct error unanswered;
	enum question_outcome outcome = ask(act, sight, classes, &unanswered);
	capacity_plan(
		&(struct capacity_view) {
			.node_id = act->node_id,
			.node_counts = sight->counts,
			.classes = classes,
			.class_count = count,
			.objects = (struct storage_capacity *const *)sight->objects.items,
			.object_count = sight->objects.count,
			.owner_uid = act->owner.uid,
			.now_ms = clock_monotonic_ms(),
			.at_once = act->since_ms != 0 },
		arena, &plan);
	ledger_count(act->entry, &plan);
	if (count == 0)
		ledger_forget(act->entry);
	int r = apply_all(act, &plan, err);
	if (r >= 0 && outcome != QUESTION_ANSWERED) {
		*err = unanswered;
		return -1;
	}
	return r == 0 ? next_look_ms(act, sight, &plan) : r > 0 ? ROLE_AGAIN_MS : -1;
}

static int reconcile(struct capacity_reconciler *reconciler, const char *node_id, uint64_t since_ms,
		     struct error *err)
{
	const struct applier *applier = reconciler->applier;
	CLEANUP(ledger_putp) struct ledger_entry *entry = NULL;
	CLEANUP(sight_done) struct sight sight = { 0 };
	struct act act = { .applier = applier, .node_id = node_id, .since_ms = since_ms };
	if (lead_check(&applier->lead, err) < 0 || get_owner(reconciler, &act.owner, err) < 0)
		return -1;
	act.entry = entry = ledger_take(reconciler->ledger, node_id);
	take_sight(applier->cluster, node_id, &sight);
	return settle(&act, &sight, err);
}

int capacity_reconcile(struct capacity_reconciler *reconciler, const char *node_id,
		       struct error *err)
{
	return reconcile(reconciler, node_id, 0, err);
}

void capacity_refresh(struct capacity_reconciler *reconciler, const char *node, uint64_t since_ms)
{
	struct error err;
	CLEANUP(object_unrefp)
	struct object *object =
		cluster_get(reconciler->applier->cluster, CLUSTER_CSI_NODES, "", node);
	if (!object || !csi_node_of(object)->node_id)
		return;
	if (reconcile(reconciler, csi_node_of(object)->node_id, since_ms, &err) < 0)
		log_warning("capacity not refreshed", LOG_TEXT("node", node), LOG_ERR(&err));
}
