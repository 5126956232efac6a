/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * This node, as the services of the plugin see it: its name in the cluster, its pools, and what
 * its kernel can do. All the handlers get it by rpc_call_context().
 */

#include "pool/filling.h"

struct ephemeral_policy;
struct node_features;
struct pools;

struct node {
	const char *id;
	struct pools *pools;
	const struct node_features *features;
	const struct ephemeral_policy *ephemeral; /* what inline volumes may be */
	struct filling_places long_work;	  /* taken by fillings */
};
