/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "disk/allowance.h"
#include "disk/child.h"
#include "folder/copy.h"

#define OUTPUT_MAX 512
#define LOOK_EVERY_MS 100
#define GRACE_MS 3000

_Static_assert(ALLOWANCE_MIB - ALLOWANCE_OF_DISK_MIB >= PROCESS_MEMORY_MUCH_MIB,
	       "a check on another disk finds its memory");

/* One program that is running. */
struct run {
	const struct process *process;
	uint32_t memory_mib;
	pid_t pid;
	int read_fd;
	uint64_t deadline_ms;
	char output[OUTPUT_MAX];
	size_t length;
};

/* 1: there may be more. 0: the child has closed its end. */
static int read_some(struct run *run)
{
	char chunk[256];
	ssize_t got = read(run->read_fd, chunk, sizeof(chunk));
	if (got < 0)
		return errno == EINTR;
	size_t room = OUTPUT_MAX - 1 - run->length;
	size_t kept = (size_t)got < room ? (size_t)got : room;
	memcpy(run->output + run->length, chunk, kept);
	run->length += kept;
	run->output[run->length] = '\0';
	return got > 0;
}

static int look(const struct run *run, struct error *err)
{
	const struct copy_watch *watch = run->process->watch;
	return watch && watch->look && watch->look(watch->context, 0, err) < 0 ? -1 : 0;
}

/* 0: the child has closed its end. 1: the time is over. -1: it is not wanted. */
static int collect_output(struct run *run, bool looks, struct error *err)
{
	for (;;) {
		uint64_t now = clock_monotonic_ms();
		if (now >= run->deadline_ms)
			return 1;
		uint64_t left_ms = run->deadline_ms - now;
		struct pollfd poll_fd = { .fd = run->read_fd, .events = POLLIN };
		int ready =
			poll(&poll_fd, 1, left_ms < LOOK_EVERY_MS ? (int)left_ms : LOOK_EVERY_MS);
		if (ready < 0 && errno != EINTR)
			return 0;
		if (ready > 0 && !read_some(run))
			return 0;
		if (looks && look(run, err) < 0)
			return -1;
	}
}

/* A program closes its output by ending. */
static void end(struct run *run)
{
	kill(-run->pid, SIGTERM);
	run->deadline_ms = clock_monotonic_ms() + GRACE_MS;
	collect_output(run, false, NULL);
	kill(-run->pid, SIGKILL);
}

/* How a program ended, and the most memory that it had. */
struct ending {
	int status;
	uint64_t memory_bytes;
};

static struct ending wait_for(pid_t pid)
{
	struct ending ending = { 0 };
	struct rusage usage = { 0 };
	while (wait4(pid, &ending.status, 0, &usage) < 0 && errno == EINTR)
		;
	ending.memory_bytes = (uint64_t)usage.ru_maxrss << 10;
	return ending;
}

/* One line of ASCII, as it goes into an error: what a program found in an image may be anything,
 * and an event that is no UTF-8 is refused. */
static void flatten(char *output)
{
	for (char *c = output; *c; c++)
		if ((unsigned char)*c < 0x20)
			*c = ' ';
		else if ((unsigned char)*c >= 0x7f)
			*c = '?';
}

/* What e2fsprogs, xfsprogs, btrfs-progs and the C and C++ libraries say then. Not the word "memory"
 * alone: e2fsck begins its lines with the label of the file system, which may be that. */
static bool speaks_of_memory(const char *output)
{
	static const char *const phrases[] = {
		"allocate memory", "allocating memory", "memory allocation", "out of memory",
		"enough memory",   "get memory",	"of memory for",     "malloc",
		"bad_alloc",	   "memory exhausted",
	};
	for (size_t i = 0; i < sizeof(phrases) / sizeof(*phrases); i++)
		if (strcasestr(output, phrases[i]))
			return true;
	return false;
}

/* e2fsck reports its signals, and then has a status. */
static bool broke_off(const struct run *run, const struct ending *ending)
{
	return WIFSIGNALED(ending->status) || strstr(run->output, "SIGABRT") ||
	       strstr(run->output, "SIGSEGV");
}

/* A program does not always say so: some parts of e2fsck call abort() where they get none. */
static bool lacked_memory(const struct run *run, const struct ending *ending)
{
	uint64_t bound_bytes = (uint64_t)run->memory_mib << 20;
	return speaks_of_memory(run->output) ||
	       (broke_off(run, ending) && ending->memory_bytes > bound_bytes / 2);
}

static int refuse_memory(const struct run *run, struct error *err)
{
	const char *name = run->process->argv[0];
	return error_set(err, ERROR_EXHAUSTED,
			 "%s wanted more memory than the %u MiB that it may have here, for a file "
			 "system with very many folders, or a damaged one; run %s by hand on the "
			 "node: %s",
			 name, run->memory_mib, name, run->output);
}

static int judge(struct run *run, const struct ending *ending, struct error *err)
{
	int status = ending->status;
	const struct process *process = run->process;
	bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	flatten(run->output);
	if (WIFEXITED(status) && WEXITSTATUS(status) <= process->status_max)
		return 0;
	if (!killed && lacked_memory(run, ending))
		return refuse_memory(run, err);
	if (killed)
		return error_set(err, ERROR_UNAVAILABLE,
				 "%s was ended by signal 9, not by this plugin: most likely by the "
				 "kernel, for want of memory; trying again",
				 process->argv[0]);
	if (!WIFEXITED(status))
		return error_set(err, ERROR_INTERNAL, "%s ended by signal %d: %s", process->argv[0],
				 WTERMSIG(status), run->output);
	return error_set(err, ERROR_INTERNAL, "%s failed with status %d: %s", process->argv[0],
			 WEXITSTATUS(status), run->output);
}

static int run_begun(struct run *run, struct error *err)
{
	int outcome = collect_output(run, true, err);
	if (outcome)
		end(run);
	struct ending ending = wait_for(run->pid);
	if (outcome > 0)
		return error_set(err, ERROR_TIMEOUT, "%s did not end within %u ms",
				 run->process->argv[0], run->process->timeout_ms);
	return outcome < 0 ? -1 : judge(run, &ending, err);
}

static int run_within_memory(struct run *run, struct error *err)
{
	const struct process *process = run->process;
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(err, errno, "run %s: pipe", process->argv[0]);
	CLEANUP_CLOSE int read_fd = ends[0];
	CLEANUP_CLOSE int write_fd = ends[1];
	const struct child child = {
		.argv = process->argv,
		.kept_fd = process->kept_fd,
		.output_fd = write_fd,
		.memory_mib = run->memory_mib,
	};
	int failure = child_start(&child, &run->pid);
	if (failure)
		return error_errno(err, failure, "run %s", process->argv[0]);
	close(TAKE_FD(write_fd));
	run->read_fd = read_fd;
	run->deadline_ms = clock_monotonic_ms() + process->timeout_ms;
	return run_begun(run, err);
}

static dev_t disk_of(int fd)
{
	struct stat st;
	return fstat(fd, &st) == 0 ? st.st_dev : 0;
}

int process_run(const struct process *process, struct error *err)
{
	struct error local = { 0 };
	struct error *reason = err ? err : &local;
	struct run run = {
		.process = process,
		.memory_mib = process->memory_mib ? process->memory_mib : PROCESS_MEMORY_MIB,
	};
	const struct allowance_share share = { .mib = run.memory_mib,
					       .disk = disk_of(process->kept_fd) };
	if (look(&run, reason) < 0 || allowance_take(&share, process->watch, reason) < 0)
		return -1;
	int outcome = run_within_memory(&run, reason);
	allowance_give(&share);
	return outcome;
}

bool process_was_cut_short(const struct error *err)
{
	return err->code != ERROR_INTERNAL && err->code != ERROR_EXHAUSTED &&
	       err->code != ERROR_NOT_FOUND;
}
