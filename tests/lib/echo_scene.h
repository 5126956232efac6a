/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The echo service, served on a unix socket in a folder of its own, and a channel to it: for
 * cmocka's set-ups and tear-downs.
 */

#include <stddef.h>

#include "echo_service.h"
#include "rpc/channel.h"
#include "rpc/server.h"

struct echo_scene {
	char folder[64];
	char socket[96];
	struct echo_service service;
	struct rpc_server *server;
	struct rpc_channel *channel;
};

/* *state becomes the scene. message_bytes_max 0: the server's own limit. */
int echo_scene_begin(void **state, unsigned workers, size_t message_bytes_max);

/* Lets waiting handlers go, and fails the test if anything is left in the folder. */
int echo_scene_end(void **state);
