/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/text.h"

#define BACKLOG 128

struct rpc_listener {
	char *path;
	int fd;
	int stop_fd; /* an eventfd */
	dev_t device;
	ino_t inode;
	bool started;
	pthread_t thread;
	void (*accepted)(void *context, int fd);
	void *context;
};

static int make_address(const char *path, struct sockaddr_un *ret_address, struct error *err)
{
	*ret_address = (struct sockaddr_un) { .sun_family = AF_UNIX };
	int length = snprintf(ret_address->sun_path, sizeof(ret_address->sun_path), "%s", path);
	if (length < 0 || (size_t)length >= sizeof(ret_address->sun_path))
		return error_set(err, ERROR_INVALID, "socket path %s: longer than %zu characters",
				 path, sizeof(ret_address->sun_path) - 1);
	return 0;
}

/* Splits at the last slash; a path without one lies in the current folder. */
static void split(const char *path, char **ret_folder, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	*ret_name = slash ? slash + 1 : path;
	*ret_folder = slash ? must_printf("%.*s/", (int)(slash - path), path) : must_strdup("./");
}

/* Connecting is the only way to know: the file stays when its server dies (unix(7)). */
static int check_nobody_listens(const char *path, struct error *err)
{
	struct sockaddr_un address;
	if (make_address(path, &address, err) < 0)
		return -1;
	CLEANUP_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return error_errno(err, errno, "socket");
	/* EAGAIN: alive, with a full backlog. */
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 || errno == EAGAIN)
		return error_set(err, ERROR_IN_USE,
				 "socket %s: another process serves it; stop that one first", path);
	if (errno != ENOENT && errno != ECONNREFUSED)
		return error_errno(err, errno, "socket %s", path);
	struct stat st;
	if (errno == ECONNREFUSED && lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode))
		return error_set(err, ERROR_EXISTS,
				 "socket %s: something that is not a socket is there", path);
	return 0;
}

static int bind_at(const char *path, int *ret_fd, struct error *err)
{
	struct sockaddr_un address;
	if (make_address(path, &address, err) < 0)
		return -1;
	CLEANUP_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return error_errno(err, errno, "socket");
	unlink(path);
	/* Linux creates the file with the mode of the unbound socket: it is never open to others.
	 */
	if (fchmod(fd, 0600) < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return error_errno(err, errno, "bind %s", path);
	if (listen(fd, BACKLOG) < 0) {
		int listen_errno = errno;
		unlink(path);
		return error_errno(err, listen_errno, "listen on %s", path);
	}
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* The folder is locked meanwhile, so of two that start at once one sees the other. */
static int claim_path(struct rpc_listener *listener, struct error *err)
{
	CLEANUP_FREE char *folder = NULL;
	const char *name;
	split(listener->path, &folder, &name);
	CLEANUP_CLOSE int folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder_fd < 0 || flock(folder_fd, LOCK_EX) < 0)
		return error_errno(err, errno, "open the folder of socket %s", listener->path);
	if (check_nobody_listens(listener->path, err) < 0)
		return -1;
	CLEANUP_FREE char *hidden = must_printf("%s.%s", folder, name);
	if (bind_at(hidden, &listener->fd, err) < 0)
		return -1;
	struct stat st;
	if (lstat(hidden, &st) < 0 || rename(hidden, listener->path) < 0) {
		int rename_errno = errno;
		unlink(hidden);
		return error_errno(err, rename_errno, "rename %s to %s", hidden, listener->path);
	}
	listener->device = st.st_dev;
	listener->inode = st.st_ino;
	return 0;
}

int rpc_listener_new(const char *path, struct rpc_listener **ret_listener, struct error *err)
{
	CLEANUP(rpc_listener_freep) struct rpc_listener *listener = must_alloc(sizeof(*listener));
	listener->path = must_strdup(path);
	listener->fd = -1;
	listener->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (listener->stop_fd < 0)
		return error_errno(err, errno, "eventfd");
	if (claim_path(listener, err) < 0)
		return -1;
	*ret_listener = TAKE(listener);
	return 0;
}

static void accept_one(struct rpc_listener *listener)
{
	int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd >= 0)
		listener->accepted(listener->context, fd);
	else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
		poll(NULL, 0, 100); /* the connection stays in the backlog: do not spin */
}

static void *accept_thread(void *arg)
{
	struct rpc_listener *listener = arg;
	struct pollfd fds[] = { { .fd = listener->fd, .events = POLLIN },
				{ .fd = listener->stop_fd, .events = POLLIN } };
	while (poll(fds, 2, -1) >= 0 || errno == EINTR) {
		if (fds[1].revents)
			break;
		if (fds[0].revents)
			accept_one(listener);
	}
	return NULL;
}

int rpc_listener_start(struct rpc_listener *listener, void (*accepted)(void *context, int fd),
		       void *context, struct error *err)
{
	listener->accepted = accepted;
	listener->context = context;
	int failed = pthread_create(&listener->thread, NULL, accept_thread, listener);
	if (failed)
		return error_errno(err, failed, "start a thread for socket %s", listener->path);
	listener->started = true;
	return 0;
}

static bool path_is_ours(const struct rpc_listener *listener)
{
	struct stat st;
	return listener->fd >= 0 && lstat(listener->path, &st) == 0 &&
	       st.st_dev == listener->device && st.st_ino == listener->inode;
}

void rpc_listener_free(struct rpc_listener *listener)
{
	if (!listener)
		return;
	if (listener->started) {
		eventfd_write(listener->stop_fd, 1);
		pthread_join(listener->thread, NULL);
	}
	if (path_is_ours(listener))
		unlink(listener->path);
	if (listener->fd >= 0)
		close(listener->fd);
	if (listener->stop_fd >= 0)
		close(listener->stop_fd);
	free(listener->path);
	free(listener);
}
