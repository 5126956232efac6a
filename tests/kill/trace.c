/* SPDX-License-Identifier: Apache-2.0 */
#include "trace.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"

#define OPTIONS                                                                                    \
	(PTRACE_O_TRACESECCOMP | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |  \
	 PTRACE_O_TRACEEXEC | PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL)
#define START_TIMEOUT_MS 30000
#define END_TIMEOUT_MS 30000
#define CALL_DONE SIGUSR1

static void give_up(const char *what)
{
	fprintf(stderr, "trace: %s: %s\n", what, strerror(errno));
	abort();
}

static void fill_events(sigset_t *events)
{
	sigemptyset(events);
	sigaddset(events, SIGCHLD);
	sigaddset(events, CALL_DONE);
}

void trace_init(struct trace *trace, struct node_scene *scene)
{
	sigset_t events;
	*trace = (struct trace) { .scene = scene };
	fill_events(&events);
	/* All threads have them blocked: they are waited for, and none is lost. */
	if (pthread_sigmask(SIG_BLOCK, &events, NULL) != 0)
		give_up("pthread_sigmask");
}

static pid_t tgid_of(pid_t tid)
{
	char path[64];
	CLEANUP_FREE char *text = NULL;
	snprintf(path, sizeof(path), "/proc/%d/status", tid);
	if (file_read(path, 65536, &text, NULL, NULL) < 0)
		return 0;
	const char *line = strstr(text, "\nTgid:");
	return line ? (pid_t)strtol(line + 6, NULL, 10) : 0;
}

/* Every task but the plugin's own threads. */
static void remember(struct trace *trace, pid_t tid)
{
	pid_t tgid = tgid_of(tid);
	if (!tgid || tgid == trace->pid)
		return;
	struct trace_child *free_place = NULL;
	for (size_t i = 0; i < TRACE_CHILDREN_MAX; i++) {
		if (trace->children[i].tid == tid)
			return;
		if (!trace->children[i].tid)
			free_place = &trace->children[i];
	}
	if (!free_place)
		give_up("too many children");
	*free_place = (struct trace_child) { .tid = tid, .tgid = tgid };
}

static void forget(struct trace *trace, pid_t tid)
{
	for (size_t i = 0; i < TRACE_CHILDREN_MAX; i++)
		if (trace->children[i].tid == tid)
			trace->children[i] = (struct trace_child) { 0 };
	if (tid == trace->pid)
		trace->pid = 0;
}

static bool has_children(const struct trace *trace)
{
	for (size_t i = 0; i < TRACE_CHILDREN_MAX; i++)
		if (trace->children[i].tid)
			return true;
	return false;
}

static bool is_child(const struct trace *trace, pid_t tid)
{
	for (size_t i = 0; i < TRACE_CHILDREN_MAX; i++)
		if (trace->children[i].tid == tid)
			return true;
	return false;
}

/* It may be gone already: killed, and not yet waited for. */
static void go_on(pid_t tid, int signal_number)
{
	ptrace(PTRACE_CONT, tid, NULL, (void *)(intptr_t)signal_number);
}

static void arrive(struct trace *trace, pid_t tid)
{
	trace->struck = true;
	trace->struck_tid = tid;
	trace->struck_in_child = is_child(trace, tid);
	if (trace->at_point)
		trace->at_point(trace->context);
	if (trace->pid)
		kill(trace->pid, SIGKILL);
	for (size_t i = 0; i < TRACE_CHILDREN_MAX; i++)
		if (trace->children[i].tid && !trace->point.children_survive)
			kill(trace->children[i].tgid, SIGKILL);
	if (trace->struck_in_child && trace->point.children_survive)
		go_on(tid, 0);
}

static void at_call(struct trace *trace, pid_t tid)
{
	struct __ptrace_syscall_info info = { 0 };
	struct change change;
	if (!trace->counting || trace->struck ||
	    ptrace(PTRACE_GET_SYSCALL_INFO, tid, (void *)sizeof(info), &info) <= 0 ||
	    info.op != PTRACE_SYSCALL_INFO_SECCOMP ||
	    !change_look(tid, info.seccomp.nr, (const uint64_t *)info.seccomp.args,
			 trace->scene->log, &change)) {
		go_on(tid, 0);
		return;
	}
	trace->change = change;
	if (++trace->seen != trace->point.number) {
		go_on(tid, 0);
		return;
	}
	if (trace->point.side == TRACE_BEFORE) {
		arrive(trace, tid);
		return;
	}
	trace->struck_tid = tid;
	ptrace(PTRACE_SYSCALL, tid, NULL, NULL);
}

static void at_stop(struct trace *trace, pid_t tid, int status)
{
	int signal_number = WSTOPSIG(status);
	int event = status >> 16;
	remember(trace, tid);
	if (event == PTRACE_EVENT_SECCOMP)
		at_call(trace, tid);
	else if (event)
		go_on(tid, 0);
	else if (signal_number != (SIGTRAP | 0x80))
		go_on(tid, signal_number);
	else if (tid == trace->struck_tid && !trace->struck)
		arrive(trace, tid);
	else
		go_on(tid, 0);
}

/* Handles all that has happened. */
static void pump(struct trace *trace)
{
	int status;
	pid_t tid;
	while ((tid = waitpid(-1, &status, __WALL | WNOHANG)) > 0) {
		if (WIFSTOPPED(status))
			at_stop(trace, tid, status);
		else
			forget(trace, tid);
	}
}

static void wait_event(long timeout_ms)
{
	sigset_t events;
	struct timespec timeout = { .tv_sec = timeout_ms / 1000,
				    .tv_nsec = timeout_ms % 1000 * 1000000 };
	fill_events(&events);
	sigtimedwait(&events, NULL, &timeout);
}

static void run_program(const struct trace *trace, int go_fd)
{
	char byte;
	sigset_t none;
	sigemptyset(&none);
	pthread_sigmask(SIG_SETMASK, &none, NULL);
	if (read(go_fd, &byte, 1) != 1)
		_exit(124);
	if (trace->preload) {
		setenv("LD_PRELOAD", trace->preload, 1);
		/* Where the program is one with AddressSanitizer, ours comes first. */
		setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 1);
	}
	change_stop_here();
	node_scene_exec(trace->scene);
}

static void seize(struct trace *trace)
{
	int ends[2];
	if (pipe(ends) < 0)
		give_up("pipe");
	fflush(NULL);
	trace->pid = fork();
	if (trace->pid < 0)
		give_up("fork");
	if (trace->pid == 0)
		run_program(trace, ends[0]);
	if (ptrace(PTRACE_SEIZE, trace->pid, NULL, (void *)(intptr_t)OPTIONS) < 0)
		give_up("ptrace(PTRACE_SEIZE)");
	if (write(ends[1], "", 1) != 1)
		give_up("write");
	close(ends[0]);
	close(ends[1]);
}

void trace_start(struct trace *trace)
{
	uint64_t deadline_ms = clock_monotonic_ms() + START_TIMEOUT_MS;
	unlink(trace->scene->log);
	trace->counting = false;
	seize(trace);
	while (!node_scene_logged(trace->scene, "event=started", "")) {
		pump(trace);
		if (!trace->pid || clock_monotonic_ms() > deadline_ms)
			give_up("kentledge-node does not start");
		wait_event(1);
	}
	node_scene_connect(trace->scene);
}

struct calling {
	trace_rpc *rpc;
	void *context;
	int outcome;
	struct error err;
	atomic_bool done;
};

static void *make_call(void *context)
{
	struct calling *calling = context;
	calling->outcome = calling->rpc(calling->context, &calling->err);
	atomic_store(&calling->done, true);
	kill(getpid(), CALL_DONE);
	return NULL;
}

static void follow(struct trace *trace, struct calling *calling)
{
	pthread_t thread;
	trace->seen = 0;
	trace->struck = false;
	trace->struck_tid = 0;
	trace->counting = true;
	if (pthread_create(&thread, NULL, make_call, calling) != 0)
		give_up("pthread_create");
	while (!atomic_load(&calling->done) || (trace->struck && trace->pid)) {
		pump(trace);
		wait_event(100);
	}
	trace->counting = false;
	pthread_join(thread, NULL);
}

int trace_call(struct trace *trace, trace_rpc *rpc, void *context, unsigned *ret_changes,
	       struct error *err)
{
	struct calling calling = { .rpc = rpc, .context = context };
	trace->point = (struct trace_point) { 0 };
	follow(trace, &calling);
	if (ret_changes)
		*ret_changes = trace->seen;
	*err = calling.err;
	return calling.outcome;
}

bool trace_strike(struct trace *trace, const struct trace_point *point, trace_rpc *rpc,
		  void *context)
{
	struct calling calling = { .rpc = rpc, .context = context };
	trace->point = *point;
	follow(trace, &calling);
	/* The answer may be out before the change, in another thread, that is the point. */
	return trace->struck;
}

void trace_kill(struct trace *trace)
{
	if (trace->pid)
		kill(trace->pid, SIGKILL);
	for (size_t i = 0; i < TRACE_CHILDREN_MAX; i++)
		if (trace->children[i].tid)
			kill(trace->children[i].tgid, SIGKILL);
	trace->counting = false;
	while (trace->pid || has_children(trace)) {
		pump(trace);
		wait_event(10);
	}
}

void trace_wait_children(struct trace *trace)
{
	uint64_t deadline_ms = clock_monotonic_ms() + END_TIMEOUT_MS;
	while (has_children(trace)) {
		pump(trace);
		if (clock_monotonic_ms() > deadline_ms)
			give_up("a child does not end");
		wait_event(10);
	}
}
