/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/door.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/text.h"
#include "rpc/dial.h"
#include "rpc/entrance.h"
#include "rpc/library.h"
#include "rpc/tls_context.h"
#include "rpc/tunnel.h"

#define UNAUTHENTICATED_MAX 64 /* connections without a finished handshake */
#define HANDSHAKES_MAX 16
#define ADMITTED_MAX 64
#define HANDSHAKE_MS 5000
#define ACCEPTS_MAX 32 /* then those that are here have their turn */
#define EVENTS_MAX 32
#define TICK_MS 250 /* how exactly deadlines are kept */
#define FLUSH_MS 200

struct rpc_door {
	struct rpc_door_options options;
	struct rpc_tls_context *tls;
	struct entrance entrance;
	int stop_fd; /* an eventfd */
	int epoll_fd;
	uint64_t looked_ms; /* when deadlines were looked at */
	uint64_t arrivals;  /* counts connections */
	struct tunnel *tunnels;
	bool started;
	pthread_t thread;

	pthread_mutex_t lock;
	bool closed;			/* nothing is admitted */
	char own_name[TUNNEL_NAME_MAX]; /* from where rpc_door_dial() comes; "": it does not */
};

static struct metric refused = {
	.name = "kentledge_tls_connections_refused_total",
	.help = "Connections to the TCP port that were closed before they could call.",
	.type = METRIC_COUNTER,
	.labels = { "reason" },
};

static void count_refused(const char *reason)
{
	const char *values[] = { reason };
	metric_add(&refused, values, 1);
}

/*
 * Tunnels that come and go. One that is over is freed after the batch of events in which it ended:
 * another event of the batch may name it.
 */

static void sweep_tunnels(struct rpc_door *door)
{
	struct tunnel **place = &door->tunnels;
	while (*place) {
		struct tunnel *tunnel = *place;
		if (tunnel->state != TUNNEL_OVER) {
			place = &tunnel->next;
			continue;
		}
		*place = tunnel->next;
		tunnel_free(tunnel);
	}
}

/* Ends one of those in these states if there are `most` of them or more; whether it has. */
static bool make_room(struct rpc_door *door, enum tunnel_state from, enum tunnel_state to,
		      size_t most)
{
	struct crowd_member members[UNAUTHENTICATED_MAX];
	struct tunnel *found[UNAUTHENTICATED_MAX];
	size_t count = 0;
	for (struct tunnel *tunnel = door->tunnels; tunnel && count < UNAUTHENTICATED_MAX;
	     tunnel = tunnel->next) {
		if (tunnel->state < from || tunnel->state > to)
			continue;
		members[count] = tunnel->member;
		found[count++] = tunnel;
	}
	if (count < most || !count)
		return false;
	tunnel_end(found[crowd_victim(members, count)]);
	count_refused("crowd");
	return true;
}

/* The descriptor of an unauthenticated client; false: none has one. */
static bool free_descriptor(struct rpc_door *door)
{
	return make_room(door, TUNNEL_SILENT, TUNNEL_SILENT, 1) ||
	       make_room(door, TUNNEL_SHAKING, TUNNEL_SHAKING, 1);
}

/* The one whose client has been quiet for the longest time makes room. */
static void make_room_inside(struct rpc_door *door)
{
	struct tunnel *quiet = NULL;
	size_t count = 0;
	for (struct tunnel *tunnel = door->tunnels; tunnel; tunnel = tunnel->next) {
		if (tunnel->state != TUNNEL_OPEN && tunnel->state != TUNNEL_CLOSING)
			continue;
		count++;
		if (!quiet || tunnel->moved_ms < quiet->moved_ms)
			quiet = tunnel;
	}
	if (count >= ADMITTED_MAX)
		tunnel_end(quiet);
}

static int watch(struct rpc_door *door, int fd, uint32_t events, void *what)
{
	struct epoll_event event = { .events = events, .data.ptr = what };
	return epoll_ctl(door->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

static int watch_end(struct rpc_door *door, struct tunnel_end *end)
{
	return watch(door, end->fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, end);
}

static void report(const struct tunnel *tunnel, const char *reason, const struct error *err)
{
	static struct rpc_log_gate gate;
	unsigned dropped;
	count_refused(reason);
	if (rpc_log_gate_passes(&gate, &dropped))
		log_warning("connection refused", LOG_TEXT("peer", tunnel->name), LOG_ERR(err),
			    LOG_UINT("dropped", dropped));
}

/* By address and port: another client may have the same port. */
static bool is_own(struct rpc_door *door, const struct tunnel *tunnel)
{
	pthread_mutex_lock(&door->lock);
	bool own = strcmp(tunnel->name, door->own_name) == 0;
	pthread_mutex_unlock(&door->lock);
	return own;
}

/* A client whose handshake failed may have seen OpenSSL's alert before this is logged. */
static void refuse(struct rpc_door *door, struct tunnel *tunnel, const char *reason,
		   const struct error *err)
{
	if (!is_own(door, tunnel))
		report(tunnel, reason, err);
	tunnel_end(tunnel);
}

/*
 * From the first byte to gRPC.
 */

static bool is_closed(struct rpc_door *door)
{
	pthread_mutex_lock(&door->lock);
	bool closed = door->closed;
	pthread_mutex_unlock(&door->lock);
	return closed;
}

/* The tunnel itself may be the one that makes room. */
static int open_tunnel(struct rpc_door *door, struct tunnel *tunnel, int *ret_fd)
{
	while (tunnel->state != TUNNEL_OVER) {
		if (tunnel_open(tunnel, ret_fd) == 0)
			return 0;
		if (errno != EMFILE || !free_descriptor(door))
			return -1;
	}
	return -1;
}

/* With the lock: after rpc_door_close() gRPC's server may be gone. */
static void hand_over(struct rpc_door *door, struct tunnel *tunnel)
{
	int fd;
	pthread_mutex_lock(&door->lock);
	if (door->closed || open_tunnel(door, tunnel, &fd) < 0) {
		tunnel_end(tunnel);
	} else if (watch_end(door, &tunnel->inner) < 0) {
		close(fd);
		tunnel_end(tunnel);
	} else {
		door->options.admitted(door->options.context, fd);
	}
	pthread_mutex_unlock(&door->lock);
}

static void admit(struct rpc_door *door, struct tunnel *tunnel)
{
	struct error err = { 0 };
	if (rpc_tls_context_check(door->tls, tunnel->ssl, &err) < 0) {
		refuse(door, tunnel, "name", &err);
		return;
	}
	make_room_inside(door);
	hand_over(door, tunnel);
}

static void shake(struct rpc_door *door, struct tunnel *tunnel)
{
	struct error err = { 0 };
	int result = tunnel_shake(tunnel);
	if (result > 0) {
		admit(door, tunnel);
	} else if (result < 0) {
		rpc_tls_explain(tunnel->ssl, &err);
		refuse(door, tunnel, "handshake", &err);
	}
}

static void begin_handshake(struct rpc_door *door, struct tunnel *tunnel)
{
	char byte;
	/* An end without a byte costs no handshake. */
	ssize_t length = recv(tunnel->outer.fd, &byte, 1, MSG_PEEK);
	if (length == 0 || (length < 0 && errno != EAGAIN))
		tunnel_end(tunnel);
	if (length <= 0)
		return;
	make_room(door, TUNNEL_SHAKING, TUNNEL_SHAKING, HANDSHAKES_MAX);
	SSL *ssl = rpc_tls_context_open(door->tls, tunnel->outer.fd);
	if (ssl)
		tunnel_begin(tunnel, ssl);
	else
		tunnel_end(tunnel);
}

static void go_on(struct rpc_door *door, struct tunnel *tunnel)
{
	if (tunnel->state == TUNNEL_SILENT && tunnel->outer.readable)
		begin_handshake(door, tunnel);
	if (tunnel->state == TUNNEL_SHAKING)
		shake(door, tunnel);
	if (tunnel->state == TUNNEL_OPEN || tunnel->state == TUNNEL_CLOSING)
		tunnel_move(tunnel, clock_monotonic_ms());
}

/*
 * Accepting.
 */

static void name_of(const struct sockaddr_storage *address, char name[static TUNNEL_NAME_MAX])
{
	const struct sockaddr_in *inet = (const void *)address;
	const struct sockaddr_in6 *inet6 = (const void *)address;
	char host[INET6_ADDRSTRLEN] = "?";
	bool is_inet6 = address->ss_family == AF_INET6;
	inet_ntop(address->ss_family, is_inet6 ? (const void *)&inet6->sin6_addr : &inet->sin_addr,
		  host, sizeof(host));
	snprintf(name, TUNNEL_NAME_MAX, is_inet6 ? "[%s]:%u" : "%s:%u", host,
		 ntohs(is_inet6 ? inet6->sin6_port : inet->sin_port));
}

static void take_in(struct rpc_door *door, int fd, const struct sockaddr_storage *address)
{
	struct tunnel *tunnel = tunnel_new(fd);
	uint64_t now_ms = clock_monotonic_ms();
	name_of(address, tunnel->name);
	tunnel->member.peer = crowd_peer(address);
	tunnel->member.arrival = door->arrivals++;
	tunnel->deadline_ms = now_ms + HANDSHAKE_MS;
	make_room(door, TUNNEL_SILENT, TUNNEL_SHAKING, UNAUTHENTICATED_MAX);
	tunnel->next = door->tunnels;
	door->tunnels = tunnel;
	if (watch_end(door, &tunnel->outer) < 0)
		tunnel_end(tunnel);
}

/* Among unauthenticated clients the latest one gets the descriptor. */
static void make_do(struct rpc_door *door)
{
	static struct rpc_log_gate gate;
	unsigned dropped;
	if (free_descriptor(door))
		return;
	entrance_turn_away(&door->entrance);
	count_refused("descriptors");
	if (rpc_log_gate_passes(&gate, &dropped))
		log_warning("connection refused: no file descriptor is free",
			    LOG_UINT("dropped", dropped));
}

static void accept_some(struct rpc_door *door)
{
	for (int i = 0; i < ACCEPTS_MAX; i++) {
		struct sockaddr_storage address = { 0 };
		int fd;
		switch (entrance_accept(&door->entrance, &fd, &address)) {
		case ENTRANCE_ACCEPTED:
			take_in(door, fd, &address);
			break;
		case ENTRANCE_FULL:
			make_do(door);
			break;
		case ENTRANCE_AGAIN:
			break;
		case ENTRANCE_EMPTY:
			return;
		}
	}
}

/*
 * The thread.
 */

static bool has_deadline(const struct tunnel *tunnel)
{
	return tunnel->state != TUNNEL_OPEN;
}

static int wait_ms(const struct rpc_door *door)
{
	int result = door->entrance.paused_until_ms ? TICK_MS : -1;
	for (const struct tunnel *tunnel = door->tunnels; tunnel; tunnel = tunnel->next) {
		if (tunnel->again)
			return 0;
		if (has_deadline(tunnel) && result < 0)
			result = TICK_MS;
	}
	return result;
}

static void keep_deadlines(struct rpc_door *door)
{
	uint64_t now_ms = clock_monotonic_ms();
	if (now_ms < door->looked_ms + TICK_MS / 2)
		return;
	door->looked_ms = now_ms;
	entrance_tick(&door->entrance, now_ms);
	for (struct tunnel *tunnel = door->tunnels; tunnel; tunnel = tunnel->next) {
		if (!has_deadline(tunnel) || now_ms < tunnel->deadline_ms)
			continue;
		if (tunnel->state != TUNNEL_CLOSING)
			count_refused("timeout");
		tunnel_end(tunnel);
	}
}

static void note_event(const struct epoll_event *event)
{
	struct tunnel_end *end = event->data.ptr;
	end->readable |= (event->events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
	end->writable |= (event->events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0;
	end->tunnel->again = true;
}

/* Whether the thread is to end. */
static bool note_events(struct rpc_door *door, const struct epoll_event *events, int count)
{
	bool stop = false;
	bool visitors = false;
	for (int i = 0; i < count; i++) {
		if (events[i].data.ptr == &door->stop_fd)
			stop = true;
		else if (events[i].data.ptr == &door->entrance)
			visitors = true;
		else
			note_event(&events[i]);
	}
	if (visitors)
		accept_some(door);
	return stop;
}

static bool turn(struct rpc_door *door, int timeout_ms)
{
	struct epoll_event events[EVENTS_MAX];
	int count = epoll_wait(door->epoll_fd, events, EVENTS_MAX, timeout_ms);
	bool stop = note_events(door, events, count);
	for (struct tunnel *tunnel = door->tunnels; tunnel; tunnel = tunnel->next) {
		if (!tunnel->again)
			continue;
		tunnel->again = false;
		go_on(door, tunnel);
	}
	keep_deadlines(door);
	sweep_tunnels(door);
	return stop;
}

static bool has_more_to_send(const struct rpc_door *door)
{
	for (const struct tunnel *tunnel = door->tunnels; tunnel; tunnel = tunnel->next)
		if (tunnel->state == TUNNEL_OPEN)
			return true;
	return false;
}

static void *run(void *arg)
{
	struct rpc_door *door = arg;
	sigset_t pipe;
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE); /* OpenSSL writes with write(2) */
	pthread_sigmask(SIG_BLOCK, &pipe, NULL);
	while (!turn(door, wait_ms(door)))
		;
	epoll_ctl(door->epoll_fd, EPOLL_CTL_DEL, door->stop_fd, NULL);
	uint64_t end_ms = clock_monotonic_ms() + FLUSH_MS;
	while (has_more_to_send(door) && clock_monotonic_ms() < end_ms)
		turn(door, 10);
	return NULL;
}

/*
 * The outside.
 */

int rpc_door_new(const struct rpc_door_options *options, struct rpc_door **ret_door,
		 uint16_t *ret_port, struct error *err)
{
	CLEANUP(rpc_door_freep) struct rpc_door *door = must_alloc(sizeof(*door));
	door->options = *options;
	door->entrance = (struct entrance) { .listen_fd = -1, .spare_fd = -1 };
	pthread_mutex_init(&door->lock, NULL);
	door->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	door->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (door->stop_fd < 0 || door->epoll_fd < 0)
		return error_errno(err, errno, "listen on %s", options->address);
	if (rpc_tls_context_new(options->tls, options->peer_name, &door->tls, err) < 0 ||
	    entrance_open(&door->entrance, options->address, door->epoll_fd, ret_port, err) < 0)
		return -1;
	if (watch(door, door->stop_fd, EPOLLIN, &door->stop_fd) < 0)
		return error_errno(err, errno, "listen on %s", options->address);
	*ret_door = TAKE(door);
	return 0;
}

int rpc_door_start(struct rpc_door *door, struct error *err)
{
	int failed = pthread_create(&door->thread, NULL, run, door);
	if (failed)
		return error_errno(err, failed, "start a thread of the TCP port");
	door->started = true;
	return 0;
}

static void note_own_name(void *context, const struct sockaddr_storage *own)
{
	struct rpc_door *door = context;
	pthread_mutex_lock(&door->lock);
	name_of(own, door->own_name);
	pthread_mutex_unlock(&door->lock);
}

int rpc_door_dial(struct rpc_door *door, unsigned timeout_ms, struct error *err)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof(address);
	if (is_closed(door))
		return error_set(err, ERROR_UNAVAILABLE, "the TCP port is closed");
	if (getsockname(door->entrance.listen_fd, (struct sockaddr *)&address, &length) < 0)
		return error_errno(err, errno, "getsockname");
	const struct dial_watch watch = { .bound = note_own_name, .context = door };
	return dial_tls(&address, timeout_ms, &watch, err);
}

void rpc_door_close(struct rpc_door *door)
{
	if (!door)
		return;
	pthread_mutex_lock(&door->lock);
	if (!door->closed)
		entrance_shut(&door->entrance);
	door->closed = true;
	pthread_mutex_unlock(&door->lock);
}

void rpc_door_free(struct rpc_door *door)
{
	if (!door)
		return;
	rpc_door_close(door);
	if (door->started) {
		eventfd_write(door->stop_fd, 1);
		pthread_join(door->thread, NULL);
	}
	for (struct tunnel *tunnel = door->tunnels; tunnel; tunnel = tunnel->next)
		tunnel_end(tunnel);
	sweep_tunnels(door);
	entrance_close(&door->entrance);
	if (door->stop_fd >= 0)
		close(door->stop_fd);
	if (door->epoll_fd >= 0)
		close(door->epoll_fd);
	rpc_tls_context_free(door->tls);
	pthread_mutex_destroy(&door->lock);
	free(door);
}
