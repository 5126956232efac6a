/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The lives that are lived: one row a scenario, one line a step.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "life.h"

#define MIB (1ULL << 20)
#define MARK "kept"

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
	int fd CLEANUP_CLOSE = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, MARK, strlen(MARK)) != (ssize_t)strlen(MARK) || fsync(fd) < 0)
		return error_errno(err, errno, "%s", path);
	int folder_fd CLEANUP_CLOSE = open(life->target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
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
	int fd CLEANUP_CLOSE = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		return error_errno(err, errno, "data is lost: %s", path);
	if (strcmp(text, MARK) != 0)
		return error_set(err, ERROR_INTERNAL, "data is lost: %s holds \"%s\"", path, text);
	return 0;
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

#define STEPS(table) .steps = (table), .step_count = sizeof(table) / sizeof(*(table))

const struct scenario scenarios[] = {
	{ .name = "loop, ext4",
	  .volume = { .name = "pvc-1",
		      .backend = "loop",
		      .fs_type = "ext4",
		      .size_bytes = 16 * MIB },
	  STEPS(loop_steps),
	  .every = 1 },
	{ .name = "loop, xfs",
	  .volume = { .name = "pvc-1",
		      .backend = "loop",
		      .fs_type = "xfs",
		      .size_bytes = 300 * MIB },
	  STEPS(loop_steps),
	  .every = 8 },
	{ .name = "directory",
	  .volume = { .name = "pvc-1",
		      .backend = "directory",
		      .fs_type = "",
		      .size_bytes = 16 * MIB },
	  STEPS(directory_steps),
	  .every = 1 },
};

const size_t scenario_count = sizeof(scenarios) / sizeof(*scenarios);
