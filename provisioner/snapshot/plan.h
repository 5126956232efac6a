/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What is to be done about a VolumeSnapshot next. Pure.
 *
 *	new -> prepared -> claim protected -> content made -> bound -> ready
 *	                                      (on a node: the role "snapshot")
 *	deleted -> content marked -> content deleted (policy Delete) -> released
 *
 * Each decision is one write. After it the plan is made again from what the write has answered, so
 * a process that ends anywhere is continued by the next one.
 *
 * Kubernetes' snapshot-controller does the same by the same names, finalizers and annotations, so
 * either may continue what the other began.
 */

#include "base/error.h"
#include "cluster/persistent_volume.h"
#include "cluster/snapshot.h"
#include "cluster/snapshot_class.h"
#include "cluster/snapshot_content.h"
#include "kube/claim.h"

/* What is seen of a snapshot at one moment; NULL: it is not there. */
struct snapshot_view {
	const struct snapshot *snapshot;
	const struct claim *claim;		/* its source */
	const struct persistent_volume *volume; /* the claim's */
	const struct snapshot_class *class;	/* the one it names */
	const struct snapshot_class *default_class;
	unsigned default_count; /* classes of our driver that are the default */
	bool foreign_classes;	/* there are classes of other drivers */

	/* The content that it is bound to, or names, or that would be made for it. */
	const struct snapshot_content *content;

	const struct claim *restored_to; /* a pending claim that is made from it */
};

enum snapshot_decision {
	SNAPSHOT_IGNORE,
	SNAPSHOT_PREPARE,	 /* its finalizers, and the default class */
	SNAPSHOT_PROTECT_CLAIM,	 /* the finalizer of the claim */
	SNAPSHOT_CREATE_CONTENT, /* of the plan's class */
	SNAPSHOT_BIND_CONTENT,	 /* the snapshot's uid, into the content */
	SNAPSHOT_WRITE_STATUS,	 /* what the content says */
	SNAPSHOT_MARK_CONTENT,	 /* it is being deleted */
	SNAPSHOT_DELETE_CONTENT,
	SNAPSHOT_RELEASE, /* take its finalizers off */
	SNAPSHOT_FAIL,	  /* the status and an event say why; try again */
	SNAPSHOT_PENDING, /* an event says why it is not deleted yet; try again */
};

struct snapshot_plan {
	enum snapshot_decision decision;
	const struct snapshot_class *class; /* CREATE_CONTENT, PREPARE; may be NULL */
	bool names_class;		    /* PREPARE: write its name into the snapshot */
	bool protects_bound;		    /* PREPARE: with the finalizer of a bound one */
	bool is_misbound;		    /* FAIL: the content is another snapshot's */
	const char *reason;		    /* of the event */
	struct error error;		    /* FAIL, PENDING */
};

/* Our driver's, so this role's. Others are never written to. */
bool snapshot_is_ours(const struct snapshot_view *view);

/* Its data may not be there yet, so its source must stay. */
bool snapshot_needs_claim(const struct snapshot *snapshot);

void snapshot_plan(const struct snapshot_view *view, struct snapshot_plan *ret_plan);
