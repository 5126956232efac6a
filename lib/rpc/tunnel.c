/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/tunnel.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"

#define RECORD_BYTES 16384 /* the most that one TLS record holds (RFC 8446 section 5.1) */
#define STEPS_MAX 16	   /* then the other connections have their turn */
#define CLOSING_MS 2000
/* A peer that lost its power sends nothing: the kernel's keep-alive notices it. */
#define KEEPALIVE_AFTER_S 60
#define KEEPALIVE_EVERY_S 15
#define PEER_GONE_MS 60000

static void set_rules(int fd)
{
	const int yes = 1, after_s = KEEPALIVE_AFTER_S, every_s = KEEPALIVE_EVERY_S;
	const unsigned gone_ms = PEER_GONE_MS;
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof(yes));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &after_s, sizeof(after_s));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &every_s, sizeof(every_s));
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &gone_ms, sizeof(gone_ms));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
}

struct tunnel *tunnel_new(int fd)
{
	struct tunnel *tunnel = must_alloc(sizeof(*tunnel));
	set_rules(fd);
	tunnel->outer = (struct tunnel_end) { .tunnel = tunnel, .fd = fd, .writable = true };
	tunnel->inner = (struct tunnel_end) { .tunnel = tunnel, .fd = -1 };
	return tunnel;
}

static void close_end(struct tunnel_end *end)
{
	if (end->fd >= 0)
		close(end->fd);
	end->fd = -1;
}

void tunnel_end(struct tunnel *tunnel)
{
	SSL_free(TAKE(tunnel->ssl));
	close_end(&tunnel->outer);
	close_end(&tunnel->inner);
	tunnel->state = TUNNEL_OVER;
}

void tunnel_free(struct tunnel *tunnel)
{
	if (!tunnel)
		return;
	tunnel_end(tunnel);
	free(tunnel->in.held);
	free(tunnel->out.held);
	free(tunnel);
}

void tunnel_begin(struct tunnel *tunnel, SSL *ssl)
{
	tunnel->ssl = ssl;
	tunnel->state = TUNNEL_SHAKING;
}

/*
 * The four ways of a byte: what each returns is a count above 0, 0 at the sender's end, or -1 with
 * errno; EAGAIN when it cannot be done now.
 */

typedef ssize_t transfer(struct tunnel *tunnel, void *bytes, size_t size);

/* What OpenSSL says about an operation that did not succeed. */
static ssize_t judge(struct tunnel *tunnel, int result)
{
	switch (SSL_get_error(tunnel->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		tunnel->outer.readable = false;
		break;
	case SSL_ERROR_WANT_WRITE:
		tunnel->outer.writable = false;
		break;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	default:
		errno = EPROTO;
		return -1;
	}
	errno = EAGAIN;
	return -1;
}

static ssize_t read_outer(struct tunnel *tunnel, void *bytes, size_t size)
{
	ERR_clear_error();
	int result = SSL_read(tunnel->ssl, bytes, (int)size);
	return result > 0 ? result : judge(tunnel, result);
}

static ssize_t write_outer(struct tunnel *tunnel, void *bytes, size_t size)
{
	ERR_clear_error();
	int result = SSL_write(tunnel->ssl, bytes, (int)size);
	return result > 0 ? result : judge(tunnel, result);
}

static ssize_t read_inner(struct tunnel *tunnel, void *bytes, size_t size)
{
	ssize_t length = recv(tunnel->inner.fd, bytes, size, 0);
	/* A short answer has emptied the socket; what comes later is another event. */
	if (length < (ssize_t)size && length != 0)
		tunnel->inner.readable = false;
	return length;
}

static ssize_t write_inner(struct tunnel *tunnel, void *bytes, size_t size)
{
	/* gRPC has closed its end: what the client sends until it has read that is not wanted. */
	if (tunnel->out.source_ended)
		return (ssize_t)size;
	ssize_t length = send(tunnel->inner.fd, bytes, size, MSG_NOSIGNAL);
	if (length < (ssize_t)size)
		tunnel->inner.writable = false;
	return length;
}

static void end_outer(struct tunnel *tunnel)
{
	ERR_clear_error();
	SSL_shutdown(tunnel->ssl); /* says so to the client; does not wait for its answer */
	shutdown(tunnel->outer.fd, SHUT_WR);
}

static void end_inner(struct tunnel *tunnel)
{
	shutdown(tunnel->inner.fd, SHUT_WR);
}

/*
 * A direction.
 */

struct way {
	struct tunnel_flow *flow;
	struct tunnel_end *source, *sink;
	transfer *read, *write;
	void (*end)(struct tunnel *tunnel);
};

enum step { STEP_MOVED, STEP_NOTHING, STEP_BROKEN };

static enum step step_of_errno(void)
{
	return errno == EAGAIN || errno == EINTR ? STEP_NOTHING : STEP_BROKEN;
}

static enum step write_held(struct tunnel *tunnel, const struct way *way)
{
	struct tunnel_flow *flow = way->flow;
	if (!way->sink->writable)
		return STEP_NOTHING;
	ssize_t length = way->write(tunnel, flow->held + flow->offset, flow->length - flow->offset);
	if (length < 0)
		return step_of_errno();
	flow->offset += (size_t)length;
	if (flow->offset == flow->length) {
		free(TAKE(flow->held));
		flow->length = flow->offset = 0;
	}
	return STEP_MOVED;
}

static void hold(struct tunnel_flow *flow, const unsigned char *bytes, size_t length)
{
	flow->held = must_alloc(length);
	memcpy(flow->held, bytes, length);
	flow->length = length;
	flow->offset = 0;
}

static enum step pass_on(struct tunnel *tunnel, const struct way *way, unsigned char *bytes,
			 size_t length)
{
	ssize_t written = 0;
	if (way->sink->writable)
		written = way->write(tunnel, bytes, length);
	if (written < 0 && step_of_errno() == STEP_BROKEN)
		return STEP_BROKEN;
	if (written < 0)
		written = 0;
	if ((size_t)written < length)
		hold(way->flow, bytes + written, length - (size_t)written);
	return STEP_MOVED;
}

static enum step step(struct tunnel *tunnel, const struct way *way)
{
	unsigned char bytes[RECORD_BYTES];
	struct tunnel_flow *flow = way->flow;
	if (flow->held)
		return write_held(tunnel, way);
	if (flow->source_ended && !flow->sink_ended) {
		way->end(tunnel);
		flow->sink_ended = true;
		return STEP_MOVED;
	}
	if (flow->source_ended || !way->source->readable)
		return STEP_NOTHING;
	ssize_t length = way->read(tunnel, bytes, sizeof(bytes));
	if (length < 0)
		return step_of_errno();
	flow->source_ended = length == 0;
	return length == 0 ? STEP_MOVED : pass_on(tunnel, way, bytes, (size_t)length);
}

static bool has_ended(const struct tunnel_flow *flow)
{
	return flow->source_ended && flow->sink_ended;
}

static void look_for_end(struct tunnel *tunnel, uint64_t now_ms)
{
	if (has_ended(&tunnel->in) && has_ended(&tunnel->out)) {
		tunnel->state = TUNNEL_OVER;
	} else if (has_ended(&tunnel->out) && tunnel->state == TUNNEL_OPEN) {
		tunnel->state = TUNNEL_CLOSING;
		tunnel->deadline_ms = now_ms + CLOSING_MS;
	}
}

void tunnel_move(struct tunnel *tunnel, uint64_t now_ms)
{
	const struct way in = { &tunnel->in, &tunnel->outer, &tunnel->inner,
				read_outer,  write_inner,    end_inner };
	const struct way out = { &tunnel->out, &tunnel->inner, &tunnel->outer,
				 read_inner,   write_outer,    end_outer };
	tunnel->again = false;
	for (int i = 0; i < STEPS_MAX; i++) {
		enum step inwards = step(tunnel, &in);
		enum step outwards = step(tunnel, &out);
		if (inwards == STEP_BROKEN || outwards == STEP_BROKEN) {
			tunnel->state = TUNNEL_OVER;
			return;
		}
		if (inwards == STEP_NOTHING && outwards == STEP_NOTHING) {
			look_for_end(tunnel, now_ms);
			return;
		}
		tunnel->moved_ms = now_ms;
	}
	look_for_end(tunnel, now_ms);
	tunnel->again = true;
}

/*
 * Its beginning.
 */

int tunnel_shake(struct tunnel *tunnel)
{
	ERR_clear_error();
	int result = SSL_accept(tunnel->ssl);
	if (result == 1)
		return 1;
	return judge(tunnel, result) < 0 && errno == EAGAIN ? 0 : -1;
}

int tunnel_open(struct tunnel *tunnel, int *ret_fd)
{
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		return -1;
	tunnel->inner.fd = pair[0];
	tunnel->inner.writable = true;
	tunnel->state = TUNNEL_OPEN;
	*ret_fd = pair[1];
	return 0;
}
