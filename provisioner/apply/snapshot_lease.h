/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The lease of a snapshot-controller that the cluster may have: whether a process renews it.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "kube/client.h"

#define SNAPSHOT_LEASE_NAME "snapshot-controller-leader"

/* What was seen of it so far; begins as { 0 }. */
struct snapshot_lease {
	char *holder;	  /* NULL: there is none */
	char *renewed;	  /* as text: it is of another's clock */
	uint64_t seen_ms; /* when we saw that first, on ours */
};

void snapshot_lease_done(struct snapshot_lease *lease);

/* Pure: takes one look into account. holder NULL: there is no lease; "": it is free. True if it is
 * held: a process has it, and has renewed it in the last gone_ms. What is seen for the first time
 * counts as just renewed. */
bool snapshot_lease_judge(struct snapshot_lease *lease, const char *holder, const char *renewed,
			  uint64_t now_ms, uint32_t gone_ms);

/* Reads it. 1: it is held; 0: it is not, or is not there. */
int snapshot_lease_look(struct snapshot_lease *lease, struct kube_client *client,
			const char *namespace, uint32_t gone_ms, struct error *err);
