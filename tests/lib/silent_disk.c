/* SPDX-License-Identifier: Apache-2.0 */
#include "silent_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fuse.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/file.h"

#define FILE_NODE 2 /* FUSE_ROOT_ID is 1 */
#define FILE_NAME "disk"
#define WRITE_MAX (128 << 10)
#define REQUEST_MAX (WRITE_MAX + 4096)
#define POLL_MS 20
/* The kernel asks the loop devices of other volumes whose file they have (LOOP_GET_STATUS64). On a
 * disk with a file system of the kernel that needs no reading, nor here. */
#define VALID_S 86400

struct request {
	struct silent_disk *disk;
	const struct fuse_in_header *header;
	const void *body;
};

static void answer(const struct request *request, int error, const void *data, size_t length)
{
	struct fuse_out_header header = { .len = (uint32_t)(sizeof(header) + length),
					  .error = -error,
					  .unique = request->header->unique };
	struct iovec parts[] = { { &header, sizeof(header) }, { (void *)(uintptr_t)data, length } };
	/* ENOENT: the caller was interrupted and does not wait any more. */
	ssize_t written = writev(request->disk->fuse_fd, parts, length ? 2 : 1);
	(void)written;
}

static struct fuse_attr attributes_of(const struct silent_disk *disk, uint64_t node)
{
	bool root = node == FUSE_ROOT_ID;
	return (struct fuse_attr) { .ino = node,
				    .size = root ? 0 : disk->bytes,
				    .blocks = root ? 0 : disk->bytes / 512,
				    .mode = root ? S_IFDIR | 0755 : S_IFREG | 0600,
				    .nlink = root ? 2 : 1,
				    .blksize = 4096 };
}

static void initialise(const struct request *request)
{
	const struct fuse_init_in *in = request->body;
	struct fuse_init_out out = { .major = FUSE_KERNEL_VERSION,
				     .minor = FUSE_KERNEL_MINOR_VERSION,
				     .max_readahead = in->max_readahead,
				     .flags = in->flags & (FUSE_ASYNC_READ | FUSE_BIG_WRITES),
				     .max_background = 16,
				     .congestion_threshold = 12,
				     .max_write = WRITE_MAX,
				     .time_gran = 1 };
	answer(request, 0, &out, sizeof(out));
}

static void look_up(const struct request *request)
{
	struct fuse_entry_out out = { .nodeid = FILE_NODE,
				      .entry_valid = VALID_S,
				      .attr_valid = VALID_S,
				      .attr = attributes_of(request->disk, FILE_NODE) };
	if (strcmp(request->body, FILE_NAME) == 0)
		answer(request, 0, &out, sizeof(out));
	else
		answer(request, ENOENT, NULL, 0);
}

static void get_attributes(const struct request *request)
{
	bool root = request->header->nodeid == FUSE_ROOT_ID;
	struct fuse_attr_out out = { .attr_valid = root ? 0 : VALID_S,
				     .attr = attributes_of(request->disk,
							   request->header->nodeid) };
	answer(request, 0, &out, sizeof(out));
}

static void open_node(const struct request *request)
{
	/* Nothing is kept in the page cache of the FUSE file: what the loop device reads is asked
	 * for. */
	const struct fuse_open_out out = { .open_flags = request->header->nodeid == FILE_NODE
								 ? FOPEN_DIRECT_IO
								 : 0 };
	answer(request, 0, &out, sizeof(out));
}

static void read_file(const struct request *request)
{
	static char data[WRITE_MAX];
	const struct fuse_read_in *in = request->body;
	size_t wanted = in->size < sizeof(data) ? in->size : sizeof(data);
	ssize_t length = pread(request->disk->data_fd, data, wanted, (off_t)in->offset);
	answer(request, length < 0 ? EIO : 0, data, length < 0 ? 0 : (size_t)length);
}

static void write_file(const struct request *request)
{
	const struct fuse_write_in *in = request->body;
	ssize_t length = pwrite(request->disk->data_fd, in + 1, in->size, (off_t)in->offset);
	struct fuse_write_out out = { .size = length < 0 ? 0 : (uint32_t)length };
	answer(request, length < 0 ? EIO : 0, &out, length < 0 ? 0 : sizeof(out));
}

static void allocate(const struct request *request)
{
	const struct fuse_fallocate_in *in = request->body;
	int failed = fallocate(request->disk->data_fd, (int)in->mode, (off_t)in->offset,
			       (off_t)in->length);
	answer(request, failed ? errno : 0, NULL, 0);
}

static void tell_space(const struct request *request)
{
	const struct fuse_statfs_out out = { .st = { .blocks = 1 << 20,
						     .bfree = 1 << 20,
						     .bavail = 1 << 20,
						     .bsize = 4096,
						     .namelen = 255,
						     .frsize = 4096 } };
	answer(request, 0, &out, sizeof(out));
}

static void serve_one(const struct request *request)
{
	switch (request->header->opcode) {
	case FUSE_INIT:
		initialise(request);
		break;
	case FUSE_LOOKUP:
		look_up(request);
		break;
	case FUSE_GETATTR:
	case FUSE_SETATTR:
		get_attributes(request);
		break;
	case FUSE_OPEN:
	case FUSE_OPENDIR:
		open_node(request);
		break;
	case FUSE_READ:
		read_file(request);
		break;
	case FUSE_WRITE:
		write_file(request);
		break;
	case FUSE_FALLOCATE:
		allocate(request);
		break;
	case FUSE_STATFS:
		tell_space(request);
		break;
	case FUSE_FSYNC:
	case FUSE_FLUSH:
	case FUSE_RELEASE:
	case FUSE_RELEASEDIR:
	case FUSE_ACCESS:
	case FUSE_READDIR:
		answer(request, 0, NULL, 0);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break; /* these have no answer */
	default:
		answer(request, ENOSYS, NULL, 0);
	}
}

static void *serve(void *context)
{
	static char data[REQUEST_MAX] __attribute__((aligned(8)));
	struct silent_disk *disk = context;
	for (;;) {
		struct pollfd wait = { .fd = disk->fuse_fd, .events = POLLIN };
		int ready = poll(&wait, 1, POLL_MS);
		/* What is asked from now on is not even read. */
		if (atomic_load(&disk->silent) || (ready > 0 && wait.revents & POLLERR))
			return NULL;
		ssize_t length = ready > 0 ? read(disk->fuse_fd, data, sizeof(data)) : 0;
		if (length < 0 && errno == ENODEV)
			return NULL; /* unmounted */
		const struct request request = { .disk = disk,
						 .header = (const void *)data,
						 .body = data + sizeof(struct fuse_in_header) };
		if (length >= (ssize_t)sizeof(struct fuse_in_header))
			serve_one(&request);
	}
}

static bool skip(const char *what)
{
	printf("SKIPPED: %s: %s\n", what, strerror(errno));
	return false;
}

static bool mount_it(struct silent_disk *disk)
{
	char options[128];
	disk->fuse_fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (disk->fuse_fd < 0)
		return skip("open /dev/fuse");
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other",
		 disk->fuse_fd);
	if (mount("silent", disk->path, "fuse", MS_NOSUID | MS_NODEV, options) == 0)
		return true;
	close(disk->fuse_fd);
	return skip("mount a FUSE file system");
}

bool silent_disk_start(struct silent_disk *disk, uint64_t bytes)
{
	char content[128];
	*disk = (struct silent_disk) { .folder = "/tmp/kentledge-silent-XXXXXX", .bytes = bytes };
	if (!mkdtemp(disk->folder))
		return skip("mkdtemp");
	snprintf(disk->path, sizeof(disk->path), "%s/mount", disk->folder);
	snprintf(disk->file, sizeof(disk->file), "%s/" FILE_NAME, disk->path);
	snprintf(content, sizeof(content), "%s/content", disk->folder);
	disk->data_fd = open(content, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	unlink(content);
	if (disk->data_fd < 0 || ftruncate(disk->data_fd, (off_t)bytes) < 0 ||
	    mkdir(disk->path, 0755) < 0)
		return skip(disk->folder);
	if (!mount_it(disk)) {
		close(disk->data_fd);
		rmdir(disk->path);
		rmdir(disk->folder);
		return false;
	}
	if (pthread_create(&disk->server, NULL, serve, disk) != 0)
		abort();
	return true;
}

void silent_disk_silence(struct silent_disk *disk)
{
	if (!atomic_exchange(&disk->silent, true))
		pthread_join(disk->server, NULL);
}

void silent_disk_end(struct silent_disk *disk)
{
	silent_disk_silence(disk);
	/* With its last descriptor the connection is aborted. */
	close(disk->fuse_fd);
	while (umount2(disk->path, MNT_DETACH) == 0)
		;
	close(disk->data_fd);
	if (rmdir(disk->path) < 0 || rmdir(disk->folder) < 0) {
		fprintf(stderr, "%s is left: %s\n", disk->folder, strerror(errno));
		abort();
	}
}
