/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_host.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "disk/fscrypt.h"

#define LOOP_MAJOR 7
#define KILLED_STATUS 137
#define SIGNATURE "fake file system "
#define SIZE_PLACE 64 /* behind it */

static struct fake_host *of(struct host *host)
{
	return (struct fake_host *)host;
}

/* Begins a step: fails it, or ends the process before its effect. */
static int begin_step(struct fake_host *fake, const char *what, struct error *err)
{
	fake->steps++;
	if (fake->steps == fake->kill_at && fake->kill_moment == FAKE_BEFORE)
		_exit(KILLED_STATUS);
	if (fake->steps == fake->fail_at)
		return error_set(err, ERROR_INTERNAL, "%s: failed on purpose", what);
	return 0;
}

static int end_step(struct fake_host *fake)
{
	if (fake->steps == fake->kill_at && fake->kill_moment == FAKE_AFTER)
		_exit(KILLED_STATUS);
	return 0;
}

static int read_mounts(struct host *host, struct mount_table **ret_table, struct error *err)
{
	struct fake_host *fake = of(host);
	CLEANUP_TEXT struct text text = TEXT_INIT;
	fake->mount_reads++;
	for (size_t i = 0; i < FAKE_MOUNTS_MAX; i++) {
		const struct fake_mount *mount = &fake->mounts[i];
		if (mount->id)
			text_printf(&text, "%u %u %u:%u %s %s %s - %s %s rw\n", mount->id,
				    mount->parent_id, mount->major, mount->minor, mount->root,
				    mount->point, mount->options, mount->type, mount->source);
	}
	return mount_table_parse(text.data, text.length, ret_table, err);
}

static struct fake_mount *find_id(struct fake_host *fake, unsigned id)
{
	for (size_t i = 0; i < FAKE_MOUNTS_MAX; i++)
		if (fake->mounts[i].id == id)
			return &fake->mounts[i];
	return NULL;
}

/* The mount in which a path ends, as the code under test would find it. */
static struct fake_mount *covering(struct fake_host *fake, const char *path)
{
	CLEANUP(mount_table_freep) struct mount_table *table = NULL;
	struct error err = { 0 };
	int outcome = read_mounts(&fake->host, &table, &err);
	fake->mount_reads--; /* it is the kernel who looks here */
	assert(outcome == 0);
	const struct mount *mount = mount_table_covering(table, path);
	return mount ? find_id(fake, mount->id) : NULL;
}

static int look_at_mount(struct host *host, const char *path, struct mount_table *table)
{
	struct fake_host *fake = of(host);
	CLEANUP(mount_table_freep) struct mount_table *whole = NULL;
	if (!table->is_part)
		return 0;
	if (fake->hides_places)
		return 1;
	int outcome = read_mounts(host, &whole, NULL);
	fake->mount_reads--;
	const struct mount *mount = outcome < 0 ? NULL : mount_table_covering(whole, path);
	if (!mount)
		return 1;
	struct mount copy = *mount;
	copy.unique_id = mount->id;
	copy.root = arena_strdup(table->arena, mount->root);
	copy.point = arena_strdup(table->arena, mount->point);
	copy.options = arena_strdup(table->arena, mount->options);
	copy.type = arena_strdup(table->arena, mount->type);
	copy.source = arena_strdup(table->arena, mount->source);
	copy.super_options = "";
	mount_table_add(table, path, &copy);
	return 0;
}

static struct fake_mount *add_mount(struct fake_host *fake, const char *point)
{
	struct fake_mount *parent = covering(fake, point);
	struct fake_mount *mount = find_id(fake, 0);
	assert(mount && strlen(point) < PATH_MAX);
	*mount =
		(struct fake_mount) { .id = fake->next_id++, .parent_id = parent ? parent->id : 0 };
	strcpy(mount->point, point);
	strcpy(mount->options, "rw");
	return mount;
}

static bool is_unmounted(struct host *host, const char *path)
{
	const struct fake_mount *mount = covering(of(host), path);
	return !mount || strcmp(mount->point, path) != 0;
}

static int mount_device(struct host *host, const struct loop_device *device, const char *type,
			const struct mount_flags *flags, const char *target, struct error *err)
{
	struct fake_host *fake = of(host);
	if (begin_step(fake, "mount", err) < 0)
		return -1;
	if (fake->is_damaged) {
		error_set(err, ERROR_INTERNAL, "mount: structure needs cleaning");
		return 1;
	}
	struct fake_mount *mount = add_mount(fake, target);
	bool own_number = strcmp(type, "btrfs") == 0;
	mount->major = own_number ? 0 : LOOP_MAJOR;
	mount->minor = own_number ? 1000 + device->number : device->number;
	strcpy(mount->root, "/");
	snprintf(mount->type, sizeof(mount->type), "%s", type);
	snprintf(mount->source, sizeof(mount->source), "/dev/loop%u", device->number);
	if (flags->read_only)
		strcpy(mount->options, "ro");
	return end_step(fake);
}

/* Where a path lies in the file system of its mount. */
static void root_of(const struct fake_mount *mount, const char *path, char root[static PATH_MAX])
{
	const char *below = strcmp(mount->point, "/") == 0 ? path : path + strlen(mount->point);
	const char *above = strcmp(mount->root, "/") == 0 ? "" : mount->root;
	int length = snprintf(root, PATH_MAX, "%s%s", above, below);
	assert(length < PATH_MAX);
	if (length == 0)
		strcpy(root, "/");
}

static void bind_path(struct fake_host *fake, const char *source, const char *target,
		      uint64_t attributes)
{
	struct fake_mount from = *covering(fake, source);
	struct fake_mount *mount = add_mount(fake, target);
	mount->major = from.major;
	mount->minor = from.minor;
	root_of(&from, source, mount->root);
	strcpy(mount->type, from.type);
	strcpy(mount->source, from.source);
	strcpy(mount->options, attributes & MOUNT_ATTR_RDONLY ? "ro" : from.options);
}

static void path_of(int fd, char path[static PATH_MAX])
{
	char link[64];
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t length = readlink(link, path, PATH_MAX - 1);
	assert(length > 0);
	path[length] = '\0';
}

/* The first 64 bytes of the secret stand for the policy, behind the signature in the image. */
#define POLICY_OFFSET 128
#define POLICY_BYTES 64

static int settle_policy(struct fake_host *fake, unsigned number, const struct secret *secret,
			 struct error *err)
{
	char policy[POLICY_BYTES] = "", key[POLICY_BYTES] = "";
	if (fscrypt_check_secret(secret, err) < 0)
		return -1;
	memcpy(key, secret->bytes, secret->length < sizeof(key) ? secret->length : sizeof(key));
	CLEANUP_CLOSE int image_fd = open(fake->loops[number].image, O_RDWR | O_CLOEXEC);
	if (image_fd < 0 || pread(image_fd, policy, sizeof(policy), POLICY_OFFSET) < 0)
		return error_errno(err, errno, "policy");
	if (policy[0] && memcmp(policy, key, sizeof(key)) != 0)
		return error_set(err, ERROR_INVALID, "secrets: encryptionKey is another key");
	if (!policy[0] && pwrite(image_fd, key, sizeof(key), POLICY_OFFSET) != sizeof(key))
		return error_errno(err, errno, "policy");
	return 0;
}

static int mount_encrypted(struct host *host, const struct loop_device *device, const char *type,
			   const struct mount_flags *flags, const struct secret *secret,
			   const char *target, struct error *err)
{
	struct fake_host *fake = of(host);
	if (begin_step(fake, "policy", err) < 0 ||
	    settle_policy(fake, device->number, secret, err) < 0)
		return -1;
	end_step(fake);
	if (mount_device(host, device, type, flags, target, err) < 0)
		return -1;
	strcpy(covering(fake, target)->root, "/" FSCRYPT_FOLDER);
	return 0;
}

static int unlock(struct host *host, const char *target, const struct secret *secret,
		  struct error *err)
{
	struct fake_host *fake = of(host);
	return settle_policy(fake, covering(fake, target)->minor, secret, err);
}

static int lock(struct host *host, const char *target, struct error *err)
{
	struct fake_host *fake = of(host);
	if (begin_step(fake, "lock", err) < 0)
		return -1;
	return end_step(fake);
}

static int bind_folder(struct host *host, int source_fd, const char *target, uint64_t attributes,
		       struct error *err)
{
	struct fake_host *fake = of(host);
	char source[PATH_MAX];
	if (begin_step(fake, "bind", err) < 0)
		return -1;
	path_of(source_fd, source);
	bind_path(fake, source, target, attributes);
	return end_step(fake);
}

static int bind_device(struct host *host, const struct loop_device *device, const char *target,
		       uint64_t attributes, struct error *err)
{
	struct fake_host *fake = of(host);
	char source[LOOP_DEVICE_PATH_MAX];
	if (begin_step(fake, "bind device", err) < 0)
		return -1;
	loop_device_path(device->number, source);
	bind_path(fake, source, target, attributes);
	return end_step(fake);
}

static int unmount(struct host *host, const char *target, struct error *err)
{
	struct fake_host *fake = of(host);
	if (begin_step(fake, "unmount", err) < 0)
		return -1;
	struct fake_mount *mount = covering(fake, target);
	if (mount && strcmp(mount->point, target) == 0)
		mount->id = 0;
	return end_step(fake);
}

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
	struct fake_host *fake = of(host);
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
	struct fake_host *fake = of(host);
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
	struct fake_host *fake = of(host);
	struct stat image;
	if (begin_step(fake, "attach", err) < 0)
		return -1;
	if (find_loop(host, image_fd, ret_device, err) == 1)
		return end_step(fake);
	if (fstat(image_fd, &image) < 0)
		return error_errno(err, errno, "image");
	unsigned number = free_number(fake);
	fake->loops[number] = (struct fake_loop) { .attached = true,
						   .device = image.st_dev,
						   .inode = image.st_ino,
						   .bytes = (uint64_t)image.st_size };
	path_of(image_fd, fake->loops[number].image);
	*ret_device = (struct loop_device) { .number = number,
					     .device = makedev(LOOP_MAJOR, number),
					     .fd = -1 };
	return end_step(fake);
}

static int keep_loop(struct host *host, int image_fd, bool read_only, bool discards,
		     struct loop_device *ret_device, struct error *err)
{
	struct fake_host *fake = of(host);
	struct loop_devices devices;
	struct stat image;
	if (find_loops(host, image_fd, &devices, err) < 0)
		return -1;
	for (size_t i = 0; i < devices.count; i++)
		if (devices.items[i].read_only == read_only && devices.items[i].kept) {
			*ret_device = devices.items[i];
			return 1;
		}
	if (begin_step(fake, "keep", err) < 0)
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
	return end_step(fake);
}

static int detach_loop(struct host *host, int image_fd, struct loop_device *ret_device,
		       struct error *err)
{
	struct fake_host *fake = of(host);
	int found = find_loop(host, image_fd, ret_device, err);
	if (found <= 0)
		return found < 0 ? -1 : 1;
	if (begin_step(fake, "detach", err) < 0)
		return -1;
	struct loop_devices devices;
	if (find_loops(host, image_fd, &devices, err) < 0)
		return -1;
	for (size_t i = 0; i < devices.count; i++)
		fake->loops[devices.items[i].number].kept = false;
	return end_step(fake); /* what is stuck stays stuck; the rest went with its mount */
}

static int resize_loop(struct host *host, int image_fd, struct error *err)
{
	struct fake_host *fake = of(host);
	struct loop_device device;
	struct stat image;
	int found = find_loop(host, image_fd, &device, err);
	if (found <= 0)
		return found < 0 ? -1 : 1;
	if (begin_step(fake, "set capacity", err) < 0)
		return -1;
	if (fstat(image_fd, &image) < 0)
		return error_errno(err, errno, "image");
	fake->loops[device.number].bytes = (uint64_t)image.st_size;
	return end_step(fake);
}

static int set_discard(struct host *host, const struct loop_device *device, bool allowed,
		       struct error *err)
{
	of(host)->loops[device->number].keeps_blocks = !allowed;
	return 0;
}

static unsigned remove_spent_loops(struct host *host)
{
	unsigned count = 0;
	for (unsigned i = 0; i < FAKE_LOOPS_MAX; i++)
		if (!is_there(of(host), i) && of(host)->loops[i].keeps_blocks) {
			of(host)->loops[i].keeps_blocks = false;
			count++;
		}
	return count;
}

static int make_filesystem(struct host *host, const char *type, int image_fd, struct error *err)
{
	struct fake_host *fake = of(host);
	char signature[64];
	if (begin_step(fake, "mkfs", err) < 0)
		return -1;
	int length = snprintf(signature, sizeof(signature), SIGNATURE "%s", type);
	struct stat image;
	if (fstat(image_fd, &image) < 0 ||
	    pwrite(image_fd, signature, (size_t)length, 0) != length ||
	    pwrite(image_fd, &(uint64_t) { (uint64_t)image.st_size }, 8, SIZE_PLACE) != 8)
		return error_errno(err, errno, "mkfs");
	return end_step(fake);
}

static int check_filesystem(struct host *host, const char *type, int image_fd, bool refused,
			    struct error *err)
{
	struct fake_host *fake = of(host);
	if (!refused && !fake->has_errors)
		return 0;
	if (fake->beyond_repair)
		return error_set(err, ERROR_INTERNAL, "run fsck manually");
	fake->checks++;
	fake->has_errors = fake->is_damaged = false;
	return 1;
}

static bool grows_mounted(struct host *host, const char *type)
{
	return strcmp(type, "ext4") != 0 || of(host)->has_resources;
}

/* 1: it is that large already. */
static int grow(struct fake_host *fake, int image_fd, uint64_t disk_bytes, struct error *err)
{
	uint64_t bytes = 0;
	if (pread(image_fd, &bytes, 8, SIZE_PLACE) != 8)
		return error_errno(err, errno, "grow");
	if (bytes >= disk_bytes)
		return 1;
	if (begin_step(fake, "grow", err) < 0)
		return -1;
	if (pwrite(image_fd, &disk_bytes, 8, SIZE_PLACE) != 8)
		return error_errno(err, errno, "grow");
	return end_step(fake);
}

static int grow_mounted(struct host *host, const char *type, int mount_fd, struct error *err)
{
	struct fake_host *fake = of(host);
	char path[PATH_MAX];
	unsigned number = 0;
	path_of(mount_fd, path);
	if (sscanf(covering(fake, path)->source, "/dev/loop%u", &number) != 1)
		return error_set(err, ERROR_INTERNAL, "%s: not on a loop device", path);
	CLEANUP_CLOSE int image_fd = open(fake->loops[number].image, O_RDWR | O_CLOEXEC);
	if (image_fd < 0)
		return error_errno(err, errno, "grow");
	if (!grows_mounted(host, type) &&
	    fake_host_filesystem_bytes(fake->loops[number].image) < fake->loops[number].bytes)
		return error_set(err, ERROR_IN_USE, "it grows when it is staged the next time");
	return grow(fake, image_fd, fake->loops[number].bytes, err);
}

static int grow_image(struct host *host, const char *type, int image_fd, struct error *err)
{
	struct stat image;
	if (fstat(image_fd, &image) < 0)
		return error_errno(err, errno, "grow");
	return grow(of(host), image_fd, (uint64_t)image.st_size, err);
}

static int make_encrypted(struct host *host, const char *type, int image_fd, struct error *err)
{
	return make_filesystem(host, type, image_fd, err);
}

static int probe_filesystem(struct host *host, int image_fd, const char *wanted,
			    char ret_type[static FILESYSTEM_TYPE_MAX], struct error *err)
{
	char signature[64] = "";
	if (pread(image_fd, signature, sizeof(signature) - 1, 0) < 0)
		return error_errno(err, errno, "probe");
	size_t length = strlen(SIGNATURE);
	bool known = strncmp(signature, SIGNATURE, length) == 0;
	snprintf(ret_type, FILESYSTEM_TYPE_MAX, "%.20s", known ? signature + length : "");
	return 0;
}

static int usage(struct host *host, int fd, struct host_usage *ret_usage, struct error *err)
{
	*ret_usage = of(host)->usage;
	return 0;
}

static int probe_quota(struct host *host, int fd, enum quota_kind *ret_kind, struct error *err)
{
	if (!of(host)->can_quota)
		return error_set(err, ERROR_UNSUPPORTED, "the fake kernel has no quota");
	*ret_kind = QUOTA_PROJECT;
	return 0;
}

static int mend_quota(struct host *host, int fd, struct error *err)
{
	return 0;
}

static int find_quota(struct host *host, int fd, struct quota *ret_quota, struct error *err)
{
	struct fake_host *fake = of(host);
	struct stat folder;
	if (fstat(fd, &folder) < 0)
		return error_errno(err, errno, "folder");
	*ret_quota = (struct quota) { .kind = QUOTA_NONE };
	for (unsigned i = 1; i < FAKE_QUOTAS_MAX; i++)
		if (fake->quotas[i].inode == folder.st_ino)
			*ret_quota = (struct quota) { .kind = QUOTA_PROJECT, .project_id = i };
	return 0;
}

static int limit_quota(struct host *host, int fd, const struct quota *quota, uint64_t limit_bytes,
		       struct error *err)
{
	struct fake_host *fake = of(host);
	assert(quota->kind == QUOTA_PROJECT && quota->project_id < FAKE_QUOTAS_MAX);
	if (begin_step(fake, "limit of a quota", err) < 0)
		return -1;
	fake->quotas[quota->project_id].limit_bytes = limit_bytes;
	return end_step(fake);
}

static unsigned free_project(const struct fake_host *fake)
{
	unsigned number = 1;
	while (number < FAKE_QUOTAS_MAX &&
	       (fake->quotas[number].inode || fake->quotas[number].limit_bytes))
		number++;
	assert(number < FAKE_QUOTAS_MAX);
	return number;
}

static int begin_quota(struct host *host, int fd, enum quota_kind kind, uint64_t limit_bytes,
		       struct quota *ret_quota, struct error *err)
{
	struct fake_host *fake = of(host);
	struct stat folder;
	struct quota old;
	if (begin_step(fake, "project of a folder", err) < 0)
		return -1;
	if (fstat(fd, &folder) < 0 || find_quota(host, fd, &old, err) < 0)
		return error_errno(err, errno, "folder");
	if (old.kind != QUOTA_NONE)
		fake->quotas[old.project_id].inode = 0; /* of a folder that is gone */
	struct quota quota = { .kind = kind, .project_id = free_project(fake) };
	fake->quotas[quota.project_id].inode = folder.st_ino;
	end_step(fake);
	if (limit_quota(host, fd, &quota, limit_bytes, err) < 0)
		return -1;
	*ret_quota = quota;
	return 0;
}

static int read_quota(struct host *host, int fd, const struct quota *quota,
		      struct quota_usage *ret_usage, struct error *err)
{
	const struct fake_quota *found = &of(host)->quotas[quota->project_id];
	*ret_usage = (struct quota_usage) { .limit_bytes = found->limit_bytes,
					    .used_bytes = found->used_bytes,
					    .own_bytes = found->used_bytes };
	return 0;
}

static int forget_quota(struct host *host, int fd, const struct quota *quota, struct error *err)
{
	return limit_quota(host, fd, quota, 0, err);
}

/* A fake file system is the folder on which a mount of it lies: it is frozen by that one's inode.
 */
static int frozen_index(const struct fake_host *fake, uint64_t wanted)
{
	for (int i = 0; i < FAKE_FROZEN_MAX; i++)
		if (fake->frozen[i] == wanted)
			return i;
	return -1;
}

static uint64_t inode_of(int fd)
{
	struct stat st;
	return fstat(fd, &st) == 0 ? st.st_ino : 0;
}

static int open_mount(struct host *host, const struct mount *mount, int *ret_fd, struct error *err)
{
	int fd = open(mount->point, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, errno, "open %s", mount->point);
	*ret_fd = fd;
	return 0;
}

static int freeze(struct host *host, int mount_fd, struct error *err)
{
	struct fake_host *fake = of(host);
	if (begin_step(fake, "freeze", err) < 0)
		return -1;
	if (frozen_index(fake, inode_of(mount_fd)) >= 0)
		return error_set(err, ERROR_BUSY, "frozen already");
	int free_index = frozen_index(fake, 0);
	assert(free_index >= 0);
	fake->frozen[free_index] = inode_of(mount_fd);
	fake->freezes++;
	return end_step(fake);
}

static int thaw(struct host *host, int mount_fd, struct error *err)
{
	struct fake_host *fake = of(host);
	if (begin_step(fake, "thaw", err) < 0)
		return -1;
	int i = frozen_index(fake, inode_of(mount_fd));
	if (i < 0)
		return 1;
	fake->frozen[i] = 0;
	return end_step(fake);
}

static int flush_loop(struct host *host, const struct loop_device *device, struct error *err)
{
	struct fake_host *fake = of(host);
	if (begin_step(fake, "flush", err) < 0)
		return -1;
	return end_step(fake);
}

static int renew_filesystem(struct host *host, const char *type, int image_fd, struct error *err)
{
	struct fake_host *fake = of(host);
	if (begin_step(fake, "renew", err) < 0)
		return -1;
	return end_step(fake);
}

unsigned fake_host_frozen_count(const struct fake_host *fake)
{
	unsigned count = 0;
	for (int i = 0; i < FAKE_FROZEN_MAX; i++)
		count += fake->frozen[i] != 0;
	return count;
}

static int check(struct host *host, struct error *err)
{
	return 0;
}

struct fake_host *fake_host_new(void)
{
	struct fake_host *fake = mmap(NULL, sizeof(*fake), PROT_READ | PROT_WRITE,
				      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert(fake != MAP_FAILED);
	fake->host = (struct host) {
		.read_mounts = read_mounts,
		.look_at_mount = look_at_mount,
		.is_unmounted = is_unmounted,
		.mount = mount_device,
		.mount_encrypted = mount_encrypted,
		.unlock = unlock,
		.lock = lock,
		.bind = bind_folder,
		.bind_device = bind_device,
		.unmount = unmount,
		.find_loop = find_loop,
		.find_loops = find_loops,
		.attach_loop = attach_loop,
		.keep_loop = keep_loop,
		.detach_loop = detach_loop,
		.resize_loop = resize_loop,
		.set_discard = set_discard,
		.remove_spent_loops = remove_spent_loops,
		.make_filesystem = make_filesystem,
		.make_encrypted = make_encrypted,
		.probe_filesystem = probe_filesystem,
		.check_filesystem = check_filesystem,
		.grows_mounted = grows_mounted,
		.grow_mounted = grow_mounted,
		.grow_image = grow_image,
		.usage = usage,
		.probe_quota = probe_quota,
		.begin_quota = begin_quota,
		.limit_quota = limit_quota,
		.read_quota = read_quota,
		.mend_quota = mend_quota,
		.find_quota = find_quota,
		.forget_quota = forget_quota,
		.open_mount = open_mount,
		.freeze = freeze,
		.thaw = thaw,
		.flush_loop = flush_loop,
		.renew_filesystem = renew_filesystem,
		.check = check,
	};
	fake->usage = (struct host_usage) {
		.total_bytes = 100ULL << 30,
		.available_bytes = 100ULL << 30,
		.total_inodes = 1000000,
		.available_inodes = 1000000,
	};
	fake->mounts[0] = (struct fake_mount) {
		.id = 1,
		.major = 8,
		.minor = 1,
		.root = "/",
		.point = "/",
		.options = "rw",
		.type = "ext4",
		.source = "/dev/sda1",
	};
	fake->next_id = 2;
	return fake;
}

void fake_host_free(struct fake_host *fake)
{
	if (fake)
		munmap(fake, sizeof(*fake));
}

void fake_host_fail_at(struct fake_host *fake, unsigned step)
{
	fake->fail_at = step ? fake->steps + step : 0;
}

void fake_host_kill_at(struct fake_host *fake, unsigned step, enum fake_moment moment)
{
	fake->kill_at = step ? fake->steps + step : 0;
	fake->kill_moment = moment;
}

bool fake_host_run_child(struct fake_host *fake, int (*function)(void *context), void *context,
			 int *ret_outcome)
{
	fflush(NULL);
	pid_t pid = fork();
	assert(pid >= 0);
	if (pid == 0)
		_exit(function(context) & 0x7f);
	int status = 0;
	pid_t waited = waitpid(pid, &status, 0);
	assert(waited == pid && WIFEXITED(status));
	fake->kill_at = 0;
	*ret_outcome = WEXITSTATUS(status);
	return WEXITSTATUS(status) == KILLED_STATUS;
}

void fake_host_mount_stranger(struct fake_host *fake, const char *point)
{
	struct fake_mount *mount = add_mount(fake, point);
	mount->major = 0;
	mount->minor = 77;
	strcpy(mount->root, "/");
	strcpy(mount->type, "tmpfs");
	strcpy(mount->source, "stranger");
}

void fake_host_stack(struct fake_host *fake, const char *point)
{
	bind_path(fake, point, point, 0);
}

void fake_host_drop_loop(struct fake_host *fake, unsigned number)
{
	fake->loops[number] = (struct fake_loop) { .attached = false };
}

unsigned fake_host_mount_count(const struct fake_host *fake)
{
	unsigned count = 0;
	for (size_t i = 1; i < FAKE_MOUNTS_MAX; i++)
		count += fake->mounts[i].id != 0;
	return count;
}

unsigned fake_host_mounts_at(const struct fake_host *fake, const char *point)
{
	unsigned count = 0;
	for (size_t i = 0; i < FAKE_MOUNTS_MAX; i++)
		count += fake->mounts[i].id && strcmp(fake->mounts[i].point, point) == 0;
	return count;
}

unsigned fake_host_loop_count(const struct fake_host *fake)
{
	unsigned count = 0;
	for (unsigned i = 0; i < FAKE_LOOPS_MAX; i++)
		count += is_there(fake, i);
	return count;
}

unsigned fake_host_quota_count(const struct fake_host *fake)
{
	unsigned count = 0;
	for (unsigned i = 0; i < FAKE_QUOTAS_MAX; i++)
		count += fake->quotas[i].limit_bytes != 0;
	return count;
}

const char *fake_host_options_at(const struct fake_host *fake, const char *point)
{
	const struct fake_mount *top = NULL;
	for (size_t i = 0; i < FAKE_MOUNTS_MAX; i++) {
		const struct fake_mount *mount = &fake->mounts[i];
		if (mount->id && strcmp(mount->point, point) == 0 && (!top || mount->id > top->id))
			top = mount;
	}
	return top ? top->options : "";
}

uint64_t fake_host_filesystem_bytes(const char *image)
{
	uint64_t bytes = 0;
	CLEANUP_CLOSE int fd = open(image, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || pread(fd, &bytes, 8, SIZE_PLACE) != 8)
		return 0;
	return bytes;
}
