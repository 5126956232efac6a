/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Visits (pool/visit.h) to the pool of a volume, as far as that is known (pool/whereabouts.h). The
 * holder of a volume's lock is a visitor; what is not under a lock begins a visit itself.
 */

#include "base/error.h"

struct pool;
struct pool_visit;
struct pools;

/* Notes where all volumes are, and has locks begin visits from now on. */
void visiting_init(struct pools *pools);

/* The pool in which the volume was seen last; NULL: it is not known. */
struct pool *visiting_pool(struct pools *pools, const char *id);

/* Begins a visit to that pool. 0, without a visit, if it is not known. */
int visiting_begin(struct pools *pools, const char *id, struct pool_visit *visit,
		   struct error *err);
