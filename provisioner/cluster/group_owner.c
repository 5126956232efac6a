/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/group_owner.h"

#include <string.h>

#include "base/same.h"
#include "cluster/group_names.h"

/* In any version. */
static bool is_group(const struct owner *owner)
{
	size_t length = strlen(GROUP_API_PREFIX);
	return same(owner->kind, "VolumeGroupSnapshot") && owner->api_version &&
	       strncmp(owner->api_version, GROUP_API_PREFIX, length) == 0 && owner->name &&
	       owner->uid;
}

const struct owner *group_owner_find(const struct object *snapshot, const char *uid)
{
	for (size_t i = 0; i < snapshot->owner_count; i++) {
		const struct owner *owner = &snapshot->owners[i];
		if (is_group(owner) && (!uid || same(owner->uid, uid)))
			return owner;
	}
	return NULL;
}
