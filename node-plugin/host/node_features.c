/* SPDX-License-Identifier: Apache-2.0 */
#include "host/node_features.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/text.h"
#include "disk/filesystem.h"
#include "disk/filesystem_grow.h"
#include "disk/loop_device.h"
#include "host/throttle.h"

#define TRIAL_BYTES (16 << 20) /* the least that ext4 can have here */

static const char *const names[FEATURE_COUNT] = {
	[FEATURE_LOOP] = "loop",	   [FEATURE_LOOP_DIRECT] = "loop_direct",
	[FEATURE_EXT4] = "ext4",	   [FEATURE_XFS] = "xfs",
	[FEATURE_BTRFS] = "btrfs",	   [FEATURE_EXT4_GROWS] = "ext4_grows",
	[FEATURE_FSCRYPT] = "fscrypt",	   [FEATURE_FREEZE] = "freeze",
	[FEATURE_IO_LIMITS] = "io_limits",
};

static struct metric gauge = {
	.name = "kentledge_feature",
	.help = "1: this node offers it to volumes.",
	.type = METRIC_GAUGE,
	.labels = { "feature" },
};

static void tell(struct node_features *features, enum node_feature feature, bool has,
		 const char *reason)
{
	features->has[feature] = has;
	snprintf(features->reason[feature], FEATURE_REASON_MAX, "%.*s", FEATURE_REASON_MAX - 1,
		 has ? "" : reason);
}

static bool is_installed(const char *program)
{
	char path[4096];
	snprintf(path, sizeof(path), "%s", getenv("PATH") ? getenv("PATH") : "/usr/sbin:/sbin");
	char *rest = NULL;
	for (char *folder = strtok_r(path, ":", &rest); folder;
	     folder = strtok_r(NULL, ":", &rest)) {
		char file[4200];
		snprintf(file, sizeof(file), "%s/%s", folder, program);
		if (access(file, X_OK) == 0)
			return true;
	}
	return false;
}

/* fsopen(2) loads the kernel's module, where there is one. */
static void probe_type(struct node_features *features, enum node_feature feature, const char *type)
{
	char program[32], reason[FEATURE_REASON_MAX];
	CLEANUP_CLOSE int context_fd = fsopen(type, FSOPEN_CLOEXEC);
	snprintf(reason, sizeof(reason), "the kernel has no %s: %s", type, strerror(errno));
	if (context_fd < 0) {
		tell(features, feature, false, reason);
		return;
	}
	snprintf(program, sizeof(program), "mkfs.%s", type);
	snprintf(reason, sizeof(reason), "%s is not installed", program);
	tell(features, feature, is_installed(program), reason);
}

/* Documentation/filesystems/fscrypt.rst: the file stands there if the kernel was built with it. */
static void probe_fscrypt(struct node_features *features)
{
	tell(features, FEATURE_FSCRYPT, access("/sys/fs/ext4/features/encryption", F_OK) == 0,
	     "the kernel was built without CONFIG_FS_ENCRYPTION");
}

/* Where limits are held, too: the host's cgroups may lie elsewhere in a container. */
static void probe_io_limits(struct node_features *features, const struct throttle *throttle)
{
	struct error reason = { 0 };
	tell(features, FEATURE_IO_LIMITS, throttle_check(throttle, &reason) == 0, reason.text);
}

/* Mounted, but nowhere: it goes when the descriptor is closed. */
static int mount_nowhere(unsigned loop_number)
{
	char source[LOOP_DEVICE_PATH_MAX];
	loop_device_path(loop_number, source);
	CLEANUP_CLOSE int context_fd = fsopen("ext4", FSOPEN_CLOEXEC);
	if (context_fd < 0 || fsconfig(context_fd, FSCONFIG_SET_STRING, "source", source, 0) < 0 ||
	    fsconfig(context_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -1;
	return fsmount(context_fd, FSMOUNT_CLOEXEC, 0);
}

static void try_mounted(struct node_features *features, int mount_fd)
{
	CLEANUP_CLOSE int root_fd = openat(mount_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int froze = root_fd < 0 ? -1 : ioctl(root_fd, FIFREEZE, 0);
	tell(features, FEATURE_FREEZE, froze == 0, strerror(errno));
	if (froze == 0)
		ioctl(root_fd, FITHAW, 0);
}

static void try_loop(struct node_features *features, int image_fd)
{
	struct error reason = { 0 };
	struct loop_info64 info;
	CLEANUP(loop_device_done) struct loop_device device = { .fd = -1 };
	int attached = loop_device_attach(image_fd, true, &device, &reason);
	tell(features, FEATURE_LOOP, attached == 0, reason.text);
	if (attached < 0)
		return;
	bool direct = ioctl(device.fd, LOOP_GET_STATUS64, &info) == 0 &&
		      info.lo_flags & LO_FLAGS_DIRECT_IO;
	tell(features, FEATURE_LOOP_DIRECT, direct, "the pool's file system cannot do it");
	CLEANUP_CLOSE int mount_fd = mount_nowhere(device.number);
	if (mount_fd < 0)
		tell(features, FEATURE_EXT4, false, "it cannot be mounted");
	else
		try_mounted(features, mount_fd);
}

static void try_image(struct node_features *features, int pool_fd)
{
	struct error reason = { 0 };
	CLEANUP_CLOSE int image_fd = openat(pool_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (image_fd < 0 || ftruncate(image_fd, TRIAL_BYTES) < 0)
		error_errno(&reason, errno, "no image for a trial in the pool");
	else if (filesystem_make("ext4", image_fd, NULL, &reason) == 0) {
		try_loop(features, image_fd);
		return;
	}
	tell(features, FEATURE_LOOP, false, reason.text);
	tell(features, FEATURE_LOOP_DIRECT, false, reason.text);
	tell(features, FEATURE_FREEZE, false, reason.text);
}

void node_features_probe(struct node_features *features, int pool_fd,
			 const struct throttle *throttle)
{
	for (int i = 0; i < FEATURE_COUNT; i++)
		tell(features, (enum node_feature)i, false, "it was not tried");
	probe_type(features, FEATURE_EXT4, "ext4");
	probe_type(features, FEATURE_XFS, "xfs");
	probe_type(features, FEATURE_BTRFS, "btrfs");
	tell(features, FEATURE_EXT4_GROWS, filesystem_grows_mounted("ext4"),
	     "the plugin lacks CAP_SYS_RESOURCE: ext4 grows when it is staged");
	probe_fscrypt(features);
	probe_io_limits(features, throttle);
	try_image(features, pool_fd);
	atomic_store(&features->known, true);
}

int node_features_require(const struct node_features *features, enum node_feature feature,
			  struct error *err)
{
	if (!atomic_load(&features->known))
		return error_set(err, ERROR_UNAVAILABLE,
				 "the plugin is still finding out what this kernel can do");
	if (features->has[feature])
		return 0;
	return error_set(err, ERROR_IN_USE, "this node cannot do %s: %s", names[feature],
			 features->reason[feature]);
}

void node_features_report(const struct node_features *features)
{
	CLEANUP_TEXT struct text has = TEXT_INIT;
	CLEANUP_TEXT struct text lacks = TEXT_INIT;
	for (int i = 0; i < FEATURE_COUNT; i++) {
		const char *values[] = { names[i] };
		metric_set(&gauge, values, features->has[i]);
		if (features->has[i])
			text_printf(&has, "%s%s", has.length ? "," : "", names[i]);
		else
			text_printf(&lacks, "%s%s (%s)", lacks.length ? ", " : "", names[i],
				    features->reason[i]);
	}
	log_info("features found", LOG_TEXT("has", has.length ? has.data : ""),
		 LOG_TEXT("lacks", lacks.length ? lacks.data : ""));
}
