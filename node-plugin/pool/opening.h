/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Opening one pool, as far as the caller of pools_open() or pools_look_again() waits for it.
 *
 * Its disk may not answer, so this runs on a thread of its own, and the caller waits for it as long
 * as it likes to. What it does not wait for goes on: the pool is taken later, when its disk
 * answers.
 *
 *	begun --> open, failed or not wanted --pool_opening_await--> taken
 *	  +--pool_opening_free--> abandoned: the thread closes what it opened
 */

#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "host/host.h"
#include "pool/place.h"

struct pool;
struct pool_opening;

/* What has to be at the place. */
enum pool_opening_kind {
	POOL_OPENING_LABELLED, /* a pool that was made before */
	POOL_OPENING_NEW,      /* none, or volumes without a label: the pool is made */
	POOL_OPENING_ANY,
};

struct pool_opening_wish;

/* What opens the pool, on the thread of the opening. */
typedef int pool_opener(const struct pool_opening_wish *wish, struct pool **ret_pool,
			struct error *err);

struct pool_opening_wish {
	pool_opener *open;
	const struct pool_place *place; /* copied */
	struct host *host;		/* borrowed */
	const char *kubelet_folder;	/* borrowed; NULL: not known (pool/sharing.h) */
	enum pool_opening_kind kind;
	const char *id; /* the pool must have this one; NULL or "": any */
};

enum pool_opening_outcome {
	POOL_OPENING_DONE,
	POOL_OPENING_OTHER,  /* what is at the place is not what has to be there */
	POOL_OPENING_SILENT, /* under way: ask again later */
};

/* NULL: there is no thread for it. */
struct pool_opening *pool_opening_begin(const struct pool_opening_wish *wish, struct error *err);

/* -1: it failed; *err says why. ms 0: it is not waited for, UINT64_MAX: until it ends. The pool is
 * the caller's. */
int pool_opening_await(struct pool_opening *opening, uint64_t ms, struct pool **ret_pool,
		       struct error *err);

void pool_opening_free(struct pool_opening *opening);

DEFINE_CLEANUP(struct pool_opening *, pool_opening_free);
