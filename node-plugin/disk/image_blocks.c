/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/image_blocks.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/statfs.h>

#ifndef XFS_SUPER_MAGIC
#define XFS_SUPER_MAGIC 0x58465342
#endif

#define EXTENTS_MAX 64 /* at a time */

struct map {
	struct fiemap head;
	struct fiemap_extent extents[EXTENTS_MAX];
};

static int hold(int fd, uint64_t from, uint64_t end)
{
	if (from >= end)
		return 0;
	return fallocate(fd, FALLOC_FL_KEEP_SIZE, (off_t)from, (off_t)(end - from)) < 0 ? errno : 0;
}

static int read_map(int fd, uint64_t from, uint64_t end, struct map *map)
{
	memset(&map->head, 0, sizeof(map->head));
	map->head.fm_start = from;
	map->head.fm_length = end - from;
	map->head.fm_extent_count = EXTENTS_MAX;
	return ioctl(fd, FS_IOC_FIEMAP, &map->head);
}

/* What lies before each of the extents; *at becomes the end of the last one. */
static int hold_between(int fd, const struct map *map, uint64_t end, uint64_t *at)
{
	for (unsigned i = 0; i < map->head.fm_mapped_extents && *at < end; i++) {
		const struct fiemap_extent *extent = &map->extents[i];
		uint64_t start = extent->fe_logical < end ? extent->fe_logical : end;
		int failure = hold(fd, *at, start);
		if (failure)
			return failure;
		if (extent->fe_logical + extent->fe_length > *at)
			*at = extent->fe_logical + extent->fe_length;
	}
	return 0;
}

int image_blocks_hold(int fd, uint64_t bytes)
{
	struct map map;
	uint64_t at = 0, before;
	do {
		before = at;
		/* A file system that does not tell (tmpfs) is asked for all of them. */
		if (at >= bytes || read_map(fd, at, bytes, &map) < 0)
			break;
		int failure = hold_between(fd, &map, bytes, &at);
		if (failure)
			return failure;
	} while (map.head.fm_mapped_extents == EXTENTS_MAX && at > before);
	return hold(fd, at, bytes);
}

bool image_blocks_stay(int fd)
{
	struct statfs info;
	return fstatfs(fd, &info) == 0 &&
	       (info.f_type == EXT4_SUPER_MAGIC || info.f_type == XFS_SUPER_MAGIC);
}
