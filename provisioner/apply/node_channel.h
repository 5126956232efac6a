/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A connection to the node plugin of one node.
 *
 * Nodes are dialled when they are first needed, and a channel that is unused for a while is closed,
 * so that a cluster of many nodes costs what its busy ones cost. A channel is replaced when the
 * address of the node's plugin has changed (its pod was replaced) or when our certificates have;
 * calls over the old one may finish.
 */

#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"

struct node_channel;
struct node_channels;
struct rpc_channel;

struct node_channels_options {
	/* Appends where the node's plugin listens ("10.0.0.7:9745"). */
	int (*find_address)(void *context, const char *node, struct text *address,
			    struct error *err);
	void *context;
	const char *tls_folder; /* ca.crt, tls.crt, tls.key (rpc/tls.h) */
	uint32_t idle_ms;	/* closed after so long without use */

	/* Instead of TLS with that folder (tests); NULL in production. */
	int (*dial)(void *context, const char *address, struct rpc_channel **ret_channel,
		    struct error *err);
};

struct node_channels *node_channels_new(const struct node_channels_options *options);
void node_channels_free(struct node_channels *channels); /* none may be in use */

/* Our certificates can be used: ERROR_UNAVAILABLE says why not. They are read when first needed and
 * again when they change, so that a renewal needs no restart. */
int node_channels_check_tls(struct node_channels *channels, struct error *err);

/* A channel to be given back with node_channel_put(). ERROR_UNAVAILABLE if the node's plugin has no
 * address or our certificates cannot be used. Nothing is sent yet. */
int node_channel_get(struct node_channels *channels, const char *node,
		     struct node_channel **ret_channel, struct error *err);
void node_channel_put(struct node_channel *channel);

/* To call over. Borrowed. */
struct rpc_channel *node_channel_rpc(const struct node_channel *channel);

/* Closes what has been idle for long. */
void node_channels_sweep(struct node_channels *channels);
unsigned node_channels_count(struct node_channels *channels);

DEFINE_CLEANUP(struct node_channels *, node_channels_free);
DEFINE_CLEANUP(struct node_channel *, node_channel_put);
