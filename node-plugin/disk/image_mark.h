/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Marks on an image of ext4, in its extended attributes, while programs work on it that may die
 * with the plugin: GROWING, that resize2fs may have been at work; SUPERBLOCK, how that was before
 * e2fsck and resize2fs. They write a new one in pieces, and one of which only some are written has
 * a wrong checksum, with which no program takes it for a file system any more.
 */

#include <stdbool.h>

#include "base/error.h"

#define IMAGE_MARK_GROWING "trusted.kentledge.growing"
#define IMAGE_MARK_SUPERBLOCK "trusted.kentledge.superblock"

bool image_mark_is_growing(int image_fd);
int image_mark_set_growing(int image_fd, struct error *err);

/* A program was cut short that had it kept. */
bool image_mark_has_superblock(int image_fd);

int image_mark_keep_superblock(int image_fd, struct error *err);
bool image_mark_put_superblock_back(int image_fd);

int image_mark_clear(int image_fd, const char *mark, struct error *err);

/* What is true of an image is true of its copy. */
int image_mark_carry(int image_fd, int copy_fd, const char *mark, struct error *err);

/* One program at a time works on an image (flock(2)): it inherits the lock and keeps it, should we
 * die before it. ERROR_BUSY while one is at it. */
int image_mark_lock(int image_fd, int operation, struct error *err);
void image_mark_unlock(int image_fd);
