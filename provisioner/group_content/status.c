/* SPDX-License-Identifier: Apache-2.0 */
#include "group_content/status.h"

#include "apply/making.h"
#include "apply/object_write.h"
#include "base/text.h"
#include "group_content/patch.h"

static struct json_object *patch_made(const struct object *content, const void *what)
{
	return group_content_patch_made((const struct group_content *)content, what);
}

static struct json_object *patch_deleted(const struct object *content, const void *what)
{
	return group_content_patch_deleted((const struct group_content *)content);
}

static enum outcome write_status(const struct applier *applier, const struct group_content *content,
				 const struct object_write *write, struct error *err)
{
	return outcome_gone_is_done(object_write(applier, &content->object, write, err), err);
}

enum outcome group_content_status_made(const struct applier *applier,
				       const struct group_content *content,
				       const struct csi_group_snapshot *group, struct error *err)
{
	const struct object_write write = {
		.status = true, .custom = true, .make_patch = patch_made, .what = group
	};
	return write_status(applier, content, &write, err);
}

enum outcome group_content_status_deleted(const struct applier *applier,
					  const struct group_content *content, struct error *err)
{
	const struct object_write write = { .status = true,
					    .custom = true,
					    .make_patch = patch_deleted };
	return write_status(applier, content, &write, err);
}

static const struct snapshot_error *error_of(const struct object *content)
{
	return &((const struct group_content *)content)->error;
}

int group_content_status_failed(const struct applier *applier, const struct group_content *content,
				const struct error *reason)
{
	bool first = content->has_volumes && !content->has_status;
	CLEANUP_FREE char *message = must_printf("Failed to %s: %s",
						 first ? "create group snapshot"
						       : "check and update group snapshot content",
						 reason->text);
	return making_failed(applier, &content->object,
			     &(struct making_failure) {
				     .reason = reason,
				     .error_of = error_of,
				     .event = first ? "GroupSnapshotCreationFailed"
						    : "GroupSnapshotContentCheckandUpdateFailed",
				     .message = message,
			     });
}
