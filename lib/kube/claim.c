/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/claim.h"

#include <string.h>

#include "kube/json.h"

#define CLASS_BETA_ANNOTATION "volume.beta.kubernetes.io/storage-class"

static int add_access_mode(struct claim *claim, const char *mode, struct error *err)
{
	static const struct {
		const char *name;
		enum claim_access_mode mode;
	} modes[] = {
		{ "ReadWriteOnce", CLAIM_READ_WRITE_ONCE },
		{ "ReadOnlyMany", CLAIM_READ_ONLY_MANY },
		{ "ReadWriteMany", CLAIM_READ_WRITE_MANY },
		{ "ReadWriteOncePod", CLAIM_READ_WRITE_ONCE_POD },
	};
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strcmp(modes[i].name, mode) == 0) {
			claim->access_modes |= modes[i].mode;
			return 0;
		}
	}
	return error_set(err, ERROR_INVALID, "spec.accessModes: %.64s is unknown", mode);
}

static int parse_access_modes(struct claim *claim, struct json_object *json, struct error *err)
{
	const char **modes;
	size_t count;
	if (json_read_strings(json, "spec.accessModes", claim->object.arena, &modes, &count, err) <
	    0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (add_access_mode(claim, modes[i], err) < 0)
			return -1;
	return 0;
}

/* An empty class name means "no class", and so differs from a missing one, which the default
 * class fills (Kubernetes: persistent volumes, class). */
static int parse_class(struct claim *claim, struct json_object *json, struct error *err)
{
	struct arena *arena = claim->object.arena;
	if (json_read_string(json, "spec.storageClassName", arena, &claim->class_name, err) < 0)
		return -1;
	if (!claim->class_name)
		claim->class_name = pairs_get(&claim->object.annotations, CLASS_BETA_ANNOTATION);
	return json_read_string(json, "spec.volumeAttributesClassName", arena,
				&claim->attributes_class_name, err);
}

static int parse_volume_mode(struct claim *claim, struct json_object *json, struct error *err)
{
	const char *mode;
	if (json_read_string(json, "spec.volumeMode", claim->object.arena, &mode, err) < 0)
		return -1;
	claim->block = mode && strcmp(mode, "Block") == 0;
	if (mode && !claim->block && strcmp(mode, "Filesystem") != 0)
		return error_set(err, ERROR_INVALID, "spec.volumeMode: %.64s is unknown", mode);
	return 0;
}

static int parse_data_source(struct claim *claim, struct json_object *json, struct error *err)
{
	struct arena *arena = claim->object.arena;
	if (json_read_string(json, "spec.dataSourceRef.kind", arena, &claim->data_source_kind,
			     err) < 0)
		return -1;
	if (claim->data_source_kind)
		return 0;
	return json_read_string(json, "spec.dataSource.kind", arena, &claim->data_source_kind, err);
}

static int parse_state(struct claim *claim, struct json_object *json, struct error *err)
{
	struct arena *arena = claim->object.arena;
	if (json_read_string(json, "spec.volumeName", arena, &claim->volume_name, err) < 0 ||
	    json_read_string(json, "status.phase", arena, &claim->phase, err) < 0)
		return -1;
	if (!claim->volume_name)
		claim->volume_name = "";
	if (!claim->phase)
		claim->phase = "Pending";
	return 0;
}

static int claim_parse(struct object *object, struct json_object *json, struct error *err)
{
	struct claim *claim = claim_of(object);
	struct json_object *selector;
	if (parse_state(claim, json, err) < 0 || parse_class(claim, json, err) < 0 ||
	    parse_access_modes(claim, json, err) < 0 || parse_volume_mode(claim, json, err) < 0 ||
	    parse_data_source(claim, json, err) < 0 ||
	    json_read_object(json, "spec.selector", &selector, err) < 0 ||
	    json_read_bytes(json, "spec.resources.requests.storage", &claim->request_bytes, err) <
		    0)
		return -1;
	claim->has_selector = selector != NULL;
	return json_read_bytes(json, "spec.resources.limits.storage", &claim->limit_bytes, err);
}

const struct kind claim_kind = {
	.api_version = "v1",
	.name = "PersistentVolumeClaim",
	.plural = "persistentvolumeclaims",
	.namespaced = true,
	.size = sizeof(struct claim),
	.parse = claim_parse,
};
