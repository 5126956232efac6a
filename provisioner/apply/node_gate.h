/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Before the calls to a node whose plugin does not answer. Such a call holds a worker as long as
 * its timeout, and without a gate the keys of one silent node would hold all workers of a role
 * again and again, so that nothing would be done on the other nodes.
 *
 *	open --a call got no answer--> shut --pause--> one call tries --an answer--> open
 *	                                 ^                    |
 *	                                 +---the pause doubles+
 *
 * What is refused at a shut gate was not sent.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"

struct node_gates;

struct node_gates *node_gates_new(uint32_t pause_min_ms, uint32_t pause_max_ms);
void node_gates_free(struct node_gates *gates);

/* ERROR_UNAVAILABLE: shut. Else the call may be made, and node_gate_leave() ends it. */
int node_gate_enter(struct node_gates *gates, const char *node, struct error *err);
void node_gate_leave(struct node_gates *gates, const char *node, bool answered);

DEFINE_CLEANUP(struct node_gates *, node_gates_free);
