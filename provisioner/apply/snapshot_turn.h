/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Whether the controller's part of snapshots is ours to do, or is done by a snapshot-controller
 * that the cluster has already.
 *
 *	unsure --not answered--> acting
 *	   |  ^                    |
 *	   |  +--the lease lapses  | answered, or a lease is held
 *	   v  |                    |
 *	standing by <--------------+
 *
 * Two facts show another one:
 *
 *	The lease snapshot-controller-leader is renewed, in the namespace that the options name or
 *	in our own.
 *
 *	The probe is answered: a VolumeSnapshot of a claim that does not exist, in our own
 *	namespace, gets a finalizer, a class or a status. A controller can run without a lease.
 *
 * The probe is removed when it has been answered, or when 30 seconds have passed without an answer.
 * It is repeated every ten minutes, and when a lease has lapsed.
 *
 * While unsure the role does nothing. An API server that does not answer shows nothing.
 */

#include <stdbool.h>
#include <stdint.h>

#include "apply/applier.h"
#include "base/cleanup.h"

#define SNAPSHOT_PROBE_NAME "kentledge-snapshot-probe"

struct snapshot_turn;

struct snapshot_turn *snapshot_turn_new(const struct applier *applier);
void snapshot_turn_free(struct snapshot_turn *turn);

/* Begins to look, in a thread of its own. Where the options say `always` there is nothing to see,
 * and the role acts. */
void snapshot_turn_start(struct snapshot_turn *turn);
void snapshot_turn_stop(struct snapshot_turn *turn);

bool snapshot_turn_is_ours(const struct snapshot_turn *turn);

/* The probe is called so, upon which we do not act: "<namespace>/<name>". */
bool snapshot_turn_is_probe(const struct snapshot_turn *turn, const char *name);

/* Of a role (apply/role.h) whose context is a struct placer. */
bool snapshot_turn_stands_by(void *context);

DEFINE_CLEANUP(struct snapshot_turn *, snapshot_turn_free);
