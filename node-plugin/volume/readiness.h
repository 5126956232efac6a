/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Whether this node can serve volumes: a pool works, and the host has what volumes need. Asked by
 * CSI's Probe and by /readyz, each time by looking.
 */

#include <stdbool.h>

#include "base/error.h"

struct node_features;
struct pools;

/* 0, or ERROR_IN_USE (a precondition) names what is missing. */
int readiness_check(struct pools *pools, struct error *err);

/* Also that the kernel mounts the default file system. *ret_known: false while that is still being
 * tried (host/node_features.h). */
int readiness_probe(struct pools *pools, const struct node_features *features, bool *ret_known,
		    struct error *err);
