/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Leadership by a coordination.k8s.io/v1 Lease: of several replicas one acts.
 *
 * The holder renews every retry_ms; a competitor that sees no renewal for duration_ms on its own
 * clock takes over. A holder that could not renew for renew_deadline_ms has lost the lease and must
 * stop acting at once: `lost` is called, and the program ends. A stop gives the lease back.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "kube/client.h"

/* What Kubernetes' own controllers use, but for the retry, which is faster. */
#define LEASE_DURATION_MS 15000
#define LEASE_RENEW_MS 10000
#define LEASE_RETRY_MS 2000

struct lease;

struct lease_options {
	const char *namespace;
	const char *name;
	const char *identity; /* the pod's name and something unique */
	uint32_t duration_ms; /* LEASE_… unless it is a test */
	uint32_t renew_deadline_ms;
	uint32_t retry_ms;
	void (*acquired)(void *context); /* in the lease's thread */
	void (*lost)(void *context);
	/* Another process holds it; called once for each new holder. May be NULL. */
	void (*taken)(void *context, const char *holder);
	void (*failed)(void *context, const struct error *err); /* for the log; may be NULL */
	void *context;
};

/* Starts to compete at once. */
struct lease *lease_new(struct kube_client *client, const struct lease_options *options);

/* False as soon as renew_deadline_ms have passed without a renewal, even before `lost` is called.
 */
bool lease_held(struct lease *lease);

/* How long the lease is still held if no renewal succeeds; 0: it is not held. What is begun for the
 * holder (a write, a call to a node) may take no longer than this. */
uint32_t lease_time_left_ms(struct lease *lease);

/* Gives the lease back if it is held (so before kube_client_stop()); joins the thread. From then on
 * it is not held. NULL is fine, and so is a second time. */
void lease_stop(struct lease *lease);

/* Stops it first. Nothing may ask for the time left any more. */
void lease_free(struct lease *lease);

DEFINE_CLEANUP(struct lease *, lease_free);
