/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The lease of a role: upstream's sidecar for the same work holds a lease of this name while it
 * acts for our driver. While another process holds it, our role stands by and keeps nothing of what
 * it would do; when it acquires the lease, it looks at all of its objects.
 */

#include <stdint.h>

#include "kube/client.h"

struct role_lease;

struct role_lease_options {
	struct kube_client *client;
	const char *namespace; /* borrowed, as the others */
	const char *name;
	const char *holder;		 /* identity of this process */
	void (*acquired)(void *context); /* in the lease's thread */
	void *context;
};

/* Competes from now on. */
struct role_lease *role_lease_new(const struct role_lease_options *options);

/* Gives the lease back (so before kube_client_stop()); no callback comes after that. NULL is fine.
 */
void role_lease_end(struct role_lease *lease);
void role_lease_free(struct role_lease *lease);

const char *role_lease_name(const struct role_lease *lease);

/* 0: its roles must not act now. NULL: no lease limits the role, UINT32_MAX. */
uint32_t role_lease_time_left_ms(struct role_lease *lease);
