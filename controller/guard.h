/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Makes sure that no other controller runs the same StatefulSets.
 *
 *	probing --not written by others--> active
 *	   ^  \                               |
 *	   |   written by another             written by another
 *	   |    \                             |
 *	   |     v                            |
 *	   +--- standing by <-----------------+
 *	   after a fact has changed
 *
 * The kube-controller-manager of a stock cluster runs apps/v1, and two controllers of one set would
 * make and delete each other's pods. So the leader makes a StatefulSet of its own without replicas,
 * the probe, and never touches it: what writes its status runs StatefulSets.
 *
 * An untouched probe proves something only while another controller would be at work. Where the
 * lease of kube-controller-manager shows a settled leader (rival.h), wait_ms are enough. Else the
 * probe must stay untouched for margin_ms, which is longer than a change of leaders takes; and the
 * time begins again when the lease gets another holder.
 *
 * While we are active the probe stays, for a controller that starts later looks at every set there
 * is, the probe included, and we see its write and stand down at once. The informer shows it, but
 * not if it watches another namespace or its watch is broken; so the probe is also read now and
 * then.
 *
 * While we stand by there is no probe, and we read nothing but the lease, once in look_ms. We probe
 * again when the lease has another holder or is no longer renewed, or when a set was changed and
 * its status did not follow for margin_ms; the latter at most once in probe_again_ms.
 *
 * Our own pod owns the probe, so the garbage collector deletes it after the pod.
 */

#include <stdbool.h>
#include <stdint.h>

#include "kube/client.h"
#include "sync/applier.h"

#define GUARD_PROBE_NAME "kentledge-probe"

enum guard_mode { GUARD_PROBING, GUARD_ACTIVE, GUARD_STANDING_BY };

struct guard;

struct guard_options {
	struct kube_client *client;
	struct event_recorder *events;
	const struct kind *kind; /* of the sets that are guarded */
	const char *namespace;	 /* of the probe: our own */
	const char *pod_name;	 /* our own pod: owner of the probe; "" outside a cluster */
	const char *pod_uid;
	uint32_t wait_ms;   /* how long the probe must stay untouched beside a settled leader … */
	uint32_t margin_ms; /* … and elsewhere */
	uint32_t look_ms;   /* how often the lease is read while standing by */
	uint32_t probe_again_ms; /* the shortest time between two probes for a neglected set */
	uint32_t check_ms;	 /* how often the probe is read while active */
	void (*changed)(void *context, enum guard_mode mode); /* in the guard's thread */
	void *context;
};

struct guard *guard_new(const struct guard_options *options);

/* Begins to probe, in a thread of its own. */
void guard_start(struct guard *guard);

/* Ends the thread; NULL is fine. The informers may still call guard_saw(). */
void guard_stop(struct guard *guard);
void guard_free(struct guard *guard);

enum guard_mode guard_mode(const struct guard *guard);

/* From the informer of sets: a set has changed, `after` NULL if it was deleted. True if it is the
 * probe, which is the guard's alone. */
bool guard_saw(struct guard *guard, const struct object *before, const struct object *after);

/* It is the probe: not a set to be run. */
bool guard_is_probe(const struct guard *guard, const struct object *set);

DEFINE_CLEANUP(struct guard *, guard_free);
