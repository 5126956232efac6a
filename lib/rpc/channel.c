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
#include "rpc/credentials.h"
#include "rpc/library.h"
#include "rpc/message.h"
#include "rpc/status.h"

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

/* gRPC works on a connection only while somebody waits on it. A call waits for the first attempt;
 * once that has failed, calls fail at once and nobody waits for the attempts that follow: they run
 * into their time limit, one after the other, and the channel never connects again. So a failed
 * one is replaced, and each call makes an attempt of its own. With the lock held; calls that are
 * under way keep the old one. */
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

/* One call under way, with its own completion queue: each caller waits for its own answer. */
struct exchange {
	grpc_completion_queue *queue;
	grpc_call *call;
	gpr_timespec deadline;
	grpc_byte_buffer *request;
	grpc_byte_buffer *response;
	grpc_metadata_array initial_metadata;
	grpc_metadata_array trailing_metadata;
	grpc_status_code status;
	grpc_slice details;
};

static void exchange_begin(struct exchange *exchange, struct rpc_channel *channel, const char *path,
			   uint32_t timeout_ms)
{
	*exchange = (struct exchange) { .details = grpc_empty_slice() };
	exchange->deadline = gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
					  gpr_time_from_millis(timeout_ms, GPR_TIMESPAN));
	grpc_metadata_array_init(&exchange->initial_metadata);
	grpc_metadata_array_init(&exchange->trailing_metadata);
	exchange->queue = grpc_completion_queue_create_for_pluck(NULL);
	grpc_slice method = grpc_slice_from_copied_string(path);
	pthread_mutex_lock(&channel->lock);
	replace_failed(channel);
	exchange->call =
		grpc_channel_create_call(channel->channel, NULL, GRPC_PROPAGATE_DEFAULTS,
					 exchange->queue, method, NULL, exchange->deadline, NULL);
	pthread_mutex_unlock(&channel->lock);
	grpc_slice_unref(method);
}

static void exchange_run(struct exchange *exchange, const ProtobufCMessage *request)
{
	exchange->request = rpc_message_pack(request);
	grpc_op ops[] = {
		{ .op = GRPC_OP_SEND_INITIAL_METADATA },
		{ .op = GRPC_OP_SEND_MESSAGE, .data.send_message = { exchange->request } },
		{ .op = GRPC_OP_SEND_CLOSE_FROM_CLIENT },
		{ .op = GRPC_OP_RECV_INITIAL_METADATA,
		  .data.recv_initial_metadata = { &exchange->initial_metadata } },
		{ .op = GRPC_OP_RECV_MESSAGE, .data.recv_message = { &exchange->response } },
		{ .op = GRPC_OP_RECV_STATUS_ON_CLIENT,
		  .data.recv_status_on_client = { &exchange->trailing_metadata, &exchange->status,
						  &exchange->details, NULL } },
	};
	rpc_wire_sent();
	rpc_tag_sent(exchange);
	grpc_call_error failed = grpc_call_start_batch(
		exchange->call, ops, sizeof(ops) / sizeof(ops[0]), exchange, NULL);
	if (failed != GRPC_CALL_OK) {
		exchange->status = GRPC_STATUS_INTERNAL;
		exchange->details =
			grpc_slice_from_copied_string(grpc_call_error_to_string(failed));
		return;
	}
	/* The deadline of the call bounds this wait. */
	grpc_completion_queue_pluck(exchange->queue, exchange, gpr_inf_future(GPR_CLOCK_MONOTONIC),
				    NULL);
	rpc_tag_received(exchange);
	rpc_wire_received();
}

static void exchange_done(struct exchange *exchange)
{
	grpc_slice_unref(exchange->details);
	grpc_metadata_array_destroy(&exchange->initial_metadata);
	grpc_metadata_array_destroy(&exchange->trailing_metadata);
	grpc_byte_buffer_destroy(exchange->request);
	grpc_byte_buffer_destroy(exchange->response);
	grpc_call_unref(exchange->call);
	grpc_completion_queue_destroy(exchange->queue);
}

/* The server knows the deadline too, and may be the first to give up. */
static bool is_too_late(const struct exchange *exchange)
{
	if (exchange->status == GRPC_STATUS_DEADLINE_EXCEEDED)
		return grpc_slice_str_cmp(exchange->details, "Deadline Exceeded") == 0;
	return exchange->status == GRPC_STATUS_CANCELLED &&
	       gpr_time_cmp(gpr_now(GPR_CLOCK_MONOTONIC), exchange->deadline) >= 0;
}

/* What the server says is passed on as it is; what gRPC says needs to be told whom it is about. */
static int explain(const struct exchange *exchange, const struct rpc_channel *channel,
		   const char *method, uint32_t timeout_ms, struct error *err)
{
	enum error_code code = rpc_error_of_status(exchange->status);
	int length = (int)GRPC_SLICE_LENGTH(exchange->details);
	const char *text = (const char *)GRPC_SLICE_START_PTR(exchange->details);
	if (is_too_late(exchange))
		return error_set(err, ERROR_TIMEOUT, "%s: no answer from %s within %u ms", method,
				 channel->name, timeout_ms);
	if (code == ERROR_UNAVAILABLE)
		return error_set(err, code, "%s on %s: %.*s", method, channel->name, length, text);
	return error_set(err, code, "%.*s", length, text);
}

int rpc_channel_call(struct rpc_channel *channel, const char *service, const char *method,
		     const ProtobufCMessage *request, const ProtobufCMessageDescriptor *response,
		     uint32_t timeout_ms, ProtobufCMessage **ret_response, struct error *err)
{
	CLEANUP(exchange_done) struct exchange exchange;
	CLEANUP_FREE char *path = must_printf("/%s/%s", service, method);
	exchange_begin(&exchange, channel, path, timeout_ms);
	exchange_run(&exchange, request);
	if (exchange.status != GRPC_STATUS_OK)
		return explain(&exchange, channel, method, timeout_ms, err);
	if (!exchange.response)
		return error_set(err, ERROR_INTERNAL, "%s: %s answered without a message", method,
				 channel->name);
	if (rpc_message_unpack(response, exchange.response, NULL, ret_response, err) < 0) {
		if (err) /* not the caller's request is wrong */
			err->code = ERROR_INTERNAL;
		return error_prefix(err, "%s: answer of %s", method, channel->name);
	}
	return 0;
}
