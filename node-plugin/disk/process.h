/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A program that is run to its end, such as mkfs: without a shell, with a bound on its time and on
 * its memory; its output is kept for the error when it fails.
 *
 * One that is no longer wanted, or takes too long, gets SIGTERM, so that it can leave the image in
 * order (e2fsck writes what it holds and ends), and SIGKILL a little later.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/*
 * Measured on an image of 1Ti, as the least address space with which a program ends well:
 * mkfs.ext4 and btrfstune 8 MiB, mkfs.xfs 12, mkfs.btrfs 16; resize2fs 30; e2fsck 27
 * without files, and 111 with 300,000 folders. So MUCH is enough for 800,000 folders.
 */
#define PROCESS_MEMORY_MIB 64
#define PROCESS_MEMORY_MUCH_MIB 256

struct copy_watch;

struct process {
	const char *const *argv;
	int kept_fd; /* the program sees it as descriptor CHILD_KEPT_FD */
	uint32_t timeout_ms;
	uint32_t memory_mib; /* 0: PROCESS_MEMORY_MIB */
	int status_max;	     /* statuses up to this one count as success, too */

	/* Asked ten times a second; what it says against going on ends the program, and is then the
	 * error. NULL: nothing does. */
	const struct copy_watch *watch;
};

/*
 * ERROR_NOT_FOUND	there is no such program on PATH
 * ERROR_TIMEOUT	it was ended after timeout_ms
 * ERROR_EXHAUSTED	it wanted more memory than its bound
 * ERROR_BUSY		other programs have the memory
 * ERROR_UNAVAILABLE	something else killed it, such as the kernel for want of memory
 * ERROR_INTERNAL	its status is higher: with what it wrote, in printable ASCII
 */
int process_run(const struct process *process, struct error *err);

/* That error says nothing of the image: the program did not run to its end. */
bool process_was_cut_short(const struct error *err);
