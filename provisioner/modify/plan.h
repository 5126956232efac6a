/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What should be done about the VolumeAttributesClass of a bound claim, decided from what we see.
 *
 * A user changes what a volume may do by naming another class in the claim. This role sends the
 * class's parameters to the volume's node and records the result:
 *
 *	spec != current -> IN_PROGRESS -> volume changed -> PersistentVolume -> current = target
 *	      |                 |
 *	      |                 +-> INFEASIBLE: tried rarely, until the claim names another class
 *	      +-> no such class: PENDING, until there is one
 *
 * The class that is driven at is the target (status.modifyVolumeStatus). While it is not known
 * whether the node has taken its parameters, the target stays, whatever class the claim names: else
 * the node could take the parameters of the older call last. A claim that is found IN_PROGRESS is
 * such a case, unless this process itself has the answer (modify/answers.h).
 *
 * The user takes a change back by naming the old class again, whose parameters are then sent, or,
 * where there was none, by naming none.
 *
 * The rules are those of Kubernetes' external-resizer (KEP-3751), so that either may continue what
 * the other began. A class of another driver is refused; external-resizer sends it.
 */

#include <stdbool.h>

#include "base/error.h"
#include "cluster/attributes_class.h"
#include "cluster/nodes.h"
#include "cluster/persistent_volume.h"
#include "kube/claim.h"

enum modify_decision {
	MODIFY_IGNORE, /* not ours, or nothing to do */
	MODIFY_SEND,   /* the parameters of the target to `node` */
	MODIFY_AWAIT,  /* there is no class of the target's name: `reason` */
	MODIFY_REJECT, /* the target is of another driver: `reason` */
	MODIFY_CANCEL, /* the claim names no class any more, and none was ever applied */
	MODIFY_REFUSE, /* not now, and nothing is to be recorded: `reason` */
};

struct modify_view {
	const struct claim *claim;
	bool answered; /* the last call for this claim got an answer that is final */
	const struct attributes_class *class;	/* of modify_target(); NULL: not there */
	bool unserved;				/* the API server does not know such classes */
	const struct persistent_volume *volume; /* the one that the claim names; NULL: not there */
	const struct cluster_nodes *nodes;	/* volume_node_candidates() */
};

struct modify_plan {
	enum modify_decision decision;
	const char *target;
	bool repeats; /* the claim says so already: an attempt is continued */
	const char *node;
	struct error reason;
};

/* The class that the volume is to have next; NULL: it has what it should have. */
const char *modify_target(const struct claim *claim, bool answered);

/* There may be something to do about the claim's class. */
bool modify_is_wanted(const struct claim *claim);

/* The same, and not only now and then. */
bool modify_waits_for_node(const struct claim *claim);

void modify_plan(const struct modify_view *view, struct modify_plan *ret_plan);
