/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/ownership.h"

#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "kube/json.h"
#include "kube/verbs.h"
#include "set/identity.h"
#include "set/owner_reference.h"
#include "set/pod.h"
#include "set/retention.h"

static bool matches(const struct statefulset *set, const struct object *object)
{
	return selector_matches(&set->selector, &object->labels) &&
	       identity_is_member(set, (const struct pod *)object);
}

enum ownership ownership_of(const struct statefulset *set, const struct object *pod)
{
	const struct owner *controller = object_controller(pod);
	bool set_is_going = set->object.deleted_s != 0;
	if (controller && !statefulset_owns(set, controller))
		return OWNERSHIP_IGNORE;
	if (controller && matches(set, pod))
		return OWNERSHIP_KEEP;
	if (controller)
		return set_is_going ? OWNERSHIP_IGNORE : OWNERSHIP_RELEASE;
	if (set_is_going || pod->deleted_s != 0 || !matches(set, pod))
		return OWNERSHIP_IGNORE;
	return OWNERSHIP_ADOPT;
}

int ownership_check_live(const struct applier *applier, const struct statefulset *set,
			 struct error *err)
{
	CLEANUP(object_unrefp) struct object *live = NULL;
	if (kube_get(applier->client, set->object.kind, set->object.namespace, set->object.name,
		     &live, err) < 0)
		return -1;
	if (strcmp(live->uid, set->object.uid) != 0)
		return error_set(err, ERROR_CONFLICT,
				 "original %s %s/%s is gone: got uid %s, wanted %s",
				 set->object.kind->name, set->object.namespace, set->object.name,
				 live->uid, set->object.uid);
	if (live->deleted_s != 0)
		return error_set(err, ERROR_CONFLICT, "%s/%s has just been deleted",
				 set->object.namespace, set->object.name);
	return 0;
}

struct json_object *ownership_patch(const struct statefulset *set, const struct object *object)
{
	struct json_object *patch = json_object_new_object();
	struct json_object *metadata = json_child(patch, "metadata");
	json_set(metadata, "ownerReferences", owner_references_to_set(set));
	json_set_string(metadata, "uid", object->uid);
	return patch;
}

static struct json_object *release_patch(const struct statefulset *set, const struct object *pod)
{
	struct json_object *patch = json_object_new_object();
	struct json_object *metadata = json_child(patch, "metadata");
	struct json_object *owner = json_object_new_object();
	json_set_string(owner, "$patch", "delete");
	json_set_string(owner, "uid", set->object.uid);
	struct json_object *owners = json_object_new_array();
	json_object_array_add(owners, owner);
	json_set(metadata, "ownerReferences", owners);
	json_set_string(metadata, "uid", pod->uid);
	return patch;
}

static int patch_owners(const struct applier *applier, const struct statefulset *set,
			const struct object *pod, struct json_object *patch, struct error *err)
{
	return applier_patch(applier, set,
			     &(struct applier_patch) { .object = pod,
						       .type = KUBE_PATCH_STRATEGIC,
						       .written = WRITTEN_POD,
						       .purpose = "ownerReferences",
						       .patch = patch },
			     NULL, err);
}

/* 0: adopted; 1: the pod went away meanwhile. */
static int adopt(const struct applier *applier, const struct statefulset *set,
		 const struct object *pod, bool *checked, struct error *err)
{
	if (!*checked && ownership_check_live(applier, set, err) < 0)
		return error_prefix(err, "can't adopt Pod %s/%s (%s)", pod->namespace, pod->name,
				    pod->uid);
	*checked = true;
	CLEANUP(json_object_putp) struct json_object *patch = ownership_patch(set, pod);
	int outcome = patch_owners(applier, set, pod, patch, err);
	if (outcome < 0)
		return err->code == ERROR_NOT_FOUND ? 1 : -1;
	if (outcome == 0)
		log_info("pod adopted", LOG_NAME("pod", pod->namespace, pod->name),
			 LOG_NAME("set", set->object.namespace, set->object.name));
	return 0;
}

/* INVALID: the pod has no such owner any more, or is another pod by now. */
static int release(const struct applier *applier, const struct statefulset *set,
		   const struct object *pod, struct error *err)
{
	CLEANUP(json_object_putp) struct json_object *patch = release_patch(set, pod);
	int outcome = patch_owners(applier, set, pod, patch, err);
	if (outcome < 0)
		return err->code == ERROR_NOT_FOUND || err->code == ERROR_INVALID ? 0 : -1;
	if (outcome == 0)
		log_info("pod released", LOG_NAME("pod", pod->namespace, pod->name),
			 LOG_NAME("set", set->object.namespace, set->object.name));
	return 0;
}

/* 0: the pod is the set's; 1: it is not. */
static int settle(const struct applier *applier, const struct statefulset *set,
		  const struct object *pod, bool *checked, struct error *err)
{
	switch (ownership_of(set, pod)) {
	case OWNERSHIP_KEEP:
		return 0;
	case OWNERSHIP_IGNORE:
		return 1;
	case OWNERSHIP_ADOPT:
		return adopt(applier, set, pod, checked, err);
	case OWNERSHIP_RELEASE:
		return release(applier, set, pod, err) < 0 ? -1 : 1;
	}
	return 1;
}

int ownership_settle(const struct applier *applier, const struct statefulset *set,
		     const struct object_list *candidates, struct object_list *ret_pods,
		     struct error *err)
{
	struct error all = { 0 };
	bool checked = false;
	struct object_list pods = {
		.items = must_alloc(candidates->count * sizeof(*pods.items)),
	};
	for (size_t i = 0; i < candidates->count; i++) {
		struct error one = { 0 };
		int outcome = settle(applier, set, candidates->items[i], &checked, &one);
		if (outcome == 0)
			pods.items[pods.count++] = object_ref(candidates->items[i]);
		if (outcome < 0)
			errors_add(&all, &one);
	}
	if (all.code != ERROR_NONE) {
		object_list_done(&pods);
		*err = all;
		return -1;
	}
	*ret_pods = pods;
	return 0;
}
