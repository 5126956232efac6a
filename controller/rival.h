/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The lease of kube-controller-manager: what it says about another controller of StatefulSets.
 *
 * Only the leader of the kube-controller-managers runs controllers, and while the lead changes none
 * does: up to 17 seconds pass until the next one holds the lease, and more until it has listed the
 * cluster. In such a gap the probe (guard.h) stays untouched and proves nothing. A leader that has
 * held the lease for half a minute and goes on renewing it would have touched the probe at once.
 *
 * The lease does not say whether the leader runs StatefulSets. It may not be visible to us, or not
 * exist: then only time can tell.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct kube_client;

enum rival_state {
	RIVAL_UNKNOWN,	/* no lease that we can read, or its holder is gone for long */
	RIVAL_CHANGING, /* held only recently, or not known to be renewed */
	RIVAL_STEADY,	/* one leader at work */
};

/* What was seen so far; begins as { 0 }. */
struct rival {
	char *holder;	     /* NULL: no lease */
	int64_t renewed_us;  /* on the holder's clock */
	uint64_t renewed_ms; /* when we saw that, on ours */
	unsigned renewals;   /* seen of this holder */
	enum rival_state state;
	bool is_new; /* the last look found another holder, or none any more */
};

/* What one look at the lease shows. */
struct rival_record {
	const char *holder; /* "": free; NULL: no lease, or not visible */
	int64_t acquired_us;
	int64_t renewed_us;
};

struct rival_times {
	uint32_t settled_ms; /* a leader has listed the cluster so long after it took the lease */
	uint32_t gone_ms;    /* a lease that was not renewed for so long has no holder any more */
};

/* Pure: takes one look into account. */
void rival_judge(struct rival *rival, const struct rival_record *record, uint64_t now_ms,
		 const struct rival_times *times);

/* Reads the lease. A server that does not answer is an error; a lease that is missing or not
 * visible is not. */
int rival_look(struct rival *rival, struct kube_client *client, const struct rival_times *times,
	       struct error *err);

void rival_done(struct rival *rival);
