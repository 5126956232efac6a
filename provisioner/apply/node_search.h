/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Which node has something of which nothing but the handle is known, such as a snapshot: all nodes
 * are asked, many at once.
 */

#include <stddef.h>
#include <stdint.h>

#include "apply/applier.h"

struct rpc_channel;

struct node_search {
	const char *method; /* "GetSnapshot": for the metric */
	const char *what;   /* "snapshot \"x\"": for the error */

	/* Asks one node; ERROR_NOT_FOUND: it does not have it. Called by several threads. */
	int (*ask)(struct rpc_channel *rpc, uint32_t timeout_ms, const void *question,
		   void *ret_answer, struct error *err);
	const void *question;
	size_t answer_bytes;
};

struct node_finding {
	char *node;    /* its name; yours */
	char *node_id; /* yours */
};

/* ERROR_INVALID: a node says that it has something else than what was asked for; its text.
 * ERROR_NOT_FOUND: every node has answered, and none has it. ERROR_UNAVAILABLE: no node that has
 * answered has it; the text names the others. A Node with the label of our topology key whose
 * CSINode lacks the driver, such as while its plugin restarts, is one of the others. No node at all
 * is ERROR_UNAVAILABLE, too. Bounded in time. *ret_answer is the finder's answer. */
int node_search_run(const struct applier *applier, const struct node_search *what, void *ret_answer,
		    struct node_finding *ret_finding, struct error *err);

void node_finding_done(struct node_finding *finding);
