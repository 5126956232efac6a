/* SPDX-License-Identifier: Apache-2.0 */
#include "content/status.h"

#include "apply/making.h"
#include "apply/object_write.h"
#include "base/text.h"
#include "content/patch.h"

static struct json_object *patch_made(const struct object *content, const void *what)
{
	return content_patch_made((const struct snapshot_content *)content, what);
}

static struct json_object *patch_deleted(const struct object *content, const void *what)
{
	return content_patch_deleted((const struct snapshot_content *)content);
}

static enum outcome write_status(const struct applier *applier,
				 const struct snapshot_content *content,
				 const struct object_write *write, struct error *err)
{
	return outcome_gone_is_done(object_write(applier, &content->object, write, err), err);
}

enum outcome content_status_made(const struct applier *applier,
				 const struct snapshot_content *content,
				 const struct csi_snapshot *snapshot, struct error *err)
{
	const struct object_write write = {
		.status = true, .custom = true, .make_patch = patch_made, .what = snapshot
	};
	return write_status(applier, content, &write, err);
}

enum outcome content_status_deleted(const struct applier *applier,
				    const struct snapshot_content *content, struct error *err)
{
	const struct object_write write = { .status = true,
					    .custom = true,
					    .make_patch = patch_deleted };
	return write_status(applier, content, &write, err);
}

static const struct snapshot_error *error_of(const struct object *content)
{
	return &((const struct snapshot_content *)content)->error;
}

int content_status_failed(const struct applier *applier, const struct snapshot_content *content,
			  const struct error *reason)
{
	bool first = content->volume_handle && !content->has_status;
	CLEANUP_FREE char *message = must_printf(
		"Failed to %s: %s", first ? "create snapshot" : "check and update snapshot content",
		reason->text);
	return making_failed(applier, &content->object,
			     &(struct making_failure) {
				     .reason = reason,
				     .error_of = error_of,
				     .event = first ? "SnapshotCreationFailed"
						    : "SnapshotContentCheckandUpdateFailed",
				     .message = message,
			     });
}
