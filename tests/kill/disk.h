/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A disk of our own for a pool: an ext4 file system in a sparse image, mounted through a loop
 * device. What is in the image is what is on the disk: the page cache of the mounted file system
 * is not part of it. So a copy of the image, taken at any moment, is the disk after a loss of
 * power at that moment.
 *
 * The file system writes nothing of its own accord for minutes: what is not fsynced is lost.
 */

#include <stdbool.h>
#include <stdint.h>

struct disk {
	char image[128];
	char folder[128]; /* where it is mounted */
	char kept[144];	  /* the copy that disk_keep() took */
	bool mounted;
	unsigned loop_number;
};

/* Made and mounted. folder exists, in a folder of the test's own; the image lies in memory if there
 * is room. */
void disk_init(struct disk *disk, const char *folder, uint64_t bytes);

/* Unmounts it, and whatever is mounted beside and below it, and removes the image. */
void disk_done(struct disk *disk);

/* Copies what is on the disk now. */
void disk_keep(struct disk *disk);

/* The power comes back: all mounts of the disk are gone, and the copy is what is found on it. */
void disk_lose_power(struct disk *disk);
