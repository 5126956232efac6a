/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/loop_device.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "disk/loop_discard.h"
#include "folder/folder.h"

#define BLOCK_BYTES 4096
#define NODE_WAIT_STEPS 200 /* of 10 ms: devtmpfs makes the node a moment after the device */
#define ATTACH_TRIES 256    /* another process may take the free number first */

void loop_device_path(unsigned number, char ret_path[static LOOP_DEVICE_PATH_MAX])
{
	snprintf(ret_path, LOOP_DEVICE_PATH_MAX, "/dev/loop%u", number);
}

enum wanted { ANY, WRITABLE, READ_ONLY };

/* A look for the devices of an image. */
struct search {
	int sys_block_fd;
	struct stat image;
	enum wanted wanted;
	size_t max;
	struct loop_devices found; /* held */
};

/* The kernel shows this file while a device has an image. */
static bool is_attached(const struct search *search, unsigned number)
{
	char path[64];
	snprintf(path, sizeof(path), "loop%u/loop/backing_file", number);
	return faccessat(search->sys_block_fd, path, F_OK, 0) == 0;
}

/* LOOP_GET_STATUS64 encodes the device number as stat(2) does (huge_encode_dev()). */
static bool stands_for(int device_fd, const struct stat *image, uint32_t *ret_flags)
{
	struct loop_info64 info;
	if (ioctl(device_fd, LOOP_GET_STATUS64, &info) < 0 || info.lo_device != image->st_dev ||
	    info.lo_inode != image->st_ino)
		return false;
	*ret_flags = info.lo_flags;
	return true;
}

static bool is_wanted(const struct search *search, uint32_t flags)
{
	bool read_only = flags & LO_FLAGS_READ_ONLY;
	return search->wanted == ANY || (search->wanted == READ_ONLY) == read_only;
}

/* Adds /dev/loop<number> if it stands for the image. One that cannot be looked at may be the one:
 * taken for another, the image would be attached twice, or removed under its mount. */
static int add_if_ours(struct search *search, unsigned number, struct error *err)
{
	char path[LOOP_DEVICE_PATH_MAX];
	loop_device_path(number, path);
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	int open_errno = errno;
	uint32_t flags = 0;
	struct stat node;
	/* ENXIO: it is just being detached from its image. */
	if (fd < 0 && open_errno != ENXIO && is_attached(search, number))
		return error_set(err, ERROR_INTERNAL, "%s cannot be looked at: %s", path,
				 strerror(open_errno));
	if (fd < 0 || !stands_for(fd, &search->image, &flags) || !is_wanted(search, flags))
		return 0;
	if (fstat(fd, &node) < 0)
		return error_errno(err, errno, "%s: stat", path);
	search->found.items[search->found.count++] = (struct loop_device) {
		.number = number,
		.device = node.st_rdev,
		.fd = TAKE_FD(fd),
		.read_only = flags & LO_FLAGS_READ_ONLY,
		.kept = !(flags & LO_FLAGS_AUTOCLEAR),
	};
	return 0;
}

/* Above 0 ends the search. */
static int look_at(void *context, const char *name, struct error *err)
{
	struct search *search = context;
	unsigned number;
	char rest;
	if (sscanf(name, "loop%u%c", &number, &rest) != 1 || !is_attached(search, number))
		return 0;
	if (add_if_ours(search, number, err) < 0)
		return -1;
	return search->found.count == search->max;
}

static void release_all(struct loop_devices *devices)
{
	for (size_t i = 0; i < devices->count; i++)
		loop_device_done(&devices->items[i]);
}

/* The first max of them, held. */
static int find_held(int image_fd, enum wanted wanted, size_t max, struct loop_devices *ret_devices,
		     struct error *err)
{
	CLEANUP_CLOSE int sys_block_fd = open(LOOP_SYSFS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (sys_block_fd < 0)
		return error_errno(err, errno, "open %s", LOOP_SYSFS);
	struct search search = { .sys_block_fd = sys_block_fd, .wanted = wanted, .max = max };
	if (fstat(image_fd, &search.image) < 0)
		return error_errno(err, errno, "image: stat");
	if (folder_visit(sys_block_fd, look_at, &search, err) < 0) {
		release_all(&search.found);
		return -1;
	}
	*ret_devices = search.found;
	return 0;
}

/* 1 and held, or 0: there is none. */
static int find_one(int image_fd, enum wanted wanted, struct loop_device *ret_device,
		    struct error *err)
{
	struct loop_devices devices = { .count = 0 };
	if (find_held(image_fd, wanted, 1, &devices, err) < 0)
		return -1;
	if (!devices.count)
		return 0;
	*ret_device = devices.items[0];
	return 1;
}

int loop_device_find(int image_fd, struct loop_device *ret_device, struct error *err)
{
	struct loop_device device;
	int found = find_one(image_fd, ANY, &device, err);
	if (found <= 0)
		return found;
	loop_device_done(&device);
	*ret_device = device;
	return 1;
}

int loop_device_find_all(int image_fd, struct loop_devices *ret_devices, struct error *err)
{
	if (find_held(image_fd, ANY, LOOP_DEVICES_MAX, ret_devices, err) < 0)
		return -1;
	release_all(ret_devices);
	return 0;
}

static void wait_ms(long ms)
{
	nanosleep(&(struct timespec) { .tv_nsec = ms * 1000000 }, NULL);
}

/* The process that got its number first may have removed it (disk/loop_discard.h). */
static bool is_gone(unsigned number)
{
	char path[64];
	snprintf(path, sizeof(path), LOOP_SYSFS "/loop%u", number);
	return access(path, F_OK) < 0 && errno == ENOENT;
}

/* 1: open; 0: the device was removed; -1: failed. */
static int open_node(unsigned number, int *ret_fd, struct error *err)
{
	char path[LOOP_DEVICE_PATH_MAX];
	loop_device_path(number, path);
	for (int step = 0; step < NODE_WAIT_STEPS; step++) {
		*ret_fd = open(path, O_RDWR | O_CLOEXEC);
		if (*ret_fd >= 0)
			return 1;
		if (errno != ENOENT && errno != ENXIO)
			return error_errno(err, errno, "open %s", path);
		if (is_gone(number))
			return 0;
		wait_ms(10);
	}
	return error_set(err, ERROR_UNAVAILABLE,
			 "%s does not appear: is the host's /dev mounted in the container?", path);
}

/* Of a free device. A spent one is removed and made again, or passed over while a process has it
 * open. */
static int choose_number(int control_fd, bool discards, struct error *err)
{
	int number = ioctl(control_fd, LOOP_CTL_GET_FREE);
	if (number >= 0 && discards && loop_discard_is_spent((unsigned)number)) {
		loop_discard_remove(control_fd, (unsigned)number);
		int fresh = ioctl(control_fd, LOOP_CTL_ADD, -1L);
		number = fresh >= 0 ? fresh : ioctl(control_fd, LOOP_CTL_GET_FREE);
	}
	return number >= 0 ? number : error_errno(err, errno, "LOOP_CTL_GET_FREE");
}

static int configure(int device_fd, int image_fd, unsigned flags)
{
	struct loop_config config = {
		.fd = (uint32_t)image_fd,
		.block_size = BLOCK_BYTES,
		.info = { .lo_flags = flags },
	};
	return ioctl(device_fd, LOOP_CONFIGURE, &config);
}

/* 1: configured; 0: another process was faster; -1: failed. */
static int try_configure(int device_fd, int image_fd, unsigned flags, struct error *err)
{
	/* Direct I/O: data is cached once, in the volume's own file system. A pool that cannot do
	 * it (tmpfs) still serves. */
	if (configure(device_fd, image_fd, flags | LO_FLAGS_DIRECT_IO) == 0)
		return 1;
	if (errno == EINVAL && configure(device_fd, image_fd, flags) == 0)
		return 1;
	if (errno == EBUSY)
		return 0;
	return error_errno(err, errno, "LOOP_CONFIGURE");
}

struct attaching {
	int control_fd;
	int image_fd;
	unsigned flags; /* LO_FLAGS_… */
	bool discards;
};

/* 1: attached; 0: another process was faster; -1: failed. */
static int attach_one(const struct attaching *attaching, struct loop_device *ret_device,
		      struct error *err)
{
	CLEANUP_CLOSE int fd = -1;
	struct stat node;
	int number = choose_number(attaching->control_fd, attaching->discards, err);
	int outcome = number < 0 ? -1 : open_node((unsigned)number, &fd, err);
	if (outcome > 0)
		outcome = try_configure(fd, attaching->image_fd, attaching->flags, err);
	if (outcome <= 0)
		return outcome;
	if (fstat(fd, &node) < 0)
		return error_errno(err, errno, "stat of loop device %d", number);
	*ret_device = (struct loop_device) {
		.number = (unsigned)number,
		.device = node.st_rdev,
		.fd = TAKE_FD(fd),
		.read_only = attaching->flags & LO_FLAGS_READ_ONLY,
		.kept = !(attaching->flags & LO_FLAGS_AUTOCLEAR),
	};
	return 1;
}

static int attach_new(int image_fd, unsigned flags, bool discards, struct loop_device *ret_device,
		      struct error *err)
{
	CLEANUP_CLOSE int control_fd = open(LOOP_CONTROL, O_RDWR | O_CLOEXEC);
	if (control_fd < 0)
		return error_errno(err, errno, "open %s", LOOP_CONTROL);
	const struct attaching attaching = { control_fd, image_fd, flags, discards };
	for (int tries = 0; tries < ATTACH_TRIES; tries++) {
		int outcome = attach_one(&attaching, ret_device, err);
		if (outcome)
			return outcome > 0 ? 0 : -1;
		wait_ms(1);
	}
	return error_set(err, ERROR_UNAVAILABLE,
			 "no loop device: other processes took each free one");
}

int loop_device_attach(int image_fd, bool discards, struct loop_device *ret_device,
		       struct error *err)
{
	int found = find_one(image_fd, WRITABLE, ret_device, err);
	if (found)
		return found > 0 ? 0 : -1;
	return attach_new(image_fd, LO_FLAGS_AUTOCLEAR, discards, ret_device, err);
}

/* Of a device whose detaching has begun, but has not ended. */
static int make_kept(struct loop_device *device, struct error *err)
{
	struct loop_info64 info;
	if (ioctl(device->fd, LOOP_GET_STATUS64, &info) < 0)
		return error_errno(err, errno, "/dev/loop%u: LOOP_GET_STATUS64", device->number);
	info.lo_flags &= ~(uint32_t)LO_FLAGS_AUTOCLEAR;
	if (ioctl(device->fd, LOOP_SET_STATUS64, &info) < 0)
		return error_errno(err, errno, "/dev/loop%u: LOOP_SET_STATUS64", device->number);
	device->kept = true;
	return 0;
}

int loop_device_keep(int image_fd, bool read_only, bool discards, struct loop_device *ret_device,
		     struct error *err)
{
	CLEANUP(loop_device_done) struct loop_device device = { .fd = -1 };
	int found = find_one(image_fd, read_only ? READ_ONLY : WRITABLE, &device, err);
	if (found < 0)
		return -1;
	bool kept = found && device.kept;
	if (!found &&
	    attach_new(image_fd, read_only ? LO_FLAGS_READ_ONLY : 0, discards, &device, err) < 0)
		return -1;
	if (found && !kept && make_kept(&device, err) < 0)
		return -1;
	*ret_device = device;
	device.fd = -1;
	return kept;
}

void loop_device_done(struct loop_device *device)
{
	cleanup_close(&device->fd);
	device->fd = -1;
}

/* They are held meanwhile: their numbers cannot pass to another image. */
int loop_device_detach(int image_fd, struct loop_device *ret_device, struct error *err)
{
	CLEANUP(release_all) struct loop_devices devices = { .count = 0 };
	if (find_held(image_fd, ANY, LOOP_DEVICES_MAX, &devices, err) < 0)
		return -1;
	if (devices.count == 0)
		return 1;
	for (size_t i = 0; i < devices.count; i++)
		if (ioctl(devices.items[i].fd, LOOP_CLR_FD) < 0 && errno != ENXIO)
			return error_errno(err, errno, "/dev/loop%u: detach",
					   devices.items[i].number);
	*ret_device = devices.items[0];
	ret_device->fd = -1;
	return 0;
}

int loop_device_resize(int image_fd, struct error *err)
{
	CLEANUP(release_all) struct loop_devices devices = { .count = 0 };
	if (find_held(image_fd, ANY, LOOP_DEVICES_MAX, &devices, err) < 0)
		return -1;
	for (size_t i = 0; i < devices.count; i++)
		if (ioctl(devices.items[i].fd, LOOP_SET_CAPACITY) < 0)
			return error_errno(err, errno, "/dev/loop%u: set the capacity",
					   devices.items[i].number);
	return devices.count == 0;
}
