/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The life of a volume, six calls long, timed call by call.
 */

#include "base/error.h"
#include "samples.h"

enum cycle_step {
	CYCLE_CREATE,
	CYCLE_STAGE,
	CYCLE_PUBLISH,
	CYCLE_UNPUBLISH,
	CYCLE_UNSTAGE,
	CYCLE_DELETE,
	CYCLE_WHOLE,
	CYCLE_STEPS,
};

extern const char *const cycle_step_names[CYCLE_STEPS];

/* Who takes the steps: our plugin by its socket, or the system calls alone. Steps are functions of
 * a volume's name and a folder that is the caller's own. */
typedef int cycle_step_fn(void *context, enum cycle_step step, const char *name, const char *folder,
			  struct error *err);

struct cycle_taker {
	cycle_step_fn *step;
	void *context;
};

struct cycle_result {
	struct samples steps[CYCLE_STEPS];
	double cycles_per_second;
};

/* callers at once, each `rounds` lives one after the other, each with a taker of its own. Ends the
 * program if a step fails. */
void cycle_run(const struct cycle_taker *takers, unsigned callers, unsigned rounds,
	       const char *folder, struct cycle_result *ret_result);
void cycle_result_done(struct cycle_result *result);
