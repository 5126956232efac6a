/* SPDX-License-Identifier: Apache-2.0 */
#include "set/statefulset_status.h"

#include <string.h>

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

bool status_differs(const struct statefulset_status *status, const struct statefulset *set)
{
	const struct statefulset_status *old = &set->status;
	return status->observed_generation > old->observed_generation ||
	       status->replicas != old->replicas || status->ready_replicas != old->ready_replicas ||
	       status->available_replicas != old->available_replicas ||
	       status->current_replicas != old->current_replicas ||
	       status->updated_replicas != old->updated_replicas ||
	       strcmp(status->current_revision, old->current_revision) != 0 ||
	       strcmp(status->update_revision, old->update_revision) != 0;
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
	return patch;
}
