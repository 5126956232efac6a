/* SPDX-License-Identifier: Apache-2.0 */
#include "set/identity.h"

#include <string.h>

#include "base/text.h"
#include "set/pod.h"
#include "set/statefulset.h"

const char *identity_pod_name(struct arena *arena, const struct statefulset *set, int32_t ordinal)
{
	return arena_printf(arena, "%s-%d", set->object.name, ordinal);
}

const char *identity_claim_name(struct arena *arena, const struct statefulset *set,
				const char *template_name, int32_t ordinal)
{
	return arena_printf(arena, "%s-%s-%d", template_name, set->object.name, ordinal);
}

bool identity_is_member(const struct statefulset *set, const struct pod *pod)
{
	return strcmp(pod->parent, set->object.name) == 0;
}

int64_t identity_end(const struct statefulset *set)
{
	return (int64_t)set->start_ordinal + set->replicas;
}

bool identity_in_range(const struct statefulset *set, int32_t ordinal)
{
	return ordinal >= set->start_ordinal && ordinal < identity_end(set);
}

bool identity_matches(const struct statefulset *set, const struct pod *pod)
{
	const char *label = pairs_get(&pod->object.labels, POD_NAME_LABEL);
	return pod->ordinal >= 0 && identity_is_member(set, pod) &&
	       strcmp(pod->object.namespace, set->object.namespace) == 0 && label &&
	       strcmp(label, pod->object.name) == 0;
}

static const char *claim_of_volume(const struct pod *pod, const char *volume_name)
{
	for (size_t i = 0; i < pod->volume_count; i++)
		if (strcmp(pod->volumes[i].name, volume_name) == 0)
			return pod->volumes[i].claim_name;
	return NULL;
}

bool identity_storage_matches(const struct statefulset *set, const struct pod *pod)
{
	if (pod->ordinal < 0)
		return false;
	for (size_t i = 0; i < set->claim_template_count; i++) {
		const char *template_name = set->claim_templates[i].name;
		CLEANUP_FREE char *wanted =
			must_printf("%s-%s-%d", template_name, set->object.name, pod->ordinal);
		const char *used = claim_of_volume(pod, template_name);
		if (!used || strcmp(used, wanted) != 0)
			return false;
	}
	return true;
}
