/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/group_cut.h"

#include "base/same.h"
#include "cluster/persistent_volume.h"

#define UNDER_WAY "*being-cut"

bool group_cut_is_under_way(const struct group_content *content)
{
	return group_content_is_ours(content) && content->has_volumes && !content->handle;
}

void group_cut_index(const struct object *object, struct text *key)
{
	if (group_cut_is_under_way((const struct group_content *)object))
		text_append_string(key, UNDER_WAY);
}

static bool has_volume(const struct group_content *content, const char *handle)
{
	for (size_t i = 0; i < content->volume_count; i++)
		if (same(content->volume_handles[i], handle))
			return true;
	return false;
}

bool group_cut_needs(struct cluster *cluster, const struct claim *claim)
{
	CLEANUP(object_unrefp)
	struct object *volume = cluster_get(cluster, CLUSTER_VOLUMES, "", claim->volume_name);
	CLEANUP_OBJECT_LIST struct object_list contents = { 0 };
	if (!volume)
		return false;
	cluster_list(cluster, CLUSTER_GROUP_CONTENTS, UNDER_WAY, &contents);
	for (size_t i = 0; i < contents.count; i++)
		if (has_volume(group_content_of(contents.items[i]),
			       persistent_volume_of(volume)->handle))
			return true;
	return false;
}
