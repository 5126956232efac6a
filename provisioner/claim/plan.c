/* SPDX-License-Identifier: Apache-2.0 */
#include "claim/plan.h"

#include <string.h>

#include "base/same.h"
#include "claim/request.h"
#include "csi/failure.h"
#include "csi/names.h"

const char *claim_intent_node(const struct claim *claim)
{
	if (!object_has_finalizer(&claim->object, CLAIM_INTENT_FINALIZER))
		return NULL;
	return pairs_get(&claim->object.annotations, CLAIM_INTENT_ANNOTATION);
}

/* Where binding waits for a node, the annotations are written when one is selected; a copy is made
 * before that, and its class says whose it is. */
static bool handed_to_us(const struct claim *claim)
{
	const char *provisioner = claim_provisioner(claim);
	return provisioner ? same(provisioner, CSI_DRIVER_NAME) : claim_is_copy(claim);
}

bool claim_concerns_us(const struct claim *claim)
{
	if (object_has_finalizer(&claim->object, CLAIM_INTENT_FINALIZER))
		return true;
	return handed_to_us(claim) && !claim->volume_name[0] && !claim->object.deleted_s;
}

bool claim_may_concern_us(const struct claim *claim)
{
	bool may_be_handed = !claim_provisioner(claim) && !claim->volume_name[0];
	return claim_concerns_us(claim) || (may_be_handed && !claim->object.deleted_s);
}

static const char *selected_node(const struct claim *claim)
{
	const char *node = pairs_get(&claim->object.annotations, CLAIM_SELECTED_NODE_ANNOTATION);
	return node && node[0] ? node : NULL;
}

const char *claim_plan_node(const struct claim *claim, const struct class *class,
			    const struct claim_source *source)
{
	const char *node = claim_intent_node(claim);
	if (node)
		return node;
	if (claim_is_copy(claim))
		return source ? source->node : NULL;
	return !class || class->wait_for_first_consumer ? selected_node(claim) : NULL;
}

static const struct node_view *find_node(const struct claim_view *view, const char *name)
{
	for (size_t i = 0; i < view->node_count; i++)
		if (same(view->nodes[i].node->object.name, name))
			return &view->nodes[i];
	return NULL;
}

static bool recorded(const struct claim_view *view)
{
	return view->volume && same(view->volume->claim_uid, view->claim->object.uid);
}

/* Ends the planning: sets *reason as error_set() does. */
#define REFUSE(plan, code, ...)                                                                    \
	do {                                                                                       \
		(plan)->decision = CLAIM_REFUSE;                                                   \
		error_set(&(plan)->reason, code, __VA_ARGS__);                                     \
	} while (0)

static bool serves_us(const struct node_view *node)
{
	return node->csi_node && node->csi_node->node_id;
}

void claim_plan_place(struct claim_plan *plan, const struct node_view *node, struct arena *arena)
{
	plan->decision = CLAIM_PROVISION;
	plan->node = node->node->object.name;
	plan->request.segments = (struct pairs) { 0 };
	pairs_set(&plan->request.segments, arena, CSI_TOPOLOGY_KEY, node->csi_node->node_id);
}

/* Only where the scheduler selects among several nodes, and only while no volume can be left
 * behind: with an intent the node must answer first. */
static bool may_reschedule(const struct claim_view *view, const struct claim_plan *plan)
{
	return !plan->fixed && view->class->wait_for_first_consumer &&
	       (!plan->has_intent || !view->unreachable);
}

/* `reason` says why the node cannot serve the claim. */
static void leave(const struct claim_view *view, const char *node, struct claim_plan *plan)
{
	plan->decision = may_reschedule(view, plan) ? CLAIM_RESCHEDULE : CLAIM_REFUSE;
	plan->node = node;
}

static void provision_on(const struct claim_view *view, const struct node_view *node,
			 struct arena *arena, struct claim_plan *plan)
{
	const char *name = node->node->object.name;
	if (!serves_us(node)) {
		error_set(&plan->reason, ERROR_UNAVAILABLE,
			  "node \"%s\": driver " CSI_DRIVER_NAME
			  " is not registered there (CSINode); "
			  "is the node plugin's pod of that node running?",
			  name);
		leave(view, name, plan);
	} else if (!class_allows(view->class, &node->node->object.labels)) {
		error_set(&plan->reason, ERROR_INVALID,
			  "node \"%s\" does not satisfy allowedTopologies of StorageClass \"%s\"",
			  name, view->class->object.name);
		leave(view, name, plan);
	} else if (view->unreachable && !plan->has_intent) {
		error_set(&plan->reason, view->unreachable->code, "node \"%s\": %s", name,
			  view->unreachable->text);
		/* A cordoned node is being taken away: nothing to wait for. */
		plan->grace = !node->node->unschedulable;
		leave(view, name, plan);
	} else {
		claim_plan_place(plan, node, arena);
	}
}

/* A volume ties its pod to the node for good. */
static bool takes_pods(const struct node *node)
{
	return !node->unschedulable && !node->tainted;
}

/* How well a node can take volumes of claims that bind at once: the worst come last. */
enum fitness { FIT, KEEPS_PODS_OFF, NOT_READY };

static enum fitness fitness_of(const struct node *node)
{
	return !node->ready ? NOT_READY : takes_pods(node) ? FIT : KEEPS_PODS_OFF;
}

static size_t find_candidates(const struct claim_view *view, enum fitness fitness,
			      struct node_view *ret_candidates)
{
	size_t count = 0;
	for (size_t i = 0; i < view->node_count; i++) {
		const struct node_view *node = &view->nodes[i];
		if (serves_us(node) && fitness_of(node->node) == fitness &&
		    class_allows(view->class, &node->node->object.labels))
			ret_candidates[count++] = *node;
	}
	return count;
}

static void choose(const struct claim_view *view, struct arena *arena, struct claim_plan *plan)
{
	struct node_view *candidates = arena_alloc(arena, view->node_count * sizeof(*candidates));
	size_t count = 0;
	for (enum fitness fitness = FIT; count == 0 && fitness <= NOT_READY; fitness++)
		count = find_candidates(view, fitness, candidates);
	plan->decision = CLAIM_CHOOSE;
	plan->candidates = candidates;
	plan->candidate_count = count;
	if (count == 0)
		REFUSE(plan, ERROR_UNAVAILABLE,
		       "no node has driver " CSI_DRIVER_NAME " registered and satisfies "
		       "allowedTopologies of StorageClass \"%s\"",
		       view->class->object.name);
}

static void place(const struct claim_view *view, struct arena *arena, struct claim_plan *plan)
{
	const char *name = claim_plan_node(view->claim, view->class, NULL);
	const struct node_view *node = name ? find_node(view, name) : NULL;
	if (node) {
		provision_on(view, node, arena, plan);
	} else if (!name) {
		choose(view, arena, plan);
	} else {
		plan->decision = CLAIM_RESCHEDULE;
		plan->node = name;
		plan->node_gone = true;
		error_set(&plan->reason, ERROR_NOT_FOUND,
			  "selected node \"%s\" is not in the cluster", name);
	}
}

/* Only the node that has the source can make it. One that the scheduler has selected instead is no
 * reason to wait: it follows the volume once that is bound. */
static void place_copy(const struct claim_view *view, struct arena *arena, struct claim_plan *plan)
{
	const struct claim_data_source *from = view->claim->data_source;
	const char *selected = selected_node(view->claim);
	plan->fixed = true;
	plan->source = claim_source_object(view->source);
	if (claim_source_check(view->claim, view->source, &plan->request.source, &plan->reason) <
	    0) {
		plan->decision = CLAIM_REFUSE;
		return;
	}
	const char *name = view->source->node;
	const struct node_view *node = name ? find_node(view, name) : NULL;
	if (node)
		provision_on(view, node, arena, plan);
	else
		REFUSE(plan, view->source->lost.code, "%s", view->source->lost.text);
	if (plan->decision == CLAIM_REFUSE)
		error_prefix(&plan->reason,
			     "spec.dataSource: the volume can only be made where the data of %s "
			     "\"%s\" are",
			     from->kind_name, from->name);
	else if (selected && strcmp(selected, name) != 0)
		plan->selected = selected;
}

static bool has_populator(const struct claim *claim)
{
	return claim->data_source && claim->data_source->kind == CLAIM_FROM_OTHER;
}

static bool names_attributes_class(const struct claim *claim)
{
	return claim->attributes_class_name && claim->attributes_class_name[0];
}

/* The class may appear, so its absence is not final. */
static int take_attributes(const struct claim_view *view, struct csi_create_volume_request *request,
			   struct error *err)
{
	const struct attributes_class *class = view->attributes_class;
	const char *name = view->claim->attributes_class_name;
	if (!names_attributes_class(view->claim))
		return 0;
	if (!class)
		return error_set(err, ERROR_NOT_FOUND,
				 "spec.volumeAttributesClassName: "
				 "volumeattributesclass.storage.k8s.io \"%s\" not found%s",
				 name,
				 view->attributes_unserved
					 ? " (the API server does not serve this kind in version "
					   "storage.k8s.io/v1)"
					 : "");
	if (!attributes_class_is_ours(class))
		return error_set(err, ERROR_INVALID,
				 "spec.volumeAttributesClassName: VolumeAttributesClass \"%s\" is "
				 "of driver %s, and the volume of driver " CSI_DRIVER_NAME,
				 name, class->driver);
	request->mutable_parameters = class->parameters;
	return 0;
}

static int ask_for_volume(const struct claim_view *view, struct arena *arena,
			  struct claim_plan *plan)
{
	const struct claim *claim = view->claim;
	const struct class *class = view->class;
	return claim_request_build(claim, class, arena, &plan->request, &plan->reason) < 0 ||
			       take_attributes(view, &plan->request, &plan->reason) < 0 ||
			       secret_names_read(claim, class, arena, &plan->secrets,
						 &plan->reason) < 0
		       ? -1
		       : 0;
}

bool claim_can_be_made(const struct claim_view *view, struct arena *arena)
{
	struct claim_plan plan = { 0 };
	return view->class && strcmp(view->class->provisioner, CSI_DRIVER_NAME) == 0 &&
	       !has_populator(view->claim) && !view->volume &&
	       ask_for_volume(view, arena, &plan) == 0;
}

static void plan_new_volume(const struct claim_view *view, struct arena *arena,
			    struct claim_plan *plan)
{
	const struct claim *claim = view->claim;
	const struct class *class = view->class;
	if (!class && !claim_provisioner(claim))
		plan->decision = CLAIM_IGNORE; /* a copy, which may be another driver's */
	else if (!class)
		REFUSE(plan, ERROR_NOT_FOUND, "storageclass.storage.k8s.io \"%s\" not found",
		       claim->class_name);
	else if (strcmp(class->provisioner, CSI_DRIVER_NAME) != 0)
		plan->decision = CLAIM_IGNORE;
	else if (has_populator(claim))
		plan->decision = CLAIM_LEAVE;
	else if (class->wait_for_first_consumer && !selected_node(claim) && !claim_is_copy(claim))
		plan->decision = CLAIM_WAIT;
	else if (view->volume)
		REFUSE(plan, ERROR_EXISTS,
		       "PersistentVolume \"%s\" exists and does not belong to this claim",
		       view->volume->object.name);
	else if (ask_for_volume(view, arena, plan) < 0)
		plan->decision = CLAIM_REFUSE;
	else if (claim_is_copy(claim))
		place_copy(view, arena, plan);
	else
		place(view, arena, plan);
}

static bool is_source_lost(const struct claim_view *view, const char *node)
{
	return claim_is_copy(view->claim) &&
	       (!claim_source_object(view->source) ||
		(view->source->node && !same(view->source->node, node)));
}

static void undo(const struct claim_view *view, const char *node, const char *why,
		 struct claim_plan *plan)
{
	plan->decision = CLAIM_UNDO;
	plan->node = node;
	plan->node_gone = !find_node(view, node);
	plan->source_lost = is_source_lost(view, node);
	error_set(&plan->reason, ERROR_CANCELLED, "%s", why);
}

/* Why the claim wants no volume on the intent's node any more; NULL: it does. */
static const char *why_unwanted(const struct claim_view *view, const char *node)
{
	const struct claim *claim = view->claim;
	bool selects = view->class && view->class->wait_for_first_consumer && !claim_is_copy(claim);
	if (claim->object.deleted_s)
		return "the claim was deleted";
	if (claim->volume_name[0])
		return "the claim was bound to another volume";
	if (claim_is_copy(claim) && !claim_source_object(view->source))
		return "its source was deleted";
	if (claim_is_copy(claim) && view->source->node && !same(view->source->node, node))
		return "its source is on another node";
	if (selects && !same(selected_node(claim), node))
		return "another node was selected";
	if (!selects && view->class && !find_node(view, node))
		return "the node left the cluster";
	return NULL;
}

/* The claim has an intent: continue, clear up, or remove it. */
static void plan_with_intent(const struct claim_view *view, const char *node, struct arena *arena,
			     struct claim_plan *plan)
{
	const struct claim *claim = view->claim;
	const char *own_name = claim_volume_name(claim, arena);
	const char *why = why_unwanted(view, node);
	plan->has_intent = true;
	plan->node = node;
	/* The Secrets of another driver's class are not ours to read. */
	if (view->class && same(view->class->provisioner, CSI_DRIVER_NAME))
		secret_names_read(claim, view->class, arena, &plan->secrets, NULL);
	/* A claim that is bound to our volume has had its PersistentVolume, even if that is gone;
	 * and a PersistentVolume that is kept for another claim keeps the data too. */
	if (recorded(view) || same(claim->volume_name, own_name) ||
	    (view->volume && claim->object.deleted_s))
		plan->decision = CLAIM_SETTLE;
	else if (why)
		undo(view, node, why, plan);
	else
		plan_new_volume(view, arena, plan);
}

void claim_plan(const struct claim_view *view, struct arena *arena, struct claim_plan *ret_plan)
{
	const struct claim *claim = view->claim;
	const char *intent_node = claim_intent_node(claim);
	*ret_plan = (struct claim_plan) { .decision = CLAIM_IGNORE };
	if (intent_node)
		plan_with_intent(view, intent_node, arena, ret_plan);
	else if (object_has_finalizer(&claim->object, CLAIM_INTENT_FINALIZER))
		/* Another client removed the annotation; no node was asked without it. */
		ret_plan->decision = CLAIM_SETTLE;
	else if (handed_to_us(claim) && !claim->volume_name[0] && !claim->object.deleted_s &&
		 claim->class_name && claim->class_name[0] && !recorded(view))
		plan_new_volume(view, arena, ret_plan);
}

/* While it may be made, DeleteVolume would remove what the node keeps of it for the next call. */
enum claim_failure claim_failure_of(enum error_code code, const struct class *class)
{
	if (csi_failure_of(CSI_CHANGE_COPY, code) == CSI_FAILURE_UNKNOWN)
		return CLAIM_FAILURE_BACKGROUND;
	if (code == ERROR_EXHAUSTED && class && class->wait_for_first_consumer)
		return CLAIM_FAILURE_RESCHEDULE;
	return CLAIM_FAILURE_FINAL;
}
