/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * All that the plugin serves: CSI on the unix socket and perhaps on TCP, health and metrics over
 * HTTP, and the offer to the kubelet. It starts when the pools are open and ends before they close.
 */

#include "base/cleanup.h"
#include "base/error.h"

struct node;
struct node_server;
struct options;

int node_server_new(struct node *node, const struct options *options,
		    struct node_server **ret_server, struct error *err);

/* Mounts stay as they are: the pods keep running. */
void node_server_free(struct node_server *server);

DEFINE_CLEANUP(struct node_server *, node_server_free);
