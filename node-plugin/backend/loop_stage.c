/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/loop_stage.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "backend/loop_size.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "disk/filesystem_check.h"
#include "folder/folder.h"
#include "host/host.h"
#include "record/layout.h"

/* Only what we put there is mounted; and nothing is ever formatted here, whatever is missing. */
static int check_content(const struct backend_site *site, int image_fd,
			 const struct volume_record *record, struct error *err)
{
	char found[FILESYSTEM_TYPE_MAX];
	if (site->host->probe_filesystem(site->host, image_fd, record->fs_type, found, err) < 0)
		return -1;
	if (strcmp(found, record->fs_type) != 0)
		return error_set(err, ERROR_INTERNAL,
				 "its image should hold %s, but holds %s; it is not touched",
				 record->fs_type, found[0] ? found : "no file system that we make");
	return 0;
}

static int grow_at(const struct backend_site *site, const struct volume_record *record,
		   const char *path, struct error *err)
{
	CLEANUP_CLOSE int mount_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (mount_fd < 0)
		return error_errno(err, errno, "open %s", path);
	return site->host->grow_mounted(site->host, record->fs_type, mount_fd, err) < 0 ? -1 : 0;
}

/* At staging: what has to wait does not keep the volume from its pod. */
static int unless_in_use(int outcome, const struct error *reason, struct error *err)
{
	if (outcome >= 0 || reason->code == ERROR_IN_USE)
		return 0;
	*err = *reason;
	return -1;
}

/* One call of stage(). */
struct staging {
	const struct backend_site *site;
	const struct volume_record *record;
	int image_fd;
	const char *path;
	const struct mount_flags *flags;
	const struct secret *secret;
	const struct copy_watch *watch;
};

/* What the kernel does not grow under a mount is grown before that. */
static int grow_before_mount(const struct staging *staging, struct error *err)
{
	struct error reason = { 0 };
	struct host *host = staging->site->host;
	const char *type = staging->record->fs_type;
	if (host->grows_mounted(host, type))
		return 0;
	int outcome = host->grow_image(host, type, staging->image_fd, staging->watch, &reason);
	return unless_in_use(outcome, &reason, err);
}

static int grow_after_mount(const struct backend_site *site, const struct volume_record *record,
			    const char *path, struct error *err)
{
	struct error reason = { 0 };
	return unless_in_use(grow_at(site, record, path, &reason), &reason, err);
}

int backend_loop_grow_mounted(const struct backend_site *site, int folder_fd,
			      const struct volume_record *record, const char *path,
			      struct error *err)
{
	CLEANUP_CLOSE int image_fd = -1;
	if (folder_open_file(folder_fd, LAYOUT_IMAGE, O_RDWR, 0, &image_fd, err) < 0 ||
	    site->host->resize_loop(site->host, image_fd, err) < 0)
		return -1;
	return record->block ? 0 : grow_at(site, record, path, err);
}

/* By hand, the program has all the memory of the node. */
static int refuse(const struct staging *staging, const char *fault, const struct error *reason,
		  struct error *err)
{
	const struct volume_record *record = staging->record;
	enum error_code code = reason->code == ERROR_NONE ? ERROR_INTERNAL : reason->code;
	return error_set(err, code,
			 "its %s %s and is not mounted: %s. On the node, while no pod has it: "
			 "%s %s/volumes/%s/" LAYOUT_IMAGE,
			 record->fs_type, fault, reason->text,
			 filesystem_check_command(record->fs_type), staging->site->path,
			 record->id);
}

static int refuse_damaged(const struct staging *staging, const struct error *reason,
			  struct error *err)
{
	return refuse(staging, "is damaged", reason, err);
}

/* Takes as long as the file system is large. */
static int check_filesystem(const struct staging *staging, bool refused, struct error *err)
{
	struct host *host = staging->site->host;
	struct error reason = { 0 };
	int outcome = host->check_filesystem(host, staging->record->fs_type, staging->image_fd,
					     refused, staging->watch, &reason);
	if (outcome > 0)
		log_warning(
			"file system checked before its mount",
			LOG_TEXT("volume", staging->record->id),
			LOG_TEXT("because", refused ? "the kernel refused it" : "it had errors"));
	if (outcome >= 0)
		return 0;
	if (reason.code == ERROR_INTERNAL)
		return refuse_damaged(staging, &reason, err);
	if (reason.code == ERROR_EXHAUSTED)
		return refuse(staging, "could not be checked", &reason, err);
	*err = reason;
	return error_prefix(err, "check of the file system");
}

static int prepare(const struct staging *staging, struct error *err)
{
	bool writable = !staging->flags->read_only;
	if ((writable && check_filesystem(staging, false, err) < 0) ||
	    check_content(staging->site, staging->image_fd, staging->record, err) < 0)
		return -1;
	if (!writable)
		return 0;
	if (loop_size_hold(staging->image_fd, staging->record, err) < 0)
		return -1;
	return grow_before_mount(staging, err);
}

/* From the mount on, that holds the device; without one it goes away at the end of this. 1: the
 * kernel found the file system damaged, as *reason says. */
static int mount_image(const struct staging *staging, struct error *reason)
{
	struct host *host = staging->site->host;
	const struct volume_record *record = staging->record;
	CLEANUP(loop_device_done) struct loop_device device = { .fd = -1 };
	if (host->attach_loop(host, staging->image_fd, loop_size_may_discard(record), &device,
			      reason) < 0)
		return -1;
	loop_size_set_discard(staging->site, &device, record);
	if (record->encryption == ENCRYPTION_FSCRYPT)
		return host->mount_encrypted(host, &device, record->fs_type, staging->flags,
					     staging->secret, staging->path, reason);
	return host->mount(host, &device, record->fs_type, staging->flags, staging->path, reason);
}

static int mount_checked(const struct staging *staging, struct error *err)
{
	struct error reason = { 0 };
	int outcome = mount_image(staging, &reason);
	if (outcome > 0 && !staging->flags->read_only) {
		if (check_filesystem(staging, true, err) < 0)
			return -1;
		outcome = mount_image(staging, &reason);
	}
	if (outcome > 0)
		return refuse_damaged(staging, &reason, err);
	if (outcome < 0)
		*err = reason;
	return outcome;
}

int backend_loop_stage(const struct backend_site *site, int folder_fd,
		       const struct volume_record *record, const struct backend_staging *asked,
		       struct error *err)
{
	struct error local = { 0 };
	struct error *reason = err ? err : &local;
	CLEANUP_CLOSE int image_fd = -1;
	if (folder_open_file(folder_fd, LAYOUT_IMAGE, O_RDWR, 0, &image_fd, reason) < 0)
		return -1;
	const struct staging staging = {
		.site = site,
		.record = record,
		.image_fd = image_fd,
		.path = asked->path,
		.flags = asked->flags,
		.secret = asked->secret,
		.watch = asked->watch,
	};
	if (prepare(&staging, reason) < 0 || mount_checked(&staging, reason) < 0)
		return -1;
	return asked->flags->read_only ? 0 : grow_after_mount(site, record, asked->path, reason);
}
