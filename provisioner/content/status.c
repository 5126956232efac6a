/* SPDX-License-Identifier: Apache-2.0 */
#include "content/status.h"

#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "content/patch.h"
#include "kube/event.h"
#include "kube/json.h"
#include "kube/verbs.h"

enum content_outcome content_gone_is_done(int r, const struct error *err)
{
	return r < 0 && err->code != ERROR_NOT_FOUND ? CONTENT_FAILED : CONTENT_DONE;
}

int content_read_newest(const struct applier *applier, const struct snapshot_content *content,
			struct object **ret_content, struct error *err)
{
	CLEANUP(object_unrefp) struct object *newest = NULL;
	if (kube_get(applier->client, &snapshot_content_kind, "", content->object.name, &newest,
		     err) < 0)
		return -1;
	if (strcmp(newest->uid, content->object.uid) != 0)
		return error_set(err, ERROR_NOT_FOUND, "the content was replaced");
	*ret_content = TAKE(newest);
	return 0;
}

enum content_outcome content_confirm(const struct applier *applier,
				     const struct snapshot_content *content,
				     struct object **ret_content, struct error *err)
{
	CLEANUP(object_unrefp) struct object *newest = NULL;
	if (content_read_newest(applier, content, &newest, err) < 0)
		return err->code == ERROR_NOT_FOUND ? CONTENT_AGAIN : CONTENT_FAILED;
	if (strcmp(newest->resource_version, content->object.resource_version) != 0)
		return CONTENT_AGAIN;
	*ret_content = TAKE(newest);
	return CONTENT_DONE;
}

static int write_status(const struct applier *applier, const struct snapshot_content *content,
			struct json_object *(*make_patch)(const struct snapshot_content *content,
							  const void *what),
			const void *what, struct error *err)
{
	CLEANUP(object_unrefp)
	struct object *newest = object_ref((struct object *)&content->object);
	for (unsigned i = 0; i < CONTENT_WRITES_MAX; i++) {
		CLEANUP(json_object_putp)
		struct json_object *patch = make_patch(snapshot_content_of(newest), what);
		if (!patch || applier_patch_status(applier, newest, patch, NULL, err) == 0)
			return 0;
		if (err->code != ERROR_CONFLICT)
			return -1;
		object_unref(TAKE(newest));
		if (content_read_newest(applier, content, &newest, err) < 0)
			return -1;
	}
	return -1;
}

static struct json_object *patch_made(const struct snapshot_content *content, const void *what)
{
	return content_patch_made(content, what);
}

static struct json_object *patch_deleted(const struct snapshot_content *content, const void *what)
{
	return content_patch_deleted(content);
}

static struct json_object *patch_failed(const struct snapshot_content *content, const void *what)
{
	return content_patch_failed(content, what);
}

enum content_outcome content_status_made(const struct applier *applier,
					 const struct snapshot_content *content,
					 const struct csi_snapshot *snapshot, struct error *err)
{
	return content_gone_is_done(write_status(applier, content, patch_made, snapshot, err), err);
}

enum content_outcome content_status_deleted(const struct applier *applier,
					    const struct snapshot_content *content,
					    struct error *err)
{
	return content_gone_is_done(write_status(applier, content, patch_deleted, NULL, err), err);
}

static bool says_so_already(const struct snapshot_content *content, const char *message)
{
	CLEANUP(json_object_putp)
	struct json_object *patch = content_patch_failed(content, message);
	return !patch;
}

int content_status_failed(const struct applier *applier, const struct snapshot_content *content,
			  const struct error *reason)
{
	bool first = content->volume_handle && !content->has_status;
	struct error unwritten;
	if (reason->code == ERROR_CONFLICT || reason->code == ERROR_CANCELLED)
		return 0;
	CLEANUP_FREE char *message = must_printf(
		"Failed to %s: %s", first ? "create snapshot" : "check and update snapshot content",
		reason->text);
	if (says_so_already(content, message))
		return 0;
	event_record(applier->events, &content->object, EVENT_WARNING,
		     first ? "SnapshotCreationFailed" : "SnapshotContentCheckandUpdateFailed", "%s",
		     message);
	if (write_status(applier, content, patch_failed, message, &unwritten) == 0 ||
	    unwritten.code == ERROR_NOT_FOUND)
		return 0;
	log_warning("failure not noted on the content", LOG_TEXT("content", content->object.name),
		    LOG_ERR(&unwritten));
	return -1;
}
