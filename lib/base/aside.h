/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A look at something that may hang, such as a disk, for a caller that must not.
 *
 * Each look runs in a thread of its own, at most one at a time and not more often than the
 * interval; the caller waits for it for a moment and else gets what is known: the outcome of the
 * look before, or that this one hangs. While a look hangs, no other is begun.
 */

#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"

struct aside;

struct aside_options {
	const char *what; /* for errors: "pool fast" */
	int (*look)(void *context, struct error *err);
	void *context;
	unsigned interval_ms;
	unsigned patience_ms;
};

struct aside *aside_new(const struct aside_options *options);

/* The latest look's result and error; ERROR_TIMEOUT if one has taken longer than the patience. */
int aside_ask(struct aside *aside, struct error *err);

/* Since the latest look that ended; 0: none has. */
uint64_t aside_age_ms(struct aside *aside);

/* Waits for a look that is under way. */
void aside_free(struct aside *aside);

DEFINE_CLEANUP(struct aside *, aside_free);
