/* SPDX-License-Identifier: Apache-2.0 */
#include "group/manifest.h"

#include <string.h>

#include "apply/object_reference.h"
#include "base/text.h"
#include "cluster/snapshot_secret.h"
#include "csi/names.h"
#include "kube/json.h"

char *group_manifest_name(const struct group_snapshot *group)
{
	return must_printf(GROUP_CONTENT_NAME_PREFIX "%s", group->object.uid);
}

static char *member_name(const struct group_snapshot *group, const char *prefix, const char *handle)
{
	char hash[GROUP_MEMBER_HASH_BYTES];
	group_member_hash(group->object.uid, handle, hash);
	return must_printf("%s%s", prefix, hash);
}

char *group_manifest_member_name(const struct group_snapshot *group, const char *volume_handle)
{
	return member_name(group, GROUP_MEMBER_NAME_PREFIX, volume_handle);
}

char *group_manifest_member_content_name(const struct group_snapshot *group,
					 const char *volume_handle)
{
	return member_name(group, GROUP_MEMBER_CONTENT_NAME_PREFIX, volume_handle);
}

static void add_finalizer(struct json_object *json, const char *finalizer)
{
	struct json_object *metadata = json_child(json, "metadata");
	struct json_object *list = json_find(metadata, "finalizers");
	if (!list) {
		list = json_object_new_array();
		json_set(metadata, "finalizers", list);
	}
	json_object_array_add(list, json_object_new_string(finalizer));
}

static struct json_object *annotations_of(struct json_object *json)
{
	return json_child(json_child(json, "metadata"), "annotations");
}

/* By which the group can be deleted when the class is gone. */
static int set_secret(struct json_object *json, const struct group_snapshot *group,
		      const struct group_class *class, const char *name, struct error *err)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(256);
	const struct snapshot_secret_origin origin = {
		.class = &class->object,
		.parameters = &class->parameters,
		.content_name = name,
		.snapshot_namespace = group->object.namespace,
		.snapshot_name = group->object.name,
		.arena = arena,
	};
	struct secret_name secret;
	if (snapshot_secret_read(&origin, SNAPSHOT_SECRET_GROUP_CREATE, &secret, err) < 0)
		return -1;
	json_set_string(annotations_of(json), GROUP_DELETION_SECRET_NAME_ANNOTATION, secret.name);
	json_set_string(annotations_of(json), GROUP_DELETION_SECRET_NAMESPACE_ANNOTATION,
			secret.namespace);
	return 0;
}

/* In the order of the handles, in which the choices are. */
static struct json_object *handles_of(const struct group_view *view)
{
	struct json_object *handles = json_object_new_array();
	for (size_t i = 0; i < view->choice_count; i++)
		json_object_array_add(handles,
				      json_object_new_string(view->choices[i].volume->handle));
	return handles;
}

int group_manifest(const struct group_view *view, const struct group_class *class,
		   const struct kind *kind, struct json_object **ret_json, struct error *err)
{
	CLEANUP_FREE char *name = group_manifest_name(view->group);
	CLEANUP(json_object_putp) struct json_object *json = object_json(kind, "", name);
	struct json_object *spec = json_child(json, "spec");
	add_finalizer(json, GROUP_CONTENT_FINALIZER);
	if (set_secret(json, view->group, class, name, err) < 0)
		return -1;
	json_set(spec, "volumeGroupSnapshotRef", object_reference_to(&view->group->object));
	json_set(json_child(spec, "source"), "volumeHandles", handles_of(view));
	json_set_string(spec, "volumeGroupSnapshotClassName", class->object.name);
	json_set_string(spec, "driver", CSI_DRIVER_NAME);
	json_set_string(spec, "deletionPolicy", class->delete_group ? "Delete" : "Retain");
	*ret_json = TAKE(json);
	return 0;
}

static struct json_object *owners_of_member(const struct group_snapshot *group)
{
	struct json_object *owners = json_object_new_array();
	struct json_object *owner = json_object_new_object();
	json_set_string(owner, "apiVersion", group->object.kind->api_version);
	json_set_string(owner, "kind", group->object.kind->name);
	json_set_string(owner, "name", group->object.name);
	json_set_string(owner, "uid", group->object.uid);
	json_object_array_add(owners, owner);
	return owners;
}

/* "": the volume is gone, or its claim was of another namespace. */
static const char *claim_name_of(const struct group_view *view, const struct group_part *part)
{
	const struct persistent_volume *volume = part->volume;
	bool near = volume && volume->claim_namespace && volume->claim_name &&
		    strcmp(volume->claim_namespace, view->group->object.namespace) == 0;
	return near ? volume->claim_name : "";
}

/* With all the finalizers that a bound one has, so that they need no further write. */
struct json_object *group_manifest_member(const struct group_view *view,
					  const struct group_part *part)
{
	CLEANUP_FREE char *name =
		group_manifest_member_name(view->group, part->member->volume_handle);
	struct json_object *json = object_json(&snapshot_kind, view->group->object.namespace, name);
	json_set(json_child(json, "metadata"), "ownerReferences", owners_of_member(view->group));
	add_finalizer(json, SNAPSHOT_GROUP_FINALIZER);
	add_finalizer(json, SNAPSHOT_SOURCE_FINALIZER);
	if (view->content->delete_group)
		add_finalizer(json, SNAPSHOT_BOUND_FINALIZER);
	json_set_string(annotations_of(json), SNAPSHOT_DRIVER_ANNOTATION, CSI_DRIVER_NAME);
	json_set_string(json_child(json_child(json, "spec"), "source"), "persistentVolumeClaimName",
			claim_name_of(view, part));
	return json;
}

static void set_member_annotations(struct json_object *annotations,
				   const struct group_content *content)
{
	const struct pairs *of_group = &content->object.annotations;
	json_set_string(annotations, SNAPSHOT_GROUP_HANDLE_ANNOTATION,
			group_content_handle(content));
	json_set_string(annotations, SNAPSHOT_NODE_ANNOTATION,
			pairs_get(of_group, SNAPSHOT_NODE_ANNOTATION));
	json_set_string(annotations, SNAPSHOT_DELETION_SECRET_NAME_ANNOTATION,
			pairs_get(of_group, GROUP_DELETION_SECRET_NAME_ANNOTATION));
	json_set_string(annotations, SNAPSHOT_DELETION_SECRET_NAMESPACE_ANNOTATION,
			pairs_get(of_group, GROUP_DELETION_SECRET_NAMESPACE_ANNOTATION));
}

/* On the node where the group is. */
static void set_node(struct json_object *metadata, const struct group_content *content)
{
	const char *node = pairs_get(&content->object.labels, SNAPSHOT_MANAGED_BY_LABEL);
	if (node)
		json_set_string(json_child(metadata, "labels"), SNAPSHOT_MANAGED_BY_LABEL, node);
}

struct json_object *group_manifest_member_content(const struct group_view *view,
						  const struct group_part *part)
{
	CLEANUP_FREE char *name =
		group_manifest_member_content_name(view->group, part->member->volume_handle);
	struct json_object *json = object_json(&snapshot_content_kind, "", name);
	struct json_object *spec = json_child(json, "spec");
	add_finalizer(json, SNAPSHOT_CONTENT_FINALIZER);
	set_member_annotations(annotations_of(json), view->content);
	set_node(json_child(json, "metadata"), view->content);
	json_set(spec, "volumeSnapshotRef", object_reference_to(&part->snapshot->object));
	json_set_string(json_child(spec, "source"), "volumeHandle", part->member->volume_handle);
	if (part->volume)
		json_set_string(spec, "sourceVolumeMode",
				part->volume->block ? "Block" : "Filesystem");
	json_set_string(spec, "driver", CSI_DRIVER_NAME);
	json_set_string(spec, "deletionPolicy", view->content->delete_group ? "Delete" : "Retain");
	return json;
}
