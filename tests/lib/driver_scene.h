/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A CSI driver of the test's own methods on a unix socket, and a channel to it.
 */

#include <stddef.h>

#include "rpc/channel.h"
#include "rpc/server.h"

struct driver_scene {
	char folder[64];
	struct rpc_server *server;
	struct rpc_channel *channel;
};

/* context: of the methods' calls. Errors end the test. */
void driver_scene_begin(struct driver_scene *scene, const struct rpc_method *methods, size_t count,
			void *context);
void driver_scene_end(struct driver_scene *scene);
