/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/image_mark.h"

#include <errno.h>
#include <sys/file.h>
#include <sys/xattr.h>
#include <unistd.h>

#define SUPERBLOCK_OFFSET 1024 /* Documentation/filesystems/ext4/super.rst */
#define SUPERBLOCK_BYTES 1024

bool image_mark_is_growing(int image_fd)
{
	return fgetxattr(image_fd, IMAGE_MARK_GROWING, NULL, 0) >= 0;
}

bool image_mark_has_superblock(int image_fd)
{
	return fgetxattr(image_fd, IMAGE_MARK_SUPERBLOCK, NULL, 0) >= 0;
}

/* Without extended attributes in the pool it has to go without. */
static int set_mark(int image_fd, const char *mark, const void *value, size_t length, int flags,
		    struct error *err)
{
	if (fsetxattr(image_fd, mark, value, length, flags) < 0 && errno != EOPNOTSUPP &&
	    errno != EEXIST)
		return error_errno(err, errno, "mark the image");
	if (fsync(image_fd) < 0)
		return error_errno(err, errno, "fsync of the image");
	return 0;
}

/* For good: a SUPERBLOCK that comes back would be put over that of a larger file system, should the
 * next check fail. */
int image_mark_clear(int image_fd, const char *mark, struct error *err)
{
	if (fremovexattr(image_fd, mark) < 0)
		return errno == ENODATA || errno == EOPNOTSUPP
			       ? 0
			       : error_errno(err, errno, "unmark the image");
	if (fsync(image_fd) < 0)
		return error_errno(err, errno, "fsync of the image");
	return 0;
}

/* One that an earlier try kept is the one that was whole. */
int image_mark_keep_superblock(int image_fd, struct error *err)
{
	char superblock[SUPERBLOCK_BYTES];
	if (pread(image_fd, superblock, sizeof(superblock), SUPERBLOCK_OFFSET) !=
	    sizeof(superblock))
		return error_errno(err, errno, "read the superblock of the image");
	return set_mark(image_fd, IMAGE_MARK_SUPERBLOCK, superblock, sizeof(superblock),
			XATTR_CREATE, err);
}

bool image_mark_put_superblock_back(int image_fd)
{
	char superblock[SUPERBLOCK_BYTES];
	return fgetxattr(image_fd, IMAGE_MARK_SUPERBLOCK, superblock, sizeof(superblock)) ==
		       sizeof(superblock) &&
	       pwrite(image_fd, superblock, sizeof(superblock), SUPERBLOCK_OFFSET) ==
		       sizeof(superblock) &&
	       fsync(image_fd) == 0;
}

int image_mark_set_growing(int image_fd, struct error *err)
{
	return set_mark(image_fd, IMAGE_MARK_GROWING, "", 0, 0, err);
}

int image_mark_carry(int image_fd, int copy_fd, const char *mark, struct error *err)
{
	char value[SUPERBLOCK_BYTES];
	ssize_t length = fgetxattr(image_fd, mark, value, sizeof(value));
	if (length < 0 && errno != ENODATA && errno != EOPNOTSUPP)
		return error_errno(err, errno, "read a mark of the image");
	if (length < 0)
		return image_mark_clear(copy_fd, mark, err);
	return set_mark(copy_fd, mark, value, (size_t)length, 0, err);
}

int image_mark_lock(int image_fd, int operation, struct error *err)
{
	if (flock(image_fd, operation | LOCK_NB) == 0)
		return 0;
	return errno == EWOULDBLOCK
		       ? error_set(err, ERROR_BUSY, "a program still works on the image; try again")
		       : error_errno(err, errno, "lock the image");
}

void image_mark_unlock(int image_fd)
{
	flock(image_fd, LOCK_UN);
}
