/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/extents.h"

#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "folder/folder.h"

#define EXTENTS 128	     /* asked for at once */
#define ROUNDS_MAX (1 << 16) /* eight million extents: then it is not counted on */
#define STAT_BLOCK_BYTES 512

uint64_t extents_held_bytes(int folder_fd, const char *name)
{
	struct stat st;
	if (fstatat(folder_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	return (uint64_t)st.st_blocks * STAT_BLOCK_BYTES;
}

/* Adds what is not shared of these; *ret_next is where the next ones begin. True: that was all. */
static bool add_own(const struct fiemap *map, uint64_t *bytes, uint64_t *ret_next)
{
	bool last = map->fm_mapped_extents == 0;
	for (unsigned i = 0; i < map->fm_mapped_extents; i++) {
		const struct fiemap_extent *extent = &map->fm_extents[i];
		if (!(extent->fe_flags & FIEMAP_EXTENT_SHARED))
			*bytes += extent->fe_length;
		last = extent->fe_flags & FIEMAP_EXTENT_LAST;
		*ret_next = extent->fe_logical + extent->fe_length;
	}
	return last;
}

uint64_t extents_own_bytes(int folder_fd, const char *name)
{
	CLEANUP_CLOSE int fd = -1;
	if (folder_open_file(folder_fd, name, O_RDONLY, 0, &fd, NULL) < 0)
		return 0;
	size_t size = sizeof(struct fiemap) + EXTENTS * sizeof(struct fiemap_extent);
	CLEANUP_FREE struct fiemap *map = must_alloc(size);
	uint64_t bytes = 0;
	uint64_t next = 0;
	for (int round = 0; round < ROUNDS_MAX; round++) {
		memset(map, 0, sizeof(*map));
		map->fm_start = next;
		map->fm_length = FIEMAP_MAX_OFFSET - next;
		map->fm_extent_count = EXTENTS;
		if (ioctl(fd, FS_IOC_FIEMAP, map) < 0)
			return 0;
		if (add_own(map, &bytes, &next))
			return bytes;
	}
	return bytes;
}
