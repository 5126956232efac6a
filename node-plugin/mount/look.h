/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A look at one place: in which mount does a path end? The kernel says so at a price that does not
 * grow with the number of mounts (statx(2): STATX_MNT_ID_UNIQUE, Linux 6.8; statmount(2) with the
 * source of a mount, Linux 6.13), where mountinfo has to be written, read and parsed for all of
 * them.
 */

struct mount_table;

/* Adds to a table that is a part, or does nothing to a whole one. Of a path that does not exist, it
 * is the mount in which that would be made. 1: the kernel does not say, or something changed
 * meanwhile: read mountinfo. */
int mount_look(const char *path, struct mount_table *table);
