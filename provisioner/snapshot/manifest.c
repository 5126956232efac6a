/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/manifest.h"

#include <string.h>

#include "apply/object_reference.h"
#include "base/text.h"
#include "cluster/group_names.h"
#include "cluster/group_owner.h"
#include "cluster/snapshot_secret.h"
#include "csi/names.h"
#include "kube/json.h"

static bool is_hash(const char *text)
{
	return strspn(text, "0123456789abcdef") == GROUP_MEMBER_HASH_BYTES - 1 &&
	       text[GROUP_MEMBER_HASH_BYTES - 1] == '\0';
}

/* What follows the prefix in the name of a member of a group; NULL: it is none. It stays a member
 * by its owner when the group has released it. The user chooses name and owner: only a hash, which
 * is never a uid, is taken over into the name of a content, which is of the whole cluster. */
static const char *member_hash(const struct object *snapshot)
{
	size_t length = strlen(GROUP_MEMBER_NAME_PREFIX);
	if (strncmp(snapshot->name, GROUP_MEMBER_NAME_PREFIX, length) != 0)
		return NULL;
	const char *hash = snapshot->name + length;
	return is_hash(hash) && group_owner_find(snapshot, NULL) ? hash : NULL;
}

char *snapshot_manifest_name(const struct snapshot *snapshot)
{
	const char *hash = member_hash(&snapshot->object);
	if (hash)
		return must_printf(GROUP_MEMBER_CONTENT_NAME_PREFIX "%s", hash);
	return must_printf(SNAPSHOT_CONTENT_NAME_PREFIX "%s", snapshot->object.uid);
}

/* By which the snapshot can be deleted when the class is gone. */
static int set_secret(struct json_object *annotations, const struct snapshot_secret_origin *origin,
		      struct error *err)
{
	struct secret_name secret;
	if (snapshot_secret_read(origin, SNAPSHOT_SECRET_CREATE, &secret, err) < 0)
		return -1;
	json_set_string(annotations, SNAPSHOT_DELETION_SECRET_NAME_ANNOTATION, secret.name);
	json_set_string(annotations, SNAPSHOT_DELETION_SECRET_NAMESPACE_ANNOTATION,
			secret.namespace);
	return 0;
}

static int fill_metadata(struct json_object *metadata, const struct snapshot *snapshot,
			 const struct snapshot_class *class, const char *name, struct error *err)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(256);
	struct json_object *finalizers = json_object_new_array();
	json_object_array_add(finalizers, json_object_new_string(SNAPSHOT_CONTENT_FINALIZER));
	json_set(metadata, "finalizers", finalizers);
	return set_secret(json_child(metadata, "annotations"),
			  &(struct snapshot_secret_origin) {
				  .class = &class->object,
				  .parameters = &class->parameters,
				  .content_name = name,
				  .snapshot_namespace = snapshot->object.namespace,
				  .snapshot_name = snapshot->object.name,
				  .arena = arena,
			  },
			  err);
}

int snapshot_manifest(const struct snapshot_view *view, const struct snapshot_class *class,
		      struct json_object **ret_json, struct error *err)
{
	CLEANUP_FREE char *name = snapshot_manifest_name(view->snapshot);
	CLEANUP(json_object_putp)
	struct json_object *json = object_json(&snapshot_content_kind, "", name);
	struct json_object *spec = json_child(json, "spec");
	if (fill_metadata(json_child(json, "metadata"), view->snapshot, class, name, err) < 0)
		return -1;
	json_set(spec, "volumeSnapshotRef", object_reference_to(&view->snapshot->object));
	json_set_string(json_child(spec, "source"), "volumeHandle", view->volume->handle);
	json_set_string(spec, "sourceVolumeMode", view->volume->block ? "Block" : "Filesystem");
	json_set_string(spec, "volumeSnapshotClassName", class->object.name);
	json_set_string(spec, "driver", CSI_DRIVER_NAME);
	json_set_string(spec, "deletionPolicy", class->delete_snapshot ? "Delete" : "Retain");
	*ret_json = TAKE(json);
	return 0;
}
