/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The plugin's TCP port in the plugin itself, while a crowd of silent connections is at it: it
 * serves, costs next to nothing, and /readyz tells what a client of the port would.
 */

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"
#include "certificates.h"
#include "memory_use.h"
#include "node_client.h"
#include "node_test.h"
#include "silent_crowd.h"
#include "tls_scene.h"

#define FEW_DESCRIPTORS 300
#define ANSWER_MS 10000

static struct tls_scene door; /* its address and authority alone */
static unsigned http_port;
static char *folder, *client_folder;
static char flags[3][160];

static struct sockaddr_in on_loopback(unsigned port)
{
	return (struct sockaddr_in) { .sin_family = AF_INET,
				      .sin_port = htons((uint16_t)port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static unsigned free_port(void)
{
	struct sockaddr_in address = on_loopback(0);
	socklen_t length = sizeof(address);
	CLEANUP_CLOSE int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	return ntohs(address.sin_port);
}

static int set_up(void **state)
{
	door.ca = certificates_new();
	folder = certificates_folder(door.ca, SERVER_NAME);
	client_folder = certificates_folder(door.ca, CLIENT_NAME);
	http_port = free_port();
	snprintf(door.address, sizeof(door.address), "127.0.0.1:%u", free_port());
	node_scene_init(&scene, TEST_NODE_PROGRAM);
	snprintf(flags[0], sizeof(flags[0]), "--listen=%s", door.address);
	snprintf(flags[1], sizeof(flags[1]), "--tls-dir=%s", folder);
	snprintf(flags[2], sizeof(flags[2]), "--http=127.0.0.1:%u", http_port);
	for (size_t i = 0; i < 3; i++)
		scene.more_flags[i] = flags[i];
	node_scene_start(&scene);
	return 0;
}

static int tear_down(void **state)
{
	node_scene_done(&scene);
	certificates_remove(client_folder);
	certificates_remove(folder);
	certificates_free(door.ca);
	return 0;
}

static void limit_descriptors(rlim_t count)
{
	struct rlimit limit;
	assert_int_equal(prlimit(scene.pid, RLIMIT_NOFILE, NULL, &limit), 0);
	limit.rlim_cur = count;
	assert_int_equal(prlimit(scene.pid, RLIMIT_NOFILE, &limit, NULL), 0);
}

/* A channel of its own: what stands already is no proof. */
static bool serves(void)
{
	CLEANUP(rpc_channel_freep)
	struct rpc_channel *channel = tls_scene_channel(&door, door.ca, CLIENT_NAME, SERVER_NAME);
	struct error err = { 0 };
	return node_client_plugin_info(channel, &err) == 0;
}

static bool says_that_it_is_ready(unsigned patience_ms)
{
	static const char request[] = "GET /readyz HTTP/1.1\r\n\r\n";
	char answer[512] = "";
	struct sockaddr_in address = on_loopback(http_port);
	struct timeval patience = { .tv_sec = patience_ms / 1000,
				    .tv_usec = patience_ms % 1000 * 1000L };
	CLEANUP_CLOSE int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(write(fd, request, sizeof(request) - 1), sizeof(request) - 1);
	return recv(fd, answer, sizeof(answer) - 1, 0) > 0 &&
	       strncmp(answer, "HTTP/1.1 200 ", 13) == 0;
}

static void assert_serves_and_says_so(void)
{
	assert_true(serves());
	assert_true(says_that_it_is_ready(ANSWER_MS));
}

static void a_crowd_does_not_end_the_port_of_a_plugin_with_few_descriptors(void **state)
{
	limit_descriptors(FEW_DESCRIPTORS);
	assert_serves_and_says_so();
	assert_true(silent_crowd_send(door.address, 900, client_folder));
	assert_serves_and_says_so();
	silent_crowd_send_home();
	assert_serves_and_says_so();
}

/* Not one: below those that it has. */
static void without_a_descriptor_it_is_not_ready_and_serves_again_when_there_are_some(void **state)
{
	struct rlimit before;
	assert_int_equal(prlimit(scene.pid, RLIMIT_NOFILE, NULL, &before), 0);
	assert_serves_and_says_so();
	limit_descriptors(3);
	assert_true(silent_crowd_send(door.address, 200, NULL));
	assert_false(says_that_it_is_ready(2000));
	limit_descriptors(before.rlim_cur);
	assert_serves_and_says_so();
	silent_crowd_send_home();
	assert_serves_and_says_so();
}

static void four_thousand_silent_connections_cost_next_to_nothing(void **state)
{
	assert_serves_and_says_so();
	unsigned long before_kb = memory_use_of(scene.pid).private_kb;
	assert_int_not_equal(before_kb, 0);
	assert_true(silent_crowd_send(door.address, 4000, NULL));
	assert_serves_and_says_so();
	unsigned long with_kb = memory_use_of(scene.pid).private_kb;
	silent_crowd_send_home();
	print_message("private: %lu KB, with 4000 connections %lu KB\n", before_kb, with_kb);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	assert_true(with_kb <= before_kb + 2048);
#endif
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	if (!node_scene_can_mount())
		return 77;
	silent_crowd_begin();
#define DOOR_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		DOOR_TEST(a_crowd_does_not_end_the_port_of_a_plugin_with_few_descriptors),
		DOOR_TEST(
			without_a_descriptor_it_is_not_ready_and_serves_again_when_there_are_some),
		DOOR_TEST(four_thousand_silent_connections_cost_next_to_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
