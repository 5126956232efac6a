/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The group that a volume belongs to (CSI volume_mount_group, a pod's fsGroup): what is in it can
 * be read and written by that group, and what is made in it later has it too.
 *
 * A driver that announces this does what the kubelet would otherwise do by walking through the
 * volume at every start of a pod. Here the walk is made only when the volume's root does not
 * belong to the group yet; the root comes last, so that a walk that was cut short is made again.
 * As with the kubelet, files become readable and writable for the group (660), folders accessible
 * too and setgid (2770); links only change their group, mounts inside are not entered.
 */

#include <sys/types.h>

#include "base/error.h"

/* Folders that lie deeper are left as they are. */
#define VOLUME_GROUP_DEPTH_MAX 200

/* 1: the volume mounted at path belongs to it already. */
int volume_group_apply(const char *path, gid_t group, struct error *err);
