/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/listener.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/text.h"
#include "test.h"

struct fixture {
	char folder[64];
	char path[96];
};

static int begin(void **state)
{
	struct fixture *f = must_alloc(sizeof(*f));
	snprintf(f->folder, sizeof(f->folder), "/tmp/kentledge-listener-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	snprintf(f->path, sizeof(f->path), "%s/a.sock", f->folder);
	*state = f;
	return 0;
}

static int end(void **state)
{
	struct fixture *f = *state;
	unlink(f->path);
	assert_int_equal(rmdir(f->folder), 0); /* no temporary name is left */
	free(f);
	return 0;
}

static struct sockaddr_un address_of(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	return address;
}

static int try_connect(const char *path)
{
	struct sockaddr_un address = address_of(path);
	CLEANUP_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return connect(fd, (struct sockaddr *)&address, sizeof(address));
}

static void leave_stale_socket(const char *path)
{
	struct sockaddr_un address = address_of(path);
	CLEANUP_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
}

static struct rpc_listener *listen_at(const char *path)
{
	struct rpc_listener *listener = NULL;
	struct error err = { 0 };
	if (rpc_listener_new(path, &listener, &err) < 0)
		fail_msg("%s", err.text);
	return listener;
}

static void take(void *context, int fd)
{
	atomic_fetch_add((atomic_uint *)context, 1);
	close(fd);
}

static void connections_are_handed_over(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	atomic_uint taken = 0;
	struct rpc_listener *listener = listen_at(f->path);
	assert_int_equal(try_connect(f->path), 0); /* waits in the backlog */
	assert_int_equal(rpc_listener_start(listener, take, &taken, &err), 0);
	assert_int_equal(try_connect(f->path), 0);
	for (int i = 0; i < 5000 && atomic_load(&taken) < 2; i++)
		usleep(1000);
	assert_int_equal(atomic_load(&taken), 2);
	rpc_listener_free(listener);
	assert_int_equal(access(f->path, F_OK), -1);
}

static void a_stale_socket_is_replaced(void **state)
{
	struct fixture *f = *state;
	leave_stale_socket(f->path);
	assert_int_equal(try_connect(f->path), -1);
	struct rpc_listener *listener = listen_at(f->path);
	assert_int_equal(try_connect(f->path), 0);
	rpc_listener_free(listener);
}

static void a_live_socket_is_left_alone(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	struct stat before, after;
	struct rpc_listener *second = NULL;
	struct rpc_listener *first = listen_at(f->path);
	assert_int_equal(stat(f->path, &before), 0);
	assert_int_equal(rpc_listener_new(f->path, &second, &err), -1);
	assert_int_equal(err.code, ERROR_IN_USE);
	assert_non_null(strstr(err.text, f->path));
	assert_null(second);
	assert_int_equal(stat(f->path, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_int_equal(try_connect(f->path), 0);
	rpc_listener_free(first);
}

static void a_live_socket_with_a_full_backlog_is_alive(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	struct rpc_listener *second = NULL;
	int fds[600];
	size_t count = 0;
	struct rpc_listener *first = listen_at(f->path);
	struct sockaddr_un address = address_of(f->path);
	while (count < 600) {
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		fds[count++] = fd;
		if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
			break;
	}
	assert_true(count < 600);
	assert_int_equal(rpc_listener_new(f->path, &second, &err), -1);
	assert_int_equal(err.code, ERROR_IN_USE);
	for (size_t i = 0; i < count; i++)
		close(fds[i]);
	rpc_listener_free(first);
}

static void a_file_that_is_no_socket_is_not_replaced(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	struct rpc_listener *listener = NULL;
	CLEANUP_CLOSE int fd = open(f->path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(rpc_listener_new(f->path, &listener, &err), -1);
	assert_non_null(strstr(err.text, f->path));
	assert_int_equal(access(f->path, F_OK), 0);
}

static void the_socket_of_another_process_is_not_removed_at_the_end(void **state)
{
	struct fixture *f = *state;
	struct rpc_listener *listener = listen_at(f->path);
	assert_int_equal(unlink(f->path), 0);
	leave_stale_socket(f->path);
	rpc_listener_free(listener);
	assert_int_equal(access(f->path, F_OK), 0);
}

static void what_a_crash_left_half_made_is_no_obstacle(void **state)
{
	struct fixture *f = *state;
	CLEANUP_FREE char *hidden = must_printf("%s/.a.sock", f->folder);
	leave_stale_socket(hidden);
	struct rpc_listener *listener = listen_at(f->path);
	assert_int_equal(access(hidden, F_OK), -1);
	rpc_listener_free(listener);
}

static void a_path_that_is_too_long_or_has_no_folder_is_refused(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	struct rpc_listener *listener = NULL;
	CLEANUP_FREE char *lost = must_printf("%s/nowhere/a.sock", f->folder);
	assert_int_equal(rpc_listener_new(lost, &listener, &err), -1);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
	char name[120];
	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = 0;
	CLEANUP_FREE char *path = must_printf("%s/%s", f->folder, name);
	assert_int_equal(rpc_listener_new(path, &listener, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_non_null(strstr(err.text, "longer than"));
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, begin, end)
	const struct CMUnitTest tests[] = {
		WITH(connections_are_handed_over),
		WITH(a_stale_socket_is_replaced),
		WITH(a_live_socket_is_left_alone),
		WITH(a_live_socket_with_a_full_backlog_is_alive),
		WITH(a_file_that_is_no_socket_is_not_replaced),
		WITH(the_socket_of_another_process_is_not_removed_at_the_end),
		WITH(what_a_crash_left_half_made_is_no_obstacle),
		WITH(a_path_that_is_too_long_or_has_no_folder_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
