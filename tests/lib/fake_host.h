/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A kernel for tests: mounts, loop devices and file systems that exist in memory only, behind
 * struct host. Needs no rights.
 *
 * The memory is shared with children, so that a test can let a child do a call, let it be killed at
 * any step (before the step's effect or right after it), and look at what it left behind:
 *
 *	fake_host_kill_at(fake, 3, FAKE_AFTER);
 *	fake_host_run_child(fake, function, context);
 *
 * As with LO_FLAGS_AUTOCLEAR, a loop device is there while something of it is mounted.
 */

#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "host/host.h"

#define FAKE_MOUNTS_MAX 64
#define FAKE_LOOPS_MAX 16
#define FAKE_QUOTAS_MAX 64
#define FAKE_FROZEN_MAX 8

enum fake_moment { FAKE_BEFORE, FAKE_AFTER };

struct fake_mount {
	unsigned id; /* 0: free */
	unsigned parent_id;
	unsigned major;
	unsigned minor;
	char root[PATH_MAX];
	char point[PATH_MAX];
	char options[64];
	char type[16];
	char source[64];
};

struct fake_loop {
	bool attached;
	bool kept;
	bool read_only;
	bool stuck; /* another process holds it, mounted or not */
	uint64_t device;
	uint64_t inode;
	uint64_t bytes; /* of the device; its image may have grown since */
	char image[PATH_MAX];
	bool keeps_blocks; /* discards are off */
};

/* As project quota: a number that a folder has, and a limit of that number. */
struct fake_quota {
	uint64_t inode; /* of the folder that got it; 0: free */
	uint64_t limit_bytes;
	uint64_t used_bytes;
};

struct fake_host {
	struct host host; /* first: what the code under test gets */
	struct host_usage usage;
	struct fake_mount mounts[FAKE_MOUNTS_MAX];
	struct fake_loop loops[FAKE_LOOPS_MAX];
	struct fake_quota quotas[FAKE_QUOTAS_MAX]; /* project_id is the place here, from 1 */
	bool can_quota;
	uint64_t frozen[FAKE_FROZEN_MAX]; /* inodes of folders that are file systems; 0: free */
	unsigned freezes;		  /* so far */
	unsigned next_id;
	atomic_uint mount_reads; /* of the whole table, so far */
	bool hides_places;	 /* as a kernel without statmount(2) */
	bool has_resources;	 /* CAP_SYS_RESOURCE: ext4 grows mounted, too */
	bool has_errors;	 /* each file system, until it is checked */
	bool is_damaged;	 /* and the kernel refuses it so long */
	bool beyond_repair;
	unsigned checks; /* so far */

	unsigned steps; /* that changed something, so far */
	unsigned fail_at;
	unsigned kill_at;
	enum fake_moment kill_moment;
};

/* With a root file system of 100 GiB, all of it free. */
struct fake_host *fake_host_new(void);
void fake_host_free(struct fake_host *fake);

/* The step'th one from now on (counted from 1) fails; 0: none does. */
void fake_host_fail_at(struct fake_host *fake, unsigned step);

/* The process ends at that step. */
void fake_host_kill_at(struct fake_host *fake, unsigned step, enum fake_moment moment);

/* True: the child was killed; false: the function returned, and *ret_outcome is what it did. */
bool fake_host_run_child(struct fake_host *fake, int (*function)(void *context), void *context,
			 int *ret_outcome);

/* Mounts something that is no volume, as a stranger would. */
void fake_host_mount_stranger(struct fake_host *fake, const char *point);

/* Puts a second bind mount of what is at `point` on top of it. */
void fake_host_stack(struct fake_host *fake, const char *point);

/* The device lets go of its image behind our back, as by hand or by a restart of the node. */
void fake_host_drop_loop(struct fake_host *fake, unsigned number);

/* Beside the root. */
unsigned fake_host_mount_count(const struct fake_host *fake);
unsigned fake_host_mounts_at(const struct fake_host *fake, const char *point);
unsigned fake_host_loop_count(const struct fake_host *fake);

/* Limits that are set. */
unsigned fake_host_quota_count(const struct fake_host *fake);
unsigned fake_host_frozen_count(const struct fake_host *fake);

/* The options of the uppermost mount there; "" if there is none. */
const char *fake_host_options_at(const struct fake_host *fake, const char *point);

/* How far the file system in an image reaches; 0 if there is none. */
uint64_t fake_host_filesystem_bytes(const char *image);

DEFINE_CLEANUP(struct fake_host *, fake_host_free);
