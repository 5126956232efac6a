/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * System calls that change something which outlives the process: files, folders, mounts, loop
 * devices, file systems. They are the moments at which a kill, or a loss of power, makes a
 * difference. Sockets, eventfds, /proc and the log are no part of it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CHANGE_TEXT_MAX 320

/* Calls for which the kernel is asked to stop the caller (seccomp(2), SECCOMP_RET_TRACE). Most of
 * their callers change something; change_look() tells. Call in the process that is going to be
 * traced, before exec: its children inherit it. */
void change_stop_here(void);

struct change {
	char text[CHANGE_TEXT_MAX];
};

/* The call in which the thread tid, which is traced and stopped, is about to go. False: it changes
 * nothing. log_path is where the program's log goes. */
bool change_look(pid_t tid, uint64_t number, const uint64_t arguments[static 6],
		 const char *log_path, struct change *ret_change);
