/* SPDX-License-Identifier: Apache-2.0 */
#include "apply/snapshot_lease.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/same.h"
#include "base/text.h"
#include "kube/json.h"
#include "kube/verbs.h"

struct record {
	struct object object;
	const char *holder;
	const char *renewed;
};

static int parse(struct object *object, struct json_object *json, struct error *err)
{
	struct record *record = (struct record *)object;
	if (json_read_string(json, "spec.holderIdentity", object->arena, &record->holder, err) < 0)
		return -1;
	return json_read_string(json, "spec.renewTime", object->arena, &record->renewed, err);
}

static const struct kind lease_kind = {
	.api_version = "coordination.k8s.io/v1",
	.name = "Lease",
	.plural = "leases",
	.namespaced = true,
	.size = sizeof(struct record),
	.parse = parse,
};

void snapshot_lease_done(struct snapshot_lease *lease)
{
	free(lease->holder);
	free(lease->renewed);
	*lease = (struct snapshot_lease) { 0 };
}

bool snapshot_lease_judge(struct snapshot_lease *lease, const char *holder, const char *renewed,
			  uint64_t now_ms, uint32_t gone_ms)
{
	if (!same_or_none(lease->holder, holder) || !same_or_none(lease->renewed, renewed)) {
		snapshot_lease_done(lease);
		lease->holder = must_strdup(holder);
		lease->renewed = must_strdup(renewed);
		lease->seen_ms = now_ms;
	}
	return holder && holder[0] && now_ms - lease->seen_ms < gone_ms;
}

int snapshot_lease_look(struct snapshot_lease *lease, struct kube_client *client,
			const char *namespace, uint32_t gone_ms, struct error *err)
{
	CLEANUP(object_unrefp) struct object *object = NULL;
	if (kube_get(client, &lease_kind, namespace, SNAPSHOT_LEASE_NAME, &object, err) < 0 &&
	    err->code != ERROR_NOT_FOUND)
		return -1;
	const struct record *record = (const struct record *)object;
	const char *holder = record ? record->holder ? record->holder : "" : NULL;
	return snapshot_lease_judge(lease, holder, record ? record->renewed : NULL,
				    clock_monotonic_ms(), gone_ms);
}
