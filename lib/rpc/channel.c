/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/channel.h"

#include <arpa/inet.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "base/text.h"
#include "rpc/channel_line.h"
#include "rpc/credentials.h"
#include "rpc/library.h"

#define CONNECT_TIMEOUT_MS 5000
#define BACKOFF_FIRST_MS 100
#define BACKOFF_MAX_MS 2000
/* A node that lost its power sends nothing at all: during a call we ask whether it is there. */
#define PING_AFTER_MS 20000
#define PING_TIMEOUT_MS 10000
#define IDLE_CLOSE_MS 60000

struct rpc_channel {
	char *name; /* for errors */
	char *target;
	char *server_name; /* NULL: a unix socket */
	grpc_channel_credentials *credentials;
	pthread_mutex_t lock;
	grpc_channel *channel;
};

static grpc_arg number(const char *key, int value)
{
	return (grpc_arg) { GRPC_ARG_INTEGER, (char *)key, .value.integer = value };
}

static grpc_channel *make_grpc_channel(const struct rpc_channel *channel)
{
	grpc_arg args[] = {
		number(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, BACKOFF_FIRST_MS),
		number(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, BACKOFF_MAX_MS),
		number(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, CONNECT_TIMEOUT_MS),
		number(GRPC_ARG_KEEPALIVE_TIME_MS, PING_AFTER_MS),
		number(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, PING_TIMEOUT_MS),
		number(GRPC_ARG_CLIENT_IDLE_TIMEOUT_MS, IDLE_CLOSE_MS),
		number(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1),
		number(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1),
		number(GRPC_ARG_ENABLE_RETRIES, 0),
		/* Nodes are reached directly, whatever http_proxy says. */
		number(GRPC_ARG_ENABLE_HTTP_PROXY, 0),
		{ GRPC_ARG_STRING, (char *)GRPC_SSL_TARGET_NAME_OVERRIDE_ARG,
		  .value.string = channel->server_name },
	};
	grpc_channel_args list = { .args = args, .num_args = sizeof(args) / sizeof(args[0]) };
	if (!channel->server_name)
		list.num_args--;
	return grpc_channel_create(channel->target, channel->credentials, &list);
}

/* Takes the credentials. server_name NULL: a unix socket. */
static struct rpc_channel *make_channel(const char *target, const char *name,
					grpc_channel_credentials *credentials,
					const char *server_name)
{
	struct rpc_channel *channel = must_alloc(sizeof(*channel));
	*channel = (struct rpc_channel) {
		.name = must_strdup(name),
		.target = must_strdup(target),
		.server_name = server_name ? must_strdup(server_name) : NULL,
		.credentials = credentials,
	};
	pthread_mutex_init(&channel->lock, NULL);
	channel->channel = make_grpc_channel(channel);
	return channel;
}

/* gRPC works on a connection only while a call waits on it. A call waits for the first attempt;
 * once that has failed, calls fail at once and none waits for the attempts that follow: these run
 * into their time limit, one after the other, and the channel never connects again. So a failed one
 * is replaced, and each call makes an attempt of its own. With the lock held; calls that are under
 * way keep the old one. */
static void replace_failed(struct rpc_channel *channel)
{
	if (grpc_channel_check_connectivity_state(channel->channel, 0) !=
	    GRPC_CHANNEL_TRANSIENT_FAILURE)
		return;
	grpc_channel_destroy(channel->channel);
	channel->channel = make_grpc_channel(channel);
}

int rpc_channel_new_unix(const char *path, struct rpc_channel **ret_channel, struct error *err)
{
	struct sockaddr_un address;
	if (strlen(path) >= sizeof(address.sun_path))
		return error_set(err, ERROR_INVALID, "socket path %s: longer than %zu characters",
				 path, sizeof(address.sun_path) - 1);
	rpc_library_hold();
	CLEANUP_FREE char *target = must_printf("unix:%s", path);
	*ret_channel = make_channel(target, path, grpc_insecure_credentials_create(), NULL);
	return 0;
}

/* Addresses in figures need no resolver. */
static char *target_of(const char *address, const char *colon)
{
	char host[INET6_ADDRSTRLEN + 2];
	unsigned char binary[sizeof(struct in6_addr)];
	snprintf(host, sizeof(host), "%.*s", (int)(colon - address), address);
	if (inet_pton(AF_INET, host, binary) == 1)
		return must_printf("ipv4:%s", address);
	if (host[0] == '[')
		return must_printf("ipv6:%s", address);
	return must_printf("dns:///%s", address);
}

int rpc_channel_new_tls(const char *address, struct rpc_tls *tls, const char *server_name,
			struct rpc_channel **ret_channel, struct error *err)
{
	const char *colon = strrchr(address, ':');
	if (!colon || colon == address || !colon[1])
		return error_set(err, ERROR_INVALID, "address \"%s\": not HOST:PORT", address);
	rpc_library_hold();
	CLEANUP_FREE char *target = target_of(address, colon);
	*ret_channel = make_channel(target, address, rpc_channel_credentials_new(tls), server_name);
	return 0;
}

void rpc_channel_free(struct rpc_channel *channel)
{
	if (!channel)
		return;
	grpc_channel_destroy(channel->channel);
	grpc_channel_credentials_release(channel->credentials);
	pthread_mutex_destroy(&channel->lock);
	free(channel->server_name);
	free(channel->target);
	free(channel->name);
	free(channel);
	rpc_library_release();
}

const char *rpc_channel_name(const struct rpc_channel *channel)
{
	return channel->name;
}

grpc_call *rpc_channel_begin(struct rpc_channel *channel, grpc_completion_queue *queue,
			     const char *path, gpr_timespec deadline)
{
	grpc_slice method = grpc_slice_from_copied_string(path);
	pthread_mutex_lock(&channel->lock);
	replace_failed(channel);
	grpc_call *call = grpc_channel_create_call(channel->channel, NULL, GRPC_PROPAGATE_DEFAULTS,
						   queue, method, NULL, deadline, NULL);
	pthread_mutex_unlock(&channel->lock);
	grpc_slice_unref(method);
	return call;
}
