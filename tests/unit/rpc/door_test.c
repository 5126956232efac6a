/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/door.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "csi.pb-c.h"
#include "rpc/channel_call.h"
#include "test.h"
#include "tls_scene.h"

#define LONG_MS 30000
#define SOON_MS 1000
#define SERVED_MS 5000 /* a second, and what a busy machine takes */

/* What the crowd shall do: a process that connects and sends nothing, so that its descriptors and
 * memory are not ours. It begins before there are threads. */
struct order {
	char address[32];
	unsigned count;
	char folder[128]; /* of a certificate with which it comes once more; "": it does not */
};

static int crowd_fd = -1;

static void set_limit(rlim_t descriptors)
{
	struct rlimit limit;
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = descriptors ? descriptors : limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static bool crowd_in(const struct order *order, int *fds)
{
	struct tls_scene scene = { 0 };
	memcpy(scene.address, order->address, sizeof(scene.address));
	unsigned connected = 0;
	for (unsigned i = 0; i < order->count; i++) {
		fds[i] = tls_scene_connect(&scene);
		connected += fds[i] >= 0;
	}
	return connected == order->count &&
	       (!order->folder[0] || tls_scene_accepts(&scene, order->folder));
}

/* Carries out one order after the other; each ends when a byte comes. */
static void be_the_crowd(int fd)
{
	struct order order;
	static int fds[4096];
	set_limit(0);
	while (read(fd, &order, sizeof(order)) == sizeof(order)) {
		char byte = crowd_in(&order, fds) ? 'y' : 'n';
		if (write(fd, &byte, 1) != 1 || read(fd, &byte, 1) != 1)
			break;
		for (unsigned i = 0; i < order.count; i++)
			close(fds[i]);
	}
	_exit(0);
}

static void begin_crowd(void)
{
	int pair[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	if (fork() == 0) {
		close(pair[0]);
		be_the_crowd(pair[1]);
	}
	close(pair[1]);
	crowd_fd = pair[0];
}

/* Whether all of it went as ordered; the connections stay. */
static bool send_crowd(const struct tls_scene *scene, unsigned count, const char *folder)
{
	struct order order = { .count = count };
	struct pollfd answer = { .fd = crowd_fd, .events = POLLIN };
	char byte = 0;
	memcpy(order.address, scene->address, sizeof(order.address));
	snprintf(order.folder, sizeof(order.folder), "%s", folder ? folder : "");
	assert_int_equal(write(crowd_fd, &order, sizeof(order)), sizeof(order));
	return poll(&answer, 1, LONG_MS) == 1 && read(crowd_fd, &byte, 1) == 1 && byte == 'y';
}

static void send_crowd_home(void)
{
	assert_int_equal(write(crowd_fd, "", 1), 1);
}

static unsigned long private_kb(void)
{
	char line[256];
	unsigned long sum = 0, kb;
	FILE *file = fopen("/proc/self/smaps_rollup", "re");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "Private_Dirty: %lu", &kb) == 1 ||
		    sscanf(line, "Private_Clean: %lu", &kb) == 1)
			sum += kb;
	fclose(file);
	return sum;
}

static unsigned long open_descriptors(void)
{
	unsigned long count = 0;
	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void assert_served_soon(const struct tls_scene *scene)
{
	CLEANUP(rpc_channel_freep)
	struct rpc_channel *channel = tls_scene_channel(scene, scene->ca, CLIENT_NAME, SERVER_NAME);
	struct error err = { 0 };
	char answer[ECHO_ANSWER_MAX];
	uint64_t begin_ms = clock_monotonic_ms();
	if (echo_call(channel, "Echo", "x", SERVED_MS, answer, &err) < 0)
		fail_msg("%s", err.text);
	print_message("served after %llu ms\n",
		      (unsigned long long)(clock_monotonic_ms() - begin_ms));
}

static void silent_connections_cost_next_to_nothing(void **state)
{
	struct tls_scene *scene = *state;
	assert_served_soon(scene);
	unsigned long before_kb = private_kb();
	assert_true(send_crowd(scene, 4000, NULL));
	unsigned long after_kb = private_kb();
	assert_served_soon(scene);
	send_crowd_home();
	print_message("4000 silent connections: %ld KB\n", (long)(after_kb - before_kb));
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	assert_true(after_kb < before_kb + 2048);
#endif
}

static void a_client_is_served_while_another_holds_all_descriptors(void **state)
{
	struct tls_scene *scene = *state;
	CLEANUP(certificates_removep) char *good = certificates_folder(scene->ca, CLIENT_NAME);
	assert_served_soon(scene);
	set_limit(open_descriptors() + 20);
	bool served = send_crowd(scene, 900, good);
	set_limit(0);
	send_crowd_home();
	assert_true(served);
	assert_served_soon(scene);
}

static void leave_descriptors(unsigned count)
{
	int fd = 0;
	for (; count; fd++)
		count -= fcntl(fd, F_GETFD) < 0;
	set_limit((rlim_t)fd);
}

/* Admitting it needs two descriptors, and it is the only one that could make room. */
static void a_client_for_which_there_are_no_descriptors_ends_alone(void **state)
{
	struct tls_scene *scene = *state;
	CLEANUP(certificates_removep) char *good = certificates_folder(scene->ca, CLIENT_NAME);
	leave_descriptors(2);
	bool served = send_crowd(scene, 0, good);
	set_limit(0);
	send_crowd_home();
	assert_false(served);
	assert_served_soon(scene);
}

/* Until the server closes the connection. */
static uint64_t time_to_end_ms(int fd)
{
	char byte;
	uint64_t begin_ms = clock_monotonic_ms();
	struct timeval patience = { .tv_sec = LONG_MS / 1000 };
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	while (recv(fd, &byte, 1, 0) > 0)
		;
	return clock_monotonic_ms() - begin_ms;
}

static void a_handshake_that_takes_too_long_is_ended(void **state)
{
	struct tls_scene *scene = *state;
	CLEANUP_CLOSE int silent = tls_scene_connect(scene);
	CLEANUP_CLOSE int slow = tls_scene_connect(scene);
	assert_int_equal(write(slow, "\x16\x03\x01", 3), 3);
	assert_in_range(time_to_end_ms(slow), 4000, 15000);
	assert_in_range(time_to_end_ms(silent), 0, 3000);
}

static void noise_ends_its_own_connection_alone(void **state)
{
	struct tls_scene *scene = *state;
	/* A record that is longer than TLS allows (RFC 8446 section 5.1). */
	static const char record[] = "\x16\x03\x01\xff\xff\x01";
	CLEANUP(rpc_channel_freep)
	struct rpc_channel *channel = tls_scene_channel(scene, scene->ca, CLIENT_NAME, SERVER_NAME);
	struct error err = { 0 };
	char answer[ECHO_ANSWER_MAX];
	assert_int_equal(echo_call(channel, "Echo", "x", LONG_MS, answer, &err), 0);
	CLEANUP_CLOSE int noise = tls_scene_connect(scene);
	assert_int_equal(write(noise, record, 6), 6);
	assert_in_range(time_to_end_ms(noise), 0, 3000);
	assert_int_equal(echo_call(channel, "Echo", "x", LONG_MS, answer, &err), 0);
}

struct heard {
	int64_t messages;
	int64_t out_of_order;
	unsigned pause_ms;
};

static int hear(void *context, const ProtobufCMessage *message, struct error *err)
{
	struct heard *heard = context;
	const Csi__V1__Volume *volume = ((const Csi__V1__CreateVolumeResponse *)message)->volume;
	heard->out_of_order += volume->capacity_bytes != heard->messages;
	if (heard->messages++ == 0)
		usleep(heard->pause_ms * 1000);
	return 0;
}

/* More than all buffers between the two hold, in both directions, and a client that stands still
 * meanwhile. */
static void what_does_not_fit_waits_and_arrives_in_order(void **state)
{
	struct tls_scene *scene = *state;
	CLEANUP(rpc_channel_freep)
	struct rpc_channel *channel = tls_scene_channel(scene, scene->ca, CLIENT_NAME, SERVER_NAME);
	CLEANUP_FREE char *name = must_alloc(3 << 20);
	Csi__V1__CreateVolumeRequest request = CSI__V1__CREATE_VOLUME_REQUEST__INIT;
	Csi__V1__CapacityRange range = CSI__V1__CAPACITY_RANGE__INIT;
	struct heard heard = { .pause_ms = 300 };
	const struct rpc_channel_reader reader = {
		.type = &csi__v1__create_volume_response__descriptor,
		.visit = hear,
		.context = &heard,
	};
	struct error err = { 0 };
	memset(name, 'x', (3 << 20) - 1);
	range.required_bytes = 200;
	range.limit_bytes = 200000;
	request.capacity_range = &range;
	request.name = name;
	if (rpc_channel_stream(channel, "test.Echo", "Stream", &request.base, &reader, LONG_MS,
			       &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(heard.messages, 200);
	assert_int_equal(heard.out_of_order, 0);
}

static void a_port_that_serves_says_so(void **state)
{
	struct tls_scene *scene = *state;
	struct error err = { 0 };
	if (rpc_server_dial_tls(scene->server, SOON_MS, &err) < 0)
		fail_msg("%s", err.text);
	usleep(100000);
	assert_false(tls_scene_logged(scene, "connection refused"));
}

static void ignore(void *context, int fd)
{
	close(fd);
}

/* Its thread does not run: as if it hung. */
static void a_port_that_hangs_is_found_out(void **state)
{
	struct tls_scene *scene = *state;
	struct error err = { 0 };
	const struct rpc_door_options options = { .address = "127.0.0.1:0",
						  .tls = scene->server_tls,
						  .peer_name = CLIENT_NAME,
						  .admitted = ignore };
	CLEANUP(rpc_door_freep) struct rpc_door *door = NULL;
	assert_int_equal(rpc_door_new(&options, &door, NULL, &err), 0);
	uint64_t begin_ms = clock_monotonic_ms();
	assert_int_equal(rpc_door_dial(door, 300, &err), -1);
	assert_int_equal(err.code, ERROR_TIMEOUT);
	assert_in_range(clock_monotonic_ms() - begin_ms, 250, 3000);
	assert_int_equal(rpc_door_start(door, &err), 0);
	assert_int_equal(rpc_door_dial(door, 3000, &err), 0);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	begin_crowd();
#define WITH(test) cmocka_unit_test_setup_teardown(test, tls_scene_begin, tls_scene_end)
	const struct CMUnitTest tests[] = {
		WITH(silent_connections_cost_next_to_nothing),
		WITH(a_client_is_served_while_another_holds_all_descriptors),
		WITH(a_client_for_which_there_are_no_descriptors_ends_alone),
		WITH(a_handshake_that_takes_too_long_is_ended),
		WITH(noise_ends_its_own_connection_alone),
		WITH(what_does_not_fit_waits_and_arrives_in_order),
		WITH(a_port_that_serves_says_so),
		WITH(a_port_that_hangs_is_found_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
