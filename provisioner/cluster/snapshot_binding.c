/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/snapshot_binding.h"

#include "base/same.h"

#define NS_PER_S 1000000000

bool snapshot_is_bound_to(const struct snapshot *snapshot, const struct snapshot_content *content)
{
	return content && same_or_none(content->snapshot_uid, snapshot->object.uid) &&
	       same_or_none(content->snapshot_name, snapshot->object.name) &&
	       same_or_none(content->snapshot_namespace, snapshot->object.namespace);
}

static bool times_differ(const struct snapshot *snapshot, const struct snapshot_content *content)
{
	return !snapshot->taken_s && content->taken_ns / NS_PER_S != 0;
}

static bool errors_differ(const struct snapshot *snapshot, const struct snapshot_content *content)
{
	const char *message = content->ready ? NULL : content->error.message;
	return !same_or_none(snapshot->error.message, message);
}

bool snapshot_status_differs(const struct snapshot *snapshot,
			     const struct snapshot_content *content)
{
	bool size_differs =
		content->has_restore_size &&
		(!snapshot->has_restore_size || snapshot->restore_bytes != content->restore_bytes);
	return !same_or_none(snapshot->content_name, content->object.name) ||
	       !snapshot->says_ready || snapshot->ready != content->ready || size_differs ||
	       times_differ(snapshot, content) || errors_differ(snapshot, content);
}

bool snapshot_is_member(const struct snapshot *snapshot)
{
	return object_has_finalizer(&snapshot->object, SNAPSHOT_GROUP_FINALIZER);
}
