/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A file system that is frozen for a moment (FIFREEZE, ioctl_fsfreeze; fsfreeze(8)): all that was
 * written to it is on its device, and a process that writes now waits.
 *
 *	thawed --begin--> frozen --end--> thawed
 *	                     +--limit_ms--> thawed, and the end says so
 *
 * A pod that waits without end is worse than a snapshot that failed, so a thread of its own thaws
 * when the time is up, whatever the freezing thread is doing. And since a frozen file system stays
 * frozen when the plugin dies, a file of the volume's name in the pool's `freeze` folder records
 * the freeze beforehand: at its next start, or when the pool is back that was missing then, the
 * plugin thaws what it names (freeze_recover()). After a reboot nothing is frozen.
 *
 * A freeze by another program (fsfreeze(8)) is not ours to rely on, nor to end: ERROR_BUSY.
 */

#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"

struct freeze;
struct host;

struct freeze_target {
	struct host *host;
	int intents_fd; /* the pool's `freeze` folder */
	const char *id; /* of the volume */
	int mount_fd;	/* any folder in its file system */
	uint32_t limit_ms;
};

/* All but `id` is borrowed until the end. ERROR_TIMEOUT if freezing alone took longer than
 * limit_ms: it is thawed again. */
int freeze_begin(const struct freeze_target *target, struct freeze **ret_freeze, struct error *err);

/* Thaws and frees. ERROR_TIMEOUT if it was thawed before, so that what was done since the beginning
 * is not of one moment. */
int freeze_end(struct freeze *freeze, struct error *err);

/* The same without a result; for CLEANUP(freeze_abandonp). */
void freeze_abandon(struct freeze *freeze);

/* Gives a folder in the file system of a volume; 1: it is not mounted. */
typedef int freeze_finder(void *context, const char *id, int *ret_mount_fd, struct error *err);

/* Thaws what an earlier process may have left frozen. An intent that cannot be followed stays; the
 * first reason is the error, ERROR_BUSY if there is no other. *ret_thawed counts what was frozen
 * indeed. */
int freeze_recover(struct host *host, int intents_fd, freeze_finder *find, void *context,
		   unsigned *ret_thawed, struct error *err);

DEFINE_CLEANUP(struct freeze *, freeze_abandon);
