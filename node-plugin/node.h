/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * This node, as the services of the plugin see it: its name in the cluster and its pools. All the
 * handlers get it by rpc_call_context().
 */

struct pools;

struct node {
	const char *id;
	struct pools *pools;
};
