/* SPDX-License-Identifier: Apache-2.0 */
#include "set/retention.h"

#include <string.h>

#include "kube/json.h"
#include "set/owner_reference.h"
#include "set/pod.h"
#include "set/statefulset.h"

static bool same(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static bool names_set(const struct owner *owner, const struct statefulset *set)
{
	return same(owner->api_version, set->object.kind->api_version) &&
	       same(owner->kind, set->object.kind->name) && same(owner->name, set->object.name);
}

static bool names_pod(const struct owner *owner, const struct retention_pod *pod)
{
	return same(owner->api_version, pod_kind.api_version) && same(owner->kind, pod_kind.name) &&
	       same(owner->name, pod->name);
}

static bool owned_by(const struct claim *claim, const char *uid)
{
	for (size_t i = 0; i < claim->object.owner_count; i++)
		if (same(claim->object.owners[i].uid, uid))
			return true;
	return false;
}

/* With a reference to this set beside it, the garbage collector removes the other reference and
 * keeps the claim. */
bool retention_claim_is_of_earlier_set(const struct statefulset *set, const struct claim *claim)
{
	if (owned_by(claim, set->object.uid))
		return false;
	for (size_t i = 0; i < claim->object.owner_count; i++)
		if (names_set(&claim->object.owners[i], set))
			return true;
	return false;
}

static bool has_stale_pod(const struct claim *claim, const struct retention_pod *pod)
{
	for (size_t i = 0; i < claim->object.owner_count; i++)
		if (names_pod(&claim->object.owners[i], pod))
			return !same(claim->object.owners[i].uid, pod->uid);
	return false;
}

/* Up to Kubernetes 1.30 our references did not say controller: true. */
static bool owned_without_control(const struct statefulset *set, const struct claim *claim,
				  const struct retention_pod *pod)
{
	for (size_t i = 0; i < claim->object.owner_count; i++) {
		const struct owner *owner = &claim->object.owners[i];
		if (!owner->controller &&
		    (same(owner->uid, set->object.uid) || same(owner->uid, pod->uid)))
			return true;
	}
	return false;
}

static bool wants_set(const struct statefulset *set, const struct retention_pod *pod)
{
	return set->when_deleted == DELETE && (set->when_scaled == RETAIN || pod->in_range);
}

static bool wants_pod(const struct statefulset *set, const struct retention_pod *pod)
{
	return set->when_scaled == DELETE && !pod->in_range;
}

static bool is_stale(const struct statefulset *set, const struct claim *claim,
		     const struct retention_pod *pod)
{
	return retention_claim_is_of_earlier_set(set, claim) ||
	       retention_claim_is_stale(set, claim, pod);
}

bool retention_conflicts(const struct statefulset *set, const struct claim *claim,
			 const struct retention_pod *pod)
{
	if (set->when_scaled == RETAIN && set->when_deleted == RETAIN)
		return false;
	for (size_t i = 0; i < claim->object.owner_count; i++) {
		const struct owner *owner = &claim->object.owners[i];
		if (owner->controller && !names_set(owner, set) && !names_pod(owner, pod))
			return true;
	}
	return false;
}

bool retention_fits(const struct statefulset *set, const struct claim *claim,
		    const struct retention_pod *pod)
{
	bool set_owns = owned_by(claim, set->object.uid);
	bool pod_owns = *pod->uid && owned_by(claim, pod->uid);

	if (is_stale(set, claim, pod))
		return true;
	if (has_stale_pod(claim, pod))
		return false;
	if (retention_conflicts(set, claim, pod))
		return !set_owns && !pod_owns;
	if (owned_without_control(set, claim, pod))
		return false;
	return set_owns == wants_set(set, pod) && pod_owns == wants_pod(set, pod);
}

bool retention_set_owns(const struct statefulset *set)
{
	return set->when_deleted == DELETE;
}

bool retention_claim_is_stale(const struct statefulset *set, const struct claim *claim,
			      const struct retention_pod *pod)
{
	return set->when_scaled == DELETE && has_stale_pod(claim, pod);
}

static struct json_object *other_owner(const struct owner *owner)
{
	struct json_object *json =
		owner_reference(owner->api_version, owner->kind, owner->name, owner->uid);
	if (!owner->controller)
		json_object_object_del(json, "controller");
	if (!owner->block_owner_deletion)
		json_object_object_del(json, "blockOwnerDeletion");
	return json;
}

struct json_object *retention_owners(const struct statefulset *set, const struct claim *claim,
				     const struct retention_pod *pod)
{
	struct json_object *owners = json_object_new_array();
	for (size_t i = 0; i < claim->object.owner_count; i++) {
		const struct owner *owner = &claim->object.owners[i];
		if (!names_set(owner, set) && !names_pod(owner, pod))
			json_object_array_add(owners, other_owner(owner));
	}
	if (retention_conflicts(set, claim, pod))
		return owners;
	if (wants_set(set, pod))
		json_object_array_add(owners, owner_reference_to_set(set));
	if (wants_pod(set, pod))
		json_object_array_add(owners, owner_reference(pod_kind.api_version, pod_kind.name,
							      pod->name, pod->uid));
	return owners;
}
