/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Opening the pools of a node: each one that is there is opened, cleared of what is half-made, and
 * its promises are counted; each one that should be there and is not is noted as missing
 * (pool/pools.h). All are introduced to one another.
 *
 * A disk that does not answer within ten seconds is as one that is missing; its pool is taken up
 * when it answers (pool/opening.h). Where no other pool is there, it is waited for.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "host/host.h"
#include "pool/place.h"
#include "pool/pools.h"

struct pools_setup {
	const struct pool_place *places;
	size_t count;
	struct host *host; /* borrowed */
	enum pool_policy policy;
	const struct node_settings *node; /* borrowed; NULL: node_settings_none */
	const char *notes_folder;   /* of the node, where its pools are noted; NULL: nowhere */
	const char *kubelet_folder; /* borrowed; NULL: not known (pool/sharing.h) */
	unsigned visits_max; /* calls at work in one pool of several (pool/visit.h); 0: any */
};

/* A pool's folder is made if it is missing, its parent is not. ERROR_IN_USE if another process has
 * one of them. */
int pools_open(const struct pools_setup *setup, struct pools **ret_pools, struct error *err);

/* Looks for the missing ones, each for a moment; returns how many are back. One thread at a time
 * calls it. */
unsigned pools_look_again(struct pools *pools);

/* A missing one's disk does not answer: it is looked for more often. In the thread that calls
 * pools_look_again(). */
bool pools_are_opening(const struct pools *pools);
