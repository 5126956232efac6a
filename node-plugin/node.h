/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * This node, as the services of the plugin see it: its name in the cluster and its pool. All the
 * handlers get it by rpc_call_context().
 */

struct pool;

struct node {
	const char *id;
	struct pool *pool;
};
