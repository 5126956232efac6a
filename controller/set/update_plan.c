/* SPDX-License-Identifier: Apache-2.0 */
#include "set/update_plan.h"

#include <string.h>

#include "set/pod.h"

static int64_t first_updated(const struct statefulset *set)
{
	return (int64_t)set->start_ordinal + set->partition;
}

const char *update_plan_revision(const struct planner *planner, int32_t ordinal)
{
	return ordinal < first_updated(planner->set) ? planner->input->current_revision
						     : planner->input->update_revision;
}

static bool is_outdated(const struct planner *planner, const struct pod *pod)
{
	return strcmp(pod->revision, planner->input->update_revision) != 0 &&
	       !pod_terminating(pod) && !pod_finished(pod);
}

static bool is_unavailable(const struct planner *planner, const struct pod *pod)
{
	return pod_unavailable(pod, planner->set->min_ready_s, planner->input->now_ms);
}

static int64_t count_unavailable(const struct planner *planner)
{
	int64_t missing = (int64_t)planner->set->replicas - (int64_t)planner->in_range_count;
	int64_t count = missing;
	for (size_t i = 0; i < planner->in_range_count; i++)
		count += is_unavailable(planner, planner->in_range[i]);
	return count;
}

/* Deletes outdated pods from the top down to the partition, at most `budget` of them. A Parallel
 * set takes available and unavailable ones in two rounds, an OrderedReady one as they come. */
static void delete_outdated(struct planner *planner, int64_t budget, bool available,
			    bool unavailable)
{
	int64_t lowest = first_updated(planner->set);
	for (size_t i = planner->in_range_count; i-- > 0 && budget > 0;) {
		const struct pod *pod = planner->in_range[i];
		if (pod->ordinal < lowest)
			return;
		if (!is_outdated(planner, pod))
			continue;
		if (is_unavailable(planner, pod) ? !unavailable : !available)
			continue;
		if (!planner_delete(planner, STAGE_UPDATE, pod, DELETE_OUTDATED))
			return;
		budget--;
	}
}

/* A broken pod of the old revision serves no client: a Parallel set replaces all of those at once,
 * and spends the budget on working pods only afterwards (Kubernetes 1.37, issue 137409). */
void update_plan(struct planner *planner)
{
	int64_t budget = statefulset_max_unavailable(planner->set) - count_unavailable(planner);
	if (planner->ordered) {
		delete_outdated(planner, budget, true, true);
		return;
	}
	delete_outdated(planner, INT64_MAX, false, true);
	delete_outdated(planner, budget, true, false);
}
