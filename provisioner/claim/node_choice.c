/* SPDX-License-Identifier: Apache-2.0 */
#include "claim/node_choice.h"

#include <assert.h>
#include <stdlib.h>

#include "apply/node_call.h"
#include "base/quantity.h"

/* A node that does not answer must not hold up the claim for long: there are others. */
#define CAPACITY_TIMEOUT_MS 2000

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

int node_choice(const struct applier *applier, const struct claim_plan *plan,
		const struct node_view **ret_node, struct error *err)
{
	const struct node_view *best = NULL;
	uint64_t best_bytes = 0;
	struct error last = { 0 };
	size_t count = plan->candidate_count;
	assert(count > 0);
	size_t first = arc4random_uniform((uint32_t)count);
	for (size_t i = 0; i < count && i < NODE_CHOICE_ASKED_MAX; i++) {
		const struct node_view *node = &plan->candidates[(first + i) % count];
		uint64_t free_bytes;
		if (ask(applier, plan, node->node->object.name, &free_bytes, &last) < 0)
			continue;
		if (!best || free_bytes > best_bytes) {
			best = node;
			best_bytes = free_bytes;
		}
	}
	if (!best)
		return none_answered(&last, err);
	/* None at all may mean that a node can never serve such a class. Only CreateVolume says
	 * why. */
	if (best_bytes && best_bytes < plan->request.required_bytes)
		return no_room(plan, best_bytes, err);
	*ret_node = best;
	return 0;
}
