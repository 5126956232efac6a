/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A copy of a large sparse file, such as the image of a volume.
 *
 * Where the file system can, the copy shares the blocks of its source and is there at once
 * (ioctl_ficlone(2)). Elsewhere it is made by passes: a pass goes through the source, writes to the
 * target what differs there, and frees what the source does not hold. A pass over a target that an
 * earlier pass left half-way, or over a source that changed meanwhile, ends with the same result as
 * one over an empty target: so a pass can be repeated, and what was copied already is not written
 * again.
 *
 * A pass over a source that is written to at the same time is not of one moment. A caller that
 * needs one moment checks copy_mark_holds() afterwards, and repeats the pass while the source is
 * not written to.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/error.h"

/* Asked before each MiB, with how much of the source is done. What is not 0 ends the pass: -1 with
 * its own error. NULL: nothing ends it. */
struct copy_watch {
	/* Asked once beforehand by work that cannot be less than so many bytes; may be NULL. */
	int (*expect)(void *context, uint64_t bytes, struct error *err);
	int (*look)(void *context, uint64_t done_bytes, struct error *err);
	void *context;
};

/* 0: the target, whatever it held, is a clone. 1: the file system cannot do that, or the two lie in
 * different ones; the target is as before, or only has the size of the source. */
int copy_clone(int source_fd, int target_fd, struct error *err);

/* Makes the content and size of the target those of the source. Nothing is fsynced.
 * *ret_written_bytes (may be NULL) is what was different. */
int copy_pass(int source_fd, int target_fd, const struct copy_watch *watch,
	      uint64_t *ret_written_bytes, struct error *err);

/* By what a change of a file is seen. */
struct copy_mark {
	struct timespec changed;
	int64_t size;
	bool certain; /* the clock has moved on since the last change: the next one will show */
};

int copy_mark_take(int fd, struct copy_mark *ret_mark, struct error *err);

/* The file was not written since the mark was taken. */
bool copy_mark_holds(int fd, const struct copy_mark *mark);
