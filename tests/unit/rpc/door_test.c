/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/door.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "csi.pb-c.h"
#include "memory_use.h"
#include "rpc/channel_call.h"
#include "silent_crowd.h"
#include "test.h"
#include "tls_scene.h"

#define LONG_MS 30000
#define SOON_MS 1000
#define NAP_MS 10

/*
 * "Within a second" is measured against the machine: a second is what a thread needs for a hundred
 * naps of 10 ms. Where others hold the processors, the naps get longer as the door's answer does.
 */

static atomic_uint naps;

static void *nap(void *context)
{
	for (;;) {
		nanosleep(&(struct timespec) { .tv_nsec = NAP_MS * 1000000L }, NULL);
		atomic_fetch_add(&naps, 1);
	}
	return NULL;
}

static void begin_naps(void)
{
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, nap, NULL), 0);
	pthread_detach(thread);
}

static void set_limit(rlim_t descriptors)
{
	struct rlimit limit;
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = descriptors ? descriptors : limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
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
	unsigned begin = atomic_load(&naps);
	if (echo_call(channel, "Echo", "x", LONG_MS, answer, &err) < 0)
		fail_msg("%s", err.text);
	unsigned took = atomic_load(&naps) - begin;
	print_message("served after %u naps of %d ms\n", took, NAP_MS);
	assert_true(took <= SOON_MS / NAP_MS);
}

static void silent_connections_cost_next_to_nothing(void **state)
{
	struct tls_scene *scene = *state;
	assert_served_soon(scene);
	unsigned long before_kb = memory_use_of(getpid()).private_kb;
	assert_true(silent_crowd_send(scene->address, 4000, NULL));
	unsigned long after_kb = memory_use_of(getpid()).private_kb;
	assert_served_soon(scene);
	silent_crowd_send_home();
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
	bool served = silent_crowd_send(scene->address, 900, good);
	set_limit(0);
	silent_crowd_send_home();
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
	bool served = silent_crowd_send(scene->address, 0, good);
	set_limit(0);
	silent_crowd_send_home();
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

/* A record that is longer than TLS allows (RFC 8446 section 5.1). */
static const char noise_record[] = "\x16\x03\x01\xff\xff\x01";

static void noise_ends_its_own_connection_alone(void **state)
{
	struct tls_scene *scene = *state;
	CLEANUP(rpc_channel_freep)
	struct rpc_channel *channel = tls_scene_channel(scene, scene->ca, CLIENT_NAME, SERVER_NAME);
	struct error err = { 0 };
	char answer[ECHO_ANSWER_MAX];
	assert_int_equal(echo_call(channel, "Echo", "x", LONG_MS, answer, &err), 0);
	CLEANUP_CLOSE int noise = tls_scene_connect(scene);
	assert_int_equal(write(noise, noise_record, 6), 6);
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

static void ignore(void *context, int fd)
{
	close(fd);
}

/* Its thread does not run: as if it hung. */
static struct rpc_door *hanging_door(const struct tls_scene *scene, uint16_t *ret_port)
{
	struct error err = { 0 };
	const struct rpc_door_options options = { .address = "127.0.0.1:0",
						  .tls = scene->server_tls,
						  .peer_name = CLIENT_NAME,
						  .admitted = ignore };
	struct rpc_door *door = NULL;
	if (rpc_door_new(&options, &door, ret_port, &err) < 0)
		fail_msg("%s", err.text);
	return door;
}

static void a_port_that_hangs_is_found_out(void **state)
{
	struct error err = { 0 };
	CLEANUP(rpc_door_freep) struct rpc_door *door = hanging_door(*state, NULL);
	uint64_t begin_ms = clock_monotonic_ms();
	assert_int_equal(rpc_door_dial(door, 300, &err), -1);
	assert_int_equal(err.code, ERROR_TIMEOUT);
	assert_in_range(clock_monotonic_ms() - begin_ms, 250, 3000);
	assert_int_equal(rpc_door_start(door, &err), 0);
	assert_int_equal(rpc_door_dial(door, 3000, &err), 0);
}

/* The other end of the only connection to ours, by the kernel's table of them; 0: there is none. */
static uint16_t port_of_peer(uint16_t own)
{
	char line[256];
	unsigned from, to, found = 0;
	FILE *file = fopen("/proc/net/tcp", "re");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, " %*u: %*8x:%4x %*8x:%4x", &from, &to) == 2 && to == own)
			found = from;
	fclose(file);
	return (uint16_t)found;
}

/* From another address of loopback, by the same port. */
static int connect_from(const char *host, uint16_t port, uint16_t to_port)
{
	struct sockaddr_in from = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(to_port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(inet_pton(AF_INET, host, &from.sin_addr), 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof(from)), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

/* Noise from there, until it is logged. */
static void be_refused(const struct tls_scene *scene, const char *host, uint16_t port,
		       uint16_t to_port)
{
	char name[32];
	snprintf(name, sizeof(name), "%s:%u", host, port);
	CLEANUP_CLOSE int noise = connect_from(host, port, to_port);
	assert_int_equal(write(noise, noise_record, 6), 6);
	assert_true(tls_scene_logs(scene, name));
}

/* The server's own look waits when the door's thread begins, so it is over before the third. */
static void the_server_s_own_look_is_not_logged_and_another_client_from_its_port_is(void **state)
{
	struct error err = { 0 };
	uint16_t port;
	char own[32];
	CLEANUP(rpc_door_freep) struct rpc_door *door = hanging_door(*state, &port);
	assert_int_equal(rpc_door_dial(door, 100, &err), -1);
	uint16_t own_port = port_of_peer(port);
	assert_int_not_equal(own_port, 0);
	assert_int_equal(rpc_door_start(door, &err), 0);
	be_refused(*state, "127.0.0.2", own_port, port);
	be_refused(*state, "127.0.0.3", own_port, port);
	snprintf(own, sizeof(own), "127.0.0.1:%u", own_port);
	assert_false(tls_scene_logged(*state, own));
}

static void a_port_that_serves_says_so(void **state)
{
	struct tls_scene *scene = *state;
	struct error err = { 0 };
	if (rpc_server_dial_tls(scene->server, SOON_MS, &err) < 0)
		fail_msg("%s", err.text);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	silent_crowd_begin();
	begin_naps();
#define WITH(test) cmocka_unit_test_setup_teardown(test, tls_scene_begin, tls_scene_end)
	const struct CMUnitTest tests[] = {
		WITH(silent_connections_cost_next_to_nothing),
		WITH(a_client_is_served_while_another_holds_all_descriptors),
		WITH(a_client_for_which_there_are_no_descriptors_ends_alone),
		WITH(a_handshake_that_takes_too_long_is_ended),
		WITH(noise_ends_its_own_connection_alone),
		WITH(what_does_not_fit_waits_and_arrives_in_order),
		WITH(the_server_s_own_look_is_not_logged_and_another_client_from_its_port_is),
		WITH(a_port_that_serves_says_so),
		WITH(a_port_that_hangs_is_found_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
