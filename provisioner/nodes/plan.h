/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What should be done about a volume whose node may have left the cluster, decided from what we
 * see.
 *
 * A node is gone when no Node object stands for the node id that the volume's affinity names, and
 * this has lasted for a while (--node-gone-after). A node whose plugin does not answer, or where
 * our driver is not registered, is not gone. The beginning stands in an annotation on the
 * PersistentVolume, so that the next leader counts on:
 *
 *	there --Node goes--> noted --time is up--> gone: released: the record is forgotten
 *	  ^                    |                         bound:    an event on the claim
 *	  +-----Node is back---+
 *
 * A note from before the node was last there counts as none: the node was back, and left again
 * before the note was taken off.
 *
 * A volume with the policy Retain is not written to, and the data of no volume are deleted here.
 * docs/decisions/0030-a-node-that-is-gone.md has the reasons.
 */

#include <stdbool.h>
#include <stdint.h>

#include "cluster/node_absence.h"
#include "cluster/persistent_volume.h"
#include "kube/claim.h"

#define NODE_LIFE_LOOK_S (60 * 60) /* a look at least so often while the time runs */

enum node_life_decision {
	NODE_LIFE_IGNORE,
	NODE_LIFE_MARK,	  /* note that the node is missing, since now */
	NODE_LIFE_UNMARK, /* take the note off */
	NODE_LIFE_WAIT,	  /* look again in `wait_s` */
	NODE_LIFE_TELL,	  /* the claim: its volume's node is gone */
	NODE_LIFE_FORGET, /* delete the record; the data were left on the node */
};

struct node_life_view {
	const struct persistent_volume *volume;
	const struct claim *claim; /* the one that claimRef names; NULL: not there */
	bool node_is_there;	   /* a Node stands for the node id of the volume's affinity */
	int64_t now_s;		   /* node_life_now_s() */
	int64_t gone_after_s;
	int64_t seen_s;	 /* this process has seen the node missing for so long */
	int64_t there_s; /* and has seen it there at that time; 0: never */
	int64_t sight_s; /* it must have seen it missing have for so long before it deletes anything
			  */
	bool forget_released; /* else released volumes wait for their node without end */
};

struct node_life_plan {
	enum node_life_decision decision;
	const char *node_id; /* of the volume's affinity; NULL: it names none as we write it */
	const char *since;   /* the note; NULL: there is none */
	uint32_t wait_s;
	bool released; /* WAIT: its deletion waits for the node, which the PersistentVolume says */
};

void node_life_plan(const struct node_life_view *view, struct node_life_plan *ret_plan);

/* A reading of the wall clock and of the clock that never jumps (clock_boot_ms()). */
struct node_life_time {
	int64_t wall_s;
	uint64_t boot_ms;
};

/* The time by which nodes are judged: the wall clock, but where that has jumped ahead since
 * `start`, the time that has really passed. So no jump of the clock shortens the time that a node
 * has. */
int64_t node_life_now_s(const struct node_life_time *start, const struct node_life_time *now);
