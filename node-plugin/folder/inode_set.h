/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Files that were met already, by device and inode: by that a file with several names is known
 * again.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "base/cleanup.h"

struct inode_set_item {
	dev_t device;
	ino_t inode; /* 0: free; no file has that number */
};

/* Starts as { 0 }. */
struct inode_set {
	struct inode_set_item *items;
	size_t count;
	size_t capacity; /* a power of two */
};

/* False: it was there already. */
bool inode_set_add(struct inode_set *set, dev_t device, ino_t inode);

void inode_set_done(struct inode_set *set);

#define CLEANUP_INODE_SET CLEANUP(inode_set_done)
