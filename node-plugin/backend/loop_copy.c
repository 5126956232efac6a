/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/loop_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "disk/filesystem_grow.h"
#include "folder/folder.h"
#include "record/layout.h"

#define IMAGE_MODE 0600
#define PASSES_MAX 8
#define PASSES_BEFORE_MAX 4
#define CALM_BYTES (16 << 20)
#define CHANGE_SHOWS_NS 30000000L

static int pass(struct backend_copy *copy, const struct copy_watch *watch,
		uint64_t *ret_written_bytes, struct error *err)
{
	if (copy_mark_take(copy->data_fd, &copy->mark, err) < 0)
		return -1;
	return copy_pass(copy->data_fd, copy->copy_fd, watch, ret_written_bytes, err) ? -1 : 0;
}

/* Beforehand, while the volume is in use: until little changes during a pass, so that the last one,
 * for which pods wait, has not much to do but compare. */
static int approach(struct backend_copy *copy, struct error *err)
{
	for (int passes = 0; passes < PASSES_BEFORE_MAX; passes++) {
		uint64_t written_bytes = 0;
		if (pass(copy, copy->watch, &written_bytes, err) < 0)
			return -1;
		if (written_bytes < CALM_BYTES || copy_mark_holds(copy->data_fd, &copy->mark))
			return 0;
	}
	return 0;
}

static int open_images(const struct backend_copy *copy, int *ret_image_fd, int *ret_copy_fd,
		       struct error *err)
{
	CLEANUP_CLOSE int image_fd = -1;
	if (folder_open_file(copy->source_fd, LAYOUT_IMAGE, O_RDONLY, 0, &image_fd, err) < 0 ||
	    folder_open_file(copy->target_fd, LAYOUT_IMAGE, O_RDWR | O_CREAT, IMAGE_MODE,
			     ret_copy_fd, err) < 0)
		return -1;
	*ret_image_fd = TAKE_FD(image_fd);
	return 0;
}

int backend_loop_copy_begin(struct backend_copy *copy, struct error *err)
{
	if (open_images(copy, &copy->data_fd, &copy->copy_fd, err) < 0)
		return -1;
	int outcome = copy_clone(copy->data_fd, copy->copy_fd, err);
	copy->cloneable = outcome == 0;
	return outcome > 0 ? approach(copy, err) : outcome;
}

/* The last pass is over an image that does not change: frozen, or not written to during the
 * pass. */
static int repeat_passes(struct backend_copy *copy, const struct copy_watch *held,
			 struct error *err)
{
	for (int passes = 0; passes < PASSES_MAX; passes++) {
		if (copy_mark_holds(copy->data_fd, &copy->mark))
			return 0;
		if (pass(copy, held, NULL, err) < 0)
			return -1;
		if (!copy->in_use)
			return 0;
		/* Right after a change the next one may not show. */
		if (!copy->mark.certain)
			nanosleep(&(struct timespec) { .tv_nsec = CHANGE_SHOWS_NS }, NULL);
	}
	return error_set(
		err, ERROR_IN_USE,
		"block volume %s is written to all the time; what was copied is kept for a "
		"day: stop its pod for the time of the next try, or use a pool on xfs or "
		"btrfs, which share blocks",
		copy->id);
}

static int take(struct backend_copy *copy, const struct copy_watch *held, struct error *err)
{
	if (!copy->cloneable)
		return repeat_passes(copy, held, err);
	int outcome = copy_clone(copy->data_fd, copy->copy_fd, err);
	return outcome <= 0 ? outcome : error_set(err, ERROR_INTERNAL, "the pool no longer clones");
}

int backend_loop_copy_take(struct backend_copy *copy, const struct copy_watch *held,
			   struct error *err)
{
	copy->taken_us = (uint64_t)clock_wall_us();
	return take(copy, held, err) < 0 ? -1
					 : filesystem_grow_carry(copy->data_fd, copy->copy_fd, err);
}

int backend_loop_copy_finish(struct backend_copy *copy, struct error *err)
{
	if (fsync(copy->copy_fd) < 0)
		return error_errno(err, errno, "fsync of the copy");
	return 0;
}

int backend_loop_copy_still(const struct backend_copy *copy, struct error *err)
{
	CLEANUP_CLOSE int image_fd = -1;
	CLEANUP_CLOSE int copy_fd = -1;
	if (open_images(copy, &image_fd, &copy_fd, err) < 0)
		return -1;
	int outcome = copy_clone(image_fd, copy_fd, err);
	if (outcome < 0 ||
	    (outcome > 0 && copy_pass(image_fd, copy_fd, copy->watch, NULL, err) != 0) ||
	    filesystem_grow_carry(image_fd, copy_fd, err) < 0)
		return -1;
	if (fsync(copy_fd) < 0)
		return error_errno(err, errno, "fsync of the copy");
	return 0;
}
