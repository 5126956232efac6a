/* SPDX-License-Identifier: Apache-2.0 */
#include "claim/manifest.h"

#include "base/quantity.h"
#include "cluster/persistent_volume.h"
#include "csi/names.h"
#include "kube/json.h"

static struct json_object *strings(const char *const *items, size_t count)
{
	struct json_object *list = json_object_new_array_ext((int)count);
	for (size_t i = 0; i < count; i++)
		json_object_array_add(list, json_object_new_string(items[i]));
	return list;
}

/* The Secrets of calls for which the spec of a PersistentVolume has no member. */
static void note_secrets(struct json_object *annotations, const struct secret_names *secrets)
{
	const struct secret_name *deletion = &secrets->of[SECRET_PROVISIONER];
	const struct secret_name *modification = &secrets->of[SECRET_CONTROLLER_MODIFY];
	json_set_string(annotations, PERSISTENT_VOLUME_SECRET_NAME_ANNOTATION,
			deletion->name ? deletion->name : "");
	json_set_string(annotations, PERSISTENT_VOLUME_SECRET_NAMESPACE_ANNOTATION,
			deletion->name ? deletion->namespace : "");
	if (!modification->name)
		return;
	json_set_string(annotations, PERSISTENT_VOLUME_MODIFY_SECRET_NAME_ANNOTATION,
			modification->name);
	json_set_string(annotations, PERSISTENT_VOLUME_MODIFY_SECRET_NAMESPACE_ANNOTATION,
			modification->namespace);
}

static void set_metadata(struct json_object *manifest, const struct volume_origin *origin)
{
	struct json_object *metadata = json_child(manifest, "metadata");
	struct json_object *annotations = json_child(metadata, "annotations");
	json_set_string(annotations, PERSISTENT_VOLUME_PROVISIONED_BY_ANNOTATION, CSI_DRIVER_NAME);
	note_secrets(annotations, origin->secrets);
	static const char *const finalizers[] = { PERSISTENT_VOLUME_FINALIZER };
	if (origin->class->delete_released)
		json_set(metadata, "finalizers", strings(finalizers, 1));
}

static struct json_object *access_modes(const struct claim *claim)
{
	struct json_object *list = json_object_new_array();
	for (unsigned i = 0; i < CLAIM_ACCESS_MODE_COUNT; i++)
		if (claim->access_modes & 1u << i)
			json_object_array_add(list,
					      json_object_new_string(claim_access_mode_names[i]));
	return list;
}

/* The binder binds a volume at once to the claim that claimRef names with its uid. */
static struct json_object *claim_reference(const struct claim *claim)
{
	struct json_object *reference = json_object_new_object();
	json_set_string(reference, "apiVersion", "v1");
	json_set_string(reference, "kind", "PersistentVolumeClaim");
	json_set_string(reference, "namespace", claim->object.namespace);
	json_set_string(reference, "name", claim->object.name);
	json_set_string(reference, "uid", claim->object.uid);
	json_set_string(reference, "resourceVersion", claim->object.resource_version);
	return reference;
}

/* The caller of each of these reads the Secret itself; for the calls to the node it is the kubelet.
 */
static void refer_to_secrets(struct json_object *csi, const struct secret_names *secrets)
{
	static const struct {
		enum secret_use use;
		const char *member;
	} members[] = {
		{ SECRET_CONTROLLER_PUBLISH, "controllerPublishSecretRef" },
		{ SECRET_NODE_STAGE, "nodeStageSecretRef" },
		{ SECRET_NODE_PUBLISH, "nodePublishSecretRef" },
		{ SECRET_CONTROLLER_EXPAND, "controllerExpandSecretRef" },
		{ SECRET_NODE_EXPAND, "nodeExpandSecretRef" },
	};
	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
		const struct secret_name *secret = &secrets->of[members[i].use];
		if (!secret->name)
			continue;
		struct json_object *reference = json_child(csi, members[i].member);
		json_set_string(reference, "name", secret->name);
		json_set_string(reference, "namespace", secret->namespace);
	}
}

static struct json_object *csi_source(const struct volume_origin *origin)
{
	const struct csi_capability *capability = &origin->request->capabilities[0];
	struct json_object *csi = json_object_new_object();
	json_set_string(csi, "driver", CSI_DRIVER_NAME);
	json_set_string(csi, "volumeHandle", origin->volume->id);
	if (!capability->block)
		json_set_string(csi, "fsType", capability->fs_type);
	json_set_pairs(csi, "volumeAttributes", &origin->volume->context);
	json_set_string(json_child(csi, "volumeAttributes"), CSI_CONTEXT_PROVISIONER_IDENTITY,
			origin->identity);
	if (origin->publish_readonly && origin->claim->access_modes == CLAIM_READ_ONLY_MANY)
		json_set_bool(csi, "readOnly", true);
	refer_to_secrets(csi, origin->secrets);
	return csi;
}

/* One term whose expressions must all hold: the segments of the volume's topology. */
static struct json_object *node_affinity(const struct pairs *segments)
{
	struct json_object *expressions = json_object_new_array();
	for (size_t i = 0; i < segments->count; i++) {
		struct json_object *expression = json_object_new_object();
		json_set_string(expression, "key", segments->items[i].key);
		json_set_string(expression, "operator", "In");
		json_set(expression, "values", strings(&segments->items[i].value, 1));
		json_object_array_add(expressions, expression);
	}
	struct json_object *term = json_object_new_object();
	json_set(term, "matchExpressions", expressions);
	struct json_object *terms = json_object_new_array();
	json_object_array_add(terms, term);
	struct json_object *affinity = json_object_new_object();
	json_set(json_child(affinity, "required"), "nodeSelectorTerms", terms);
	return affinity;
}

static void set_capacity(struct json_object *spec, const struct csi_create_volume_request *request,
			 const struct csi_volume *volume)
{
	char text[QUANTITY_TEXT_MAX];
	quantity_format_bytes(
		volume->capacity_bytes ? volume->capacity_bytes : request->required_bytes, text);
	json_set_string(json_child(spec, "capacity"), "storage", text);
}

struct json_object *volume_manifest(const struct volume_origin *origin)
{
	const struct claim *claim = origin->claim;
	const struct class *class = origin->class;
	const struct csi_volume *volume = origin->volume;
	const struct csi_create_volume_request *request = origin->request;
	struct json_object *manifest = object_json(&persistent_volume_kind, "", request->name);
	struct json_object *spec = json_child(manifest, "spec");
	set_metadata(manifest, origin);
	set_capacity(spec, request, volume);
	json_set(spec, "accessModes", access_modes(claim));
	json_set(spec, "claimRef", claim_reference(claim));
	json_set(spec, "csi", csi_source(origin));
	json_set_string(spec, "persistentVolumeReclaimPolicy",
			class->delete_released ? "Delete" : "Retain");
	json_set_string(spec, "storageClassName", class->object.name);
	/* Just the claim's: the binder compares them. */
	if (claim->attributes_class_name && claim->attributes_class_name[0])
		json_set_string(spec, "volumeAttributesClassName", claim->attributes_class_name);
	json_set_string(spec, "volumeMode", claim->block ? "Block" : "Filesystem");
	if (class->mount_option_count)
		json_set(spec, "mountOptions",
			 strings(class->mount_options, class->mount_option_count));
	/* A driver that answers no topology has made the volume where it was asked to. */
	json_set(spec, "nodeAffinity",
		 node_affinity(volume->segments.count ? &volume->segments : &request->segments));
	return manifest;
}
