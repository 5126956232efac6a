/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the plugin reports over HTTP: whether it can serve, and the figures of its pools.
 *
 * A disk may hang, and the thread that also answers /healthz must not. So each pool, the list of
 * missing ones and the node itself are looked at aside (base/aside.h), at most once a second, and
 * one that hangs says so: its pool is not up, and its figures get older
 * (kentledge_pool_figures_age_seconds).
 */

#include "base/cleanup.h"
#include "base/error.h"

struct node_health;
struct pools;
struct rpc_server;

/* Both are borrowed; rpc may be NULL. Its figures are part of /metrics from now on. */
struct node_health *node_health_new(struct pools *pools, struct rpc_server *rpc);

/* For http_server_options.ready: at least one pool works, and so do the kernel's loop devices and
 * the TCP port. In the thread of the HTTP server. */
int node_health_ready(struct node_health *health, struct error *err);

/* When the HTTP server has ended. */
void node_health_free(struct node_health *health);

DEFINE_CLEANUP(struct node_health *, node_health_free);
