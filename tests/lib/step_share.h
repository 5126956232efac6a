/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * At how many steps of a flow a test kills the process: at each one, or with STEPS_EVERY=n in its
 * environment at each n-th. `./dev test` gives each sanitizer a share of its own, `./dev test kill`
 * takes all.
 */

/* Steps count from 1. */
unsigned step_first(void);

unsigned step_after(unsigned step);

/* For the log of a flow that was killed at a share of its points. */
void step_tell(const char *flow, unsigned points);
