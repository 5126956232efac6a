/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/filesystem_size.h"

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define SUPERBLOCK_BYTES 1024

/* The first bytes of a superblock, on the disk's byte order. */
struct superblock {
	unsigned char bytes[SUPERBLOCK_BYTES];
};

static uint16_t little16(const struct superblock *superblock, size_t at)
{
	uint16_t value;
	memcpy(&value, superblock->bytes + at, sizeof(value));
	return le16toh(value);
}

static uint32_t little32(const struct superblock *superblock, size_t at)
{
	uint32_t value;
	memcpy(&value, superblock->bytes + at, sizeof(value));
	return le32toh(value);
}

static uint64_t little64(const struct superblock *superblock, size_t at)
{
	uint64_t value;
	memcpy(&value, superblock->bytes + at, sizeof(value));
	return le64toh(value);
}

static uint32_t big32(const struct superblock *superblock, size_t at)
{
	uint32_t value;
	memcpy(&value, superblock->bytes + at, sizeof(value));
	return be32toh(value);
}

static uint64_t big64(const struct superblock *superblock, size_t at)
{
	uint64_t value;
	memcpy(&value, superblock->bytes + at, sizeof(value));
	return be64toh(value);
}

#define EXT4_LOG_BLOCK_MAX 6	/* 64 KiB */
#define EXT4_DATA_BLOCKS_MIN 50 /* mke2fs and resize2fs leave a group with fewer off */

/* Documentation/filesystems/ext4/super.rst. What a group needs for itself is reckoned as if it had
 * a copy of the superblock. */
static bool read_ext4(const struct superblock *superblock, struct filesystem_size *ret_size)
{
	uint32_t log_block = little32(superblock, 0x18);
	uint64_t group_blocks = little32(superblock, 0x20);
	if (little16(superblock, 0x38) != 0xef53 || log_block > EXT4_LOG_BLOCK_MAX || !group_blocks)
		return false;
	uint64_t block_bytes = 1024ULL << log_block;
	uint64_t blocks = little32(superblock, 0x04) | (uint64_t)little32(superblock, 0x150) << 32;
	uint64_t inode_blocks =
		(uint64_t)little32(superblock, 0x28) * little16(superblock, 0x58) / block_bytes;
	uint64_t group_bytes = blocks / group_blocks * little16(superblock, 0xfe);
	uint64_t copy_blocks = 2 + group_bytes / block_bytes + little16(superblock, 0xce);
	*ret_size = (struct filesystem_size) {
		.bytes = blocks * block_bytes,
		.block_bytes = block_bytes,
		.group_blocks = group_blocks,
		.tail_blocks = inode_blocks + 2 + copy_blocks + EXT4_DATA_BLOCKS_MIN,
	};
	return true;
}

#define XFS_GROUP_BLOCKS_MIN 64 /* XFS_MIN_AG_BLOCKS */

/* struct xfs_dsb of the XFS Algorithms & Data Structures guide. */
static bool read_xfs(const struct superblock *superblock, struct filesystem_size *ret_size)
{
	uint64_t block_bytes = big32(superblock, 4);
	uint64_t group_blocks = big32(superblock, 84);
	if (memcmp(superblock->bytes, "XFSB", 4) != 0 || !block_bytes || !group_blocks)
		return false;
	*ret_size = (struct filesystem_size) {
		.bytes = big64(superblock, 8) * block_bytes,
		.block_bytes = block_bytes,
		.group_blocks = group_blocks,
		.tail_blocks = XFS_GROUP_BLOCKS_MIN,
	};
	return true;
}

/* struct btrfs_super_block of <linux/btrfs_tree.h>. */
static bool read_btrfs(const struct superblock *superblock, struct filesystem_size *ret_size)
{
	uint64_t block_bytes = little32(superblock, 0x90);
	if (memcmp(superblock->bytes + 0x40, "_BHRfS_M", 8) != 0 || !block_bytes)
		return false;
	*ret_size = (struct filesystem_size) {
		.bytes = little64(superblock, 0x70),
		.block_bytes = block_bytes,
	};
	return true;
}

static const struct {
	const char *type;
	off_t place;
	bool (*read)(const struct superblock *superblock, struct filesystem_size *ret_size);
} known[] = {
	{ "ext4", 1024, read_ext4 },
	{ "xfs", 0, read_xfs },
	{ "btrfs", 65536, read_btrfs },
};

static int read_at(size_t i, int fd, struct filesystem_size *ret_size, struct error *err)
{
	struct superblock superblock;
	ssize_t got = pread(fd, superblock.bytes, sizeof(superblock.bytes), known[i].place);
	if (got < 0)
		return error_errno(err, errno, "read the superblock of %s", known[i].type);
	if (got < (ssize_t)sizeof(superblock.bytes) || !known[i].read(&superblock, ret_size))
		return error_set(err, ERROR_INTERNAL, "there is no superblock of %s",
				 known[i].type);
	return 0;
}

int filesystem_size_read(const char *type, int fd, struct filesystem_size *ret_size,
			 struct error *err)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strcmp(type, known[i].type) == 0)
			return read_at(i, fd, ret_size, err);
	return error_set(err, ERROR_UNSUPPORTED, "the size of a file system %s cannot be read",
			 type);
}

uint64_t filesystem_size_within(const struct filesystem_size *size, uint64_t disk_bytes)
{
	uint64_t blocks = disk_bytes / size->block_bytes;
	uint64_t tail = size->group_blocks ? blocks % size->group_blocks : 0;
	if (tail < size->tail_blocks)
		blocks -= tail;
	return blocks * size->block_bytes;
}
