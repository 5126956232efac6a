/* SPDX-License-Identifier: Apache-2.0 */
#include "set/statefulset_status.h"

#include <string.h>

#include "base/clock.h"
#include "kube/json.h"
#include "set/pod.h"

void status_count(struct statefulset_status *status, const struct pod *pod, int32_t min_ready_s,
		  int64_t now_ms)
{
	if (pod_created(pod))
		status->replicas++;
	if (pod_running_and_ready(pod)) {
		status->ready_replicas++;
		if (pod_available(pod, min_ready_s, now_ms))
			status->available_replicas++;
	}
	if (!pod_created(pod) || pod_terminating(pod))
		return;
	if (strcmp(pod->revision, status->current_revision) == 0)
		status->current_replicas++;
	if (strcmp(pod->revision, status->update_revision) == 0)
		status->updated_replicas++;
}

void status_promote(struct statefulset_status *status, const struct statefulset *set)
{
	bool held_back = set->replicas == 0 && set->partition > 0;
	if (held_back || status->replicas != set->replicas ||
	    status->ready_replicas != set->replicas || status->updated_replicas != set->replicas)
		return;
	status->current_revision = status->update_revision;
	status->current_replicas = status->updated_replicas;
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

static bool is_waiting(const struct statefulset_status *status)
{
	return *or_empty(status->waiting_reason);
}

static bool waiting_differs(const struct statefulset_status *a, const struct statefulset_status *b)
{
	return strcmp(or_empty(a->waiting_reason), or_empty(b->waiting_reason)) != 0 ||
	       strcmp(or_empty(a->waiting_message), or_empty(b->waiting_message)) != 0;
}

bool status_differs(const struct statefulset_status *status, const struct statefulset *set)
{
	const struct statefulset_status *old = &set->status;
	return status->observed_generation > old->observed_generation ||
	       status->replicas != old->replicas || status->ready_replicas != old->ready_replicas ||
	       status->available_replicas != old->available_replicas ||
	       status->current_replicas != old->current_replicas ||
	       status->updated_replicas != old->updated_replicas ||
	       strcmp(status->current_revision, old->current_revision) != 0 ||
	       strcmp(status->update_revision, old->update_revision) != 0 ||
	       waiting_differs(status, old);
}

/* One item of a list that is merged by type, so that conditions of others stay as they are. */
static struct json_object *waiting_json(const struct statefulset_status *status, bool was_waiting)
{
	struct json_object *condition = json_object_new_object();
	json_set_string(condition, "type", STATEFULSET_WAITING);
	if (!is_waiting(status)) {
		json_set_string(condition, "$patch", "delete");
		return condition;
	}
	json_set_string(condition, "status", "True");
	json_set_string(condition, "reason", status->waiting_reason);
	json_set_string(condition, "message", or_empty(status->waiting_message));
	if (!was_waiting) {
		char now[CLOCK_TEXT_MAX];
		clock_format_s(clock_wall_s(), now);
		json_set_string(condition, "lastTransitionTime", now);
	}
	return condition;
}

static void set_waiting(struct json_object *json, const struct statefulset_status *status,
			const struct statefulset_status *old)
{
	if (!waiting_differs(status, old))
		return;
	struct json_object *conditions = json_object_new_array();
	json_object_array_add(conditions, waiting_json(status, is_waiting(old)));
	json_set(json, "conditions", conditions);
}

struct json_object *status_patch(const struct statefulset_status *status,
				 const struct statefulset *set)
{
	struct json_object *patch = json_object_new_object();
	json_set_string(json_child(patch, "metadata"), "resourceVersion",
			set->object.resource_version);
	struct json_object *json = json_child(patch, "status");
	json_set_int(json, "observedGeneration", status->observed_generation);
	json_set_int(json, "replicas", status->replicas);
	json_set_int(json, "readyReplicas", status->ready_replicas);
	json_set_int(json, "availableReplicas", status->available_replicas);
	json_set_int(json, "currentReplicas", status->current_replicas);
	json_set_int(json, "updatedReplicas", status->updated_replicas);
	json_set_int(json, "collisionCount", status->collision_count);
	json_set_string(json, "currentRevision", status->current_revision);
	json_set_string(json, "updateRevision", status->update_revision);
	set_waiting(json, status, &set->status);
	return patch;
}
