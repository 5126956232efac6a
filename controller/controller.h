/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The StatefulSet controller: watch, queue, plan, apply.
 *
 * Informers keep live copies of sets, pods, claims and revisions. A change of a set or of one of
 * its pods puts the set's key into a queue. A worker takes the key, looks at the set as the copies
 * show it (sync/set_sync.h), makes a plan and carries it out. One worker at a time works on a set,
 * and not before the copies have caught up with what was last written for it.
 *
 * The controller keeps no state but the copies: after a restart it looks at every set again, and
 * continues a step that was interrupted.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "kube/client.h"

struct controller;

struct controller_options {
	struct kube_client *client;
	const struct kind *kind; /* of the sets: their API group */
	const char *namespace;	 /* whose sets; NULL: all namespaces */
	const char *own_namespace;
	const char *pod_name; /* our own pod; "" outside a cluster */
	const char *pod_uid;
	unsigned workers;
	uint32_t backoff_min_ms; /* of a set that cannot be put right */
	uint32_t backoff_max_ms;
	bool guarded; /* guard.h */
	uint32_t guard_wait_ms;
	uint32_t guard_margin_ms;
	uint32_t guard_look_ms;
	uint32_t probe_again_ms;
	uint32_t probe_check_ms;

	/* The lease is still ours, by our own clock: checked before every write, since a process
	 * that was frozen may resume after another one has taken the lease. NULL: no election. */
	bool (*leads)(void *context);
	void *leads_context;
};

/* Starts at once. The options' strings must outlive it. */
struct controller *controller_new(const struct controller_options *options);

/* Waits for the work under way and begins no more: nothing is written from then on. */
void controller_stop(struct controller *controller);

/* kube_client_stop() first. */
void controller_free(struct controller *controller);

/* It runs sets now: it leads, and neither probes nor stands by. */
bool controller_is_active(const struct controller *controller);

DEFINE_CLEANUP(struct controller *, controller_free);
