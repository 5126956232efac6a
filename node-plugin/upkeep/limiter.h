/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A thread (base/ticker.h) that keeps the limits of published volumes set: at start, for what an
 * earlier process published; and every second while there are such volumes, since a pod may get its
 * cgroup after its volumes, and in cgroup v1 each container has a cgroup of its own. A container
 * can be unlimited for that second. A run reads the mounts once and writes one file a publication.
 */

#include "base/cleanup.h"
#include "base/error.h"

struct limiter;
struct pools;

int limiter_new(struct pools *pools, struct limiter **ret_limiter, struct error *err);
void limiter_free(struct limiter *limiter);

DEFINE_CLEANUP(struct limiter *, limiter_free);
