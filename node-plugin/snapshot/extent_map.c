/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/extent_map.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "snapshot/shared_blocks.h"

#define PIECE_BYTES (1ULL << 20)

/* An image, and the next of its parts that holds data. */
struct image {
	int fd;
	uint64_t size_bytes;
	uint64_t data; /* both are the size if there is none */
	uint64_t end;
};

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t most(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static int image_init(struct image *image, int fd, struct error *err)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return error_errno(err, errno, "look at an image");
	*image = (struct image) { .fd = fd, .size_bytes = (uint64_t)st.st_size };
	return 0;
}

/* Moves on to the part that lies at, or comes after, the offset. A file system that does not know
 * holes says that all is data (lseek(2)). */
static int find_data(struct image *image, uint64_t offset, struct error *err)
{
	if (offset < image->end || image->data == image->size_bytes)
		return 0;
	image->data = image->end = image->size_bytes;
	if (offset >= image->size_bytes)
		return 0;
	off_t data = lseek(image->fd, (off_t)offset, SEEK_DATA);
	if (data < 0)
		return errno == ENXIO ? 0 : error_errno(err, errno, "look for data in an image");
	off_t end = lseek(image->fd, data, SEEK_HOLE);
	if (end < 0)
		return error_errno(err, errno, "look for holes in an image");
	image->data = (uint64_t)data;
	image->end = least((uint64_t)end, image->size_bytes);
	return 0;
}

/* Joins what touches before it is reported. */
struct teller {
	const struct extent_reader *reader;
	struct extent waiting;
};

static int tell_waiting(struct teller *teller, struct error *err)
{
	struct extent extent = teller->waiting;
	teller->waiting = (struct extent) { 0 };
	if (extent.size_bytes == 0)
		return 0;
	return teller->reader->visit(teller->reader->context, &extent, err);
}

static int tell(struct teller *teller, uint64_t begin, uint64_t end, struct error *err)
{
	struct extent *waiting = &teller->waiting;
	if (waiting->size_bytes && waiting->offset_bytes + waiting->size_bytes == begin) {
		waiting->size_bytes += end - begin;
		return 0;
	}
	int result = tell_waiting(teller, err);
	*waiting = (struct extent) { begin, end - begin };
	return result;
}

int extent_map_allocated(int image_fd, uint64_t from_bytes, const struct extent_reader *reader,
			 struct error *err)
{
	struct image image;
	struct teller teller = { .reader = reader };
	if (image_init(&image, image_fd, err) < 0)
		return -1;
	uint64_t at = from_bytes;
	for (;;) {
		if (find_data(&image, at, err) < 0)
			return -1;
		if (image.data == image.size_bytes)
			return tell_waiting(&teller, err);
		int result = tell(&teller, most(image.data, at), image.end, err);
		if (result != 0)
			return result;
		at = image.end;
	}
}

struct comparison {
	struct image base, target;
	struct shared_blocks *shared;
	struct teller teller;
	char *base_bytes, *target_bytes; /* PIECE_BYTES each */
	uint64_t compared_bytes;
};

static void comparison_done(struct comparison *comparison)
{
	shared_blocks_free(comparison->shared);
	free(comparison->base_bytes);
	free(comparison->target_bytes);
}

static int comparison_init(struct comparison *comparison, int base_fd, int target_fd,
			   const struct extent_reader *reader, struct error *err)
{
	*comparison = (struct comparison) { .teller.reader = reader };
	if (image_init(&comparison->base, base_fd, err) < 0 ||
	    image_init(&comparison->target, target_fd, err) < 0)
		return -1;
	comparison->shared = shared_blocks_new(base_fd, target_fd);
	comparison->base_bytes = must_alloc(PIECE_BYTES);
	comparison->target_bytes = must_alloc(PIECE_BYTES);
	return 0;
}

/* What lies behind the end of an image is zeros, as if it had been grown. */
static int read_piece(const struct image *image, uint64_t begin, uint64_t end, char *bytes,
		      struct error *err)
{
	uint64_t at = begin;
	uint64_t there = least(end, image->size_bytes);
	while (at < there) {
		ssize_t got =
			pread(image->fd, bytes + (at - begin), (size_t)(there - at), (off_t)at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_errno(err, errno, "read an image");
		if (got == 0)
			return error_set(err, ERROR_INTERNAL, "an image became shorter");
		at += (uint64_t)got;
	}
	if (at < end)
		memset(bytes + (at - begin), 0, (size_t)(end - at));
	return 0;
}

static int tell_differences(struct comparison *comparison, uint64_t begin, uint64_t end,
			    struct error *err)
{
	for (uint64_t at = begin, next; at < end; at = next) {
		next = least(end, (at / EXTENT_UNIT_BYTES + 1) * EXTENT_UNIT_BYTES);
		if (memcmp(comparison->base_bytes + (at - begin),
			   comparison->target_bytes + (at - begin), (size_t)(next - at)) == 0)
			continue;
		int result = tell(&comparison->teller, at, next, err);
		if (result != 0)
			return result;
	}
	return 0;
}

/* At most PIECE_BYTES. */
static int compare_piece(struct comparison *comparison, uint64_t begin, uint64_t end,
			 struct error *err)
{
	const struct extent_reader *reader = comparison->teller.reader;
	int result = reader->look ? reader->look(reader->context, err) : 0;
	if (result != 0)
		return result;
	if (read_piece(&comparison->base, begin, end, comparison->base_bytes, err) < 0 ||
	    read_piece(&comparison->target, begin, end, comparison->target_bytes, err) < 0)
		return -1;
	comparison->compared_bytes += end - begin;
	return tell_differences(comparison, begin, end, err);
}

/* Where one of the two holds data: by what is shared and what is not. */
static int compare_part(struct comparison *comparison, uint64_t begin, uint64_t end,
			struct error *err)
{
	for (uint64_t at = begin, bytes; at < end; at += bytes) {
		if (shared_blocks_at(comparison->shared, at, end, &bytes))
			continue;
		bytes = least(bytes, PIECE_BYTES - at % PIECE_BYTES);
		int result = compare_piece(comparison, at, at + bytes, err);
		if (result != 0)
			return result;
	}
	return 0;
}

/* 1: neither holds data from there on. */
static int next_part(struct comparison *comparison, uint64_t at, uint64_t *ret_begin,
		     uint64_t *ret_end, struct error *err)
{
	struct image *base = &comparison->base;
	struct image *target = &comparison->target;
	if (find_data(base, at, err) < 0 || find_data(target, at, err) < 0)
		return -1;
	/* An image without more data must not be taken for one that has some at its end. */
	bool in_base = base->data < base->size_bytes;
	bool in_target = target->data < target->size_bytes;
	if (!in_base && !in_target)
		return 1;
	const struct image *first =
		in_base && (!in_target || base->data < target->data) ? base : target;
	*ret_begin = most(at, first->data);
	*ret_end = least(first->end, target->size_bytes);
	return *ret_begin < *ret_end ? 0 : 1;
}

static int compare(struct comparison *comparison, uint64_t from_bytes, struct error *err)
{
	uint64_t begin, end;
	int found;
	for (uint64_t at = from_bytes; (found = next_part(comparison, at, &begin, &end, err)) == 0;
	     at = end) {
		int result = compare_part(comparison, begin, end, err);
		if (result != 0)
			return result;
	}
	return found < 0 ? -1 : tell_waiting(&comparison->teller, err);
}

int extent_map_delta(int base_fd, int target_fd, uint64_t from_bytes,
		     const struct extent_reader *reader, uint64_t *ret_compared_bytes,
		     struct error *err)
{
	CLEANUP(comparison_done) struct comparison comparison;
	if (comparison_init(&comparison, base_fd, target_fd, reader, err) < 0)
		return -1;
	int result = compare(&comparison, from_bytes, err);
	if (ret_compared_bytes)
		*ret_compared_bytes = comparison.compared_bytes;
	return result;
}
