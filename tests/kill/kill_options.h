/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How much of it is done: KILL_EVERY=1 tries all points, KILL_EVERY=n each n-th;
 * KILL_SCENARIO=xfs only what has this in its name.
 */

#include <stdbool.h>

#include "life.h"
#include "points.h"

/* *ret_result is the sum. Prints what was done. */
void kill_options_try_all(bool power, unsigned default_every, struct points_result *ret_result);
