/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define OUTPUT_MAX 512

static void done_actions(posix_spawn_file_actions_t *actions)
{
	posix_spawn_file_actions_destroy(actions);
}

static void done_attributes(posix_spawnattr_t *attributes)
{
	posix_spawnattr_destroy(attributes);
}

/* Our threads block the signals of base/stop.h, and a child would inherit that: it gets an empty
 * mask, and a process group of its own so that it can be killed with its children. */
static int set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t none, all;
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_setsigmask(attributes, &none);
	posix_spawnattr_setsigdefault(attributes, &all);
	return posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
							    POSIX_SPAWN_SETPGROUP);
}

static int spawn(const char *const *argv, int kept_fd, int output_fd, pid_t *ret_pid)
{
	CLEANUP(done_actions) posix_spawn_file_actions_t actions;
	CLEANUP(done_attributes) posix_spawnattr_t attributes;
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	set_attributes(&attributes);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, output_fd, 1);
	posix_spawn_file_actions_adddup2(&actions, output_fd, 2);
	posix_spawn_file_actions_adddup2(&actions, kept_fd, PROCESS_KEPT_FD);
	return posix_spawnp(ret_pid, argv[0], &actions, &attributes, (char *const *)argv, environ);
}

/* Reads until the child has closed its end. False if that took too long. */
static bool collect_output(int fd, uint64_t deadline_ms, char output[static OUTPUT_MAX])
{
	size_t length = 0;
	for (;;) {
		uint64_t now = clock_monotonic_ms();
		struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
		int timeout_ms = now >= deadline_ms ? 0 : (int)(deadline_ms - now);
		int ready = poll(&poll_fd, 1, timeout_ms);
		if (ready == 0)
			return false;
		if (ready < 0 && errno != EINTR)
			return true;
		char chunk[256];
		ssize_t got = ready > 0 ? read(fd, chunk, sizeof(chunk)) : 1;
		if (got <= 0)
			return true;
		size_t room = OUTPUT_MAX - 1 - length;
		size_t kept = ready > 0 ? ((size_t)got < room ? (size_t)got : room) : 0;
		memcpy(output + length, chunk, kept);
		length += kept;
		output[length] = '\0';
	}
}

static int wait_for(pid_t pid)
{
	int status = 0;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

/* One line, as it goes into an error. */
static void flatten(char *output)
{
	for (char *c = output; *c; c++)
		if ((unsigned char)*c < 0x20)
			*c = ' ';
}

int process_run(const char *const *argv, int kept_fd, uint32_t timeout_ms, struct error *err)
{
	return process_run_to(argv, kept_fd, timeout_ms, 0, err);
}

int process_run_to(const char *const *argv, int kept_fd, uint32_t timeout_ms, int status_max,
		   struct error *err)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(err, errno, "run %s: pipe", argv[0]);
	CLEANUP_CLOSE int read_fd = ends[0];
	CLEANUP_CLOSE int write_fd = ends[1];
	pid_t pid = 0;
	int failure = spawn(argv, kept_fd, write_fd, &pid);
	if (failure)
		return error_errno(err, failure, "run %s", argv[0]);
	close(TAKE_FD(write_fd));

	char output[OUTPUT_MAX] = "";
	bool in_time = collect_output(read_fd, clock_monotonic_ms() + timeout_ms, output);
	if (!in_time)
		kill(-pid, SIGKILL);
	int status = wait_for(pid);
	if (!in_time)
		return error_set(err, ERROR_TIMEOUT, "%s did not end within %u ms", argv[0],
				 timeout_ms);
	flatten(output);
	if (!WIFEXITED(status))
		return error_set(err, ERROR_INTERNAL, "%s ended by signal %d: %s", argv[0],
				 WTERMSIG(status), output);
	if (WEXITSTATUS(status) > status_max)
		return error_set(err, ERROR_INTERNAL, "%s failed with status %d: %s", argv[0],
				 WEXITSTATUS(status), output);
	return 0;
}
