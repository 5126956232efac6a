/* SPDX-License-Identifier: Apache-2.0 */
#include "claim/admission.h"

#include <ctype.h>
#include <string.h>

#include "apply/rooms.h"
#include "base/clock.h"
#include "base/quantity.h"
#include "base/same.h"
#include "claim/request.h"
#include "claim/wake.h"
#include "cluster/cluster.h"
#include "csi/names.h"

/* For so long the node is published with less room than those that leave it want. The scheduler
 * tries a pod again after 1 s to 10 s. */
#define CEILING_MS 10000
/* A node is not asked for its room more often because of claims that do not fit. */
#define REFRESH_MS 1000
/* What was there when the process began is looked at within this time. */
#define BEGIN_MS 5000
/* A claim that is there when the process begins waits no longer for what its node answers. */
#define FIRST_ANSWER_MS 3000

static const struct owner *pod_of(const struct claim *claim)
{
	const struct owner *owner = object_controller(&claim->object);
	return owner && same(owner->kind, "Pod") ? owner : NULL;
}

/* Where the "-<n>" of "<x>-<n>" begins; NULL: the name has none. */
static const char *ordinal_of(const char *name)
{
	const char *dash = strrchr(name, '-');
	if (!dash || dash == name || !dash[1] || strspn(dash + 1, "0123456789") != strlen(dash + 1))
		return NULL;
	return dash;
}

/* "data-db-0" and "wal-db-0": the ends are equal from a "-" on that is not the ordinal's. */
static bool end_alike(const char *a, const char *b)
{
	const char *at_a = a + strlen(a), *at_b = b + strlen(b), *ordinal = ordinal_of(a);
	while (at_a > a && at_b > b && at_a[-1] == at_b[-1]) {
		at_a--;
		at_b--;
		if (*at_a == '-' && at_a < ordinal)
			return true;
	}
	return false;
}

static bool differ_in_the_ordinal(const char *a, const char *b)
{
	size_t length = (size_t)(ordinal_of(a) - a);
	return length == (size_t)(ordinal_of(b) - b) && memcmp(a, b, length) == 0;
}

enum claim_kinship claim_kinship(const struct claim *a, const struct claim *b)
{
	const struct owner *pod_a = pod_of(a), *pod_b = pod_of(b);
	const char *name_a = a->object.name, *name_b = b->object.name;
	if (pod_a && pod_b)
		return same(pod_a->uid, pod_b->uid) ? KINSHIP_ONE_POD : KINSHIP_TWO_PODS;
	/* A pod's own claims may be called "data-1" and "data-2", but a StatefulSet's have
	 * labels, those of its selector. */
	if (!ordinal_of(name_a) || !ordinal_of(name_b) || a->object.labels.count == 0 ||
	    !pairs_equal(&a->object.labels, &b->object.labels))
		return KINSHIP_UNKNOWN;
	if (differ_in_the_ordinal(name_a, name_b))
		return KINSHIP_TWO_PODS;
	return end_alike(name_a, name_b) ? KINSHIP_ONE_POD : KINSHIP_UNKNOWN;
}

/* What a copy shares with its source takes no room, and how much that is, the node alone knows. */
struct room_wish admission_wish(const struct claim *claim)
{
	return (struct room_wish) { .claim_uid = claim->object.uid,
				    .class_name = claim->class_name,
				    .bytes = claim->data_source ? 0 : claim->request_bytes };
}

const char *admission_node_id(const struct claim_plan *plan)
{
	return pairs_get(&plan->request.segments, CSI_TOPOLOGY_KEY);
}

/* What a claim is judged by: the lists hold the claims that the wishes are of. */
struct judgement {
	const struct admission_request *request;
	const struct claim *claim;
	const char *node_id;
	struct object_list here;
	struct object_list unplaced; /* of its namespace */
	struct room_wish *wishes;    /* the first is the claim's own */
	size_t here_count;	     /* of them are here */
	size_t count;		     /* with those that may still come */
};

static void judgement_done(struct judgement *judgement)
{
	object_list_done(&judgement->here);
	object_list_done(&judgement->unplaced);
}

static bool allows_node(const struct claim_sight *sight, const struct class *class)
{
	return sight->nodes.count != 1 ||
	       class_allows(class, &sight->nodes.views[0].node->object.labels);
}

static bool is_sent_elsewhere(const struct judgement *judgement, const struct claim *claim)
{
	const char *node = claim_plan_node(claim, NULL, NULL);
	return node && strcmp(node, judgement->request->plan->node) != 0;
}

/* One that the node may get and was not asked for yet. A claim that is refused gets none. */
static bool is_waiting(const struct judgement *judgement, const struct claim *claim)
{
	const struct admission_request *request = judgement->request;
	struct cluster *cluster = request->applier->cluster;
	struct arena *arena = request->sight->arena;
	const char *attributes_name = claim->attributes_class_name;
	CLEANUP(object_unrefp) struct object *class = NULL;
	CLEANUP(object_unrefp) struct object *attributes = NULL;
	CLEANUP(object_unrefp) struct object *volume = NULL;
	if (!claim_may_concern_us(claim) || claim_intent_node(claim) || !claim->class_name ||
	    claim->data_source || is_sent_elsewhere(judgement, claim) ||
	    !rooms_may_lend(request->applier->rooms, judgement->node_id, claim->object.uid))
		return false;
	class = cluster_get(cluster, CLUSTER_CLASSES, "", claim->class_name);
	if (!class || !class_of(class)->wait_for_first_consumer ||
	    !allows_node(request->sight, class_of(class)))
		return false;
	if (attributes_name && attributes_name[0])
		attributes = cluster_get(cluster, CLUSTER_ATTRIBUTES_CLASSES, "", attributes_name);
	volume = cluster_get(cluster, CLUSTER_VOLUMES, "", claim_volume_name(claim, arena));
	const struct claim_view view = {
		.claim = claim,
		.class = class_of(class),
		.attributes_class = attributes ? attributes_class_of(attributes) : NULL,
		.volume = volume ? persistent_volume_of(volume) : NULL,
	};
	return claim_can_be_made(&view, arena);
}

static bool belongs(const struct judgement *judgement, const struct claim *claim,
		    enum claim_kinship kinship)
{
	return !same(claim->object.uid, judgement->claim->object.uid) &&
	       same(claim->object.namespace, judgement->claim->object.namespace) &&
	       claim_kinship(judgement->claim, claim) == kinship;
}

static void add_kin(struct judgement *judgement, const struct object_list *list,
		    enum claim_kinship kinship)
{
	for (size_t i = 0; i < list->count && judgement->count <= ADMISSION_SIBLINGS_MAX; i++) {
		const struct claim *claim = claim_of(list->items[i]);
		if (belongs(judgement, claim, kinship) && is_waiting(judgement, claim))
			judgement->wishes[judgement->count++] = admission_wish(claim);
	}
}

/* Those that are certainly of its pod come first. */
static void add_wishes(struct judgement *judgement, const struct object_list *list)
{
	add_kin(judgement, list, KINSHIP_ONE_POD);
	if (!judgement->request->alone)
		add_kin(judgement, list, KINSHIP_UNKNOWN);
}

static void collect(struct judgement *judgement)
{
	const struct admission_request *request = judgement->request;
	struct cluster *cluster = request->applier->cluster;
	CLEANUP_TEXT struct text group = TEXT_INIT;
	/* In this order: one that is sent here meanwhile is in both, and not in none. */
	claim_unplaced_group(judgement->claim->object.namespace, &group);
	cluster_list(cluster, CLUSTER_CLAIMS, text_string(&group), &judgement->unplaced);
	cluster_list(cluster, CLUSTER_CLAIMS, request->plan->node, &judgement->here);
	judgement->wishes = arena_alloc(request->sight->arena,
					(1 + ADMISSION_SIBLINGS_MAX) * sizeof(*judgement->wishes));
	judgement->wishes[judgement->count++] = admission_wish(judgement->claim);
	add_wishes(judgement, &judgement->here);
	judgement->here_count = judgement->count;
	add_wishes(judgement, &judgement->unplaced);
}

static struct room_wishes those_here(const struct judgement *judgement)
{
	return (struct room_wishes) { judgement->wishes, judgement->here_count };
}

static uint32_t window_ms(const struct admission_request *request, uint64_t since_ms)
{
	uint32_t grace_ms = request->applier->node_grace_ms;
	if (since_ms - request->began_ms > BEGIN_MS)
		return ADMISSION_WINDOW_MS;
	return grace_ms < ADMISSION_WINDOW_AT_BEGIN_MS ? grace_ms : ADMISSION_WINDOW_AT_BEGIN_MS;
}

static bool waits_for_others(const struct judgement *judgement, uint64_t since_ms)
{
	struct rooms *rooms = judgement->request->applier->rooms;
	const struct room_wishes all = { judgement->wishes, judgement->count };
	return judgement->count > judgement->here_count &&
	       clock_monotonic_ms() - since_ms < window_ms(judgement->request, since_ms) &&
	       rooms_fit(rooms, judgement->node_id, &all) != ROOM_FITS;
}

/* With an answer of the node that is no older than REFRESH_MS. */
static enum room_verdict judge_again(const struct judgement *judgement,
				     const struct room_wishes *wishes)
{
	const struct applier *applier = judgement->request->applier;
	uint64_t asked_ms = rooms_asked_ms(applier->rooms, judgement->node_id);
	if (clock_monotonic_ms() - asked_ms >= REFRESH_MS)
		applier_short_of_room(applier, judgement->request->plan->node, asked_ms);
	return rooms_give(applier->rooms, judgement->node_id, wishes);
}

static bool fits_by_itself(const struct judgement *judgement)
{
	const struct room_wishes own = { judgement->wishes, 1 };
	return rooms_fit(judgement->request->applier->rooms, judgement->node_id, &own) == ROOM_FITS;
}

/* What is left changes from attempt to attempt, and an event's text must not. */
static void explain(const struct judgement *judgement, struct error *why)
{
	char wanted[QUANTITY_TEXT_MAX], left[QUANTITY_TEXT_MAX];
	const char *node = judgement->request->plan->node;
	uint64_t left_bytes = 0;
	if (fits_by_itself(judgement)) {
		error_set(why, ERROR_EXHAUSTED,
			  "node \"%s\" has room for this claim, but not for all that were sent "
			  "there together with it",
			  node);
		return;
	}
	rooms_left(judgement->request->applier->rooms, judgement->node_id,
		   judgement->claim->class_name, &left_bytes);
	quantity_format_bytes(judgement->wishes[0].bytes, wanted);
	quantity_format_about(left_bytes, left);
	error_set(why, ERROR_EXHAUSTED, "node \"%s\" has no room for %s; about %s is left", node,
		  wanted, left);
}

/* It is published first, so that no claim leaves before. */
static enum admission refuse(const struct judgement *judgement, bool *ret_together,
			     struct error *why)
{
	const struct applier *applier = judgement->request->applier;
	const struct room_wishes here = those_here(judgement);
	uint64_t now_ms = clock_monotonic_ms();
	explain(judgement, why);
	rooms_lower(applier->rooms, judgement->node_id, &here, now_ms + CEILING_MS);
	applier_short_of_room(applier, judgement->request->plan->node, now_ms - REFRESH_MS);
	rooms_refuse(applier->rooms, judgement->node_id, &here);
	*ret_together = here.count > 1;
	return ADMISSION_REFUSED;
}

static enum admission judge(const struct judgement *judgement, uint64_t since_ms,
			    bool *ret_together, struct error *why)
{
	struct rooms *rooms = judgement->request->applier->rooms;
	const struct room_wishes here = those_here(judgement);
	if (waits_for_others(judgement, since_ms))
		return ADMISSION_LATER;
	enum room_verdict verdict = rooms_give(rooms, judgement->node_id, &here);
	if (verdict != ROOM_FITS)
		verdict = judge_again(judgement, &here);
	return verdict == ROOM_FITS	 ? ADMISSION_GRANTED
	       : verdict == ROOM_UNCLEAR ? ADMISSION_LATER
					 : refuse(judgement, ret_together, why);
}

/* The role capacity asks each node when it begins. */
static bool will_be_known(const struct admission_request *request, const char *node_id)
{
	const struct applier *applier = request->applier;
	return clock_monotonic_ms() - request->began_ms < FIRST_ANSWER_MS &&
	       cluster_watches(applier->cluster, CLUSTER_CAPACITIES) &&
	       rooms_asked_ms(applier->rooms, node_id) == 0;
}

enum admission admission_ask(const struct admission_request *request, bool *ret_together,
			     struct error *why)
{
	CLEANUP(judgement_done)
	struct judgement judgement = { .request = request,
				       .claim = claim_of(request->sight->claim),
				       .node_id = admission_node_id(request->plan) };
	struct rooms *rooms = request->applier->rooms;
	const struct room_wish wish = admission_wish(judgement.claim);
	uint64_t since_ms, left_bytes;
	*ret_together = false;
	/* What it shares with its source takes no room, so only the node can say. */
	if (judgement.claim->data_source)
		return ADMISSION_GRANTED;
	if (!rooms_left(rooms, judgement.node_id, wish.class_name, &left_bytes))
		return will_be_known(request, judgement.node_id) ? ADMISSION_LATER
								 : ADMISSION_GRANTED;
	enum room_standing standing = rooms_standing(rooms, judgement.node_id, &wish, &since_ms);
	if (standing == ROOM_GIVEN)
		return ADMISSION_GRANTED;
	collect(&judgement);
	if (standing == ROOM_SEEN || request->alone)
		return judge(&judgement, since_ms, ret_together, why);
	/* With another claim, and published. */
	*ret_together = true;
	explain(&judgement, why);
	return ADMISSION_REFUSED;
}
