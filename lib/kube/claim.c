/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/claim.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "kube/json.h"

#define CLASS_BETA_ANNOTATION "volume.beta.kubernetes.io/storage-class"

const char *const claim_condition_names[CLAIM_CONDITION_COUNT] = {
	"Resizing",	   "FileSystemResizePending", "ControllerResizeError",
	"NodeResizeError", "ModifyingVolume",	      "ModifyVolumeError",
};

const char *const claim_access_mode_names[CLAIM_ACCESS_MODE_COUNT] = {
	"ReadWriteOnce",
	"ReadOnlyMany",
	"ReadWriteMany",
	"ReadWriteOncePod",
};

static int access_mode_of(const char *path, const char *word, unsigned *ret_mode, struct error *err)
{
	for (unsigned i = 0; i < CLAIM_ACCESS_MODE_COUNT; i++) {
		if (strcmp(claim_access_mode_names[i], word) == 0) {
			*ret_mode = 1u << i;
			return 0;
		}
	}
	return error_set(err, ERROR_INVALID, "%s: %.64s is unknown", path, word);
}

int claim_read_access_modes(struct json_object *json, const char *path, struct arena *arena,
			    unsigned *ret_modes, struct error *err)
{
	const char **words;
	size_t count;
	unsigned modes = 0, mode;
	if (json_read_strings(json, path, arena, &words, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (access_mode_of(path, words[i], &mode, err) < 0)
			return -1;
		modes |= mode;
	}
	*ret_modes = modes;
	return 0;
}

/* An empty class name means "no class", and so differs from a missing one, which the default
 * class fills (Kubernetes: persistent volumes, class). */
static int parse_class(struct claim *claim, struct json_object *json, struct error *err)
{
	struct arena *arena = claim->object.arena;
	if (json_read_name(json, "spec.storageClassName", arena, &claim->class_name, err) < 0)
		return -1;
	if (!claim->class_name)
		claim->class_name = pairs_get(&claim->object.annotations, CLASS_BETA_ANNOTATION);
	return json_read_name(json, "spec.volumeAttributesClassName", arena,
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

static enum claim_data_source_kind data_source_kind_of(const char *group, const char *kind)
{
	if (!group[0] && strcmp(kind, "PersistentVolumeClaim") == 0)
		return CLAIM_FROM_CLAIM;
	if (strcmp(group, "snapshot.storage.k8s.io") == 0 && strcmp(kind, "VolumeSnapshot") == 0)
		return CLAIM_FROM_SNAPSHOT;
	return CLAIM_FROM_OTHER;
}

static int read_reference(struct json_object *json, const char *path, struct arena *arena,
			  const struct claim_data_source **ret_source, struct error *err)
{
	struct json_object *reference;
	const char *group, *kind, *name, *namespace;
	if (json_read_object(json, path, &reference, err) < 0)
		return -1;
	if (json_read_name(reference, "apiGroup", arena, &group, err) < 0 ||
	    json_read_name(reference, "kind", arena, &kind, err) < 0 ||
	    json_read_name(reference, "name", arena, &name, err) < 0 ||
	    json_read_name(reference, "namespace", arena, &namespace, err) < 0)
		return json_error_in(err, "%s", path);
	*ret_source = NULL;
	if (!kind || !kind[0])
		return 0;
	struct claim_data_source *source = arena_alloc(arena, sizeof(*source));
	*source = (struct claim_data_source) {
		.kind = data_source_kind_of(group ? group : "", kind),
		.kind_name = kind,
		.name = name ? name : "",
		.namespace = namespace && namespace[0] ? namespace : NULL,
	};
	*ret_source = source;
	return 0;
}

/* An API server that knows namespaces of sources leaves dataSource empty where there is one. */
static int parse_data_source(struct claim *claim, struct json_object *json, struct error *err)
{
	struct arena *arena = claim->object.arena;
	if (read_reference(json, "spec.dataSource", arena, &claim->data_source, err) < 0)
		return -1;
	if (claim->data_source)
		return 0;
	return read_reference(json, "spec.dataSourceRef", arena, &claim->data_source, err);
}

static int parse_state(struct claim *claim, struct json_object *json, struct error *err)
{
	struct arena *arena = claim->object.arena;
	if (json_read_name(json, "spec.volumeName", arena, &claim->volume_name, err) < 0 ||
	    json_read_string(json, "status.phase", arena, &claim->phase, err) < 0)
		return -1;
	if (!claim->volume_name)
		claim->volume_name = "";
	if (!claim->phase)
		claim->phase = "Pending";
	return 0;
}

static enum claim_growth growth_of(const char *word)
{
	static const char *const words[] = {
		[CLAIM_GROWTH_CONTROLLER_IN_PROGRESS] = "ControllerResizeInProgress",
		[CLAIM_GROWTH_CONTROLLER_INFEASIBLE] = "ControllerResizeInfeasible",
		[CLAIM_GROWTH_NODE_PENDING] = "NodeResizePending",
		[CLAIM_GROWTH_NODE_IN_PROGRESS] = "NodeResizeInProgress",
		[CLAIM_GROWTH_NODE_INFEASIBLE] = "NodeResizeInfeasible",
	};
	if (!word || !*word)
		return CLAIM_GROWTH_NONE;
	for (unsigned i = CLAIM_GROWTH_CONTROLLER_IN_PROGRESS; i < CLAIM_GROWTH_OTHER; i++)
		if (strcmp(words[i], word) == 0)
			return (enum claim_growth)i;
	return CLAIM_GROWTH_OTHER;
}

static bool has_text(struct json_object *json, const char *member, const char *text)
{
	struct json_object *found = json_find(json, member);
	return json_object_is_type(found, json_type_string) &&
	       strcmp(json_object_get_string(found), text) == 0;
}

/* The member as a string of the claim's, cut at ERROR_TEXT_MAX; NULL: it is none. */
static const char *condition_text(struct claim *claim, struct json_object *condition,
				  const char *member)
{
	struct json_object *text = json_find(condition, member);
	if (!json_object_is_type(text, json_type_string))
		return NULL;
	return arena_printf(claim->object.arena, "%.*s", ERROR_TEXT_MAX,
			    json_object_get_string(text));
}

/* Whatever other conditions there are, and in whatever shape, the claim is served. */
static void parse_condition(struct claim *claim, struct json_object *json)
{
	unsigned bit = 0;
	for (unsigned i = 0; i < CLAIM_CONDITION_COUNT && !bit; i++)
		if (has_text(json, "type", claim_condition_names[i]))
			bit = 1u << i;
	if (!bit || !has_text(json, "status", "True"))
		return;
	claim->conditions |= bit;
	if (bit == CLAIM_CONTROLLER_RESIZE_ERROR)
		claim->resize_error = condition_text(claim, json, "message");
	if (bit != CLAIM_MODIFY_ERROR)
		return;
	claim->modify_error = condition_text(claim, json, "message");
	claim->modify_error_reason = condition_text(claim, json, "reason");
}

static int parse_conditions(struct claim *claim, struct json_object *json, struct error *err)
{
	struct json_object *list;
	size_t count;
	if (json_read_list(json, "status.conditions", &list, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		parse_condition(claim, json_object_array_get_idx(list, i));
	return 0;
}

static int parse_growth(struct claim *claim, struct json_object *json, struct error *err)
{
	const char *growth;
	if (json_read_bytes(json, "status.capacity.storage", &claim->capacity_bytes, err) < 0 ||
	    json_read_bytes(json, "status.allocatedResources.storage", &claim->allocated_bytes,
			    err) < 0 ||
	    json_read_string(json, "status.allocatedResourceStatuses.storage", claim->object.arena,
			     &growth, err) < 0)
		return -1;
	claim->growth = growth_of(growth);
	return parse_conditions(claim, json, err);
}

static enum claim_modify modify_of(const char *word)
{
	static const char *const words[] = {
		[CLAIM_MODIFY_PENDING] = "Pending",
		[CLAIM_MODIFY_IN_PROGRESS] = "InProgress",
		[CLAIM_MODIFY_INFEASIBLE] = "Infeasible",
	};
	for (unsigned i = CLAIM_MODIFY_PENDING; word && i < CLAIM_MODIFY_OTHER; i++)
		if (strcmp(words[i], word) == 0)
			return (enum claim_modify)i;
	return CLAIM_MODIFY_OTHER;
}

static int parse_modify(struct claim *claim, struct json_object *json, struct error *err)
{
	struct arena *arena = claim->object.arena;
	struct json_object *found;
	const char *state;
	if (json_read_name(json, "status.currentVolumeAttributesClassName", arena,
			   &claim->current_attributes_class, err) < 0 ||
	    json_read_object(json, "status.modifyVolumeStatus", &found, err) < 0)
		return -1;
	if (!found)
		return 0;
	if (json_read_name(found, "targetVolumeAttributesClassName", arena, &claim->modify_target,
			   err) < 0 ||
	    json_read_string(found, "status", arena, &state, err) < 0)
		return json_error_in(err, "status.modifyVolumeStatus");
	claim->modify = modify_of(state);
	return 0;
}

static int compare_words(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char *claim_health_join(const char **words, size_t count, struct arena *arena)
{
	CLEANUP_TEXT struct text text = TEXT_INIT;
	qsort(words, count, sizeof(*words), compare_words);
	for (size_t i = 0; i < count; i++)
		text_printf(&text, "%s%s", i ? "," : "", words[i]);
	return count ? arena_strdup(arena, text_string(&text)) : NULL;
}

/* As with conditions: the claim is served in whatever shape this is. */
static void parse_health(struct claim *claim, struct json_object *json)
{
	struct arena *arena = claim->object.arena;
	const char *words[CLAIM_HEALTH_MAX];
	size_t count = 0;
	struct json_object *list = json_find(json, "status.healthStatus.healthConditions");
	if (!json_object_is_type(list, json_type_array))
		return;
	for (size_t i = 0; i < json_object_array_length(list) && count < CLAIM_HEALTH_MAX; i++) {
		struct json_object *item = json_object_array_get_idx(list, i);
		struct json_object *status = json_find(item, "status");
		struct json_object *reason = json_find(item, "reason");
		if (json_object_is_type(status, json_type_string) &&
		    json_object_is_type(reason, json_type_string))
			words[count++] =
				arena_printf(arena, "%.64s %.256s", json_object_get_string(status),
					     json_object_get_string(reason));
	}
	claim->health = claim_health_join(words, count, arena);
}

static int claim_parse(struct object *object, struct json_object *json, struct error *err)
{
	struct claim *claim = claim_of(object);
	struct json_object *selector;
	if (parse_state(claim, json, err) < 0 || parse_class(claim, json, err) < 0 ||
	    claim_read_access_modes(json, "spec.accessModes", object->arena, &claim->access_modes,
				    err) < 0 ||
	    parse_volume_mode(claim, json, err) < 0 || parse_growth(claim, json, err) < 0 ||
	    parse_modify(claim, json, err) < 0 || parse_data_source(claim, json, err) < 0 ||
	    json_read_object(json, "spec.selector", &selector, err) < 0 ||
	    json_read_bytes(json, "spec.resources.requests.storage", &claim->request_bytes, err) <
		    0)
		return -1;
	claim->has_selector = selector != NULL;
	parse_health(claim, json);
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

const char *claim_provisioner(const struct claim *claim)
{
	const struct pairs *annotations = &claim->object.annotations;
	const char *provisioner = pairs_get(annotations, CLAIM_PROVISIONER_ANNOTATION);
	return provisioner ? provisioner
			   : pairs_get(annotations, CLAIM_PROVISIONER_BETA_ANNOTATION);
}
