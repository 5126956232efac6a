/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_parts.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "fake_host.h"

static bool is_mounted(const struct fake_host *fake, unsigned number)
{
	char source[LOOP_DEVICE_PATH_MAX];
	loop_device_path(number, source);
	for (size_t i = 0; i < FAKE_MOUNTS_MAX; i++)
		if (fake->mounts[i].id && strcmp(fake->mounts[i].source, source) == 0)
			return true;
	return false;
}

static bool is_there(const struct fake_host *fake, unsigned number)
{
	const struct fake_loop *loop = &fake->loops[number];
	return loop->attached && (loop->kept || loop->stuck || is_mounted(fake, number));
}

static int find_loops(struct host *host, int image_fd, struct loop_devices *ret_devices,
		      struct error *err)
{
	struct fake_host *fake = fake_of(host);
	struct stat image;
	struct loop_devices devices = { .count = 0 };
	if (fstat(image_fd, &image) < 0)
		return error_errno(err, errno, "image");
	for (unsigned i = 0; i < FAKE_LOOPS_MAX; i++) {
		const struct fake_loop *loop = &fake->loops[i];
		if (!is_there(fake, i) || loop->device != image.st_dev ||
		    loop->inode != image.st_ino)
			continue;
		devices.items[devices.count++] = (struct loop_device) {
			.number = i,
			.device = makedev(LOOP_MAJOR, i),
			.fd = -1,
			.read_only = loop->read_only,
			.kept = loop->kept,
		};
	}
	*ret_devices = devices;
	return 0;
}

static int find_loop(struct host *host, int image_fd, struct loop_device *ret_device,
		     struct error *err)
{
	struct fake_host *fake = fake_of(host);
	struct stat image;
	if (fstat(image_fd, &image) < 0)
		return error_errno(err, errno, "image");
	for (unsigned i = 0; i < FAKE_LOOPS_MAX; i++) {
		if (!is_there(fake, i) || fake->loops[i].device != image.st_dev ||
		    fake->loops[i].inode != image.st_ino)
			continue;
		*ret_device = (struct loop_device) { .number = i,
						     .device = makedev(LOOP_MAJOR, i),
						     .fd = -1 };
		return 1;
	}
	return 0;
}

static unsigned free_number(const struct fake_host *fake)
{
	unsigned number = 0;
	while (number < FAKE_LOOPS_MAX && is_there(fake, number))
		number++;
	assert(number < FAKE_LOOPS_MAX);
	return number;
}

static int attach_loop(struct host *host, int image_fd, bool discards,
		       struct loop_device *ret_device, struct error *err)
{
	struct fake_host *fake = fake_of(host);
	struct stat image;
	if (fake_begin_step(fake, "attach", err) < 0)
		return -1;
	if (find_loop(host, image_fd, ret_device, err) == 1)
		return fake_end_step(fake);
	if (fstat(image_fd, &image) < 0)
		return error_errno(err, errno, "image");
	unsigned number = free_number(fake);
	fake->loops[number] = (struct fake_loop) { .attached = true,
						   .device = image.st_dev,
						   .inode = image.st_ino,
						   .bytes = (uint64_t)image.st_size };
	fake_path_of(image_fd, fake->loops[number].image);
	*ret_device = (struct loop_device) { .number = number,
					     .device = makedev(LOOP_MAJOR, number),
					     .fd = -1 };
	return fake_end_step(fake);
}

static int keep_loop(struct host *host, int image_fd, bool read_only, bool discards,
		     struct loop_device *ret_device, struct error *err)
{
	struct fake_host *fake = fake_of(host);
	struct loop_devices devices;
	struct stat image;
	if (find_loops(host, image_fd, &devices, err) < 0)
		return -1;
	for (size_t i = 0; i < devices.count; i++)
		if (devices.items[i].read_only == read_only && devices.items[i].kept) {
			*ret_device = devices.items[i];
			return 1;
		}
	if (fake_begin_step(fake, "keep", err) < 0)
		return -1;
	if (fstat(image_fd, &image) < 0)
		return error_errno(err, errno, "image");
	unsigned number = free_number(fake);
	fake->loops[number] = (struct fake_loop) {
		.attached = true,
		.kept = true,
		.read_only = read_only,
		.device = image.st_dev,
		.inode = image.st_ino,
	};
	*ret_device = (struct loop_device) {
		.number = number,
		.device = makedev(LOOP_MAJOR, number),
		.fd = -1,
		.read_only = read_only,
		.kept = true,
	};
	return fake_end_step(fake);
}

static int detach_loop(struct host *host, int image_fd, struct loop_device *ret_device,
		       struct error *err)
{
	struct fake_host *fake = fake_of(host);
	int found = find_loop(host, image_fd, ret_device, err);
	if (found <= 0)
		return found < 0 ? -1 : 1;
	if (fake_begin_step(fake, "detach", err) < 0)
		return -1;
	struct loop_devices devices;
	if (find_loops(host, image_fd, &devices, err) < 0)
		return -1;
	for (size_t i = 0; i < devices.count; i++)
		fake->loops[devices.items[i].number].kept = false;
	return fake_end_step(fake); /* what is stuck stays stuck; the rest went with its mount */
}

static int resize_loop(struct host *host, int image_fd, struct error *err)
{
	struct fake_host *fake = fake_of(host);
	struct loop_device device;
	struct stat image;
	int found = find_loop(host, image_fd, &device, err);
	if (found <= 0)
		return found < 0 ? -1 : 1;
	if (fake_begin_step(fake, "set capacity", err) < 0)
		return -1;
	if (fstat(image_fd, &image) < 0)
		return error_errno(err, errno, "image");
	fake->loops[device.number].bytes = (uint64_t)image.st_size;
	return fake_end_step(fake);
}

static int set_discard(struct host *host, const struct loop_device *device, bool allowed,
		       struct error *err)
{
	fake_of(host)->loops[device->number].keeps_blocks = !allowed;
	return 0;
}

static unsigned remove_spent_loops(struct host *host)
{
	unsigned count = 0;
	for (unsigned i = 0; i < FAKE_LOOPS_MAX; i++)
		if (!is_there(fake_of(host), i) && fake_of(host)->loops[i].keeps_blocks) {
			fake_of(host)->loops[i].keeps_blocks = false;
			count++;
		}
	return count;
}

static int flush_loop(struct host *host, const struct loop_device *device, struct error *err)
{
	struct fake_host *fake = fake_of(host);
	if (fake_begin_step(fake, "flush", err) < 0)
		return -1;
	return fake_end_step(fake);
}

void fake_host_drop_loop(struct fake_host *fake, unsigned number)
{
	fake->loops[number] = (struct fake_loop) { .attached = false };
}

unsigned fake_host_loop_count(const struct fake_host *fake)
{
	unsigned count = 0;
	for (unsigned i = 0; i < FAKE_LOOPS_MAX; i++)
		count += is_there(fake, i);
	return count;
}

void fake_loops_fill(struct host *host)
{
	host->find_loop = find_loop;
	host->find_loops = find_loops;
	host->attach_loop = attach_loop;
	host->keep_loop = keep_loop;
	host->detach_loop = detach_loop;
	host->resize_loop = resize_loop;
	host->set_discard = set_discard;
	host->remove_spent_loops = remove_spent_loops;
	host->flush_loop = flush_loop;
}
