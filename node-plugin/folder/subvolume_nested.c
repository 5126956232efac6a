/* SPDX-License-Identifier: Apache-2.0 */
#include "folder/subvolume_nested.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "folder/btrfs_item.h"
#include "folder/inode_flags.h"

#define STEPS_MAX 1000000 /* of one call; the next one goes on */
#define DESCENT_MAX 4096

/* struct btrfs_fid of the kernel, without the part for a parent. */
#define HANDLE_TYPE 0x4d
#define HANDLE_BYTES 20

struct step {
	uint64_t id;
	uint64_t from; /* the subvolumes in it with a smaller id resist */
};

/* A way down through subvolumes in subvolumes; a pod can nest them deeper than a list should grow.
 * Where it is full, its middle is dropped: the way back up then ends at the outermost subvolume,
 * and leads down again from there. */
struct descent {
	int fd; /* of the file system */
	struct step *steps;
	size_t count;
	size_t resisting;
	struct error first; /* why the first of these resists */
};

static void descent_done(struct descent *descent)
{
	free(descent->steps);
}

static void descend(struct descent *descent, uint64_t id)
{
	const size_t kept = DESCENT_MAX / 2;
	if (descent->count == DESCENT_MAX) {
		memmove(&descent->steps[1], &descent->steps[DESCENT_MAX - kept],
			kept * sizeof(*descent->steps));
		descent->count = kept + 1;
	}
	descent->steps[descent->count++] = (struct step) { .id = id };
}

/* By a file handle, as the kernel's NFS server would: a path can be longer than the kernel takes.
 * Generation 0 stands for any. */
static int open_inode(int fd, uint64_t tree, uint64_t inode)
{
	const uint64_t parts[] = { inode, tree, 0 };
	CLEANUP_FREE struct file_handle *handle = must_alloc(sizeof(*handle) + sizeof(parts));
	handle->handle_bytes = HANDLE_BYTES;
	handle->handle_type = HANDLE_TYPE;
	memcpy(handle->f_handle, parts, HANDLE_BYTES);
	return open_by_handle_at(fd, handle, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Nothing can be removed in a read-only subvolume. */
static void make_writable(int fd)
{
	uint64_t flags = 0;
	if (ioctl(fd, BTRFS_IOC_SUBVOL_GETFLAGS, &flags) < 0 || !(flags & BTRFS_SUBVOL_RDONLY))
		return;
	flags &= ~BTRFS_SUBVOL_RDONLY;
	ioctl(fd, BTRFS_IOC_SUBVOL_SETFLAGS, &flags);
}

static void unlock_subvolume(int fd, uint64_t id)
{
	CLEANUP_CLOSE int subvolume_fd = open_inode(fd, id, BTRFS_FIRST_FREE_OBJECTID);
	if (subvolume_fd < 0)
		return;
	make_writable(subvolume_fd);
	inode_flags_clear(subvolume_fd);
}

static int destroy(int fd, uint64_t id)
{
	struct btrfs_ioctl_vol_args_v2 args = { .flags = BTRFS_SUBVOL_SPEC_BY_ID, .subvolid = id };
	return ioctl(fd, BTRFS_IOC_SNAP_DESTROY_V2, &args) == 0 || errno == ENOENT ? 0 : -1;
}

static int destroy_in(int folder_fd, const struct btrfs_ioctl_search_args *ref)
{
	struct btrfs_ioctl_vol_args args = { 0 };
	inode_flags_clear(folder_fd);
	btrfs_item_nested_name(ref, args.name);
	return ioctl(folder_fd, BTRFS_IOC_SNAP_DESTROY, &args) == 0 || errno == ENOENT ? 0 : -1;
}

/* What refuses is a mark of the subvolume, of the one it lies in, or of the folder there; or the
 * kernel, which removes by the id only what has a path that is short enough. */
static int destroy_resisting(int fd, uint64_t parent, uint64_t id)
{
	struct btrfs_ioctl_search_args ref;
	if (errno != EROFS && errno != EPERM && errno != ENAMETOOLONG)
		return -1;
	unlock_subvolume(fd, parent);
	unlock_subvolume(fd, id);
	if (btrfs_item_find_nested(fd, parent, id, &ref, NULL) <= 0)
		return destroy(fd, id);
	CLEANUP_CLOSE int folder_fd = open_inode(fd, parent, btrfs_item_nested_folder(&ref));
	return folder_fd < 0 ? destroy(fd, id) : destroy_in(folder_fd, &ref);
}

/* The innermost of the way, which has nothing in it but what resists. */
static void destroy_last(struct descent *descent)
{
	uint64_t id = descent->steps[--descent->count].id;
	struct step *parent = &descent->steps[descent->count - 1];
	if (destroy(descent->fd, id) == 0 || destroy_resisting(descent->fd, parent->id, id) == 0)
		return;
	parent->from = id + 1;
	if (descent->resisting++ == 0)
		error_errno(&descent->first, errno, "subvolume %llu", (unsigned long long)id);
}

/* 0: done, 1: not yet. */
static int go(struct descent *descent, struct error *err)
{
	struct btrfs_ioctl_search_args args;
	const struct step *last = &descent->steps[descent->count - 1];
	int found = btrfs_item_find_nested(descent->fd, last->id, last->from, &args, err);
	if (found < 0)
		return -1;
	if (found)
		descend(descent, btrfs_item_nested_id(&args));
	else if (descent->count > 1)
		destroy_last(descent);
	else
		return 0;
	return 1;
}

int subvolume_nested_delete(int fd, uint64_t id, struct error *err)
{
	CLEANUP(descent_done)
	struct descent descent = {
		.fd = fd,
		.steps = must_alloc(DESCENT_MAX * sizeof(struct step)),
	};
	int outcome = 1;
	descend(&descent, id);
	for (int steps = 0; steps < STEPS_MAX && outcome > 0; steps++)
		outcome = go(&descent, err);
	if (outcome < 0)
		return -1;
	if (outcome > 0)
		return error_set(err, ERROR_BUSY,
				 "more than %d subvolumes lie in it; their removal goes on later",
				 STEPS_MAX);
	if (descent.resisting)
		return error_set(err, descent.first.code,
				 "%zu subvolumes in it stay; the first: %s", descent.resisting,
				 descent.first.text);
	return 0;
}
