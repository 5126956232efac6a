/* SPDX-License-Identifier: Apache-2.0 */
#include "unwritten.h"

#include <linux/fiemap.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "base/text.h"
#include "test.h"

#define EXTENTS 1024

uint64_t unwritten_bytes(int fd)
{
	struct fiemap *map = must_alloc(sizeof(*map) + EXTENTS * sizeof(struct fiemap_extent));
	uint64_t bytes = 0;
	*map = (struct fiemap) {
		.fm_length = FIEMAP_MAX_OFFSET,
		.fm_flags = FIEMAP_FLAG_SYNC,
		.fm_extent_count = EXTENTS,
	};
	assert_int_equal(ioctl(fd, FS_IOC_FIEMAP, map), 0);
	assert_true(map->fm_mapped_extents > 0 && map->fm_mapped_extents < EXTENTS);
	for (unsigned i = 0; i < map->fm_mapped_extents; i++)
		if (map->fm_extents[i].fe_flags & FIEMAP_EXTENT_UNWRITTEN)
			bytes += map->fm_extents[i].fe_length;
	free(map);
	return bytes;
}
