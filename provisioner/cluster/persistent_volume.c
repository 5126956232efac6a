/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/persistent_volume.h"

#include <string.h>

#include "base/same.h"
#include "csi/names.h"
#include "kube/claim.h"
#include "kube/json.h"

static enum persistent_volume_phase phase_of(const char *word)
{
	static const char *const words[] = {
		[PERSISTENT_VOLUME_AVAILABLE] = "Available",
		[PERSISTENT_VOLUME_BOUND] = "Bound",
		[PERSISTENT_VOLUME_RELEASED] = "Released",
		[PERSISTENT_VOLUME_FAILED] = "Failed",
	};
	for (unsigned i = PERSISTENT_VOLUME_AVAILABLE; word && i <= PERSISTENT_VOLUME_FAILED; i++)
		if (strcmp(word, words[i]) == 0)
			return (enum persistent_volume_phase)i;
	return PERSISTENT_VOLUME_PENDING;
}

static int parse_affinity(struct persistent_volume *volume, struct json_object *json,
			  struct error *err)
{
	static const char path[] = "spec.nodeAffinity.required";
	struct json_object *required;
	if (json_read_object(json, path, &required, err) < 0)
		return -1;
	if (node_selector_parse(required, volume->object.arena, &volume->affinity, err) < 0)
		return json_error_in(err, "%s", path);
	return 0;
}

static int parse_csi(struct persistent_volume *volume, struct json_object *json, struct error *err)
{
	struct arena *arena = volume->object.arena;
	if (json_read_string(json, "spec.csi.driver", arena, &volume->driver, err) < 0)
		return -1;
	if (!volume->driver)
		return 0;
	if (json_read_string(json, "spec.csi.fsType", arena, &volume->fs_type, err) < 0 ||
	    json_read_string(json, "spec.csi.controllerExpandSecretRef.name", arena,
			     &volume->expand_secret, err) < 0 ||
	    json_read_string(json, "spec.csi.controllerExpandSecretRef.namespace", arena,
			     &volume->expand_secret_namespace, err) < 0)
		return -1;
	return json_need_string(json, "spec.csi.volumeHandle", arena, &volume->handle, err);
}

static int parse_use(struct persistent_volume *volume, struct json_object *json, struct error *err)
{
	struct arena *arena = volume->object.arena;
	const char *mode;
	if (json_read_string(json, "spec.volumeMode", arena, &mode, err) < 0 ||
	    json_read_strings(json, "spec.mountOptions", arena, &volume->mount_options,
			      &volume->mount_option_count, err) < 0)
		return -1;
	volume->block = mode && strcmp(mode, "Block") == 0;
	return claim_read_access_modes(json, "spec.accessModes", arena, &volume->access_modes, err);
}

static int parse_claim_ref(struct persistent_volume *volume, struct json_object *json,
			   struct error *err)
{
	struct arena *arena = volume->object.arena;
	if (json_read_string(json, "spec.claimRef.namespace", arena, &volume->claim_namespace,
			     err) < 0 ||
	    json_read_string(json, "spec.claimRef.name", arena, &volume->claim_name, err) < 0)
		return -1;
	return json_read_string(json, "spec.claimRef.uid", arena, &volume->claim_uid, err);
}

static int parse_persistent_volume(struct object *object, struct json_object *json,
				   struct error *err)
{
	struct persistent_volume *volume = persistent_volume_of(object);
	const char *phase, *policy;
	if (json_read_string(json, "status.phase", object->arena, &phase, err) < 0 ||
	    json_read_string(json, "spec.persistentVolumeReclaimPolicy", object->arena, &policy,
			     err) < 0 ||
	    json_read_string(json, "spec.storageClassName", object->arena, &volume->class_name,
			     err) < 0 ||
	    json_read_string(json, "spec.volumeAttributesClassName", object->arena,
			     &volume->attributes_class_name, err) < 0 ||
	    json_read_bytes(json, "spec.capacity.storage", &volume->capacity_bytes, err) < 0 ||
	    json_read_time(json, "status.lastPhaseTransitionTime", &volume->phase_since_s, err) < 0)
		return -1;
	volume->phase = phase_of(phase);
	/* Retain is the default of a volume that names none (core/v1). */
	volume->delete_released = policy && strcmp(policy, "Delete") == 0;
	if (parse_csi(volume, json, err) < 0 || parse_use(volume, json, err) < 0 ||
	    parse_claim_ref(volume, json, err) < 0)
		return -1;
	return parse_affinity(volume, json, err);
}

const struct kind persistent_volume_kind = {
	.api_version = "v1",
	.name = "PersistentVolume",
	.plural = "persistentvolumes",
	.size = sizeof(struct persistent_volume),
	.parse = parse_persistent_volume,
};

bool persistent_volume_is_ours(const struct persistent_volume *volume)
{
	return volume->driver && strcmp(volume->driver, CSI_DRIVER_NAME) == 0;
}

bool persistent_volume_is_of(const struct persistent_volume *volume, const struct claim *claim)
{
	return same(volume->claim_namespace, claim->object.namespace) &&
	       same(volume->claim_name, claim->object.name) &&
	       same(volume->claim_uid, claim->object.uid);
}
