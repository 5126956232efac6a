/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_parts.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "disk/fscrypt.h"
#include "fake_host.h"

static int read_mounts(struct host *host, struct mount_table **ret_table, struct error *err)
{
	struct fake_host *fake = fake_of(host);
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
struct fake_mount *fake_covering(struct fake_host *fake, const char *path)
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
	struct fake_host *fake = fake_of(host);
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
	struct fake_mount *parent = fake_covering(fake, point);
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
	const struct fake_mount *mount = fake_covering(fake_of(host), path);
	return !mount || strcmp(mount->point, path) != 0;
}

static int mount_device(struct host *host, const struct loop_device *device, const char *type,
			const struct mount_flags *flags, const char *target, struct error *err)
{
	struct fake_host *fake = fake_of(host);
	if (fake_begin_step(fake, "mount", err) < 0)
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
	return fake_end_step(fake);
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
	struct fake_mount from = *fake_covering(fake, source);
	struct fake_mount *mount = add_mount(fake, target);
	mount->major = from.major;
	mount->minor = from.minor;
	root_of(&from, source, mount->root);
	strcpy(mount->type, from.type);
	strcpy(mount->source, from.source);
	strcpy(mount->options, attributes & MOUNT_ATTR_RDONLY ? "ro" : from.options);
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
	struct fake_host *fake = fake_of(host);
	if (fake_begin_step(fake, "policy", err) < 0 ||
	    settle_policy(fake, device->number, secret, err) < 0)
		return -1;
	fake_end_step(fake);
	if (mount_device(host, device, type, flags, target, err) < 0)
		return -1;
	strcpy(fake_covering(fake, target)->root, "/" FSCRYPT_FOLDER);
	return 0;
}

static int unlock(struct host *host, const char *target, const struct secret *secret,
		  struct error *err)
{
	struct fake_host *fake = fake_of(host);
	return settle_policy(fake, fake_covering(fake, target)->minor, secret, err);
}

static int lock(struct host *host, const char *target, struct error *err)
{
	struct fake_host *fake = fake_of(host);
	if (fake_begin_step(fake, "lock", err) < 0)
		return -1;
	return fake_end_step(fake);
}

static int bind_folder(struct host *host, int source_fd, const char *target, uint64_t attributes,
		       struct error *err)
{
	struct fake_host *fake = fake_of(host);
	char source[PATH_MAX];
	if (fake_begin_step(fake, "bind", err) < 0)
		return -1;
	fake_path_of(source_fd, source);
	bind_path(fake, source, target, attributes);
	return fake_end_step(fake);
}

static int bind_device(struct host *host, const struct loop_device *device, const char *target,
		       uint64_t attributes, struct error *err)
{
	struct fake_host *fake = fake_of(host);
	char source[LOOP_DEVICE_PATH_MAX];
	if (fake_begin_step(fake, "bind device", err) < 0)
		return -1;
	loop_device_path(device->number, source);
	bind_path(fake, source, target, attributes);
	return fake_end_step(fake);
}

static int unmount(struct host *host, const char *target, struct error *err)
{
	struct fake_host *fake = fake_of(host);
	if (fake_begin_step(fake, "unmount", err) < 0)
		return -1;
	struct fake_mount *mount = fake_covering(fake, target);
	if (mount && strcmp(mount->point, target) == 0)
		mount->id = 0;
	return fake_end_step(fake);
}

static int open_mount(struct host *host, const struct mount *mount, int *ret_fd, struct error *err)
{
	int fd = open(mount->point, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, errno, "open %s", mount->point);
	*ret_fd = fd;
	return 0;
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

void fake_mounts_fill(struct host *host)
{
	host->read_mounts = read_mounts;
	host->look_at_mount = look_at_mount;
	host->is_unmounted = is_unmounted;
	host->mount = mount_device;
	host->mount_encrypted = mount_encrypted;
	host->unlock = unlock;
	host->lock = lock;
	host->bind = bind_folder;
	host->bind_device = bind_device;
	host->unmount = unmount;
	host->open_mount = open_mount;
}
