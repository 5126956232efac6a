/* SPDX-License-Identifier: Apache-2.0 */
#include "apply/node_call.h"

#include "apply/measure.h"
#include "apply/node_channel.h"
#include "apply/node_gate.h"
#include "base/clock.h"
#include "csi/client.h"
#include "rpc/status.h"

static int send(const struct applier *applier, const struct node_call *call,
		const struct node_channel *channel, struct error *err)
{
	uint32_t limit_ms = call->timeout_ms ? call->timeout_ms : applier->call_timeout_ms;
	if (lead_check(&applier->lead, err) < 0)
		return -1;
	uint64_t since_ms = clock_monotonic_ms();
	/* At least 1: to gRPC's wrapper 0 may mean no limit, and the lead was held just now. */
	uint32_t timeout_ms = lead_bound_ms(&applier->lead, limit_ms);
	int r = call->send(node_channel_rpc(channel), timeout_ms ? timeout_ms : 1, call->context,
			   err);
	measure_call(call->method, since_ms, r < 0 ? err : NULL);
	return r;
}

#define PROBE_MS 2000

/* The plugin answered, with whatever code. */
static bool is_answer(int r, const struct error *err)
{
	return r == 0 || (err->code != ERROR_TIMEOUT && err->code != ERROR_CANCELLED &&
			  err->code != ERROR_UNAVAILABLE);
}

/* The plugin answers, though not `send`. */
static bool is_at_work(const struct applier *applier, const struct node_call *call,
		       const struct node_channel *channel)
{
	struct error err;
	uint32_t timeout_ms = lead_bound_ms(&applier->lead, PROBE_MS);
	if (!call->probe || !timeout_ms)
		return false;
	int r = call->probe(node_channel_rpc(channel), timeout_ms, call->context, &err);
	return is_answer(r, &err);
}

/* A call with less than the usual time is short, too short to say that the node is silent. */
static int pass_gate(const struct applier *applier, const struct node_call *call,
		     const struct node_channel *channel, struct error *err)
{
	bool gated = call->timeout_ms == 0 || call->timeout_ms >= applier->call_timeout_ms;
	if (gated && node_gate_enter(applier->gates, call->node, err) < 0)
		return -1;
	int r = send(applier, call, channel, err);
	if (gated || is_answer(r, err))
		node_gate_leave(applier->gates, call->node,
				r == 0 || err->code != ERROR_TIMEOUT ||
					is_at_work(applier, call, channel));
	return r;
}

int node_call(const struct applier *applier, const struct node_call *call, struct error *err)
{
	CLEANUP(node_channel_putp) struct node_channel *channel = NULL;
	if (node_channel_get(applier->channels, call->node, &channel, err) < 0 ||
	    pass_gate(applier, call, channel, err) < 0)
		return error_prefix(err, "node \"%s\"", call->node);
	return 0;
}

int node_call_check(const struct applier *applier, const char *node, struct error *err)
{
	CLEANUP(node_channel_putp) struct node_channel *channel = NULL;
	if (node_channel_get(applier->channels, node, &channel, err) < 0)
		return error_prefix(err, "node \"%s\"", node);
	return 0;
}

const char *node_call_code(enum error_code code)
{
	return rpc_status_name(rpc_status_of_error(code));
}

struct deletion {
	const char *volume_id;
	const struct pairs *secrets;
};

static int send_delete(struct rpc_channel *rpc, uint32_t timeout_ms, void *context,
		       struct error *err)
{
	const struct deletion *deletion = context;
	return csi_delete_volume(rpc, deletion->volume_id, deletion->secrets, timeout_ms, err);
}

int node_call_delete_volume(const struct applier *applier, const char *node, const char *volume_id,
			    const struct pairs *secrets, struct error *err)
{
	struct deletion deletion = { .volume_id = volume_id, .secrets = secrets };
	return node_call(applier,
			 &(struct node_call) { .node = node,
					       .method = "DeleteVolume",
					       .send = send_delete,
					       .context = &deletion },
			 err);
}
