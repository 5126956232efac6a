/* SPDX-License-Identifier: Apache-2.0 */
#include "group/care.h"

#include "base/same.h"

static const char *fault_of(const struct group_content *content)
{
	if (content->has_volumes == (content->source_handle != NULL))
		return "spec.source: name one of volumeHandles and groupSnapshotHandles";
	if (content->has_volumes && content->volume_count == 0)
		return "spec.source.volumeHandles: is empty";
	if (!content->group_name || !content->group_namespace)
		return "spec.volumeGroupSnapshotRef: must have a name and a namespace";
	return NULL;
}

enum group_care group_care_for(const struct group_content *content,
			       const struct group_snapshot *group, const char **ret_fault)
{
	bool is_needed = group && same(content->group_uid, group->object.uid);
	*ret_fault = NULL;
	if (!group_content_is_ours(content))
		return GROUP_CARE_IGNORE;
	if (content->object.deleted_s)
		return content->group_uid && !is_needed && !group_content_is_marked(content)
			       ? GROUP_CARE_MARK
			       : GROUP_CARE_IGNORE;
	*ret_fault = fault_of(content);
	if (*ret_fault)
		return GROUP_CARE_FAIL;
	return object_has_finalizer(&content->object, GROUP_CONTENT_FINALIZER) ? GROUP_CARE_IGNORE
									       : GROUP_CARE_PROTECT;
}
