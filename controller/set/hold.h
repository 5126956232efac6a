/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What keeps a set from going on: a reason, and the object that has to change.
 *
 * Some holds end by themselves in the ordinary course (a pod that starts, one that ends). Others
 * may last until a person acts: hold_needs_attention(). A hold concerns one replica, or with an
 * OrderedReady set everything behind that replica.
 */

#include <stdbool.h>

#include "base/text.h"

enum hold_reason {
	HOLD_NONE,
	HOLD_SET_DELETED,
	HOLD_POD_CREATED, /* just now: not yet known to run */
	HOLD_POD_DELETED, /* just now, to be scaled away or replaced */
	HOLD_POD_TERMINATING,
	HOLD_POD_UNREADY,
	HOLD_POD_UNAVAILABLE, /* ready, not yet for minReadySeconds */
	HOLD_SCALE_DOWN,   /* an unready pod to be scaled away, with another unready one below it */
	HOLD_POD_BACKOFF,  /* the pod failed again soon after it was replaced */
	HOLD_POD_VANISHED, /* the pods before it were deleted before they were ready */
	HOLD_POD_FOREIGN,  /* a pod that is not the set's has the name */
	HOLD_POD_EARLIER,  /* the pod belongs to an earlier set of this name */
	HOLD_POD_STORAGE,  /* the pod lacks the volume of a claim template */
	HOLD_CLAIM_STALE,  /* the claim belongs to an earlier pod; its data is to be removed */
	HOLD_CLAIM_EARLIER,  /* the claim belongs to an earlier set of this name and goes with it */
	HOLD_CLAIM_VANISHED, /* the claims before it were deleted before the pod was ready */
	HOLD_CLAIM_TERMINATING, /* the claim is being deleted */
};

/* Names are borrowed from the plan's arena. */
struct hold {
	enum hold_reason reason;
	const char *pod;   /* the replica that waits; NULL: the whole set */
	const char *claim; /* the claim in question; NULL: the pod itself */
};

/* "stale-claim": for the log and for conditions. */
const char *hold_reason_text(enum hold_reason reason);

/* The sentence for a user: what waits for what, and how to go on. */
void hold_describe(const struct hold *hold, struct text *text);

/* The user gets an event at once, as for a request that was refused; otherwise once the wait has
 * become long (sync/wait_report.h). */
bool hold_is_refusal(enum hold_reason reason);

/* It may last until a person acts, so the set's user must get an event. */
bool hold_needs_attention(enum hold_reason reason);
