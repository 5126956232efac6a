/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the role remembers of each node between two rounds. Nothing of it must survive a restart:
 * the claims say what was written, and a new process needs one round more to believe that a volume
 * is missing.
 *
 * An entry is held by the worker that has the node's key.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uthash.h>

#define MEMORY_STATUSES 4 /* enum csi_health_status, from 1 */

struct memory;

/* A volume of the node. */
struct memory_volume {
	UT_hash_handle hh;
	bool seen;	      /* in this round */
	unsigned absences;    /* complete rounds in a row without it in the list */
	unsigned wait_rounds; /* until an absent one is asked for again */
	unsigned statuses;    /* of its conditions when we heard of it last: 1 << status */
	char *announced;      /* the set that the last event was about; NULL: nothing is wrong */
	char handle[];
};

struct memory_node {
	uint64_t next_ms;	/* when the next round is due */
	uint64_t gone_since_ms; /* 0: the node is there */
	int64_t gone_wall_s;	/* by the wall clock; likewise */
	int64_t there_s;	/* when the node was there last; 0: not as far as we have seen */
	bool silent;		/* an event said so */
	size_t counts[MEMORY_STATUSES];
	struct memory_volume *volumes; /* by handle */
	char *first;		       /* the handle from which the next round asks; NULL: any */
};

struct memory *memory_new(void);
void memory_free(struct memory *memory);

/* The entry stays until it is forgotten by the same worker. */
struct memory_node *memory_of(struct memory *memory, const char *node_id);
void memory_forget(struct memory *memory, const char *node_id);

/* A volume of the node is looked at in this round; those that are not, or of which there is nothing
 * to remember, are dropped at its end. NULL: nothing is remembered of it. */
struct memory_volume *memory_find(struct memory_node *node, const char *handle);
struct memory_volume *memory_see(struct memory_node *node, const char *handle);
void memory_end_round(struct memory_node *node);

/* How many volumes of the node have a condition of each status, for the gauge. */
void memory_count(struct memory *memory, struct memory_node *node,
		  const size_t counts[static MEMORY_STATUSES]);
