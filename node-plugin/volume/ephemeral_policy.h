/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a pod may ask of a node by an inline ephemeral volume.
 *
 * A claim gets what the administrator's StorageClass says. An inline volume has no class: its
 * attributes stand in the pod, which any user of a namespace may write. So the administrator says
 * on the command line what these attributes may be, and how much room all inline volumes of a pool
 * may hold together. The policy judges new volumes only; one that exists is served and removed.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "record/volume_record.h"

struct ephemeral_policy {
	bool on;
	unsigned backends;	/* one bit each: 1 << enum backend_kind */
	unsigned provisionings; /* one bit each: 1 << enum provisioning */
	const char *pools;	/* names with commas between, borrowed; "": all */
	uint64_t size_max_bytes;
	unsigned share_percent; /* of what a pool holds for volumes */
};

/* Off; once switched on: thin loop volumes of at most 1Gi in any pool, a tenth of each. */
#define EPHEMERAL_POLICY_INIT                                                                      \
	{                                                                                          \
		.backends = 1U << BACKEND_LOOP, .provisionings = 1U << PROVISIONING_THIN,          \
		.pools = "", .size_max_bytes = 1ULL << 30, .share_percent = 10                     \
	}

/* Lists of names with commas between, as on the command line. ERROR_INVALID names the one that is
 * unknown. */
int ephemeral_policy_read_backends(const char *list, unsigned *ret_backends, struct error *err);
int ephemeral_policy_read_provisionings(const char *list, unsigned *ret_provisionings,
					struct error *err);

/* The volume that a pod asks for, in the pool that it names (NULL: none). ERROR_FORBIDDEN names the
 * attribute and what is allowed. */
int ephemeral_policy_check(const struct ephemeral_policy *policy,
			   const struct volume_record *record, const char *pool, struct error *err);
