/* SPDX-License-Identifier: Apache-2.0 */
#include "folder/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

#define CHUNK_BYTES (1 << 20)
#define PIECE_BYTES (64 << 10) /* what is written where one byte differs */

/* Longer than a tick of the clock from which files get their times. */
#define CLOCK_TICK_NS 20000000LL

/* What lies behind that in the target goes. */
static int cut_target(int source_fd, int target_fd, struct error *err)
{
	struct stat source;
	if (fstat(source_fd, &source) < 0 || ftruncate(target_fd, source.st_size) < 0)
		return error_errno(err, errno, "set the size of the copy");
	return 0;
}

static bool does_not_clone(int errno_value)
{
	return errno_value == EOPNOTSUPP || errno_value == EXDEV || errno_value == EINVAL ||
	       errno_value == ENOTTY;
}

/* The kernel clones a last block that is not whole to the end of a file alone: it refuses a target
 * that is longer (EINVAL, as for a file system that cannot clone). So that is cut, and tried once
 * more. */
int copy_clone(int source_fd, int target_fd, struct error *err)
{
	int failed = ioctl(target_fd, FICLONE, source_fd);
	if (failed && errno == EINVAL) {
		if (cut_target(source_fd, target_fd, err) < 0)
			return -1;
		failed = ioctl(target_fd, FICLONE, source_fd);
	}
	if (failed)
		return does_not_clone(errno) ? 1 : error_errno(err, errno, "clone");
	return cut_target(source_fd, target_fd, err);
}

struct pass {
	int source_fd;
	int target_fd;
	const struct copy_watch *watch;
	char *source; /* CHUNK_BYTES each */
	char *target;
	uint64_t written_bytes;
};

static int look(const struct pass *pass, off_t done, struct error *err)
{
	if (!pass->watch || !pass->watch->look)
		return 0;
	return pass->watch->look(pass->watch->context, (uint64_t)done, err);
}

/* What lies behind the end counts as zeros: the source may have been cut meanwhile. */
static int read_all(int fd, char *buffer, size_t length, off_t offset, struct error *err)
{
	size_t done = 0;
	while (done < length) {
		ssize_t got = pread(fd, buffer + done, length - done, offset + (off_t)done);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_errno(err, errno, "read");
		if (got == 0)
			break;
		done += (size_t)got;
	}
	memset(buffer + done, 0, length - done);
	return 0;
}

static int write_all(int fd, const char *data, size_t length, off_t offset, struct error *err)
{
	while (length) {
		ssize_t put = pwrite(fd, data, length, offset);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return error_errno(err, errno, "write");
		data += put;
		length -= (size_t)put;
		offset += put;
	}
	return 0;
}

/* Where data, or a hole, begins at or after offset; the end if there is none. */
static int seek(int fd, off_t offset, int whence, off_t end, off_t *ret_offset, struct error *err)
{
	off_t found = lseek(fd, offset, whence);
	if (found < 0 && errno != ENXIO)
		return error_errno(err, errno, "look for %s",
				   whence == SEEK_DATA ? "data" : "holes");
	*ret_offset = found < 0 || found > end ? end : found;
	return 0;
}

/* The target's half of the chunk. A hole is not read: that would fill the cache with its zeros. */
static int read_target(struct pass *pass, size_t length, off_t offset, struct error *err)
{
	off_t data = 0;
	off_t end = offset + (off_t)length;
	if (seek(pass->target_fd, offset, SEEK_DATA, end, &data, err) < 0)
		return -1;
	if (data < end)
		return read_all(pass->target_fd, pass->target, length, offset, err);
	memset(pass->target, 0, length);
	return 0;
}

static int copy_chunk(struct pass *pass, size_t length, off_t offset, struct error *err)
{
	if (read_all(pass->source_fd, pass->source, length, offset, err) < 0 ||
	    read_target(pass, length, offset, err) < 0)
		return -1;
	for (size_t at = 0; at < length; at += PIECE_BYTES) {
		size_t piece = length - at < PIECE_BYTES ? length - at : PIECE_BYTES;
		if (memcmp(pass->source + at, pass->target + at, piece) == 0)
			continue;
		if (write_all(pass->target_fd, pass->source + at, piece, offset + (off_t)at, err) <
		    0)
			return -1;
		pass->written_bytes += piece;
	}
	return 0;
}

static int copy_data(struct pass *pass, off_t from, off_t to, struct error *err)
{
	for (off_t at = from; at < to; at += CHUNK_BYTES) {
		int outcome = look(pass, at, err);
		if (outcome)
			return outcome;
		size_t length = to - at < CHUNK_BYTES ? (size_t)(to - at) : CHUNK_BYTES;
		if (copy_chunk(pass, length, at, err) < 0)
			return -1;
	}
	return 0;
}

static int free_range(struct pass *pass, off_t from, off_t to, struct error *err)
{
	pass->written_bytes += (uint64_t)(to - from);
	if (fallocate(pass->target_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, from,
		      to - from) == 0)
		return 0;
	if (errno != EOPNOTSUPP)
		return error_errno(err, errno, "free blocks");
	memset(pass->source, 0, CHUNK_BYTES);
	for (off_t at = from; at < to; at += CHUNK_BYTES) {
		size_t length = to - at < CHUNK_BYTES ? (size_t)(to - at) : CHUNK_BYTES;
		if (write_all(pass->target_fd, pass->source, length, at, err) < 0)
			return -1;
	}
	return 0;
}

/* The source has nothing there: neither will the target. */
static int copy_hole(struct pass *pass, off_t from, off_t to, struct error *err)
{
	off_t at = from;
	while (at < to) {
		off_t data = 0, hole = 0;
		if (seek(pass->target_fd, at, SEEK_DATA, to, &data, err) < 0)
			return -1;
		if (data >= to)
			return 0;
		if (seek(pass->target_fd, data, SEEK_HOLE, to, &hole, err) < 0 ||
		    free_range(pass, data, hole, err) < 0)
			return -1;
		at = hole;
	}
	return 0;
}

static int copy_extents(struct pass *pass, off_t size, struct error *err)
{
	off_t at = 0;
	while (at < size) {
		off_t data = 0, hole = 0;
		int outcome = look(pass, at, err);
		if (outcome)
			return outcome;
		if (seek(pass->source_fd, at, SEEK_DATA, size, &data, err) < 0 ||
		    copy_hole(pass, at, data, err) < 0)
			return -1;
		if (data >= size)
			return 0;
		/* A hole that was just filled is found at once: then the data begins later. */
		if (seek(pass->source_fd, data, SEEK_HOLE, size, &hole, err) < 0)
			return -1;
		outcome = copy_data(pass, data, hole, err);
		if (outcome)
			return outcome;
		at = hole;
	}
	return 0;
}

int copy_pass(int source_fd, int target_fd, const struct copy_watch *watch,
	      uint64_t *ret_written_bytes, struct error *err)
{
	struct stat source;
	if (fstat(source_fd, &source) < 0)
		return error_errno(err, errno, "stat of the source");
	if (ftruncate(target_fd, source.st_size) < 0)
		return error_errno(err, errno, "set the size of the copy");
	CLEANUP_FREE char *buffers = must_alloc(2 * (size_t)CHUNK_BYTES);
	struct pass pass = {
		.source_fd = source_fd,
		.target_fd = target_fd,
		.watch = watch,
		.source = buffers,
		.target = buffers + CHUNK_BYTES,
	};
	int outcome = copy_extents(&pass, source.st_size, err);
	if (outcome == 0 && ret_written_bytes)
		*ret_written_bytes = pass.written_bytes;
	return outcome;
}

static int64_t age_ns(const struct timespec *changed)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (now.tv_sec - changed->tv_sec) * 1000000000LL + (now.tv_nsec - changed->tv_nsec);
}

int copy_mark_take(int fd, struct copy_mark *ret_mark, struct error *err)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return error_errno(err, errno, "stat");
	*ret_mark = (struct copy_mark) {
		.changed = st.st_ctim,
		.size = st.st_size,
		.certain = age_ns(&st.st_ctim) > CLOCK_TICK_NS,
	};
	return 0;
}

bool copy_mark_holds(int fd, const struct copy_mark *mark)
{
	struct stat st;
	return mark->certain && fstat(fd, &st) == 0 && st.st_size == mark->size &&
	       st.st_ctim.tv_sec == mark->changed.tv_sec &&
	       st.st_ctim.tv_nsec == mark->changed.tv_nsec;
}
