/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A loop device: an image file seen as a disk (loop(4)).
 *
 * The kernel knows which file a device stands for, by device and inode number; that is asked each
 * time and never kept. A device detaches from its file by itself when its last user is gone
 * (LO_FLAGS_AUTOCLEAR): the mount that is made of it is that user, so a plugin that dies half-way
 * leaves no device behind.
 *
 * A block volume has no mount that could be this user. Its device is kept: it stays, whichever
 * process dies, until it is detached. Read-only is a property of a device, so an image that is
 * given to writers and to readers has two of them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "disk/loop.h"

#define LOOP_DEVICE_PATH_MAX 32
#define LOOP_DEVICES_MAX 8 /* of one image: ours are two, others may attach it by hand */

struct loop_device {
	unsigned number;
	dev_t device; /* as mountinfo shows it */
	int fd;	      /* holds it until it is mounted; -1: not held */
	bool read_only;
	bool kept; /* stays without users */
};

struct loop_devices {
	struct loop_device items[LOOP_DEVICES_MAX];
	size_t count;
};

/* 1: the image has a device already, *ret_device is that one (not held). 0: it has none. */
int loop_device_find(int image_fd, struct loop_device *ret_device, struct error *err);

/* All of them (not held). */
int loop_device_find_all(int image_fd, struct loop_devices *ret_devices, struct error *err);

/* The image's writable device, a new one if it has none; held until loop_device_done(). For an
 * image that may discard, a new one is one that can (disk/loop_discard.h). */
int loop_device_attach(int image_fd, bool discards, struct loop_device *ret_device,
		       struct error *err);

/* The image's device of this kind, a new one if it has none; it is kept. For a read-only one the
 * image need not be open for writing. 1: it was kept already. */
int loop_device_keep(int image_fd, bool read_only, bool discards, struct loop_device *ret_device,
		     struct error *err);

void loop_device_done(struct loop_device *device);

/* Has the image's devices detach when their last user is gone; *ret_device is that device (not
 * held), or one of them. 1: the image has none. */
int loop_device_detach(int image_fd, struct loop_device *ret_device, struct error *err);

/* The image's devices become as large as the image is now. 1: the image has none. */
int loop_device_resize(int image_fd, struct error *err);

void loop_device_path(unsigned number, char ret_path[static LOOP_DEVICE_PATH_MAX]);
