/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The echo service, served over TLS on a port of loopback with a CA of its own, what it logs, and
 * the ways in which clients may come to it: for cmocka's set-ups and tear-downs.
 */

#include <stdbool.h>

#include "certificates.h"
#include "echo_service.h"
#include "rpc/channel.h"
#include "rpc/server.h"
#include "rpc/tls.h"

#define SERVER_NAME "kentledge-node"
#define CLIENT_NAME "kentledge-provisioner"

struct tls_scene {
	struct certificates *ca;
	char *server_folder;
	struct rpc_tls *server_tls;
	struct echo_service service;
	struct rpc_server *server;
	char address[32];
	char log_path[64];
	int log_fd;
};

/* *state becomes the scene. */
int tls_scene_begin(void **state);
int tls_scene_end(void **state);

/* Whether the log has the text now, and whether it gets it within a few seconds. A client can learn
 * of a refusal before the server logs it, so a test awaits a line and never looks for it once. */
bool tls_scene_logged(const struct tls_scene *scene, const char *text);
bool tls_scene_logs(const struct tls_scene *scene, const char *text);

/* A channel with a certificate of this CA for the name, to a server that shall be server_name. */
struct rpc_channel *tls_scene_channel(const struct tls_scene *scene, const struct certificates *ca,
				      const char *name, const char *server_name);

/* A TCP connection that has sent nothing; -1: there is no descriptor or no answer. */
int tls_scene_connect(const struct tls_scene *scene);

/* How a TLS client with these files (NULL: none) fares: true if the server keeps talking to it. */
bool tls_scene_accepts(const struct tls_scene *scene, const char *folder);
