/* SPDX-License-Identifier: Apache-2.0 */
#include "health/plan.h"

#include <ctype.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "base/utf8.h"
#include "kube/json.h"

/* core/v1 VolumeHealthCondition. */
#define REASON_BYTES_MAX 256
#define MESSAGE_BYTES_MAX 1024

const char *health_status_name(enum csi_health_status status)
{
	static const char *const names[] = {
		[CSI_HEALTH_DEGRADED] = "Degraded",
		[CSI_HEALTH_INACCESSIBLE] = "Inaccessible",
		[CSI_HEALTH_DATA_LOSS] = "DataLoss",
	};
	return names[status];
}

/* CamelCase, as CSI wants it. */
static bool is_reason(const char *text)
{
	size_t length = strlen(text);
	if (length == 0 || length > REASON_BYTES_MAX || !isupper((unsigned char)text[0]))
		return false;
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)text[i]))
			return false;
	return true;
}

static bool has(const struct health_plan *plan, const struct csi_health_condition *condition)
{
	for (size_t i = 0; i < plan->count; i++)
		if (plan->conditions[i].status == condition->status &&
		    strcmp(plan->conditions[i].reason, condition->reason) == 0)
			return true;
	return false;
}

void health_plan(const struct csi_health_condition *conditions, size_t count, struct arena *arena,
		 struct health_plan *ret_plan)
{
	const char *words[CLAIM_HEALTH_MAX];
	struct health_plan *plan = ret_plan;
	plan->count = 0;
	for (size_t i = 0; i < count && plan->count < CLAIM_HEALTH_MAX; i++) {
		const struct csi_health_condition *condition = &conditions[i];
		if (!is_reason(condition->reason) || has(plan, condition))
			continue;
		words[plan->count] = arena_printf(
			arena, "%s %s", health_status_name(condition->status), condition->reason);
		plan->conditions[plan->count++] = *condition;
	}
	plan->set = claim_health_join(words, plan->count, arena);
}

bool health_differs(const char *set, const char *other)
{
	return strcmp(set ? set : "", other ? other : "") != 0;
}

static struct json_object *condition_json(const struct csi_health_condition *condition)
{
	struct json_object *json = json_object_new_object();
	CLEANUP_FREE char *message = must_printf("%.*s", MESSAGE_BYTES_MAX, condition->message);
	utf8_cut(message);
	utf8_repair(message);
	json_set_string(json, "status", health_status_name(condition->status));
	json_set_string(json, "reason", condition->reason);
	json_set_string(json, "message", message);
	return json;
}

struct json_object *health_patch(const struct claim *claim, const struct health_plan *plan,
				 int64_t now_s)
{
	char now[CLOCK_TEXT_MAX];
	struct json_object *patch = json_object_new_object();
	struct json_object *health = json_child(json_child(patch, "status"), "healthStatus");
	struct json_object *list = json_object_new_array();
	clock_format_s(now_s, now);
	json_set_string(json_child(patch, "metadata"), "resourceVersion",
			claim->object.resource_version);
	json_set_string(health, "$patch", "replace");
	for (size_t i = 0; i < plan->count; i++)
		json_object_array_add(list, condition_json(&plan->conditions[i]));
	json_set(health, "healthConditions", list);
	json_set_string(health, "lastTransitionTime", now);
	return patch;
}

const char *health_text(const struct health_plan *plan, struct arena *arena)
{
	CLEANUP_TEXT struct text text = TEXT_INIT;
	for (size_t i = 0; i < plan->count; i++)
		text_printf(&text, "%s%s %s: %s", i ? "; " : "",
			    health_status_name(plan->conditions[i].status),
			    plan->conditions[i].reason, plan->conditions[i].message);
	return arena_strdup(arena, text_string(&text));
}
