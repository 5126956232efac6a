/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/zeroes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "disk/image_blocks.h"

#define PIECE_BYTES (1U << 20)
#define PIECES 16 /* at a time */
#define ALIGNMENT 4096

/* Pages that were never written to, so they take no memory. */
struct zeroes {
	void *pages;
};

static void zeroes_done(struct zeroes *zeroes)
{
	if (zeroes->pages != MAP_FAILED)
		munmap(zeroes->pages, PIECE_BYTES);
}

/* Past the page cache, so that other data stays in it. */
static int open_direct(int fd, struct error *err)
{
	char path[32];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	int direct_fd = open(path, O_WRONLY | O_DIRECT | O_CLOEXEC);
	return direct_fd >= 0 ? direct_fd : error_errno(err, errno, "open the image again");
}

/* How much was written, at most PIECES of them, or -1. */
static ssize_t write_some(int fd, const struct zeroes *zeroes, off_t from, off_t end)
{
	struct iovec pieces[PIECES];
	int count = 0;
	for (off_t at = from; at < end && count < PIECES; at += PIECE_BYTES)
		pieces[count++] = (struct iovec) {
			.iov_base = zeroes->pages,
			.iov_len = end - at < PIECE_BYTES ? (size_t)(end - at) : PIECE_BYTES,
		};
	return pwritev(fd, pieces, count, from);
}

static int look(const struct copy_watch *watch, off_t done, struct error *err)
{
	return watch ? watch->look(watch->context, (uint64_t)done, err) : 0;
}

int zeroes_expect(int fd, uint64_t size_bytes, const struct copy_watch *watch, struct error *err)
{
	if (!watch || !watch->expect || !image_blocks_stay(fd))
		return 0;
	return watch->expect(watch->context, size_bytes, err);
}

int zeroes_write(int fd, uint64_t size_bytes, const struct copy_watch *watch, struct error *err)
{
	CLEANUP_CLOSE int direct_fd = -1;
	/* Direct I/O takes whole blocks; what is behind the last one need not be written. */
	off_t end = (off_t)(size_bytes - size_bytes % ALIGNMENT);
	if (!image_blocks_stay(fd))
		return 0;
	CLEANUP(zeroes_done)
	struct zeroes zeroes = {
		.pages = mmap(NULL, PIECE_BYTES, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
	};
	if (zeroes.pages == MAP_FAILED)
		return error_errno(err, errno, "memory for zeroes");
	direct_fd = open_direct(fd, err);
	if (direct_fd < 0)
		return -1;
	for (off_t at = 0; at < end;) {
		if (look(watch, at, err) < 0)
			return -1;
		ssize_t written = write_some(direct_fd, &zeroes, at, end);
		if (written <= 0 && errno != EINTR)
			return error_errno(err, errno, "write zeroes to the image");
		at += written > 0 ? written : 0;
	}
	return 0;
}
