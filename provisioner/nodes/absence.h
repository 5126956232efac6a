/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * For how long this process itself has missed a node, and when that node was there last. The notes
 * on PersistentVolumes count across leaders, but they may be older than what happened since: the
 * API server was restored from a backup, the machine started with a wrong clock, or the node was
 * back for so short a time that its notes were not taken off. So nothing is deleted because of a
 * note alone. An entry is kept while a volume names the node. Thread-safe.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "nodes/plan.h"

struct absences;

/* What we have seen of a node that is missing. */
struct absence_sight {
	int64_t seen_s;	 /* for so long */
	int64_t there_s; /* it was there at that time; 0: never as far as we have seen */
};

struct absences *absences_new(void);
void absences_free(struct absences *absences);

/* The node is missing now; now->wall_s: node_life_now_s(). */
void absence_begin(struct absences *absences, const char *node_id, const struct node_life_time *now,
		   struct absence_sight *ret_sight);

/* It is there now, or was until now. */
void absence_end(struct absences *absences, const char *node_id, const struct node_life_time *now);

/* No volume names the node any more. */
void absence_forget(struct absences *absences, const char *node_id);

size_t absence_count(struct absences *absences);

DEFINE_CLEANUP(struct absences *, absences_free);
