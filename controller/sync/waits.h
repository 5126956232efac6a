/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What each set waits for, and since when.
 *
 * Most waits are short and in order: a pod starts, another one ends. A wait that lasts longer than
 * WAITING_LONG_MS is worth an event, once, and a condition in the set's status, until it is over.
 *
 * It only remembers what was reported: no decision depends on it. After a restart a wait that goes
 * on is reported once more. It is as large as the number of sets that wait, at most WAITING_MAX
 * things each.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

#define WAITING_LONG_MS 10000
#define WAITING_MAX 16

enum waiting_event {
	WAITING_WARNING,
	WAITING_NORMAL,
	WAITING_SILENT, /* what is wrong has events of its own */
};

/* One thing that a set waits for. Borrowed. */
struct waiting {
	enum waiting_event event;
	const char *reason;  /* "StaleClaim": of the event and of the condition */
	const char *object;  /* the pod or claim that is waited for; "" where there is none */
	const char *message; /* for a user: what waits for what, and how to go on */
};

struct waits;

struct waits *waits_new(void);
void waits_free(struct waits *waits);

struct waits_look {
	const char *set; /* "<namespace>/<name>" */
	const struct waiting *list;
	size_t count;
	uint64_t now_ms;
	void (*report)(void *context, const struct waiting *waiting);
	void *context;
};

/* What the set waits for at this moment replaces what it waited for before. `report` is called for
 * each wait that has just become long. *ret_longest is the first of the long ones, or NULL. Returns
 * the time until the next becomes long; 0: none does. */
uint32_t waits_note(struct waits *waits, const struct waits_look *look,
		    const struct waiting **ret_longest);

/* The set is gone. */
void waits_forget(struct waits *waits, const char *set);

DEFINE_CLEANUP(struct waits *, waits_free);
