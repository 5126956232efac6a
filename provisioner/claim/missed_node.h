/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * For how long this process has missed the node of an intent. A Node object that is deleted may be
 * created again within a minute, by an autoscaler or by a kubelet that registers again, and the
 * data are still there. A claim that gave its node up at once would leave a volume on it that no
 * PersistentVolume records.
 *
 * This is kept in memory alone: a new leader waits from the beginning. Thread-safe.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "cluster/node_view.h"

struct missed_nodes;

/* bound_ms: how long a node must have been missed before it is given up. */
struct missed_nodes *missed_nodes_new(uint32_t bound_ms);
void missed_nodes_free(struct missed_nodes *nodes);

/* The node is missing at now_ms (clock_monotonic_ms()). Returns for how long it must be missed yet
 * before it is given up; 0: no longer. A node that no claim asked about for twice the bound counts
 * from now. */
uint32_t missed_node_left_ms(struct missed_nodes *nodes, const char *name, uint64_t now_ms);

/* These are in the cluster. */
void missed_nodes_end(struct missed_nodes *nodes, const struct node_view *views, size_t count);

/* So is this one, although our copy does not show it. */
void missed_node_end(struct missed_nodes *nodes, const char *name);

DEFINE_CLEANUP(struct missed_nodes *, missed_nodes_free);
