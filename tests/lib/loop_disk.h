/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A disk of its own for a test: a sparse image with a file system, mounted through a loop device in
 * the mount namespace of the test program (node_scene_can_mount() comes first). With the mount the
 * device goes, however the program ends.
 */

#include <stdbool.h>
#include <stdint.h>

struct loop_disk {
	char folder[64];
	char image[96];
	char path[96]; /* where it is mounted */
};

/* Options are mkfs's ("-O quota"), or "". False, after saying why: there is no such mkfs, or the
 * kernel does not have the file system or the mount option (NULL: none). */
bool loop_disk_make(struct loop_disk *disk, const char *type, const char *options, uint64_t bytes,
		    const char *mount_data);

/* As if the disk was pulled out, and put back. */
void loop_disk_unmount(struct loop_disk *disk);
bool loop_disk_mount(struct loop_disk *disk, const char *type, const char *mount_data);

/* Takes all its room, and gives it back. */
void loop_disk_fill(const struct loop_disk *disk);
void loop_disk_make_room(const struct loop_disk *disk);

/* Fails the test program if something on it is still in use. */
void loop_disk_remove(struct loop_disk *disk);
