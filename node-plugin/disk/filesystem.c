/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/filesystem.h"

#include <blkid/blkid.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "disk/process.h"

#define MAKE_TIMEOUT_MS 60000
/* The tables of a larger one would be a burden for the plugin's memory limit. */
#define DRAFT_BYTES_MAX (64LL << 30)
#define IMAGE "/proc/self/fd/3"

/* The image is a sparse file, so zeros need not be written (mke2fs(8), assume_storage_prezeroed):
 * neither now nor by the kernel's lazy initialisation, which would fill the image behind our back.
 * No blocks are kept for root: a volume belongs to its pod. One inode for 16 KiB is what mkfs takes
 * for larger file systems; for small ones it would take four times as many, and 6 % of the volume.
 * After an error nothing more is written: what a full or failing disk below did must not spread. */
#define EXT4_COMMON                                                                                \
	"mkfs.ext4", "-q", "-F", "-b", "4096", "-m", "0", "-i", "16384", "-e", "remount-ro", "-E", \
		"nodiscard,assume_storage_prezeroed=1"

static const char *const make_ext4[] = { EXT4_COMMON, IMAGE, NULL };
static const char *const make_ext4_encrypted[] = { EXT4_COMMON, "-O", "encrypt", IMAGE, NULL };

/* A loop device has sectors of 4096 bytes, which mkfs.xfs cannot know from a file. */
static const char *const make_xfs[] = {
	"mkfs.xfs", "-q", "-f", "-K", "-s", "size=4096", IMAGE, NULL,
};

/* One copy of everything: two on the same disk would only halve the volume. */
static const char *const make_btrfs[] = {
	"mkfs.btrfs", "-q", "-f", "-K", "-s", "4096", "-m", "single", "-d", "single", IMAGE, NULL,
};

static const struct filesystem known[] = {
	/* Less leaves no room for a journal (mke2fs(8)). */
	{ .type = "ext4", .minimum_bytes = 16ULL << 20, .maker = make_ext4 },
	/* mkfs.xfs refuses less than 300 MB. */
	{ .type = "xfs", .minimum_bytes = 300ULL << 20, .maker = make_xfs },
	/* The kernel lets none grow to less than 256 MiB (btrfs_ioctl_resize()). */
	{ .type = "btrfs", .minimum_bytes = 256ULL << 20, .maker = make_btrfs },
};

#define FILESYSTEM_COUNT (sizeof(known) / sizeof(*known))

int filesystem_find(const char *type, const struct filesystem **ret_filesystem, struct error *err)
{
	const char *wanted = type[0] ? type : FILESYSTEM_DEFAULT;
	for (size_t i = 0; i < FILESYSTEM_COUNT; i++)
		if (strcmp(wanted, known[i].type) == 0) {
			*ret_filesystem = &known[i];
			return 0;
		}
	return error_set(err, ERROR_INVALID,
			 "fs_type \"%s\" is unknown; use \"ext4\", \"xfs\" or \"btrfs\"", type);
}

/* A file as large as the image that lies in memory; -1 if there can be none. */
static int open_draft(int image_fd)
{
	struct stat image;
	if (fstat(image_fd, &image) < 0 || image.st_size > DRAFT_BYTES_MAX)
		return -1;
	CLEANUP_CLOSE int fd = memfd_create("draft", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, image.st_size) < 0)
		return -1;
	return TAKE_FD(fd);
}

static int copy_piece(int draft_fd, int image_fd, off_t begin, off_t end, struct error *err)
{
	if (lseek(image_fd, begin, SEEK_SET) < 0)
		return error_errno(err, errno, "seek in the image");
	while (begin < end) {
		ssize_t length = sendfile(image_fd, draft_fd, &begin, (size_t)(end - begin));
		if (length <= 0)
			return error_errno(err, length < 0 ? errno : EIO, "write the image");
	}
	return 0;
}

/* Of a draft that was made for an image of zeros, only what was written is copied. */
static int copy_draft(int draft_fd, int image_fd, struct error *err)
{
	off_t end = 0;
	for (;;) {
		off_t begin = lseek(draft_fd, end, SEEK_DATA);
		if (begin < 0)
			return errno == ENXIO ? 0 : error_errno(err, errno, "read the draft");
		end = lseek(draft_fd, begin, SEEK_HOLE);
		if (end < 0)
			return error_errno(err, errno, "read the draft");
		if (copy_piece(draft_fd, image_fd, begin, end, err) < 0)
			return -1;
	}
}

static int run(const char *const *argv, int fd, const struct copy_watch *watch, struct error *err)
{
	const struct process process = {
		.argv = argv,
		.kept_fd = fd,
		.timeout_ms = MAKE_TIMEOUT_MS,
		.watch = watch,
	};
	return process_run(&process, err);
}

/* mkfs.ext4 calls fsync on its file four times. What it writes of a small image is a MiB or two: so
 * it works in memory, and the image is written at once, for the caller to fsync once. */
static int make_ext4_in(int image_fd, const char *const *maker, const struct copy_watch *watch,
			struct error *err)
{
	CLEANUP_CLOSE int draft_fd = open_draft(image_fd);
	if (draft_fd < 0)
		return run(maker, image_fd, watch, err);
	if (run(maker, draft_fd, watch, err) < 0)
		return -1;
	return copy_draft(draft_fd, image_fd, err);
}

int filesystem_make(const char *type, int image_fd, const struct copy_watch *watch,
		    struct error *err)
{
	const struct filesystem *filesystem = NULL;
	if (filesystem_find(type, &filesystem, err) < 0)
		return -1;
	if (filesystem->maker == make_ext4)
		return make_ext4_in(image_fd, make_ext4, watch, err);
	return run(filesystem->maker, image_fd, watch, err);
}

int filesystem_check_encryption(const char *type, struct error *err)
{
	if (strcmp(type, "ext4") == 0)
		return 0;
	return error_set(err, ERROR_INVALID,
			 "parameter encryption: \"fscrypt\" needs ext4, %s%s cannot encrypt",
			 type[0] ? "" : "a volume without a file system", type);
}

int filesystem_make_encrypted(const char *type, int image_fd, const struct copy_watch *watch,
			      struct error *err)
{
	if (filesystem_check_encryption(type, err) < 0)
		return -1;
	return make_ext4_in(image_fd, make_ext4_encrypted, watch, err);
}

static void free_probe(blkid_probe *probe)
{
	if (*probe)
		blkid_free_probe(*probe);
}

/* The marks of one kind of file system lie where files, or the journal, may lie in another: a pod
 * could hide its own. So nothing is looked for but what is wanted or, without that, what we make.
 */
static int limit_probe(blkid_probe probe, const char *wanted)
{
	char *types[FILESYSTEM_COUNT + 1] = { NULL };
	for (size_t i = 0; i < FILESYSTEM_COUNT; i++)
		types[i] = (char *)known[i].type;
	if (wanted) {
		types[0] = (char *)wanted;
		types[1] = NULL;
	}
	if (blkid_probe_enable_superblocks(probe, 1) < 0 ||
	    blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_TYPE) < 0)
		return -1;
	return blkid_probe_filter_superblocks_type(probe, BLKID_FLTR_ONLYIN, types);
}

static int probe_for(int image_fd, const char *wanted, char ret_type[static FILESYSTEM_TYPE_MAX],
		     struct error *err)
{
	CLEANUP(free_probe) blkid_probe probe = blkid_new_probe();
	if (!probe || blkid_probe_set_device(probe, image_fd, 0, 0) < 0 ||
	    limit_probe(probe, wanted) < 0)
		return error_set(err, ERROR_INTERNAL,
				 "cannot read the image to recognise its "
				 "file system");
	int outcome = blkid_do_safeprobe(probe);
	if (outcome == -2)
		return error_set(err, ERROR_INTERNAL,
				 "the image looks like more than one file "
				 "system");
	if (outcome < 0)
		return error_set(err, ERROR_INTERNAL, "cannot recognise the file system");
	const char *type = "";
	if (outcome == 0 && blkid_probe_lookup_value(probe, "TYPE", &type, NULL) < 0)
		type = "";
	if (strlen(type) >= FILESYSTEM_TYPE_MAX)
		return error_set(err, ERROR_INTERNAL, "file system of unknown type");
	strcpy(ret_type, type);
	return 0;
}

int filesystem_probe(int image_fd, const char *wanted, char ret_type[static FILESYSTEM_TYPE_MAX],
		     struct error *err)
{
	char found[FILESYSTEM_TYPE_MAX] = "";
	if (probe_for(image_fd, wanted, found, err) < 0)
		return -1;
	if (!found[0] && probe_for(image_fd, NULL, found, err) < 0)
		return -1;
	strcpy(ret_type, found);
	return 0;
}
