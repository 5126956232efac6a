/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/content_plan.h"

#include <string.h>

static const char *fault_of(const struct snapshot_content *content)
{
	if (!content->volume_handle == !content->snapshot_handle)
		return "spec.source: name one of volumeHandle and snapshotHandle";
	if (!content->snapshot_name || !content->snapshot_namespace)
		return "spec.volumeSnapshotRef: must have a name and a namespace";
	return NULL;
}

static bool is_needed(const struct snapshot_content *content, const struct snapshot *snapshot)
{
	return snapshot && content->snapshot_uid &&
	       strcmp(content->snapshot_uid, snapshot->object.uid) == 0;
}

static bool is_bound(const struct snapshot_content *content)
{
	return content->snapshot_uid && content->snapshot_uid[0];
}

void snapshot_content_plan(const struct snapshot_content *content, const struct snapshot *snapshot,
			   struct snapshot_content_plan *ret_plan)
{
	*ret_plan = (struct snapshot_content_plan) { .decision = SNAPSHOT_CONTENT_IGNORE };
	if (!snapshot_content_is_ours(content))
		return;
	const struct object *object = &content->object;
	if (object->deleted_s) {
		if (is_bound(content) && !is_needed(content, snapshot) &&
		    !pairs_get(&object->annotations, SNAPSHOT_BEING_DELETED_ANNOTATION))
			ret_plan->decision = SNAPSHOT_CONTENT_MARK;
		return;
	}
	const char *fault = fault_of(content);
	if (fault)
		*ret_plan = (struct snapshot_content_plan) {
			.decision = SNAPSHOT_CONTENT_FAIL,
			.reason = "ContentValidationError",
			.text = fault,
		};
	else if (!object_has_finalizer(object, SNAPSHOT_CONTENT_FINALIZER))
		ret_plan->decision = SNAPSHOT_CONTENT_PROTECT;
}
