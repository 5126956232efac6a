/* SPDX-License-Identifier: Apache-2.0 */
#include "claim/node_choice.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "apply/node_call.h"
#include "apply/rooms.h"
#include "base/hash.h"
#include "base/quantity.h"

/* A node that does not answer must not hold up the claim for long: there are others. */
#define CAPACITY_TIMEOUT_MS 2000

struct choice {
	const struct node_view *node;
	bool is_known; /* its room is */
	uint64_t left_bytes;
};

struct choices {
	struct choice *items;
	size_t count;
	uint64_t wanted_bytes;
};

struct question {
	const struct claim_plan *plan;
	uint64_t free_bytes;
	uint64_t volume_max_bytes;
};

static int send_question(struct rpc_channel *rpc, uint32_t timeout_ms, void *context,
			 struct error *err)
{
	struct question *question = context;
	const struct csi_create_volume_request *request = &question->plan->request;
	return csi_get_capacity(rpc, &request->parameters, request->capabilities, timeout_ms,
				&question->free_bytes, &question->volume_max_bytes, err);
}

static int ask(const struct applier *applier, const struct claim_plan *plan, const char *node,
	       uint64_t *ret_free_bytes, struct error *err)
{
	struct question question = { .plan = plan };
	if (node_call(applier,
		      &(struct node_call) { .node = node,
					    .method = "GetCapacity",
					    .timeout_ms = CAPACITY_TIMEOUT_MS,
					    .send = send_question,
					    .context = &question },
		      err) < 0)
		return -1;
	*ret_free_bytes =
		question.volume_max_bytes && question.volume_max_bytes < question.free_bytes
			? question.volume_max_bytes
			: question.free_bytes;
	return 0;
}

/* The node with most room changes from attempt to attempt, and an event's text must not. */
static int no_room(const struct claim_plan *plan, uint64_t best_bytes, struct error *err)
{
	char asked[QUANTITY_TEXT_MAX], most[QUANTITY_TEXT_MAX];
	quantity_format_bytes(plan->request.required_bytes, asked);
	quantity_format_about(best_bytes, most);
	return error_set(
		err, ERROR_EXHAUSTED,
		"no node that was asked has room for %s; the most that one has is about %s", asked,
		most);
}

/* A refusal by one node, of an unknown parameter say, would be the same on all of them. */
static int none_answered(const struct error *last, struct error *err)
{
	if (claim_failure_of(last->code, NULL) == CLAIM_FAILURE_FINAL)
		return error_set(err, last->code, "%s", last->text);
	return error_set(err, ERROR_UNAVAILABLE, "no node could be asked for room: %s", last->text);
}

static void shuffle(struct choices *choices)
{
	for (size_t i = choices->count; i > 1; i--) {
		size_t other = arc4random_uniform((uint32_t)i);
		struct choice choice = choices->items[i - 1];
		choices->items[i - 1] = choices->items[other];
		choices->items[other] = choice;
	}
}

/* Those that have room before those of which nothing is known, and the full ones last. */
static int rank(const struct choice *choice, uint64_t wanted_bytes)
{
	return !choice->is_known ? 1 : choice->left_bytes >= wanted_bytes ? 0 : 2;
}

static int by_room(const void *a, const void *b, void *context)
{
	const struct choice *one = a, *other = b;
	const struct choices *choices = context;
	int before = rank(one, choices->wanted_bytes), after = rank(other, choices->wanted_bytes);
	if (before != after)
		return before - after;
	return (one->left_bytes < other->left_bytes) - (one->left_bytes > other->left_bytes);
}

static int by_name(const void *a, const void *b)
{
	const struct choice *one = a, *other = b;
	return strcmp(one->node->node->object.name, other->node->node->object.name);
}

/* The turn of a claim "<x>-<n>": claims with the same <x> have turns that follow each other. false:
 * it has none. */
static bool turn_of(const struct claim *claim, uint64_t *ret_turn)
{
	const char *name = claim->object.name, *dash = strrchr(name, '-');
	char *end;
	if (!dash || dash[1] < '0' || dash[1] > '9')
		return false;
	uint64_t ordinal = strtoull(dash + 1, &end, 10);
	uint64_t hash = hash_text(claim->object.namespace);
	*ret_turn = hash_bytes(hash, name, (size_t)(dash - name)) + ordinal;
	return !*end;
}

/* Puts the node whose turn it is first, of those that have room. */
static void take_turns(const struct claim *claim, struct choices *choices)
{
	uint64_t turn;
	size_t roomy = 0;
	while (roomy < choices->count && rank(&choices->items[roomy], choices->wanted_bytes) == 0)
		roomy++;
	if (roomy < 2 || !turn_of(claim, &turn))
		return;
	qsort(choices->items, roomy, sizeof(*choices->items), by_name);
	struct choice *its = &choices->items[turn % roomy];
	struct choice first = choices->items[0];
	choices->items[0] = *its;
	*its = first;
}

static void collect(const struct applier *applier, const struct claim *claim,
		    const struct claim_plan *plan, struct choices *choices)
{
	choices->wanted_bytes = plan->request.required_bytes;
	choices->items = must_alloc(plan->candidate_count * sizeof(*choices->items));
	for (size_t i = 0; i < plan->candidate_count; i++) {
		struct choice *choice = &choices->items[choices->count++];
		choice->node = &plan->candidates[i];
		choice->is_known = rooms_left(applier->rooms, choice->node->csi_node->node_id,
					      claim->class_name, &choice->left_bytes);
	}
	shuffle(choices);
	qsort_r(choices->items, choices->count, sizeof(*choices->items), by_room, choices);
	take_turns(claim, choices);
}

/* The best of those that were asked. */
struct found {
	const struct node_view *node;
	uint64_t bytes;
	struct error last;
};

/* What is known of a node that cannot be reached, or has less room than that, is wrong. */
static void ask_one(const struct applier *applier, const struct claim_plan *plan,
		    const struct choice *choice, struct found *found)
{
	const struct node_view *node = choice->node;
	uint64_t bytes;
	bool answers = ask(applier, plan, node->node->object.name, &bytes, &found->last) == 0;
	if (choice->is_known && choice->left_bytes >= plan->request.required_bytes &&
	    (!answers || bytes < plan->request.required_bytes))
		rooms_note(applier->rooms, node->csi_node->node_id, &(struct room_answers) { 0 });
	if (answers && (!found->node || bytes > found->bytes)) {
		found->node = node;
		found->bytes = bytes;
	}
}

static bool is_found(const struct choices *choices, size_t asked, const struct found *found)
{
	return found->node == choices->items[asked].node && choices->items[asked].is_known &&
	       found->bytes >= choices->wanted_bytes;
}

int node_choice(const struct applier *applier, const struct claim *claim,
		const struct claim_plan *plan, const struct node_view **ret_node, struct error *err)
{
	struct choices choices = { 0 };
	struct found found = { 0 };
	assert(plan->candidate_count > 0);
	collect(applier, claim, plan, &choices);
	for (size_t i = 0; i < choices.count && i < NODE_CHOICE_ASKED_MAX; i++) {
		ask_one(applier, plan, &choices.items[i], &found);
		if (is_found(&choices, i, &found))
			break;
	}
	free(choices.items);
	if (!found.node)
		return none_answered(&found.last, err);
	/* None at all may mean that a node can never serve such a class. Only CreateVolume says
	 * why. */
	if (found.bytes && found.bytes < plan->request.required_bytes)
		return no_room(plan, found.bytes, err);
	*ret_node = found.node;
	return 0;
}
