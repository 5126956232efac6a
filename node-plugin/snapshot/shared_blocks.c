/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/shared_blocks.h"

#include <linux/fiemap.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/text.h"

/* What is asked for at once. */
#define WINDOW_EXTENTS 256

#define UNCERTAIN                                                                                  \
	(FIEMAP_EXTENT_UNKNOWN | FIEMAP_EXTENT_DELALLOC | FIEMAP_EXTENT_ENCODED |                  \
	 FIEMAP_EXTENT_DATA_ENCRYPTED | FIEMAP_EXTENT_NOT_ALIGNED | FIEMAP_EXTENT_DATA_INLINE |    \
	 FIEMAP_EXTENT_DATA_TAIL | FIEMAP_EXTENT_UNWRITTEN)

/* Part of a file's map: its extents that touch [begin, end). */
struct window {
	int fd;
	uint64_t begin;
	uint64_t end;
	size_t next; /* the first that does not end before the last question */
	struct fiemap *map;
};

struct shared_blocks {
	bool hopeless;
	struct window a, b;
};

/* What a file has at one place. */
struct piece {
	bool known;
	uint64_t physical;
	uint64_t bytes; /* how far that goes on; UINT64_MAX: to the end */
};

static void window_init(struct window *window, int fd)
{
	size_t size = sizeof(struct fiemap) + WINDOW_EXTENTS * sizeof(struct fiemap_extent);
	*window = (struct window) { .fd = fd, .map = must_alloc(size) };
}

static const struct fiemap_extent *last_of(const struct fiemap *map)
{
	return map->fm_mapped_extents ? &map->fm_extents[map->fm_mapped_extents - 1] : NULL;
}

static int load(struct window *window, uint64_t offset)
{
	struct fiemap *map = window->map;
	memset(map, 0, sizeof(*map));
	map->fm_start = offset;
	map->fm_length = FIEMAP_MAX_OFFSET - offset;
	map->fm_flags = FIEMAP_FLAG_SYNC;
	map->fm_extent_count = WINDOW_EXTENTS;
	if (ioctl(window->fd, FS_IOC_FIEMAP, map) < 0)
		return -1;
	const struct fiemap_extent *last = last_of(map);
	window->next = 0;
	window->begin = offset;
	window->end = UINT64_MAX;
	if (last && !(last->fe_flags & FIEMAP_EXTENT_LAST))
		window->end = last->fe_logical + last->fe_length;
	return 0;
}

static int find(struct window *window, uint64_t offset, struct piece *ret_piece)
{
	if ((offset < window->begin || offset >= window->end) && load(window, offset) < 0)
		return -1;
	const struct fiemap *map = window->map;
	while (window->next < map->fm_mapped_extents &&
	       map->fm_extents[window->next].fe_logical + map->fm_extents[window->next].fe_length <=
		       offset)
		window->next++;
	*ret_piece = (struct piece) { .bytes = window->end - offset };
	if (window->next == map->fm_mapped_extents)
		return 0;
	const struct fiemap_extent *extent = &map->fm_extents[window->next];
	if (extent->fe_logical > offset) {
		ret_piece->bytes = extent->fe_logical - offset;
		return 0;
	}
	ret_piece->known = !(extent->fe_flags & UNCERTAIN);
	ret_piece->physical = extent->fe_physical + (offset - extent->fe_logical);
	ret_piece->bytes = extent->fe_logical + extent->fe_length - offset;
	return 0;
}

struct shared_blocks *shared_blocks_new(int a_fd, int b_fd)
{
	struct shared_blocks *shared = must_alloc(sizeof(*shared));
	struct stat a, b;
	shared->hopeless = fstat(a_fd, &a) < 0 || fstat(b_fd, &b) < 0 || a.st_dev != b.st_dev;
	window_init(&shared->a, a_fd);
	window_init(&shared->b, b_fd);
	return shared;
}

void shared_blocks_free(struct shared_blocks *shared)
{
	if (!shared)
		return;
	free(shared->a.map);
	free(shared->b.map);
	free(shared);
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

bool shared_blocks_at(struct shared_blocks *shared, uint64_t offset, uint64_t end,
		      uint64_t *ret_bytes)
{
	struct piece a, b;
	*ret_bytes = end - offset;
	if (shared->hopeless)
		return false;
	if (find(&shared->a, offset, &a) < 0 || find(&shared->b, offset, &b) < 0) {
		shared->hopeless = true;
		return false;
	}
	*ret_bytes = least(*ret_bytes, least(a.bytes, b.bytes));
	return a.known && b.known && a.physical == b.physical;
}
