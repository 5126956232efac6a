/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The one target that a volume of a single writer has (CSI: SINGLE_NODE_SINGLE_WRITER; Kubernetes:
 * ReadWriteOncePod).
 *
 * The kernel's mounts show which pod has the volume. Not each of them is another user: the kubelet
 * binds what a pod was given to further places of the same pod,
 *
 *	<pod>/volume-subpaths/<volume>/<container>/<n>	for a container with a subPath
 *	…/volumeDevices/<volume>/dev/<pod>		for a block volume
 *
 * and after its restart it publishes the volume again while these are still there.
 */

#include "base/error.h"

struct volume_mounts;

/* The volume is mounted neither at another target nor for another pod; the mounts are all of the
 * node's. Else ERROR_IN_USE names the place. */
int single_writer_check(const struct volume_mounts *mounts, const char *id, const char *staging,
			const char *target, struct error *err);
