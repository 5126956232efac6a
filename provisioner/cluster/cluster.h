/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the provisioner sees of the cluster: live copies of claims, volumes, classes, nodes and the
 * addresses of the node plugin; and word of every change that may matter to a claim or a volume.
 *
 * Changes of a class, a node or an address touch the claims and volumes that may be waiting for
 * it, so that nobody waits for a retry when what was missing has come.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "claim/plan.h"
#include "kube/client.h"

struct cluster;

struct cluster_options {
	struct kube_client *client;
	const char *namespace;	  /* of the node plugin's Service */
	const char *node_service; /* "kentledge-node" */

	/* In a thread of the cluster's: the key wants to be looked at. */
	void (*claim_touched)(void *context, const char *namespace, const char *name);
	void (*volume_touched)(void *context, const char *name);
	/* Listing or watching failed and is tried again: for the log. */
	void (*failed)(void *context, const char *what, const struct error *err);
	void *context;
};

struct cluster *cluster_new(const struct cluster_options *options);

/* kube_client_stop() first. */
void cluster_free(struct cluster *cluster);

int cluster_wait_synced(struct cluster *cluster, uint32_t timeout_ms, struct error *err);

/* References of the caller's, or NULL. */
struct object *cluster_claim(struct cluster *cluster, const char *namespace, const char *name);
struct object *cluster_volume(struct cluster *cluster, const char *name);
struct object *cluster_class(struct cluster *cluster, const char *name);

/* Views of nodes, and the references behind them. */
struct cluster_nodes {
	struct node_view *views;
	size_t count;
};

/* The node of that name, if it is there; all nodes for NULL. */
void cluster_nodes_get(struct cluster *cluster, const char *name, struct cluster_nodes *ret_nodes);
void cluster_nodes_done(struct cluster_nodes *nodes);

/* Appends the name of the Node that our driver knows by that id; false if there is none. */
bool cluster_find_node(struct cluster *cluster, const char *node_id, struct text *name);

/* Appends where the node's plugin listens. ERROR_UNAVAILABLE: nowhere that we know of. */
int cluster_find_address(struct cluster *cluster, const char *node, struct text *address,
			 struct error *err);

DEFINE_CLEANUP(struct cluster *, cluster_free);
