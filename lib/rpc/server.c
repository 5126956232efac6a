/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/server.h"

#include <errno.h>
#include <grpc/grpc.h>
#include <grpc/grpc_posix.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "rpc/call.h"
#include "rpc/credentials.h"
#include "rpc/library.h"
#include "rpc/listener.h"
#include "rpc/peer.h"
#include "rpc/tag.h"
#include "rpc/workers.h"

/* Calls that are held at once; more wait inside gRPC, unread. Those that wait for a worker leave
 * slots for quick calls. */
#define SLOTS 128
#define WAITING_MAX (SLOTS - 32)
#define LISTENERS_MAX 2
#define PING_INTERVAL_MIN_MS 10000
#define HANDSHAKE_TIMEOUT_MS 10000

struct rpc_server {
	struct rpc_host host;
	struct rpc_listener *listeners[LISTENERS_MAX];
	size_t listener_count;
	struct rpc_credential_source credentials;
	grpc_server_credentials *no_credentials; /* of the unix sockets */
	pthread_t poller;
	bool started;
	bool stopped;

	struct rpc_tag shut_down;
};

static grpc_server *make_server(const struct rpc_server_options *options)
{
	grpc_arg args[] = {
		{ GRPC_ARG_INTEGER, (char *)GRPC_ARG_ALLOW_REUSEPORT, .value.integer = 0 },
		/* No compression: a small message could unpack into a huge one. */
		{ GRPC_ARG_INTEGER, (char *)GRPC_COMPRESSION_CHANNEL_ENABLED_ALGORITHMS_BITSET,
		  .value.integer = 1 },
		/* Clients ping during long calls, rpc/channel.c. */
		{ GRPC_ARG_INTEGER, (char *)GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
		  .value.integer = PING_INTERVAL_MIN_MS },
		{ GRPC_ARG_INTEGER, (char *)GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS,
		  .value.integer = HANDSHAKE_TIMEOUT_MS },
		{ GRPC_ARG_INTEGER, (char *)GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH,
		  .value.integer = (int)options->message_bytes_max },
	};
	grpc_channel_args list = { .args = args, .num_args = sizeof(args) / sizeof(args[0]) };
	if (options->message_bytes_max == 0)
		list.num_args--;
	return grpc_server_create(&list, NULL);
}

static void when_shut_down(struct rpc_tag *tag, bool ok)
{
	(void)ok;
	struct rpc_server *server =
		(struct rpc_server *)(void *)((char *)tag - offsetof(struct rpc_server, shut_down));
	pthread_mutex_lock(&server->host.lock);
	server->host.shut_down = true;
	pthread_cond_broadcast(&server->host.changed);
	pthread_mutex_unlock(&server->host.lock);
}

int rpc_server_new(const struct rpc_server_options *options, struct rpc_server **ret_server,
		   struct error *err)
{
	struct rpc_workers *workers;
	if (rpc_workers_new(options->workers, WAITING_MAX, &workers, err) < 0)
		return -1;
	rpc_library_hold();
	struct rpc_server *server = must_alloc(sizeof(*server));
	server->host.options = *options;
	server->host.workers = workers;
	server->host.server = make_server(options);
	server->host.queue = grpc_completion_queue_create_for_next(NULL);
	grpc_server_register_completion_queue(server->host.server, server->host.queue, NULL);
	server->no_credentials = grpc_insecure_server_credentials_create();
	server->shut_down.reached = when_shut_down;
	pthread_mutex_init(&server->host.lock, NULL);
	pthread_cond_init(&server->host.changed, NULL);
	*ret_server = server;
	return 0;
}

int rpc_server_listen_unix(struct rpc_server *server, const char *path, struct error *err)
{
	if (server->listener_count == LISTENERS_MAX)
		return error_set(err, ERROR_EXHAUSTED, "socket %s: the server has %d already", path,
				 LISTENERS_MAX);
	if (rpc_listener_new(path, &server->listeners[server->listener_count], err) < 0)
		return -1;
	server->listener_count++;
	return 0;
}

/* gRPC keeps the reason to itself, so we try once ourselves to learn it. */
static int explain_bind(const char *address, struct error *err)
{
	char host[256];
	const char *colon = strrchr(address, ':');
	struct addrinfo *found = NULL;
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
					.ai_flags = AI_PASSIVE | AI_NUMERICSERV };
	if (!colon)
		return error_set(err, ERROR_INVALID, "listen on %s: the port is missing", address);
	snprintf(host, sizeof(host), "%.*s", (int)(colon - address), address);
	char *name = host[0] == '[' ? host + 1 : host;
	name[strcspn(name, "]")] = 0;
	if (getaddrinfo(name[0] ? name : NULL, colon + 1, &hints, &found) != 0)
		return error_set(err, ERROR_INVALID, "listen on %s: not an address", address);
	CLEANUP_CLOSE int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int failed = bind(fd, found->ai_addr, found->ai_addrlen) < 0 ? errno : 0;
	freeaddrinfo(found);
	if (failed)
		return error_errno(err, failed, "listen on %s", address);
	return error_set(err, ERROR_INTERNAL, "listen on %s: failed", address);
}

int rpc_server_listen_tls(struct rpc_server *server, const char *address, struct rpc_tls *tls,
			  const char *peer_name, uint16_t *ret_port, struct error *err)
{
	if (server->host.tls_peer_name)
		return error_set(err, ERROR_EXISTS, "listen on %s: the server has a TLS address",
				 address);
	server->credentials = (struct rpc_credential_source) { .tls = tls };
	grpc_server_credentials *credentials = rpc_server_credentials_new(&server->credentials);
	int port = grpc_server_add_http2_port(server->host.server, address, credentials);
	grpc_server_credentials_release(credentials);
	if (port == 0)
		return explain_bind(address, err);
	server->host.tls_peer_name = must_strdup(peer_name);
	if (ret_port)
		*ret_port = (uint16_t)port;
	return 0;
}

/* The poller: only ever moves calls one step further. */
static void *poll_thread(void *arg)
{
	struct rpc_server *server = arg;
	for (;;) {
		grpc_event event = grpc_completion_queue_next(
			server->host.queue, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
		if (event.type == GRPC_QUEUE_SHUTDOWN)
			return NULL;
		struct rpc_tag *tag = event.tag;
		rpc_tag_received(tag);
		tag->reached(tag, event.success);
	}
}

static void accept_local(void *context, int fd)
{
	struct rpc_server *server = context;
	struct rpc_peer peer;
	static struct rpc_log_gate gate;
	unsigned dropped;
	if (rpc_peer_may_connect(fd, &peer)) {
		grpc_server_add_channel_from_fd(server->host.server, fd, server->no_credentials);
		return;
	}
	close(fd);
	if (rpc_log_gate_passes(&gate, &dropped))
		log_warning("connection refused", LOG_TEXT("peer", peer.name),
			    LOG_UINT("dropped", dropped));
}

int rpc_server_start(struct rpc_server *server, struct error *err)
{
	int failed = pthread_create(&server->poller, NULL, poll_thread, server);
	if (failed)
		return error_errno(err, failed, "start a thread of the RPC server");
	server->started = true;
	grpc_server_start(server->host.server);
	for (int i = 0; i < SLOTS; i++)
		rpc_call_open_slot(&server->host);
	for (size_t i = 0; i < server->listener_count; i++)
		if (rpc_listener_start(server->listeners[i], accept_local, server, err) < 0)
			return -1;
	return 0;
}

static void close_listeners(struct rpc_server *server)
{
	for (size_t i = 0; i < server->listener_count; i++)
		rpc_listener_free(server->listeners[i]);
	server->listener_count = 0;
}

static bool is_quiet(const struct rpc_host *host)
{
	return host->shut_down && host->slots == 0;
}

/* Whether all calls were over in time. */
static bool wait_for_calls(struct rpc_host *host, unsigned grace_ms)
{
	struct timespec deadline = clock_deadline(clock_monotonic_ms() + grace_ms);
	int result = 0;
	pthread_mutex_lock(&host->lock);
	while (!is_quiet(host) && result != ETIMEDOUT)
		result = pthread_cond_clockwait(&host->changed, &host->lock, CLOCK_MONOTONIC,
						&deadline);
	bool quiet = is_quiet(host);
	pthread_mutex_unlock(&host->lock);
	return quiet;
}

static void wait_for_handlers(struct rpc_host *host)
{
	pthread_mutex_lock(&host->lock);
	while (!is_quiet(host))
		pthread_cond_wait(&host->changed, &host->lock);
	pthread_mutex_unlock(&host->lock);
}

void rpc_server_stop(struct rpc_server *server, unsigned grace_ms)
{
	if (server->stopped)
		return;
	server->stopped = true;
	close_listeners(server);
	atomic_store(&server->host.stopping, true);
	rpc_tag_sent(&server->shut_down);
	grpc_server_shutdown_and_notify(server->host.server, server->host.queue,
					&server->shut_down);
	if (server->started && !wait_for_calls(&server->host, grace_ms)) {
		grpc_server_cancel_all_calls(server->host.server);
		wait_for_handlers(&server->host);
	}
	grpc_completion_queue_shutdown(server->host.queue);
	if (server->started)
		pthread_join(server->poller, NULL);
	else
		poll_thread(server);
}

void rpc_server_free(struct rpc_server *server)
{
	if (!server)
		return;
	rpc_server_stop(server, 0);
	rpc_workers_free(server->host.workers);
	grpc_server_destroy(server->host.server);
	grpc_completion_queue_destroy(server->host.queue);
	grpc_server_credentials_release(server->no_credentials);
	pthread_cond_destroy(&server->host.changed);
	pthread_mutex_destroy(&server->host.lock);
	free(server->host.tls_peer_name);
	free(server);
	rpc_library_release();
}
