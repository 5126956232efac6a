/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Makes sure that no other controller runs the same StatefulSets.
 *
 *	probing --nobody wrote its status--> active
 *	   ^  \                                |
 *	   |   somebody did                    somebody did
 *	   |    \                              |
 *	   |     v                             |
 *	   +--- standing by <------------------+
 *	   after probe_again_ms
 *
 * The kube-controller-manager of a stock cluster runs apps/v1, and two controllers of one set would
 * make and delete each other's pods. So the leader makes a StatefulSet of its own without replicas,
 * the probe, and never touches it: whoever writes its status runs StatefulSets. While we are active
 * the probe stays, for a controller that starts later looks at every set there is, the probe
 * included, and we see its write and stand down at once. The informer tells of it, but not if it
 * watches another namespace or has lost touch; so the probe is also read now and then.
 *
 * The probe belongs to our own pod, so it goes when the pod goes.
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
	uint32_t wait_ms; /* how long nobody must have touched the probe */
	uint32_t probe_again_ms;
	uint32_t check_ms; /* how often the probe is read while active */
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
 * probe, which nobody but the guard looks at. */
bool guard_saw(struct guard *guard, const struct object *before, const struct object *after);

/* It is the probe: not a set to be run. */
bool guard_is_probe(const struct guard *guard, const struct object *set);

DEFINE_CLEANUP(struct guard *, guard_free);
