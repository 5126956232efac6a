/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The floor: what the system calls of a volume's life cost by themselves, made by the shortest
 * program that keeps the same promises: built under a temporary name and renamed, everything
 * fsynced, mkfs and a loop device for an image. No server, no record to read, no check.
 */

#include "base/error.h"
#include "cycle.h"

struct floor_pool {
	char path[200]; /* an empty folder on the pool's disk */
	int loop;	/* an image with ext4 instead of a folder */
};

/* So many volumes are there already. -1: errno says why. */
int floor_fill(const struct floor_pool *pool, unsigned count);

int floor_step(void *context, enum cycle_step step, const char *name, const char *folder,
	       struct error *err);
