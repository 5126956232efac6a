/* SPDX-License-Identifier: Apache-2.0 */
#include "volume/condition.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "backend/backends.h"
#include "backend/loop_image.h"
#include "base/file.h"
#include "base/text.h"
#include "disk/loop_device.h"
#include "pool/pools.h"
#include "pool/visiting.h"
#include "pool/volume_folder.h"
#include "record/layout.h"

#define FULL_BYTES (16ULL << 20) /* less than that is nothing to a file system */
#define READ_BYTES 4096
#define SYSFS_TEXT_MAX 8192

__attribute__((format(printf, 2, 3))) static void note(struct condition *condition,
						       const char *format, ...)
{
	va_list args;
	va_start(args, format);
	condition->abnormal = true;
	vsnprintf(condition->text, sizeof(condition->text), format, args);
	va_end(args);
}

/* "" where there is no such file. */
static void read_sysfs(const char *path, char *text, size_t size)
{
	CLEANUP_FREE char *data = NULL;
	text[0] = '\0';
	if (file_read(path, SYSFS_TEXT_MAX, &data, NULL, NULL) < 0)
		return;
	snprintf(text, size, "%s", data);
	text[strcspn(text, "\n")] = '\0';
}

static bool has_device(const struct condition_view *view, unsigned number)
{
	for (size_t i = 0; i < view->device_count; i++)
		if (view->devices[i].number == number)
			return true;
	return false;
}

/* Each device is asked once, not once for each volume of a list. */
static void find_devices(struct condition_view *view)
{
	const struct mount_table *table = view->table;
	view->devices = must_alloc(table->count * sizeof(*view->devices));
	for (size_t i = 0; i < table->count; i++) {
		struct condition_device *device = &view->devices[view->device_count];
		int number = mount_loop_number(&table->mounts[i]);
		if (number < 0 || has_device(view, (unsigned)number) ||
		    !loop_image_volume_of((unsigned)number, device->id))
			continue;
		device->number = (unsigned)number;
		device->mount = &table->mounts[i];
		view->device_count++;
	}
}

int condition_view_init(struct pools *pools, struct condition_view *ret_view, struct error *err)
{
	struct condition_view view = { .pools = pools };
	if (pools->host->read_mounts(pools->host, &view.table, err) < 0)
		return -1;
	find_devices(&view);
	*ret_view = view;
	return 0;
}

void condition_view_done(struct condition_view *view)
{
	free(view->devices);
	view->devices = NULL;
	mount_table_free(view->table);
	view->table = NULL;
}

static const struct condition_device *find_device(const struct condition_view *view, const char *id)
{
	for (size_t i = 0; i < view->device_count; i++)
		if (strcmp(view->devices[i].id, id) == 0)
			return &view->devices[i];
	return NULL;
}

/* A mount of its folder in the pool. */
static const struct mount *find_bind(const struct condition_view *view, const char *id)
{
	char tail[ID_MAX + 32];
	snprintf(tail, sizeof(tail), "/" LAYOUT_VOLUME_DATA, id);
	for (size_t i = 0; i < view->table->count; i++) {
		const struct mount *mount = &view->table->mounts[i];
		const char *found = strstr(mount->root, tail);
		if (found && found[strlen(tail)] == '\0')
			return mount;
	}
	return NULL;
}

static void look_at_data(const struct volume_folder *folder, struct condition *condition)
{
	const struct volume_record *record = &folder->record;
	const struct backend *backend = backend_of_kind(record->backend);
	struct stat data;
	if (fstatat(folder->fd, backend->data_name, &data, AT_SYMLINK_NOFOLLOW) < 0)
		note(condition,
		     "%s/" LAYOUT_VOLUME
		     "/%s cannot be looked at (%s): the data is not there. Put it "
		     "back "
		     "from a backup, or delete the volume",
		     folder->pool->site.path, record->id, backend->data_name, strerror(errno));
	else if (backend->device && (uint64_t)data.st_size < record->size_bytes)
		note(condition,
		     "%s/" LAYOUT_VOLUME "/%s has %" PRIu64 " bytes, not %" PRIu64
		     ": it was cut, and the data behind that is lost. Put it back from a backup",
		     folder->pool->site.path, record->id, backend->data_name,
		     (uint64_t)data.st_size, record->size_bytes);
}

static void look_at_room(const struct volume_folder *folder, struct condition *condition)
{
	const struct backend *backend = backend_of_kind(folder->record.backend);
	struct statvfs disk;
	uint64_t allocated_bytes = backend->allocated_bytes(&folder->pool->site, folder->fd);
	if (!backend->device || fstatvfs(folder->fd, &disk) < 0 ||
	    (uint64_t)disk.f_bavail * disk.f_frsize >= FULL_BYTES ||
	    allocated_bytes >= folder->record.size_bytes)
		return;
	note(condition,
	     "the disk of pool %s (%s) is full, and this volume has still to take %" PRIu64
	     " bytes of it: writes to it will fail. Remove files from that disk",
	     folder->pool->site.name, folder->pool->site.path,
	     folder->record.size_bytes - allocated_bytes);
}

static void look_at_errors(unsigned number, struct condition *condition)
{
	char path[64], count[32], where[64];
	snprintf(path, sizeof(path), "/sys/fs/ext4/loop%u/errors_count", number);
	read_sysfs(path, count, sizeof(count));
	if (strtoull(count, NULL, 10) == 0)
		return;
	snprintf(path, sizeof(path), "/sys/fs/ext4/loop%u/last_error_func", number);
	read_sysfs(path, where, sizeof(where));
	note(condition,
	     "ext4 on /dev/loop%u has noted %s errors, the last one in %s (see the kernel's log). "
	     "Stop the pods that use the volume, and run e2fsck -f on its image",
	     number, count, where);
}

static void look_at_mount(const struct mount *mount, struct condition *condition)
{
	struct stat root;
	if (mount_has_option(mount->super_options, "shutdown") ||
	    (stat(mount->point, &root) < 0 && errno == EIO))
		note(condition,
		     "the file system (%s, mounted at %s) was shut down after an error: nothing "
		     "can "
		     "be read or written. Restart the pods that use it; if that does not help, "
		     "check its image",
		     mount->type, mount->point);
	else if (mount_has_option(mount->super_options, "emergency_ro") ||
		 (mount_has_option(mount->super_options, "ro") &&
		  !mount_has_option(mount->options, "ro")))
		note(condition,
		     "the file system (%s, mounted at %s) became read-only after an error: see the "
		     "kernel's log, stop the pods that use it, and check its image",
		     mount->type, mount->point);
}

/* A read that the page cache cannot answer. */
static void look_at_device(unsigned number, struct condition *condition)
{
	char path[LOOP_DEVICE_PATH_MAX];
	CLEANUP_FREE void *data = NULL;
	loop_device_path(number, path);
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
	if (fd < 0 || posix_memalign(&data, READ_BYTES, READ_BYTES) != 0)
		return;
	if (pread(fd, data, READ_BYTES, 0) < READ_BYTES)
		note(condition,
		     "%s, which is mounted, cannot be read (%s): its image was cut or its disk "
		     "fails. Stop the pods that use the volume, and look at the pool's disk",
		     path, strerror(errno));
}

static void look_at_use(const struct condition_view *view, const struct volume_record *record,
			struct condition *condition)
{
	bool has_device = backend_of_kind(record->backend)->device;
	const struct condition_device *device = has_device ? find_device(view, record->id) : NULL;
	const struct mount *bind = has_device ? NULL : find_bind(view, record->id);
	if (device || bind)
		look_at_mount(device ? device->mount : bind, condition);
	if (device && !condition->abnormal)
		look_at_errors(device->number, condition);
	if (device && !condition->abnormal)
		look_at_device(device->number, condition);
}

void condition_look(const struct condition_view *view, const struct volume_record *record,
		    struct condition *ret_condition)
{
	struct condition condition = { .text = "nothing is known to be wrong" };
	CLEANUP_POOL_VISIT struct pool_visit visit = { 0 };
	CLEANUP_VOLUME_FOLDER struct volume_folder folder = VOLUME_FOLDER_INIT;
	struct error reason = { 0 };
	if (visiting_begin(view->pools, record->id, &visit, &reason) < 0 ||
	    volume_folder_open(view->pools, record->id, &folder, &reason) < 0) {
		note(&condition, "%s", reason.text);
	} else {
		look_at_data(&folder, &condition);
		if (!condition.abnormal)
			look_at_use(view, &folder.record, &condition);
		if (!condition.abnormal)
			look_at_room(&folder, &condition);
	}
	*ret_condition = condition;
}
