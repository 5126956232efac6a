/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the files of the fake node share.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "fake_node.h"
#include "rpc/server.h"

enum {
	CREATE,
	DELETE,
	CAPACITY,
	EXPAND,
	MODIFY,
	CREATE_SNAPSHOT,
	DELETE_SNAPSHOT,
	GET_SNAPSHOT,
	CREATE_GROUP,
	DELETE_GROUP,
	GET_GROUP,
	LIST_HEALTH,
	GET_HEALTH,
	METHODS,
};

struct fake_snapshots;

struct fake_snapshots *fake_snapshots_new(void);
void fake_snapshots_free(struct fake_snapshots *snapshots);
struct fake_snapshots *fake_node_snapshots(struct fake_node *node);
extern const struct rpc_method fake_snapshot_methods[];
extern const size_t fake_snapshot_method_count;

struct fake_health;

struct fake_health *fake_health_new(void);
void fake_health_free(struct fake_health *health);
struct fake_health *fake_node_health(struct fake_node *node);
extern const struct rpc_method fake_health_methods[];
extern const size_t fake_health_method_count;

/* The id of the first volume from that place on, and the place behind it; yours. NULL: none. */
char *fake_node_next_volume(struct fake_node *node, size_t *place);

/* One end of a call. Returns 0 or the failure that was asked for. */
int fake_node_pass(struct fake_node *node, int method, bool after, struct error *err);

/* What the call brought, for fake_node_secrets(). */
void fake_node_note_secrets(struct fake_node *node, int method, const char *secrets);
