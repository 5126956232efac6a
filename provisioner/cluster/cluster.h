/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the provisioner sees of the cluster: live copies of the kinds of objects that its roles
 * watch, and every change of them.
 *
 * Some kinds are optional: the API server may not serve them. The copy of such a kind is empty
 * meanwhile and counts as complete, and fills within half a minute once the kind is served.
 *
 * cluster/nodes.h answers questions about nodes from these copies.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "kube/client.h"
#include "kube/object.h"
#include "kube/object_store.h"

struct cluster;

enum cluster_kind {
	CLUSTER_CLAIMS,
	CLUSTER_VOLUMES,
	CLUSTER_CLASSES,
	CLUSTER_NODES,		    /* grouped by the label of our topology key */
	CLUSTER_CSI_NODES,	    /* grouped by our driver's node id */
	CLUSTER_SLICES,		    /* EndpointSlices of the node plugin's Service */
	CLUSTER_CAPACITIES,	    /* our capacity objects */
	CLUSTER_ATTRIBUTES_CLASSES, /* optional */
	CLUSTER_SNAPSHOTS,	    /* optional, as the next two */
	CLUSTER_SNAPSHOT_CONTENTS,
	CLUSTER_SNAPSHOT_CLASSES,
	CLUSTER_GROUP_SNAPSHOTS, /* optional, as the next two; v1, or v1beta2 where v1 is not served
				  */
	CLUSTER_GROUP_CONTENTS,
	CLUSTER_GROUP_CLASSES,
	CLUSTER_REFERENCE_GRANTS, /* optional; grouped by namespace */
	CLUSTER_KINDS,
};

#define CLUSTER_BIT(kind) (1u << (kind))

struct cluster_change {
	struct cluster *cluster;
	enum cluster_kind kind;
	const struct object *before; /* NULL: it is new */
	const struct object *after;  /* NULL: it is gone */
};

struct cluster_options {
	struct kube_client *client;
	const char *namespace;	  /* of the node plugin's Service and of our capacity objects */
	const char *node_service; /* "kentledge-node" */
	unsigned kinds;		  /* CLUSTER_BIT() of those to be watched */
	object_index_fn *index[CLUSTER_KINDS][OBJECT_INDEXES_MAX]; /* ended by NULL */

	/* In a thread of the cluster's, after the copy has changed. */
	void (*changed)(void *context, const struct cluster_change *change);
	/* Listing or watching failed and is tried again: for the log. */
	void (*failed)(void *context, const char *what, const struct error *err);
	/* Once at each change: the API server does not serve an optional kind, or does so again. */
	void (*served)(void *context, const struct kind *kind, bool served);
	void *context;
};

struct cluster *cluster_new(const struct cluster_options *options);

/* kube_client_stop() first. */
void cluster_free(struct cluster *cluster);

int cluster_wait_synced(struct cluster *cluster, uint32_t timeout_ms, struct error *err);

/* All first lists are in. Before, each claim and volume arrives as a change of its own anyway, so a
 * change of something that they wait for needs to wake none of them. */
bool cluster_is_complete(const struct cluster *cluster);

/* False for an optional kind that the API server does not serve, and before its first list. */
bool cluster_serves(struct cluster *cluster, enum cluster_kind kind);

/* The version of the kind in which to create objects. Those of the copy bear it as their kind. */
const struct kind *cluster_served_kind(struct cluster *cluster, enum cluster_kind kind);

/* A reference of the caller's, or NULL. namespace "" for kinds of the whole cluster. */
struct object *cluster_get(struct cluster *cluster, enum cluster_kind kind, const char *namespace,
			   const char *name);

/* All objects of the kind, or those of one group. */
void cluster_list(struct cluster *cluster, enum cluster_kind kind, const char *key,
		  struct object_list *ret_list);

/* A role that is switched on asked for it. */
bool cluster_watches(const struct cluster *cluster, enum cluster_kind kind);

size_t cluster_count(struct cluster *cluster, enum cluster_kind kind);

const char *cluster_namespace(const struct cluster *cluster);
const char *cluster_node_service(const struct cluster *cluster);

DEFINE_CLEANUP(struct cluster *, cluster_free);
