/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A copy of a volume's data into the folder of a snapshot or of another volume, as the kind of the
 * data makes it. volume/cut.h says when: begin() while the volume is in use, take() at the moment
 * whose data the copy is to have, finish() when the volume is released.
 */

#include <stdbool.h>
#include <stdint.h>

#include "folder/copy.h"

struct backend_copy {
	const char *id; /* of the source, for errors */
	int source_fd;	/* the two folders; borrowed */
	int target_fd;
	const struct copy_watch *watch; /* may be NULL */
	bool other_pool;		/* the target lies in another one than the source */
	bool read_only;			/* nothing needs to write to the copy */
	bool in_use;			/* the source is written to while it is taken */

	bool cloneable;	   /* begin(): the copy will share blocks with the source */
	uint64_t taken_us; /* wall clock: the moment of the copy */

	/* Of the kind. */
	int data_fd; /* the source's data: an image, or a folder */
	int copy_fd; /* the image that is the copy */
	struct copy_mark mark;
};

#define BACKEND_COPY_INIT                                                                          \
	{                                                                                          \
		.source_fd = -1, .target_fd = -1, .data_fd = -1, .copy_fd = -1                     \
	}

void backend_copy_done(struct backend_copy *copy);
