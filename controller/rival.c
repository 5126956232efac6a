/* SPDX-License-Identifier: Apache-2.0 */
#include "rival.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/same.h"
#include "base/text.h"
#include "kube/json.h"
#include "kube/verbs.h"

#define LEASE_NAMESPACE "kube-system"
#define LEASE_NAME "kube-controller-manager"

struct rival_lease {
	struct object object;
	struct rival_record record;
};

/* A time that cannot be read counts as none: the lease is another program's. */
static int64_t read_time(struct json_object *json, const char *path)
{
	struct json_object *text = json_find(json, path);
	int64_t time_us;
	if (!json_object_is_type(text, json_type_string) ||
	    !clock_parse_us(json_object_get_string(text), &time_us))
		return 0;
	return time_us;
}

static int parse(struct object *object, struct json_object *json, struct error *err)
{
	struct rival_record *record = &((struct rival_lease *)object)->record;
	if (json_read_string(json, "spec.holderIdentity", object->arena, &record->holder, err) < 0)
		return -1;
	if (!record->holder)
		record->holder = "";
	record->acquired_us = read_time(json, "spec.acquireTime");
	record->renewed_us = read_time(json, "spec.renewTime");
	return 0;
}

static const struct kind lease_kind = {
	.api_version = "coordination.k8s.io/v1",
	.name = "Lease",
	.plural = "leases",
	.namespaced = true,
	.size = sizeof(struct rival_lease),
	.parse = parse,
};

static enum rival_state state_of(const struct rival *rival, const struct rival_record *record,
				 uint64_t now_ms, const struct rival_times *times)
{
	if (!rival->holder || now_ms - rival->renewed_ms >= times->gone_ms)
		return RIVAL_UNKNOWN;
	int64_t held_us = record->renewed_us - record->acquired_us;
	bool settled = *rival->holder && held_us >= (int64_t)times->settled_ms * 1000;
	return settled && rival->renewals > 0 ? RIVAL_STEADY : RIVAL_CHANGING;
}

void rival_judge(struct rival *rival, const struct rival_record *record, uint64_t now_ms,
		 const struct rival_times *times)
{
	rival->is_new = !same_or_none(rival->holder, record->holder);
	if (rival->is_new) {
		free(rival->holder);
		rival->holder = must_strdup(record->holder);
		rival->renewals = 0;
		rival->renewed_ms = now_ms;
	} else if (record->renewed_us != rival->renewed_us) {
		rival->renewals++;
		rival->renewed_ms = now_ms;
	}
	rival->renewed_us = record->renewed_us;
	rival->state = state_of(rival, record, now_ms, times);
}

int rival_look(struct rival *rival, struct kube_client *client, const struct rival_times *times,
	       struct error *err)
{
	static const struct rival_record none = { 0 };
	CLEANUP(object_unrefp) struct object *object = NULL;
	if (kube_get(client, &lease_kind, LEASE_NAMESPACE, LEASE_NAME, &object, err) < 0) {
		if (err->code != ERROR_NOT_FOUND && err->code != ERROR_FORBIDDEN)
			return -1;
		rival_judge(rival, &none, clock_monotonic_ms(), times);
		return 0;
	}
	rival_judge(rival, &((struct rival_lease *)object)->record, clock_monotonic_ms(), times);
	return 0;
}

void rival_done(struct rival *rival)
{
	free(rival->holder);
	*rival = (struct rival) { 0 };
}
