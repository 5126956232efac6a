/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What is mounted where, as the kernel shows it in /proc/self/mountinfo (proc(5)).
 *
 * A table is read when a question comes up and thrown away with the answer: between two calls other
 * processes may mount or unmount. Mounts may lie on one another at the same place, and a mount
 * further up may hide others below; mount_table_covering() finds the one that a path leads to.
 *
 * A caller that asks for some places only reads a part of the table: the mounts in which those
 * paths end, and nothing else (mount/look.h).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/error.h"

struct arena;

struct mount {
	uint64_t unique_id; /* 0: mountinfo does not tell */
	unsigned id;
	unsigned parent_id;
	dev_t device;		   /* st_dev of what lies in it */
	const char *root;	   /* the folder of the file system that is seen here */
	const char *point;	   /* where */
	const char *options;	   /* of this mount: "rw,noatime" */
	const char *type;	   /* "ext4" */
	const char *source;	   /* "/dev/loop0" */
	const char *super_options; /* of the file system; "" in a part of the table */
};

/* Where a path ends. */
struct mount_place {
	const char *path;
	struct mount mount;
	struct mount_place *next;
};

struct mount_table {
	struct arena *arena; /* holds all strings */
	struct mount *mounts;
	size_t count;

	bool is_part; /* then it has no mounts but those of its places */
	struct mount_place *places;
};

/* Text in the form of mountinfo; need not be terminated. ERROR_INTERNAL names the line. */
int mount_table_parse(const char *text, size_t length, struct mount_table **ret_table,
		      struct error *err);
void mount_table_free(struct mount_table *table);

/* A part of it, of no place yet; and one place more. */
struct mount_table *mount_table_new_part(void);
void mount_table_add(struct mount_table *table, const char *path, const struct mount *mount);

/* NULL: none of the places has it. */
const struct mount *mount_table_known(const struct mount_table *table, uint64_t unique_id);

/* The mount in which an absolute path without links and dots ends: its point is the path itself if
 * the path is a mount point. NULL if the table has no root. Of a part, only paths that were added
 * may be asked for, here and below. */
const struct mount *mount_table_covering(const struct mount_table *table, const char *path);

/* The uppermost mount at exactly this path; NULL if it is not a mount point. */
const struct mount *mount_table_at(const struct mount_table *table, const char *path);

/* What the kernel would show as the root of a bind mount of this path, and in *ret_device the file
 * system it lies in; in the table's arena. NULL if the table has no root. */
const char *mount_table_root(const struct mount_table *table, const char *path, dev_t *ret_device);

/* Of the loop device whose file system is mounted, or whose node (a file of devtmpfs) is; -1: it is
 * none. */
int mount_loop_number(const struct mount *mount);

/* "ro" stands in a list such as "ro,relatime". */
bool mount_has_option(const char *options, const char *option);

DEFINE_CLEANUP(struct mount_table *, mount_table_free);
