/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The lives that are lived: one row a scenario, one line a step.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "csi.pb-c.h"
#include "life.h"
#include "rpc/channel_call.h"

#define MIB (1ULL << 20)
#define MARK "kept"
#define GROWTH (16 * MIB)
#define TIMEOUT_MS 30000
#define ENCRYPTION_KEY "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

static struct rpc_channel *channel(const struct life *life)
{
	return life->scene.channel;
}

static int create(struct life *life, struct error *err)
{
	return node_client_create(channel(life), &life->scenario->volume, err);
}

static int delete (struct life *life, struct error *err)
{
	life->marked = false;
	return node_client_delete(channel(life), life->scenario->volume.name, err);
}

static int stage(struct life *life, struct error *err)
{
	return node_client_stage(channel(life), &life->scenario->volume, life->staging, err);
}

static int unstage(struct life *life, struct error *err)
{
	return node_client_unstage(channel(life), life->scenario->volume.name, life->staging, err);
}

static int publish(struct life *life, struct error *err)
{
	return node_client_publish(channel(life), &life->scenario->volume, life->staging,
				   life->target, false, err);
}

static int unpublish(struct life *life, struct error *err)
{
	return node_client_unpublish(channel(life), life->scenario->volume.name, life->target, err);
}

static int write_mark(struct life *life, const char *path, struct error *err)
{
	CLEANUP_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, MARK, strlen(MARK)) != (ssize_t)strlen(MARK) || fsync(fd) < 0)
		return error_errno(err, errno, "%s", path);
	CLEANUP_CLOSE int folder_fd = open(life->target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder_fd < 0 || fsync(folder_fd) < 0)
		return error_errno(err, errno, "%s", life->target);
	life->marked = true;
	return 0;
}

/* What a pod wrote and fsynced is there whenever the volume is. */
static int check_mark(struct life *life, struct error *err)
{
	char path[160], text[16] = "";
	snprintf(path, sizeof(path), "%s/mark", life->target);
	if (!life->marked)
		return write_mark(life, path, err);
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		return error_errno(err, errno, "data is lost: %s", path);
	if (strcmp(text, MARK) != 0)
		return error_set(err, ERROR_INTERNAL, "data is lost: %s holds \"%s\"", path, text);
	return 0;
}

/* A block volume is a device at the target. */
static int check_block_mark(struct life *life, struct error *err)
{
	char block[4096] = "";
	CLEANUP_CLOSE int fd = open(life->target, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, errno, "%s", life->target);
	if (!life->marked) {
		snprintf(block, sizeof(block), "%s", MARK);
		if (pwrite(fd, block, sizeof(block), MIB) != sizeof(block) || fsync(fd) < 0)
			return error_errno(err, errno, "write to %s", life->target);
		life->marked = true;
		return 0;
	}
	if (pread(fd, block, sizeof(block), MIB) != sizeof(block) || strcmp(block, MARK) != 0)
		return error_set(err, ERROR_INTERNAL, "data is lost: the device holds \"%.16s\"",
				 block);
	return 0;
}

static int expand(struct life *life, struct error *err)
{
	const struct node_volume *volume = &life->scenario->volume;
	uint64_t bytes = 0;
	bool node_too = false;
	return node_client_expand(channel(life), volume->name, volume->size_bytes + GROWTH, 0,
				  &bytes, &node_too, err);
}

static int expand_mounted(struct life *life, struct error *err)
{
	const struct node_volume *volume = &life->scenario->volume;
	uint64_t bytes = 0;
	return node_client_expand_mounted(channel(life), volume->name, life->target,
					  volume->size_bytes + GROWTH, &bytes, err);
}

static uint64_t fs_bytes(const struct life *life)
{
	struct statvfs space;
	return statvfs(life->target, &space) < 0 ? 0 : (uint64_t)space.f_blocks * space.f_frsize;
}

/* As at first: it has not been grown yet, in this life. */
static int check_first_size(struct life *life, struct error *err)
{
	if (!life->first_bytes)
		life->first_bytes = fs_bytes(life);
	return check_mark(life, err);
}

static int check_grown(struct life *life, struct error *err)
{
	if (fs_bytes(life) <= life->first_bytes + GROWTH / 2)
		return error_set(err, ERROR_INTERNAL, "it did not grow: %llu bytes",
				 (unsigned long long)fs_bytes(life));
	return check_mark(life, err);
}

static int call(const struct life *life, const char *method, const ProtobufCMessage *request,
		const ProtobufCMessageDescriptor *descriptor, struct error *err)
{
	ProtobufCMessage *response = NULL;
	if (rpc_channel_call(channel(life), "csi.v1.Controller", method, request, descriptor,
			     TIMEOUT_MS, &response, err) < 0)
		return -1;
	protobuf_c_message_free_unpacked(response, NULL);
	return 0;
}

static char snapshot_name[] = "snapshot-1";

static int create_snapshot(struct life *life, struct error *err)
{
	Csi__V1__CreateSnapshotRequest request;
	csi__v1__create_snapshot_request__init(&request);
	request.name = snapshot_name;
	request.source_volume_id = (char *)(uintptr_t)life->scenario->volume.name;
	return call(life, "CreateSnapshot", &request.base,
		    &csi__v1__create_snapshot_response__descriptor, err);
}

static int delete_snapshot(struct life *life, struct error *err)
{
	Csi__V1__DeleteSnapshotRequest request;
	csi__v1__delete_snapshot_request__init(&request);
	request.snapshot_id = snapshot_name;
	return call(life, "DeleteSnapshot", &request.base,
		    &csi__v1__delete_snapshot_response__descriptor, err);
}

/* One is there, and the volume is not held still any more. */
static int check_snapshot(struct life *life, struct error *err)
{
	life->marked = false;
	if (node_scene_entries(&life->scene, "snapshots") != 1)
		return error_set(err, ERROR_INTERNAL, "the snapshot is lost");
	return check_mark(life, err);
}

static char copy_name[] = "pvc-2";

static struct node_volume copy_volume(const struct life *life)
{
	struct node_volume volume = life->scenario->volume;
	volume.name = copy_name;
	return volume;
}

static int create_copy(struct life *life, Csi__V1__VolumeContentSource *source, struct error *err)
{
	const struct node_volume *volume = &life->scenario->volume;
	bool loop = strcmp(volume->backend, "loop") == 0;
	char names[2][16] = { "backend", "enforce" };
	char values[2][16];
	Csi__V1__CreateVolumeRequest request;
	Csi__V1__CapacityRange range;
	Csi__V1__CreateVolumeRequest__ParametersEntry entries[2];
	Csi__V1__CreateVolumeRequest__ParametersEntry *parameters[] = { &entries[0], &entries[1] };
	Csi__V1__VolumeCapability capability, *capabilities = &capability;
	Csi__V1__VolumeCapability__MountVolume mount;
	Csi__V1__VolumeCapability__AccessMode mode;
	snprintf(values[0], sizeof(values[0]), "%s", volume->backend);
	snprintf(values[1], sizeof(values[1]), "%s", loop ? "true" : "false");
	for (int i = 0; i < 2; i++) {
		csi__v1__create_volume_request__parameters_entry__init(&entries[i]);
		entries[i].key = names[i];
		entries[i].value = values[i];
	}
	csi__v1__create_volume_request__init(&request);
	csi__v1__capacity_range__init(&range);
	csi__v1__volume_capability__init(&capability);
	csi__v1__volume_capability__mount_volume__init(&mount);
	csi__v1__volume_capability__access_mode__init(&mode);
	mode.mode = CSI__V1__VOLUME_CAPABILITY__ACCESS_MODE__MODE__SINGLE_NODE_MULTI_WRITER;
	mount.fs_type = (char *)(uintptr_t)volume->fs_type;
	capability.access_type_case = CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_MOUNT;
	capability.mount = &mount;
	capability.access_mode = &mode;
	range.required_bytes = (int64_t)volume->size_bytes;
	request.name = copy_name;
	request.capacity_range = &range;
	request.parameters = parameters;
	request.n_parameters = 2;
	request.volume_capabilities = &capabilities;
	request.n_volume_capabilities = 1;
	request.volume_content_source = source;
	return call(life, "CreateVolume", &request.base,
		    &csi__v1__create_volume_response__descriptor, err);
}

static int restore(struct life *life, struct error *err)
{
	Csi__V1__VolumeContentSource source;
	Csi__V1__VolumeContentSource__SnapshotSource snapshot;
	csi__v1__volume_content_source__init(&source);
	csi__v1__volume_content_source__snapshot_source__init(&snapshot);
	snapshot.snapshot_id = snapshot_name;
	source.type_case = CSI__V1__VOLUME_CONTENT_SOURCE__TYPE_SNAPSHOT;
	source.snapshot = &snapshot;
	return create_copy(life, &source, err);
}

static int clone_volume(struct life *life, struct error *err)
{
	Csi__V1__VolumeContentSource source;
	Csi__V1__VolumeContentSource__VolumeSource volume;
	csi__v1__volume_content_source__init(&source);
	csi__v1__volume_content_source__volume_source__init(&volume);
	volume.volume_id = (char *)(uintptr_t)life->scenario->volume.name;
	source.type_case = CSI__V1__VOLUME_CONTENT_SOURCE__TYPE_VOLUME;
	source.volume = &volume;
	return create_copy(life, &source, err);
}

static int delete_copy(struct life *life, struct error *err)
{
	return node_client_delete(channel(life), copy_name, err);
}

struct look {
	struct life *life;
	char folder[192];
};

static int stage_copy(void *context, struct error *err)
{
	struct look *look = context;
	struct node_volume volume = copy_volume(look->life);
	return node_client_stage(channel(look->life), &volume, look->folder, err);
}

static int unstage_copy(void *context, struct error *err)
{
	struct look *look = context;
	return node_client_unstage(channel(look->life), copy_name, look->folder, err);
}

/* The copy holds what the pod had fsynced before. */
static int check_copy(struct life *life, struct error *err)
{
	struct look look = { .life = life };
	char path[256], text[16] = "";
	snprintf(look.folder, sizeof(look.folder), "%s",
		 node_scene_make_folder(&life->scene, "staging-2"));
	if (trace_call(&life->trace, stage_copy, &look, NULL, err) < 0)
		return error_prefix(err, "the copy");
	snprintf(path, sizeof(path), "%s/mark", look.folder);
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool kept = fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 && strcmp(text, MARK) == 0;
	cleanup_close(&fd);
	fd = -1;
	if (trace_call(&life->trace, unstage_copy, &look, NULL, err) < 0)
		return error_prefix(err, "the copy");
	return kept ? 0 : error_set(err, ERROR_INTERNAL, "the copy holds \"%s\"", text);
}

static int modify(struct life *life, struct error *err)
{
	Csi__V1__ControllerModifyVolumeRequest request;
	Csi__V1__ControllerModifyVolumeRequest__MutableParametersEntry entry, *entries = &entry;
	char key[] = "writeIops", value[] = "1000";
	csi__v1__controller_modify_volume_request__init(&request);
	csi__v1__controller_modify_volume_request__mutable_parameters_entry__init(&entry);
	entry.key = key;
	entry.value = value;
	request.volume_id = (char *)(uintptr_t)life->scenario->volume.name;
	request.mutable_parameters = &entries;
	request.n_mutable_parameters = 1;
	return call(life, "ControllerModifyVolume", &request.base,
		    &csi__v1__controller_modify_volume_response__descriptor, err);
}

static char node_id[] = "node-1"; /* node_scene.c */

static int attach(struct life *life, struct error *err)
{
	Csi__V1__ControllerPublishVolumeRequest request;
	Csi__V1__VolumeCapability capability;
	Csi__V1__VolumeCapability__MountVolume mount;
	Csi__V1__VolumeCapability__AccessMode mode;
	csi__v1__controller_publish_volume_request__init(&request);
	csi__v1__volume_capability__init(&capability);
	csi__v1__volume_capability__mount_volume__init(&mount);
	csi__v1__volume_capability__access_mode__init(&mode);
	mode.mode = CSI__V1__VOLUME_CAPABILITY__ACCESS_MODE__MODE__SINGLE_NODE_MULTI_WRITER;
	capability.access_type_case = CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_MOUNT;
	capability.mount = &mount;
	capability.access_mode = &mode;
	request.volume_id = (char *)(uintptr_t)life->scenario->volume.name;
	request.node_id = node_id;
	request.volume_capability = &capability;
	return call(life, "ControllerPublishVolume", &request.base,
		    &csi__v1__controller_publish_volume_response__descriptor, err);
}

static int detach(struct life *life, struct error *err)
{
	Csi__V1__ControllerUnpublishVolumeRequest request;
	csi__v1__controller_unpublish_volume_request__init(&request);
	request.volume_id = (char *)(uintptr_t)life->scenario->volume.name;
	request.node_id = node_id;
	return call(life, "ControllerUnpublishVolume", &request.base,
		    &csi__v1__controller_unpublish_volume_response__descriptor, err);
}

static int publish_ephemeral(struct life *life, struct error *err)
{
	life->marked = false; /* it lives as long as its pod */
	return node_client_publish_ephemeral(channel(life), life->scenario->volume.name, "16Mi", "",
					     "", life->target, err);
}

#define CREATE                                                                                     \
	{                                                                                          \
		.name = "CreateVolume", .call = create, .undo_name = "DeleteVolume",               \
		.undo = delete                                                                     \
	}
#define STAGE(loop_devices)                                                                        \
	{                                                                                          \
		.name = "NodeStageVolume", .call = stage, .undo_name = "NodeUnstageVolume",        \
		.undo = unstage, .mounts = 1, .loops = (loop_devices), .lost_with_power = true     \
	}
#define PUBLISH                                                                                    \
	{                                                                                          \
		.name = "NodePublishVolume", .call = publish, .undo_name = "NodeUnpublishVolume",  \
		.undo = unpublish, .mounts = 1, .check = check_mark, .lost_with_power = true       \
	}

static const struct life_step loop_steps[] = { CREATE, STAGE(1), PUBLISH };
static const struct life_step directory_steps[] = { CREATE, STAGE(0), PUBLISH };

static const struct life_step block_steps[] = {
	CREATE,
	{ .name = "NodeStageVolume (block)",
	  .call = stage,
	  .undo_name = "NodeUnstageVolume (block)",
	  .undo = unstage,
	  .loops = 1,
	  .lost_with_power = true },
	{ .name = "NodePublishVolume (block)",
	  .call = publish,
	  .undo_name = "NodeUnpublishVolume (block)",
	  .undo = unpublish,
	  .mounts = 1,
	  .check = check_block_mark,
	  .lost_with_power = true },
};

static const struct life_step offline_growth_steps[] = {
	CREATE,
	{ .name = "ControllerExpandVolume (offline)", .call = expand },
	STAGE(1),
	PUBLISH,
};

static const struct life_step online_growth_steps[] = {
	CREATE,
	STAGE(1),
	{ .name = "NodePublishVolume",
	  .call = publish,
	  .undo_name = "NodeUnpublishVolume",
	  .undo = unpublish,
	  .mounts = 1,
	  .check = check_first_size,
	  .lost_with_power = true },
	{ .name = "ControllerExpandVolume (online)", .call = expand },
	{ .name = "NodeExpandVolume", .call = expand_mounted, .check = check_grown },
};

#define SNAPSHOT                                                                                   \
	{                                                                                          \
		.name = "CreateSnapshot", .call = create_snapshot, .undo_name = "DeleteSnapshot",  \
		.undo = delete_snapshot, .check = check_snapshot                                   \
	}

static const struct life_step loop_snapshot_steps[] = { CREATE, STAGE(1), PUBLISH, SNAPSHOT };
static const struct life_step directory_snapshot_steps[] = { CREATE, STAGE(0), PUBLISH, SNAPSHOT };

#define RESTORE                                                                                    \
	{                                                                                          \
		.name = "CreateVolume (restore)", .call = restore,                                 \
		.undo_name = "DeleteVolume (restored)", .undo = delete_copy, .check = check_copy   \
	}
#define CLONE                                                                                      \
	{                                                                                          \
		.name = "CreateVolume (clone)", .call = clone_volume,                              \
		.undo_name = "DeleteVolume (clone)", .undo = delete_copy, .check = check_copy      \
	}

static const struct life_step loop_restore_steps[] = { CREATE, STAGE(1), PUBLISH, SNAPSHOT,
						       RESTORE };
static const struct life_step directory_restore_steps[] = { CREATE, STAGE(0), PUBLISH, SNAPSHOT,
							    RESTORE };
static const struct life_step loop_clone_steps[] = { CREATE, STAGE(1), PUBLISH, CLONE };
static const struct life_step directory_clone_steps[] = { CREATE, STAGE(0), PUBLISH, CLONE };

static const struct life_step modify_steps[] = {
	CREATE,
	STAGE(1),
	PUBLISH,
	{ .name = "ControllerModifyVolume", .call = modify },
};

/* That it is attached is seen by the next step: without, it could not be staged. */
static const struct life_step attach_steps[] = {
	CREATE,
	{ .name = "ControllerPublishVolume",
	  .call = attach,
	  .undo_name = "ControllerUnpublishVolume",
	  .undo = detach },
	STAGE(1),
	PUBLISH,
};

static const struct life_step ephemeral_steps[] = {
	{ .name = "NodePublishVolume (ephemeral)",
	  .call = publish_ephemeral,
	  .undo_name = "NodeUnpublishVolume (ephemeral)",
	  .undo = unpublish,
	  .mounts = 1,
	  .loops = 1,
	  .lost_with_power = true },
};

#define STEPS(table) .steps = (table), .step_count = sizeof(table) / sizeof(*(table))

#define VOLUME(kind, type, mib, ...)                                                               \
	.volume = { .name = "pvc-1",                                                               \
		    .backend = (kind),                                                             \
		    .fs_type = (type),                                                             \
		    .size_bytes = (mib)*MIB,                                                       \
		    __VA_ARGS__ }

const struct scenario scenarios[] = {
	{ .name = "loop, ext4", VOLUME("loop", "ext4", 16), STEPS(loop_steps), .every = 1 },
	{ .name = "loop, xfs", VOLUME("loop", "xfs", 300), STEPS(loop_steps), .every = 8 },
	{ .name = "loop, btrfs", VOLUME("loop", "btrfs", 256), STEPS(loop_steps), .every = 16 },
	{ .name = "loop, thick",
	  VOLUME("loop", "ext4", 16, .provisioning = "thick"),
	  STEPS(loop_steps),
	  .every = 16 },
	{ .name = "loop, encrypted",
	  VOLUME("loop", "ext4", 16, .encryption = "fscrypt", .key = ENCRYPTION_KEY),
	  STEPS(loop_steps),
	  .every = 16 },
	{ .name = "directory", VOLUME("directory", "", 16), STEPS(directory_steps), .every = 1 },
	{ .name = "block", VOLUME("loop", "", 16, .block = true), STEPS(block_steps), .every = 1 },
	{ .name = "offline growth",
	  VOLUME("loop", "ext4", 16),
	  STEPS(offline_growth_steps),
	  .every = 1,
	  .skipped = 1 },
	{ .name = "online growth",
	  VOLUME("loop", "xfs", 300),
	  STEPS(online_growth_steps),
	  .every = 16,
	  .skipped = 3 },
	{ .name = "loop, snapshot",
	  VOLUME("loop", "ext4", 16),
	  STEPS(loop_snapshot_steps),
	  .every = 16,
	  .skipped = 3 },
	{ .name = "directory, snapshot",
	  VOLUME("directory", "", 16),
	  STEPS(directory_snapshot_steps),
	  .every = 16,
	  .skipped = 3 },
	{ .name = "loop, restore",
	  VOLUME("loop", "ext4", 16),
	  STEPS(loop_restore_steps),
	  .every = 16,
	  .skipped = 4 },
	{ .name = "directory, restore",
	  VOLUME("directory", "", 16),
	  STEPS(directory_restore_steps),
	  .every = 16,
	  .skipped = 4 },
	{ .name = "loop, clone",
	  VOLUME("loop", "ext4", 16),
	  STEPS(loop_clone_steps),
	  .every = 16,
	  .skipped = 3 },
	{ .name = "directory, clone",
	  VOLUME("directory", "", 16),
	  STEPS(directory_clone_steps),
	  .every = 16,
	  .skipped = 3 },
	{ .name = "modify",
	  VOLUME("loop", "ext4", 16),
	  STEPS(modify_steps),
	  .every = 16,
	  .skipped = 3 },
	{ .name = "attach",
	  VOLUME("loop", "ext4", 16),
	  STEPS(attach_steps),
	  .every = 16,
	  .skipped = 1,
	  .flag = "--attach" },
	{ .name = "ephemeral", VOLUME("loop", "ext4", 16), STEPS(ephemeral_steps), .every = 16 },
};

const size_t scenario_count = sizeof(scenarios) / sizeof(*scenarios);
