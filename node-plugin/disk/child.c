/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"

#define STANDARD_FDS 4 /* those that a program has: 0 to 2, and CHILD_KEPT_FD */
#define EXIT_NOT_BEGUN 127

/* Between vfork and exec only what signal-safety(7) names is called: another thread may have held
 * any lock at the moment of the vfork. */

/* Our threads block the signals of base/stop.h, and a child would inherit that. */
static void reset_signals(void)
{
	sigset_t none;
	sigemptyset(&none);
	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* dup2(2) changes nothing where both are the same, so that the descriptor would be closed. */
static bool put_fd(int fd, int place)
{
	return (fd == place ? fcntl(fd, F_SETFD, 0) : dup2(fd, place)) >= 0;
}

static bool put_fds(const struct child *child)
{
	int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return null_fd >= 0 && put_fd(null_fd, 0) && put_fd(child->output_fd, 1) &&
	       put_fd(child->output_fd, 2) && put_fd(child->kept_fd, CHILD_KEPT_FD);
}

/* That the kernel would rather end something else is no reason not to begin. */
static void be_first_to_end(void)
{
	static const char most[] = "1000";
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	ssize_t written = write(fd, most, sizeof(most) - 1);
	(void)written;
	close(fd);
}

static bool set_bounds(uint32_t memory_mib)
{
	const struct rlimit none = { 0 };
	const struct rlimit memory = {
		.rlim_cur = (rlim_t)memory_mib << 20,
		.rlim_max = (rlim_t)memory_mib << 20,
	};
	return setrlimit(RLIMIT_CORE, &none) == 0 && setrlimit(RLIMIT_AS, &memory) == 0;
}

static void become(const struct child *child, int report_fd)
{
	reset_signals();
	setpgid(0, 0);
	be_first_to_end();
	if (put_fds(child) && set_bounds(child->memory_mib))
		execvp(child->argv[0], (char *const *)child->argv);
	int failure = errno;
	ssize_t written = write(report_fd, &failure, sizeof(failure));
	(void)written;
	_exit(EXIT_NOT_BEGUN);
}

/* Above those that the child puts in their places. */
static int open_report(int ret_fds[static 2])
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return errno;
	for (int i = 0; i < 2; i++) {
		ret_fds[i] = fcntl(ends[i], F_DUPFD_CLOEXEC, STANDARD_FDS);
		close(ends[i]);
	}
	return ret_fds[0] < 0 || ret_fds[1] < 0 ? EMFILE : 0;
}

/* The report's end is closed with the exec. */
static int read_report(int fd, pid_t pid)
{
	int failure = 0;
	ssize_t got = 0;
	do
		got = read(fd, &failure, sizeof(failure));
	while (got < 0 && errno == EINTR);
	if (got != sizeof(failure))
		return 0;
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return failure;
}

int child_start(const struct child *child, pid_t *ret_pid)
{
	int ends[2] = { -1, -1 };
	int failure = open_report(ends);
	CLEANUP_CLOSE int read_fd = ends[0];
	CLEANUP_CLOSE int write_fd = ends[1];
	if (failure)
		return failure;
	/* Not fork(2), which copies the page tables of the process, so that every call after it
	 * pays for the faults. The child shares our memory until it executes; it calls the system,
	 * and writes to its own part of the stack alone. */
	pid_t pid = vfork();
	if (pid < 0)
		return errno;
	if (pid == 0)
		become(child, write_fd);
	setpgid(pid, pid); /* whichever of the two comes first */
	close(TAKE_FD(write_fd));
	failure = read_report(read_fd, pid);
	*ret_pid = pid;
	return failure;
}
