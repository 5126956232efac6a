/* SPDX-License-Identifier: Apache-2.0 */
#include "set/pod.h"

#include <ctype.h>
#include <string.h>

#include "kube/json.h"

static int32_t parse_digits(const char *digits)
{
	int64_t value = 0;
	for (; *digits; digits++) {
		value = value * 10 + (*digits - '0');
		if (value > INT32_MAX)
			return -1;
	}
	return (int32_t)value;
}

int32_t pod_name_parse(struct arena *arena, const char *pod_name, const char **ret_parent)
{
	size_t length = strlen(pod_name);
	size_t digits = length;
	while (digits > 0 && isdigit((unsigned char)pod_name[digits - 1]))
		digits--;
	if (digits == length || digits == 0 || pod_name[digits - 1] != '-') {
		*ret_parent = "";
		return -1;
	}
	*ret_parent = arena_copy(arena, pod_name, digits - 1);
	return parse_digits(pod_name + digits);
}

static enum pod_phase parse_phase(const char *word)
{
	static const char *const words[] = {
		[POD_PENDING] = "Pending", [POD_RUNNING] = "Running", [POD_SUCCEEDED] = "Succeeded",
		[POD_FAILED] = "Failed",   [POD_UNKNOWN] = "Unknown",
	};
	if (!word || !*word)
		return POD_PHASE_NONE;
	for (size_t i = POD_PENDING; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i], word) == 0)
			return (enum pod_phase)i;
	return POD_UNKNOWN;
}

static int parse_condition(struct pod *pod, struct json_object *condition, struct error *err)
{
	const char *type;
	const char *status;
	if (json_read_string(condition, "type", pod->object.arena, &type, err) < 0)
		return -1;
	if (!type || strcmp(type, "Ready") != 0)
		return 0;
	if (json_read_string(condition, "status", pod->object.arena, &status, err) < 0)
		return -1;
	pod->ready = status && strcmp(status, "True") == 0;
	return json_read_time(condition, "lastTransitionTime", &pod->ready_since_s, err);
}

static int parse_conditions(struct pod *pod, struct json_object *json, struct error *err)
{
	struct json_object *list;
	size_t count;
	if (json_read_list(json, "status.conditions", &list, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (parse_condition(pod, json_object_array_get_idx(list, i), err) < 0)
			return json_error_in(err, "status.conditions[%zu]", i);
	return 0;
}

static int parse_volume(struct pod *pod, struct json_object *json, struct error *err)
{
	struct arena *arena = pod->object.arena;
	struct pod_volume volume;
	if (json_read_name(json, "persistentVolumeClaim.claimName", arena, &volume.claim_name,
			   err) < 0)
		return -1;
	if (!volume.claim_name)
		return 0;
	if (json_need_string(json, "name", arena, &volume.name, err) < 0)
		return -1;
	pod->volumes[pod->volume_count++] = volume;
	return 0;
}

static int parse_volumes(struct pod *pod, struct json_object *json, struct error *err)
{
	struct json_object *list;
	size_t count;
	if (json_read_list(json, "spec.volumes", &list, &count, err) < 0)
		return -1;
	pod->volumes = arena_alloc(pod->object.arena, count * sizeof(*pod->volumes));
	for (size_t i = 0; i < count; i++)
		if (parse_volume(pod, json_object_array_get_idx(list, i), err) < 0)
			return json_error_in(err, "spec.volumes[%zu]", i);
	return 0;
}

static int parse(struct object *object, struct json_object *json, struct error *err)
{
	struct pod *pod = pod_of(object);
	const char *phase;
	if (json_read_string(json, "status.phase", object->arena, &phase, err) < 0)
		return -1;
	pod->phase = parse_phase(phase);
	pod->ordinal = pod_name_parse(object->arena, object->name, &pod->parent);
	const char *revision = pairs_get(&object->labels, POD_REVISION_LABEL);
	pod->revision = revision ? revision : "";
	if (parse_conditions(pod, json, err) < 0)
		return -1;
	return parse_volumes(pod, json, err);
}

/* parse() looks at none of these; a pod's author can make them as large as an object may be. */
static const char *const unread[] = {
	"spec.containers",
	"spec.initContainers",
	"spec.ephemeralContainers",
	"status.containerStatuses",
	"status.initContainerStatuses",
	"status.ephemeralContainerStatuses",
	NULL,
};

const struct kind pod_kind = {
	.api_version = "v1",
	.name = "Pod",
	.plural = "pods",
	.namespaced = true,
	.size = sizeof(struct pod),
	.unread = unread,
	.parse = parse,
};

bool pod_created(const struct pod *pod)
{
	return pod->phase != POD_PHASE_NONE;
}

bool pod_terminating(const struct pod *pod)
{
	return pod->object.deleted_s != 0;
}

bool pod_finished(const struct pod *pod)
{
	return pod->phase == POD_FAILED || pod->phase == POD_SUCCEEDED;
}

bool pod_running_and_ready(const struct pod *pod)
{
	return pod->phase == POD_RUNNING && pod->ready;
}

bool pod_available(const struct pod *pod, int32_t min_ready_s, int64_t now_ms)
{
	if (!pod->ready)
		return false;
	return min_ready_s == 0 ||
	       (pod->ready_since_s != 0 && (pod->ready_since_s + min_ready_s) * 1000 <= now_ms);
}

bool pod_unavailable(const struct pod *pod, int32_t min_ready_s, int64_t now_ms)
{
	return !pod_available(pod, min_ready_s, now_ms) || pod_terminating(pod);
}
