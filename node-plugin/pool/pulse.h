/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Whether the disk of a pool answers at all.
 *
 * A call that touches a disk which has stopped answering waits in the kernel and cannot be ended.
 * So a thread of the pulse touches the disk first: it reads the pool's label past the page cache,
 * and looks at the pool's folder. Callers wait for that for a moment only. While the look hangs,
 * the pool is silent: calls for it are refused at once, and calls that look for a volume in all
 * pools pass it over, as they pass over a pool that is missing.
 *
 *	answers --a look takes longer than PULSE_PATIENCE_MS--> silent
 *	   ^                                                      |
 *	   +----------------the look comes back-------------------+
 *
 * An answer is good for PULSE_AGE_MS. A call that comes within that time after the disk stopped may
 * still hang; pool/visit.h bounds how many do. A disk that answers reads and not writes (a frozen
 * file system) is not silent: the same bound holds for it.
 */

#include <stdatomic.h>
#include <stdbool.h>

#include "backend/site.h"
#include "base/error.h"

#define PULSE_PATIENCE_MS 3000
#define PULSE_AGE_MS 100

struct aside;

struct pool_pulse {
	struct aside *look;
	const struct backend_site *site;
	int volumes_fd;
	atomic_bool silent; /* as logged last */
};

/* What the pulse looks at, in the thread that asks (pool_check()). */
int pool_pulse_look(const struct backend_site *site, int volumes_fd, struct error *err);

/* Both are a pool's and borrowed; the pool outlives its pulse. */
struct pool_pulse *pool_pulse_new(const struct backend_site *site, int volumes_fd);

/* Waits for a look that is under way. */
void pool_pulse_free(struct pool_pulse *pulse);

/* 0, whatever the disk answers, or ERROR_UNAVAILABLE: it does not. The first refusal and the first
 * answer after it are logged. */
int pool_pulse_ask(struct pool_pulse *pulse, struct error *err);

/* As pool_check(), but aside: ERROR_IN_USE, too, if the disk does not answer. */
int pool_pulse_check(struct pool_pulse *pulse, struct error *err);

/* As found by the latest question, without asking. */
bool pool_pulse_is_silent(struct pool_pulse *pulse);
