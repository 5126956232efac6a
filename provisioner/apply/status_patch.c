/* SPDX-License-Identifier: Apache-2.0 */
#include "apply/status_patch.h"

#include "base/clock.h"
#include "kube/json.h"

struct json_object *status_patch_new(const struct object *object)
{
	struct json_object *patch = json_object_new_object();
	json_set_string(json_child(patch, "metadata"), "resourceVersion", object->resource_version);
	return patch;
}

static struct json_object *conditions_of(struct json_object *patch)
{
	struct json_object *status = json_child(patch, "status");
	if (!json_find(status, "conditions"))
		json_set(status, "conditions", json_object_new_array());
	return json_find(status, "conditions");
}

void status_patch_set_condition(struct json_object *patch, const struct claim *claim,
				const struct status_condition *condition)
{
	struct json_object *json = json_object_new_object();
	char now[CLOCK_TEXT_MAX];
	clock_format_s(clock_wall_s(), now);
	json_set_string(json, "type", claim_condition_names[__builtin_ctz(condition->type)]);
	json_set_string(json, "status", "True");
	if (condition->probed)
		json_set_string(json, "lastProbeTime", now);
	if (condition->changed || !(claim->conditions & condition->type))
		json_set_string(json, "lastTransitionTime", now);
	json_set_string(json, "reason", condition->reason);
	json_set_string(json, "message", condition->message);
	json_object_array_add(conditions_of(patch), json);
}

void status_patch_drop_conditions(struct json_object *patch, const struct claim *claim,
				  unsigned which)
{
	for (unsigned i = 0; i < CLAIM_CONDITION_COUNT; i++) {
		if (!(claim->conditions & which & 1u << i))
			continue;
		struct json_object *condition = json_object_new_object();
		json_set_string(condition, "$patch", "delete");
		json_set_string(condition, "type", claim_condition_names[i]);
		json_object_array_add(conditions_of(patch), condition);
	}
}
