/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/server.h"

#include <errno.h>
#include <grpc/grpc.h>
#include <grpc/grpc_posix.h>
#include <grpc/grpc_security.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "rpc/call.h"
#include "rpc/door.h"
#include "rpc/library.h"
#include "rpc/listener.h"
#include "rpc/peer.h"
#include "rpc/tag.h"
#include "rpc/tls.h"
#include "rpc/workers.h"

/* Calls that are held at once; more wait inside gRPC, unread. Those that wait for a worker leave
 * slots for quick calls. */
#define SLOTS 128
#define WAITING_MAX (SLOTS - 32)
#define LISTENERS_MAX 2
#define PING_INTERVAL_MIN_MS 10000

enum origin { ORIGIN_LOCAL, ORIGIN_REMOTE, ORIGINS };

struct rpc_server {
	struct rpc_server_options options;
	struct rpc_workers *workers;
	grpc_completion_queue *queue;
	struct rpc_host hosts[ORIGINS]; /* without a gRPC server: not listened for */
	struct rpc_listener *listeners[LISTENERS_MAX];
	size_t listener_count;
	struct rpc_door *door; /* NULL: no TCP port */
	struct rpc_tls *tls;   /* borrowed */
	grpc_server_credentials *no_credentials;
	pthread_t poller;
	bool started;
	bool stopped;
};

static grpc_server *make_server(const struct rpc_server_options *options)
{
	grpc_arg args[] = {
		/* No compression: a small message could unpack into a huge one. */
		{ GRPC_ARG_INTEGER, (char *)GRPC_COMPRESSION_CHANNEL_ENABLED_ALGORITHMS_BITSET,
		  .value.integer = 1 },
		/* Clients ping during long calls, rpc/channel.c. */
		{ GRPC_ARG_INTEGER, (char *)GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
		  .value.integer = PING_INTERVAL_MIN_MS },
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
	struct rpc_host *host =
		(struct rpc_host *)(void *)((char *)tag - offsetof(struct rpc_host, shutting_down));
	pthread_mutex_lock(&host->lock);
	host->shut_down = true;
	pthread_cond_broadcast(&host->changed);
	pthread_mutex_unlock(&host->lock);
}

/* remote_name is the host's afterwards. */
static void open_host(struct rpc_server *server, enum origin origin, char *remote_name)
{
	struct rpc_host *host = &server->hosts[origin];
	host->options = server->options;
	host->workers = server->workers;
	host->queue = server->queue;
	host->server = make_server(&server->options);
	host->remote_name = remote_name;
	host->shutting_down.reached = when_shut_down;
	grpc_server_register_completion_queue(host->server, host->queue, NULL);
	pthread_mutex_init(&host->lock, NULL);
	pthread_cond_init(&host->changed, NULL);
}

static void close_host(struct rpc_host *host)
{
	if (!host->server)
		return;
	grpc_server_destroy(host->server);
	pthread_cond_destroy(&host->changed);
	pthread_mutex_destroy(&host->lock);
	free(host->remote_name);
}

int rpc_server_new(const struct rpc_server_options *options, struct rpc_server **ret_server,
		   struct error *err)
{
	struct rpc_workers *workers;
	if (rpc_workers_new(options->workers, WAITING_MAX, &workers, err) < 0)
		return -1;
	rpc_library_hold();
	struct rpc_server *server = must_alloc(sizeof(*server));
	server->options = *options;
	server->workers = workers;
	server->queue = grpc_completion_queue_create_for_next(NULL);
	server->no_credentials = grpc_insecure_server_credentials_create();
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
	if (!server->hosts[ORIGIN_LOCAL].server)
		open_host(server, ORIGIN_LOCAL, NULL);
	server->listener_count++;
	return 0;
}

static void admit_remote(void *context, int fd)
{
	struct rpc_server *server = context;
	grpc_server_add_channel_from_fd(server->hosts[ORIGIN_REMOTE].server, fd,
					server->no_credentials);
}

int rpc_server_listen_tls(struct rpc_server *server, const char *address, struct rpc_tls *tls,
			  const char *peer_name, uint16_t *ret_port, struct error *err)
{
	const struct rpc_door_options options = { .address = address,
						  .tls = tls,
						  .peer_name = peer_name,
						  .admitted = admit_remote,
						  .context = server };
	if (server->door)
		return error_set(err, ERROR_EXISTS, "listen on %s: the server has a TLS address",
				 address);
	if (rpc_door_new(&options, &server->door, ret_port, err) < 0)
		return -1;
	server->tls = tls;
	open_host(server, ORIGIN_REMOTE, must_strdup(peer_name));
	return 0;
}

int rpc_server_dial_tls(struct rpc_server *server, unsigned timeout_ms, struct error *err)
{
	char when[CLOCK_TEXT_MAX];
	if (!server->door)
		return 0;
	int64_t end_s = rpc_tls_not_after_s(server->tls);
	if (clock_wall_s() > end_s) {
		clock_format_s(end_s, when);
		return error_set(err, ERROR_INVALID, "the certificate in tls.crt expired at %s",
				 when);
	}
	return rpc_door_dial(server->door, timeout_ms, err);
}

/* The poller: only ever moves calls one step further. */
static void *poll_thread(void *arg)
{
	struct rpc_server *server = arg;
	for (;;) {
		grpc_event event = grpc_completion_queue_next(
			server->queue, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
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
		grpc_server_add_channel_from_fd(server->hosts[ORIGIN_LOCAL].server, fd,
						server->no_credentials);
		return;
	}
	close(fd);
	if (rpc_log_gate_passes(&gate, &dropped))
		log_warning("connection refused", LOG_TEXT("peer", peer.name),
			    LOG_UINT("dropped", dropped));
}

static void start_host(struct rpc_host *host)
{
	if (!host->server)
		return;
	grpc_server_start(host->server);
	for (int i = 0; i < SLOTS; i++)
		rpc_call_open_slot(host);
}

int rpc_server_start(struct rpc_server *server, struct error *err)
{
	int failed = pthread_create(&server->poller, NULL, poll_thread, server);
	if (failed)
		return error_errno(err, failed, "start a thread of the RPC server");
	server->started = true;
	for (int i = 0; i < ORIGINS; i++)
		start_host(&server->hosts[i]);
	for (size_t i = 0; i < server->listener_count; i++)
		if (rpc_listener_start(server->listeners[i], accept_local, server, err) < 0)
			return -1;
	return server->door ? rpc_door_start(server->door, err) : 0;
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
static bool wait_for_calls(struct rpc_host *host, const struct timespec *deadline)
{
	int result = 0;
	pthread_mutex_lock(&host->lock);
	while (!is_quiet(host) && result != ETIMEDOUT)
		result = pthread_cond_clockwait(&host->changed, &host->lock, CLOCK_MONOTONIC,
						deadline);
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

static void shut_down(struct rpc_host *host)
{
	if (!host->server)
		return;
	atomic_store(&host->stopping, true);
	rpc_tag_sent(&host->shutting_down);
	grpc_server_shutdown_and_notify(host->server, host->queue, &host->shutting_down);
}

static void end_calls(struct rpc_host *host, const struct timespec *deadline)
{
	if (!host->server || wait_for_calls(host, deadline))
		return;
	grpc_server_cancel_all_calls(host->server);
	wait_for_handlers(host);
}

void rpc_server_stop(struct rpc_server *server, unsigned grace_ms)
{
	if (server->stopped)
		return;
	struct timespec deadline = clock_deadline(clock_monotonic_ms() + grace_ms);
	server->stopped = true;
	close_listeners(server);
	rpc_door_close(server->door);
	for (int i = 0; i < ORIGINS; i++)
		shut_down(&server->hosts[i]);
	for (int i = 0; server->started && i < ORIGINS; i++)
		end_calls(&server->hosts[i], &deadline);
	rpc_door_free(TAKE(server->door));
	grpc_completion_queue_shutdown(server->queue);
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
	rpc_workers_free(server->workers);
	for (int i = 0; i < ORIGINS; i++)
		close_host(&server->hosts[i]);
	grpc_completion_queue_destroy(server->queue);
	grpc_server_credentials_release(server->no_credentials);
	free(server);
	rpc_library_release();
}
