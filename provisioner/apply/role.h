/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A role of the provisioner: one thing that it does for the cluster, from the change that it waits
 * for to the effect.
 *
 *	change (cluster/cluster.h) -> wake -> queue -> reconcile: plan -> apply
 *
 * A role is a folder that offers one of these, and a line in the table of provisioner.c. Roles do
 * not know each other. A role that is switched off watches nothing and does nothing.
 */

#include "apply/applier.h"
#include "apply/lane.h"
#include "cluster/cluster.h"
#include "kube/workqueue.h"

/* The object changed while we looked at it: look again after so long. */
#define ROLE_AGAIN_MS 200

#define ROLE_INDEXES_MAX 2 /* beside the first */

struct role {
	const char *name;  /* of --roles */
	const char *queue; /* its name in the metrics of queues */

	/* The lease of upstream's sidecar that does the same, by which the two exclude each other;
	 * NULL: that of external-provisioner, which the whole process holds. Roles may share one.
	 */
	const char *lease;

	/* It works on so many keys at once: --workers divided by this. One that takes long counts
	 * no longer (kube/workqueue.h). */
	unsigned share;

	/* Of what a key's work keeps waiting (apply/lane.h). NULL: no key has a lane. */
	void (*name_lanes)(struct cluster *cluster, const char *key,
			   const struct lane_names *names);
	unsigned kinds; /* CLUSTER_BIT() of what it watches */

	/* How it groups the objects of a kind for cluster_list(); NULL: not at all. Roles that
	 * group the same kind name different groups, or share the function. */
	object_index_fn *index[CLUSTER_KINDS];
	object_index_fn *more_indexes[CLUSTER_KINDS][ROLE_INDEXES_MAX]; /* in other ways too */

	/* In a thread of the cluster's, before wake: what the role remembers follows the change.
	 * NULL: nothing that it remembers does. */
	void (*changed)(void *context, const struct cluster_change *change);

	/* In a thread of the cluster's: puts those keys into the queue whose objects may need
	 * another plan now. */
	void (*wake)(struct workqueue *queue, const struct cluster_change *change);

	/* The same for all objects that there may be something to do about: when the role acquires
	 * its lease, or stands by no longer. What changed before was not kept. NULL where the role
	 * has no lease and never stands by. */
	void (*wake_all)(struct workqueue *queue, struct cluster *cluster);

	/* What the role remembers between its reconciles, and their context. NULL: nothing, the
	 * context is the applier. */
	void *(*begin)(const struct applier *applier);
	void (*end)(void *context);

	/* It may have a thread of its own between these, within begin and end: from when the first
	 * lists are in to when the provisioner stops. NULL: it has none. */
	void (*start)(void *context);
	void (*stop)(void *context);

	/* It must not act, because another program does its work. It drops its keys then, and has
	 * all objects looked at, by wake_all, after applier_resumed(). NULL: it never stands by. */
	bool (*stands_by)(void *context);
	reconcile_fn *reconcile;
	void (*failed)(void *context, const char *key, const struct error *err,
		       uint32_t retry_after_ms);

	/* See applier_short_of_room(); NULL: that is nothing to the role. In a worker of another
	 * role's queue. */
	void (*short_of_room)(void *context, const char *node, uint64_t since_ms);

	/* See applier_room_changed(); NULL: that is nothing to the role. Puts keys into its queue.
	 */
	void (*room_changed)(struct workqueue *queue, struct cluster *cluster, const char *node);
};
