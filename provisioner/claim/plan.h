/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What should be done about a claim, decided from what we see and nothing else.
 *
 * A volume must not be lost between its creation and its PersistentVolume. So before a node is
 * asked, an intent is written on the claim: a finalizer, which keeps a deleted claim until we have
 * cleared up, and an annotation that names the node. The intent goes when the PersistentVolume
 * stands, or when we know that there is no volume:
 *
 *	waiting --intent on the claim--> making --PersistentVolume--> settled --intent off--> done
 *				            |
 *				            +--claim deleted, other node, final error--> undone
 *
 * docs/decisions/0005-intent-on-the-claim.md has the reasons.
 *
 * A claim that is a copy (claim/source.h) is made on the node of its source. No scheduler selects
 * that node, so where the class waits for one, the volume is made before; the PersistentVolume
 * names the claim, so the binder binds the two, and the scheduler follows the volume.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "claim/secret_names.h"
#include "claim/source.h"
#include "cluster/attributes_class.h"
#include "cluster/class.h"
#include "cluster/nodes.h"
#include "cluster/persistent_volume.h"
#include "csi/client.h"
#include "kube/claim.h"

#define CLAIM_INTENT_FINALIZER "kentledge.io/provisioning"
#define CLAIM_INTENT_ANNOTATION "kentledge.io/provisioning-node"

enum claim_decision {
	CLAIM_IGNORE,	  /* not ours, or nothing left to do */
	CLAIM_WAIT,	  /* for the scheduler to select a node */
	CLAIM_LEAVE,	  /* to the populator of its data source */
	CLAIM_REFUSE,	  /* `reason`: cannot be served as things stand */
	CLAIM_RESCHEDULE, /* `node` cannot serve it: let the scheduler select again */
	CLAIM_CHOOSE,	  /* ask the candidates for room, then claim_plan_place() */
	CLAIM_PROVISION,  /* make the volume of `request` on `node` */
	/* No claim wants the volume that may be on `node`. Copies of the cluster that are behind
	 * may say so, too: claim_sight_confirm(). */
	CLAIM_UNDO,
	CLAIM_SETTLE, /* the PersistentVolume stands: the intent may go */
};

struct claim_view {
	const struct claim *claim;
	const struct class *class; /* of its name; NULL: not there */
	/* Of spec.volumeAttributesClassName; NULL: not there, or the claim names none. */
	const struct attributes_class *attributes_class;
	bool attributes_unserved;		/* the API server does not know such classes */
	const struct persistent_volume *volume; /* named claim_volume_name(); NULL: not there */
	const struct node_view *nodes;		/* the one of claim_plan_node(), else all */
	size_t node_count;
	const struct error *unreachable; /* why the plugin of claim_plan_node() cannot be called */
	const struct claim_source *source; /* of a copy; else NULL */
};

struct claim_plan {
	enum claim_decision decision;
	struct error reason;
	const char *node;
	bool node_gone;	  /* UNDO, RESCHEDULE: no Node of that name is in the cluster */
	bool source_lost; /* UNDO: because its source is gone, or elsewhere */
	bool grace;	  /* RESCHEDULE: its plugin may only be restarting */
	bool stays;	  /* PROVISION: it may not leave the node now (claim/departure.h) */
	bool together;	  /* RESCHEDULE: it does not fit with others (claim/admission.h) */
	bool has_intent;  /* it is on the claim already, so the volume may exist */
	bool fixed;	  /* PROVISION: no other node can make it, since its source is there */
	const struct object *source; /* PROVISION: what must stay meanwhile; NULL: nothing */
	/* PROVISION: the node that the scheduler has selected instead; NULL: none. `unselect` has
	 * that choice removed, so that it follows the volume. */
	const char *selected;
	bool unselect;
	const struct node_view *candidates;
	size_t candidate_count;
	struct csi_create_volume_request request; /* without secrets; CHOOSE: nor topology */
	/* Of a volume that is made; where it is undone, as far as its class still says so. */
	struct secret_names secrets;
};

/* The intent's node; NULL if the claim has no intent. */
const char *claim_intent_node(const struct claim *claim);

/* A claim that the provisioner may have to do something about: for the index of waiting claims. */
bool claim_concerns_us(const struct claim *claim);

/* The same, or it may be handed to us soon: where binding waits for a node, kube-controller-manager
 * names the provisioner only after a node is selected. The class says whose it is. */
bool claim_may_concern_us(const struct claim *claim);

/* The one node whose view the plan needs, or NULL: then it needs all of them, if the class's
 * binding mode is Immediate and the claim is no copy. class and source may be NULL. */
const char *claim_plan_node(const struct claim *claim, const struct class *class,
			    const struct claim_source *source);

void claim_plan(const struct claim_view *view, struct arena *arena, struct claim_plan *ret_plan);

/* Whether a volume would be made for the claim on a node that allows it: nothing in it is refused,
 * and no PersistentVolume is there for it yet. Of the view's nodes, and of a copy, it says nothing.
 */
bool claim_can_be_made(const struct claim_view *view, struct arena *arena);

/* Turns CHOOSE into PROVISION on that node. */
void claim_plan_place(struct claim_plan *plan, const struct node_view *node, struct arena *arena);

/* What the error of CreateVolume says about the volume. */
enum claim_failure {
	CLAIM_FAILURE_FINAL, /* it was not made, and will not be by asking again soon */
	/* It may have been made, or a part of it: ask the same node for the same again. */
	CLAIM_FAILURE_BACKGROUND,
	CLAIM_FAILURE_RESCHEDULE, /* no room there, and the scheduler can select another node */
};

/* class NULL: no scheduler is concerned, or it has no choice. */
enum claim_failure claim_failure_of(enum error_code code, const struct class *class);
