/* SPDX-License-Identifier: Apache-2.0 */
#include "volume/condition.h"

#include <assert.h>
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
#include "pool/health.h"
#include "pool/lock.h"
#include "pool/pools.h"
#include "pool/visiting.h"
#include "pool/volume_folder.h"
#include "record/layout.h"

#define READ_BYTES 4096
#define SYSFS_TEXT_MAX 8192

/* A kind of condition. */
struct ailment {
	enum condition_status status;
	const char *reason;
};

static const struct ailment pool_missing = { CONDITION_INACCESSIBLE, "PoolMissing" };
static const struct ailment volume_unreadable = { CONDITION_INACCESSIBLE, "VolumeUnreadable" };
static const struct ailment record_damaged = { CONDITION_INACCESSIBLE, "RecordDamaged" };
static const struct ailment data_missing = { CONDITION_DATA_LOSS, "DataMissing" };
static const struct ailment image_short = { CONDITION_DEGRADED, "ImageShort" };
static const struct ailment blocks_lost = { CONDITION_DEGRADED, "BlocksLost" };
static const struct ailment shut_down = { CONDITION_INACCESSIBLE, "FileSystemShutDown" };
static const struct ailment read_only = { CONDITION_DEGRADED, "FileSystemReadOnly" };
static const struct ailment file_system_errors = { CONDITION_DEGRADED, "FileSystemErrors" };
static const struct ailment read_error = { CONDITION_DEGRADED, "ReadError" };
static const struct ailment pool_full = { CONDITION_DEGRADED, "PoolFull" };

__attribute__((format(printf, 3, 4))) static void
note(struct conditions *conditions, const struct ailment *ailment, const char *format, ...)
{
	va_list args;
	assert(conditions->count < CONDITIONS_MAX);
	struct condition *condition = &conditions->items[conditions->count++];
	condition->status = ailment->status;
	condition->reason = ailment->reason;
	va_start(args, format);
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

/* False: it is not there. */
static bool look_at_data(const struct volume_folder *folder, struct conditions *conditions)
{
	const struct volume_record *record = &folder->record;
	const struct backend *backend = backend_of_kind(record->backend);
	struct stat data;
	if (fstatat(folder->fd, backend->data_name, &data, AT_SYMLINK_NOFOLLOW) < 0) {
		note(conditions, &data_missing,
		     "%s/" LAYOUT_VOLUME
		     "/%s cannot be looked at (%s): the data is not there. Put it back from a "
		     "backup, or delete the volume",
		     folder->pool->site.path, record->id, backend->data_name, strerror(errno));
		return false;
	}
	if (backend->device && (uint64_t)data.st_size < record->size_bytes)
		note(conditions, &image_short,
		     "%s/" LAYOUT_VOLUME "/%s has %" PRIu64 " bytes, not %" PRIu64
		     ": it was cut, and the data behind that is lost, or an expansion is not "
		     "finished. Repeat the expansion, or put it back from a backup",
		     folder->pool->site.path, record->id, backend->data_name,
		     (uint64_t)data.st_size, record->size_bytes);
	return true;
}

static void note_full(const struct volume_folder *folder, uint64_t missing_bytes,
		      struct conditions *conditions)
{
	struct statvfs disk;
	if (fstatvfs(folder->fd, &disk) < 0 ||
	    (uint64_t)disk.f_bavail * disk.f_frsize >= POOL_FULL_BYTES)
		return;
	note(conditions, &pool_full,
	     "the disk of pool %s (%s) is full, and this volume has still to take %" PRIu64
	     " bytes of it: writes to it will fail. Remove files from that disk",
	     folder->pool->site.name, folder->pool->site.path, missing_bytes);
}

/* What the image has still to take of the disk. */
static void look_at_room(const struct volume_folder *folder, struct conditions *conditions)
{
	const struct volume_record *record = &folder->record;
	const struct backend *backend = backend_of_kind(record->backend);
	if (!backend->device)
		return;
	uint64_t allocated_bytes = backend->allocated_bytes(&folder->pool->site, folder->fd);
	if (allocated_bytes >= record->size_bytes)
		return;
	if (record->provisioning != PROVISIONING_THIN)
		note(conditions, &blocks_lost,
		     "%s/" LAYOUT_VOLUME " was to have all of its blocks (provisioning) and lacks "
		     "%" PRIu64 " bytes of them: they were freed by discards or by hand, or an "
		     "expansion is not finished. Restart the pods that use it: they are set aside "
		     "again when it is staged",
		     folder->pool->site.path, record->id, record->size_bytes - allocated_bytes);
	note_full(folder, record->size_bytes - allocated_bytes, conditions);
}

static void look_at_errors(unsigned number, struct conditions *conditions)
{
	char path[64], count[32], where[64];
	snprintf(path, sizeof(path), "/sys/fs/ext4/loop%u/errors_count", number);
	read_sysfs(path, count, sizeof(count));
	if (strtoull(count, NULL, 10) == 0)
		return;
	snprintf(path, sizeof(path), "/sys/fs/ext4/loop%u/last_error_func", number);
	read_sysfs(path, where, sizeof(where));
	note(conditions, &file_system_errors,
	     "ext4 on /dev/loop%u has noted %s errors, the last one in %s (see the kernel's log). "
	     "Stop the pods that use the volume, and run e2fsck -f on its image",
	     number, count, where);
}

static void look_at_mount(const struct mount *mount, struct conditions *conditions)
{
	struct stat root;
	if (mount_has_option(mount->super_options, "shutdown") ||
	    (stat(mount->point, &root) < 0 && errno == EIO))
		note(conditions, &shut_down,
		     "the file system (%s, mounted at %s) was shut down after an error: nothing "
		     "can be read or written. Restart the pods that use it; if that does not help, "
		     "check its image",
		     mount->type, mount->point);
	else if (mount_has_option(mount->super_options, "emergency_ro") ||
		 (mount_has_option(mount->super_options, "ro") &&
		  !mount_has_option(mount->options, "ro")))
		note(conditions, &read_only,
		     "the file system (%s, mounted at %s) became read-only after an error: see the "
		     "kernel's log, stop the pods that use it, and check its image",
		     mount->type, mount->point);
}

/* A read that the page cache cannot answer. */
static void look_at_device(unsigned number, struct conditions *conditions)
{
	char path[LOOP_DEVICE_PATH_MAX];
	CLEANUP_FREE void *data = NULL;
	loop_device_path(number, path);
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
	if (fd < 0 || posix_memalign(&data, READ_BYTES, READ_BYTES) != 0)
		return;
	if (pread(fd, data, READ_BYTES, 0) < READ_BYTES)
		note(conditions, &read_error,
		     "%s, which is mounted, cannot be read (%s): its image was cut or its disk "
		     "fails. Stop the pods that use the volume, and look at the pool's disk",
		     path, strerror(errno));
}

static void look_at_use(const struct condition_view *view, const struct volume_record *record,
			struct conditions *conditions)
{
	bool has_device = backend_of_kind(record->backend)->device;
	const struct condition_device *device = has_device ? find_device(view, record->id) : NULL;
	const struct mount *bind = has_device ? NULL : find_bind(view, record->id);
	if (device || bind)
		look_at_mount(device ? device->mount : bind, conditions);
	if (!device)
		return;
	look_at_errors(device->number, conditions);
	look_at_device(device->number, conditions);
}

/* A volume that grows has its new size in the record before its image has it. */
static int look_inside(const struct condition_view *view, const struct volume_folder *folder,
		       struct conditions *conditions, struct error *err)
{
	const char *id = folder->record.id;
	if (look_at_data(folder, conditions))
		look_at_room(folder, conditions);
	if (conditions->count && lock_is_held(&view->pools->locks, LOCK_VOLUME, id))
		return error_set(err, ERROR_BUSY, "volume %s is being changed; try again", id);
	look_at_use(view, &folder->record, conditions);
	return 0;
}

/* That it cannot be looked at is a condition, too, unless it passes by itself. */
static int note_failure(const struct error *reason, struct conditions *conditions, bool has_folder,
			struct error *err)
{
	if (reason->code == ERROR_UNAVAILABLE)
		note(conditions, &pool_missing, "%s", reason->text);
	else if (reason->code == ERROR_INTERNAL)
		note(conditions, has_folder ? &record_damaged : &volume_unreadable, "%s",
		     reason->text);
	else
		return error_set(err, reason->code, "%s", reason->text);
	return 0;
}

int condition_look(const struct condition_view *view, const char *id,
		   struct conditions *ret_conditions, struct error *err)
{
	CLEANUP_POOL_VISIT struct pool_visit visit = { 0 };
	CLEANUP_VOLUME_FOLDER struct volume_folder folder = VOLUME_FOLDER_INIT;
	struct error reason = { 0 };
	size_t seen = view->pools->count;
	ret_conditions->count = 0;
	ret_conditions->ephemeral = false;
	int outcome = visiting_begin(view->pools, id, &visit, &reason);
	if (outcome == 0)
		outcome = volume_folder_peek(view->pools, id, &folder, &reason);
	if (outcome == 0 && !folder.pool)
		outcome = pools_not_found(view->pools, seen, "volume", id, &reason);
	if (outcome == 0)
		outcome = volume_folder_read(&folder, id, &reason);
	if (outcome < 0)
		return note_failure(&reason, ret_conditions, folder.pool != NULL, err);
	ret_conditions->ephemeral = folder.record.ephemeral;
	return look_inside(view, &folder, ret_conditions, err);
}
