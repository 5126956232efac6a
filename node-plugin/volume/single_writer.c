/* SPDX-License-Identifier: Apache-2.0 */
#include "volume/single_writer.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "volume/mounts.h"

#define POD_VOLUMES "/volumes/kubernetes.io~csi/"
#define POD_SUBPATHS "/volume-subpaths/"
#define PUBLISHED_DEVICES "/volumeDevices/publish/"
#define DEVICES "/volumeDevices/"

static bool begins_with(const char *text, const char *start, size_t start_length)
{
	return strncmp(text, start, start_length) == 0;
}

/* target: <pod>/volumes/kubernetes.io~csi/<volume>/mount. */
static bool is_subpath_of_pod(const char *target, const char *point)
{
	const char *volumes = strstr(target, POD_VOLUMES);
	if (!volumes)
		return false;
	size_t pod_length = (size_t)(volumes - target);
	return begins_with(point, target, pod_length) &&
	       begins_with(point + pod_length, POD_SUBPATHS, strlen(POD_SUBPATHS));
}

/* target: <devices>/publish/<volume>/<pod>; the kubelet's: <devices>/<volume>/dev/<pod>. */
static bool is_device_of_pod(const char *target, const char *point)
{
	const char *publish = strstr(target, PUBLISHED_DEVICES);
	if (!publish)
		return false;
	size_t root_length = (size_t)(publish - target);
	const char *volume = publish + strlen(PUBLISHED_DEVICES);
	const char *slash = strchr(volume, '/');
	char expected[4096];
	if (!slash)
		return false;
	int length = snprintf(expected, sizeof(expected), "%.*s" DEVICES "%.*s/dev%s",
			      (int)root_length, target, (int)(slash - volume), volume, slash);
	return length < (int)sizeof(expected) && strcmp(point, expected) == 0;
}

int single_writer_check(const struct volume_mounts *mounts, const char *id, const char *staging,
			const char *target, struct error *err)
{
	for (size_t i = 0; i < mounts->table->count; i++) {
		const struct mount *mount = &mounts->table->mounts[i];
		const char *point = mount->point;
		if (!volume_mounts_own(mounts, mount) || strcmp(point, staging) == 0 ||
		    strcmp(point, target) == 0 || is_subpath_of_pod(target, point) ||
		    is_device_of_pod(target, point))
			continue;
		return error_set(err, ERROR_IN_USE,
				 "volume %s has a single writer (SINGLE_NODE_SINGLE_WRITER), which "
				 "has it at %s",
				 id, point);
	}
	return 0;
}
