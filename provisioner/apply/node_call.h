/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One CSI call to the plugin of one node: finds the channel, passes the gate (apply/node_gate.h),
 * checks the lead, bounds the call by what is left of it, measures, and names the node in the
 * error.
 */

#include <stdint.h>

#include "apply/applier.h"

struct pairs;
struct rpc_channel;

struct node_call {
	const char *node;
	const char *method;  /* "CreateVolume": for the metric */
	uint32_t timeout_ms; /* 0: the applier's */

	/* Makes the call within timeout_ms. */
	int (*send)(struct rpc_channel *rpc, uint32_t timeout_ms, void *context, struct error *err);

	/* For work that may take longer than the call's time by itself: a short call that any
	 * plugin answers at once, made when `send` had no answer. Its own outcome says that the
	 * plugin answers, and so does every error of it but ERROR_TIMEOUT, ERROR_UNAVAILABLE and
	 * ERROR_CANCELLED: a plugin may refuse a question about what it is working on. NULL: no
	 * answer to `send` means a silent plugin. */
	int (*probe)(struct rpc_channel *rpc, uint32_t timeout_ms, void *context,
		     struct error *err);
	void *context;
};

/* ERROR_UNAVAILABLE if the node's plugin cannot be reached, ERROR_CANCELLED without the lead; else
 * what `send` returns. */
int node_call(const struct applier *applier, const struct node_call *call, struct error *err);

/* The answer's gRPC code as conditions name it: "InvalidArgument". */
const char *node_call_code(enum error_code code);

/* The node's plugin has an address and our certificates can be used: ERROR_UNAVAILABLE says why
 * not. Nothing is sent. */
int node_call_check(const struct applier *applier, const char *node, struct error *err);

/* DeleteVolume. A volume that is not there counts as deleted. */
int node_call_delete_volume(const struct applier *applier, const char *node, const char *volume_id,
			    const struct pairs *secrets, struct error *err);
