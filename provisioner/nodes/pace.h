/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A bound on what the API server has to write when a node leaves or comes back that has many
 * volumes: each look that writes takes a turn first, of which there are ten a second after a first
 * burst.
 */

#include <stdint.h>

#include "base/cleanup.h"

#define PACE_TURN_MS 100
#define PACE_BURST 20

struct pace;

struct pace *pace_new(void);
void pace_free(struct pace *pace);

/* Returns when it is the caller's turn: callers that come together wait one after the other. */
void pace_take(struct pace *pace);

DEFINE_CLEANUP(struct pace *, pace_free);
