/* SPDX-License-Identifier: Apache-2.0 */
#include "set/statefulset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "kube/json.h"
#include "set/revision_data.h"

static bool is(const char *word, const char *wanted)
{
	return word && strcmp(word, wanted) == 0;
}

static int read_count(struct json_object *json, const char *path, int32_t fallback,
		      int32_t *ret_count, struct error *err)
{
	int64_t number;
	if (json_read_int(json, path, fallback, &number, err) < 0)
		return -1;
	if (number < 0 || number > INT32_MAX)
		return error_set(err, ERROR_INVALID, "%s: must be from 0 to %d", path, INT32_MAX);
	*ret_count = (int32_t)number;
	return 0;
}

static int read_word(struct json_object *json, const char *path, struct arena *arena,
		     const char **ret_word, struct error *err)
{
	if (json_read_string(json, path, arena, ret_word, err) < 0)
		return -1;
	if (!*ret_word)
		*ret_word = "";
	return 0;
}

#define MAX_UNAVAILABLE "spec.updateStrategy.rollingUpdate.maxUnavailable"

/* "25%" or 2 (Kubernetes' IntOrString). */
static int parse_max_unavailable(struct statefulset *set, struct json_object *json,
				 struct error *err)
{
	struct json_object *value = json_find(json, MAX_UNAVAILABLE);
	if (!json_object_is_type(value, json_type_string))
		return read_count(json, MAX_UNAVAILABLE, 1, &set->max_unavailable, err);
	const char *text = json_object_get_string(value);
	char *end;
	long percent = strtol(text, &end, 10);
	if (end == text || strcmp(end, "%") != 0 || percent < 0 || percent > 100)
		return error_set(
			err, ERROR_INVALID,
			MAX_UNAVAILABLE ": must be a number or a percentage, not \"%.32s\"", text);
	set->max_unavailable = (int32_t)percent;
	set->max_unavailable_is_percent = true;
	return 0;
}

static int parse_update_strategy(struct statefulset *set, struct json_object *json,
				 struct error *err)
{
	const char *type;
	struct json_object *rolling;
	if (json_read_string(json, "spec.updateStrategy.type", set->object.arena, &type, err) < 0 ||
	    json_read_object(json, "spec.updateStrategy.rollingUpdate", &rolling, err) < 0)
		return -1;
	set->update_strategy = is(type, "OnDelete")   ? ON_DELETE
			       : is(type, "Recreate") ? RECREATE
						      : ROLLING_UPDATE;
	if (read_count(json, "spec.updateStrategy.rollingUpdate.partition", 0, &set->partition,
		       err) < 0)
		return -1;
	return parse_max_unavailable(set, json, err);
}

/* A value that is not known is treated as Retain (Kubernetes behaviour): nothing is lost by it. */
static int parse_retention(struct statefulset *set, struct json_object *json, struct error *err)
{
	struct arena *arena = set->object.arena;
	const char *deleted;
	const char *scaled;
	if (json_read_string(json, "spec.persistentVolumeClaimRetentionPolicy.whenDeleted", arena,
			     &deleted, err) < 0 ||
	    json_read_string(json, "spec.persistentVolumeClaimRetentionPolicy.whenScaled", arena,
			     &scaled, err) < 0)
		return -1;
	set->when_deleted = is(deleted, "Delete") ? DELETE : RETAIN;
	set->when_scaled = is(scaled, "Delete") ? DELETE : RETAIN;
	return 0;
}

static int parse_claim_template(struct claim_template *template, struct json_object *json,
				struct arena *arena, struct error *err)
{
	if (json_need_string(json, "metadata.name", arena, &template->name, err) < 0)
		return -1;
	template->text = arena_strdup(arena, json_text(json, NULL));
	return 0;
}

static int parse_claim_templates(struct statefulset *set, struct json_object *json,
				 struct error *err)
{
	struct json_object *list;
	size_t count;
	if (json_read_list(json, "spec.volumeClaimTemplates", &list, &count, err) < 0)
		return -1;
	set->claim_templates =
		arena_alloc(set->object.arena, count * sizeof(*set->claim_templates));
	set->claim_template_count = count;
	for (size_t i = 0; i < count; i++)
		if (parse_claim_template(&set->claim_templates[i],
					 json_object_array_get_idx(list, i), set->object.arena,
					 err) < 0)
			return json_error_in(err, "spec.volumeClaimTemplates[%zu]", i);
	return 0;
}

static int parse_template(struct statefulset *set, struct json_object *json, struct error *err)
{
	struct json_object *template;
	if (json_read_object(json, "spec.template", &template, err) < 0)
		return -1;
	CLEANUP_FREE char *data = revision_data_of_template(template);
	set->template_data = arena_strdup(set->object.arena, data);
	return json_read_pairs(json, "spec.template.metadata.labels", set->object.arena,
			       &set->template_labels, err);
}

static int parse_selector(struct statefulset *set, struct json_object *json, struct error *err)
{
	struct json_object *selector;
	if (json_read_object(json, "spec.selector", &selector, err) < 0)
		return -1;
	if (!selector)
		return error_set(err, ERROR_INVALID, "spec.selector: is missing");
	if (selector_parse(selector, set->object.arena, &set->selector, err) < 0)
		return json_error_in(err, "spec.selector");
	return 0;
}

/* Other conditions may be of any shape: they are not ours. */
static int parse_waiting(struct statefulset *set, struct json_object *json, struct error *err)
{
	struct statefulset_status *status = &set->status;
	struct arena *arena = set->object.arena;
	struct json_object *list;
	size_t count;
	if (json_read_list(json, "status.conditions", &list, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		struct json_object *condition = json_object_array_get_idx(list, i);
		struct json_object *type = json_find(condition, "type");
		if (!json_object_is_type(type, json_type_string) ||
		    strcmp(json_object_get_string(type), STATEFULSET_WAITING) != 0)
			continue;
		if (read_word(condition, "reason", arena, &status->waiting_reason, err) < 0)
			return -1;
		return read_word(condition, "message", arena, &status->waiting_message, err);
	}
	return 0;
}

static int parse_status(struct statefulset *set, struct json_object *json, struct error *err)
{
	struct statefulset_status *status = &set->status;
	struct arena *arena = set->object.arena;
	if (json_read_int(json, "status.observedGeneration", 0, &status->observed_generation, err) <
		    0 ||
	    read_count(json, "status.replicas", 0, &status->replicas, err) < 0 ||
	    read_count(json, "status.readyReplicas", 0, &status->ready_replicas, err) < 0 ||
	    read_count(json, "status.availableReplicas", 0, &status->available_replicas, err) < 0 ||
	    read_count(json, "status.currentReplicas", 0, &status->current_replicas, err) < 0 ||
	    read_count(json, "status.updatedReplicas", 0, &status->updated_replicas, err) < 0 ||
	    read_count(json, "status.collisionCount", 0, &status->collision_count, err) < 0 ||
	    read_word(json, "status.currentRevision", arena, &status->current_revision, err) < 0)
		return -1;
	if (read_word(json, "status.updateRevision", arena, &status->update_revision, err) < 0)
		return -1;
	return parse_waiting(set, json, err);
}

/* The fallbacks are the defaults of apps/v1. */
static int parse_numbers(struct statefulset *set, struct json_object *json, struct error *err)
{
	if (read_count(json, "spec.replicas", 1, &set->replicas, err) < 0 ||
	    read_count(json, "spec.ordinals.start", 0, &set->start_ordinal, err) < 0 ||
	    read_count(json, "spec.minReadySeconds", 0, &set->min_ready_s, err) < 0)
		return -1;
	return json_read_int(json, "spec.revisionHistoryLimit", 10, &set->revision_history_limit,
			     err);
}

static int parse(struct object *object, struct json_object *json, struct error *err)
{
	struct statefulset *set = statefulset_of(object);
	const char *management;
	if (parse_numbers(set, json, err) < 0 ||
	    read_word(json, "spec.serviceName", object->arena, &set->service_name, err) < 0 ||
	    read_word(json, "spec.podManagementPolicy", object->arena, &management, err) < 0 ||
	    parse_update_strategy(set, json, err) < 0 || parse_retention(set, json, err) < 0 ||
	    parse_selector(set, json, err) < 0 || parse_template(set, json, err) < 0 ||
	    parse_claim_templates(set, json, err) < 0)
		return -1;
	set->pod_management = is(management, "Parallel") ? PARALLEL : ORDERED_READY;
	return parse_status(set, json, err);
}

const struct kind statefulset_apps_kind = {
	.api_version = "apps/v1",
	.name = "StatefulSet",
	.plural = "statefulsets",
	.namespaced = true,
	.size = sizeof(struct statefulset),
	.parse = parse,
};

int32_t statefulset_max_unavailable(const struct statefulset *set)
{
	int64_t number = set->max_unavailable;
	if (set->max_unavailable_is_percent)
		number = number * set->replicas / 100;
	return number < 1 ? 1 : (int32_t)number;
}

bool statefulset_owns(const struct statefulset *set, const struct owner *controller)
{
	return controller && strcmp(controller->uid, set->object.uid) == 0;
}

/* "apps/v1" and "apps/v1beta1" are of one group. */
static bool same_group(const char *a, const char *b)
{
	const char *end_a = strchr(a, '/');
	const char *end_b = strchr(b, '/');
	size_t length_a = end_a ? (size_t)(end_a - a) : 0;
	size_t length_b = end_b ? (size_t)(end_b - b) : 0;
	return length_a == length_b && strncmp(a, b, length_a) == 0;
}

bool statefulset_has_name_of(const struct statefulset *set, const struct owner *owner)
{
	const struct object *object = &set->object;
	return owner && same_group(owner->api_version, object->kind->api_version) &&
	       strcmp(owner->kind, object->kind->name) == 0 &&
	       strcmp(owner->name, object->name) == 0;
}
