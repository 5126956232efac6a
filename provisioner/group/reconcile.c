/* SPDX-License-Identifier: Apache-2.0 */
#include "group/reconcile.h"

#include <string.h>

#include "apply/metadata_patch.h"
#include "apply/object_gone.h"
#include "apply/role.h"
#include "base/log.h"
#include "base/same.h"
#include "base/text.h"
#include "cluster/group_owner.h"
#include "cluster/snapshot_binding.h"
#include "csi/names.h"
#include "group/apply.h"
#include "group/care.h"
#include "group/patch.h"
#include "group/wake.h"
#include "kube/event.h"
#include "kube/json.h"

/* More than a group takes from its beginning to its end, apart from its claims and members, and
 * more than each of those takes. */
#define STEPS_MAX 12
#define STEPS_EACH_MAX 6

static int settle(const struct placer *placer, struct group_sight *sight, struct error *err)
{
	size_t steps = STEPS_MAX + STEPS_EACH_MAX * (sight->choice_count + sight->part_count);
	for (size_t i = 0; i < steps; i++) {
		struct group_plan plan;
		group_plan(&sight->view, &plan);
		switch (group_apply(placer, sight, &plan, err)) {
		case GROUP_ENDED:
			return 0;
		case GROUP_FAILED:
			return place_gone_is_done(-1, err);
		case GROUP_GOES_ON:
			break;
		}
	}
	return error_set(err, ERROR_CONFLICT, "another writer undoes what is written");
}

static int reconcile_group(const struct placer *placer, const char *namespace, const char *name,
			   struct error *err)
{
	CLEANUP(group_sight_done) struct group_sight sight = { 0 };
	if (group_sight_take(placer->applier->cluster, placer->written, namespace, name, &sight) >
	    0)
		return ROLE_AGAIN_MS;
	return sight.group ? settle(placer, &sight, err) : 0;
}

static int mark_content(const struct placer *placer, struct object **place, struct error *err)
{
	const struct group_content *content = group_content_of(*place);
	const struct object_name group = {
		.kind = cluster_served_kind(placer->applier->cluster, CLUSTER_GROUP_SNAPSHOTS),
		.namespace = content->group_namespace,
		.name = content->group_name,
		.uid = content->group_uid,
	};
	return object_confirm_gone(placer->applier, &group, err) < 0
		       ? -1
		       : place_merge(placer, place, group_patch_mark(content), err);
}

static int settle_content(const struct placer *placer, struct object **place, struct error *err)
{
	const struct group_content *content = group_content_of(*place);
	bool names_one = content->group_namespace && content->group_name;
	CLEANUP(object_unrefp)
	struct object *group =
		names_one ? cluster_get(placer->applier->cluster, CLUSTER_GROUP_SNAPSHOTS,
					content->group_namespace, content->group_name)
			  : NULL;
	const char *fault;
	switch (group_care_for(content, group ? group_snapshot_of(group) : NULL, &fault)) {
	case GROUP_CARE_IGNORE:
		break;
	case GROUP_CARE_PROTECT:
		return place_merge(placer, place,
				   metadata_patch_add(*place, GROUP_CONTENT_FINALIZER, NULL, NULL),
				   err);
	case GROUP_CARE_MARK:
		return mark_content(placer, place, err);
	case GROUP_CARE_FAIL:
		event_record(placer->applier->events, *place, EVENT_WARNING,
			     "GroupContentValidationError", "%s", fault);
		break;
	}
	return 0;
}

static int reconcile_content(const struct placer *placer, const char *name, struct error *err)
{
	CLEANUP(object_unrefp)
	struct object *content =
		cluster_get(placer->applier->cluster, CLUSTER_GROUP_CONTENTS, "", name);
	if (!written_is_seen(placer->written, &group_content_kind, "", name, content))
		return ROLE_AGAIN_MS;
	return content ? place_gone_is_done(settle_content(placer, &content, err), err) : 0;
}

/* The group of a member: as its owner, else as its status says, which names no uid. */
static bool find_group_name(const struct placer *placer, const struct object *object,
			    struct object_name *ret_name)
{
	const struct owner *owner = group_owner_find(object, NULL);
	*ret_name = (struct object_name) {
		.kind = cluster_served_kind(placer->applier->cluster, CLUSTER_GROUP_SNAPSHOTS),
		.namespace = object->namespace,
		.name = owner ? owner->name : ((const struct snapshot *)object)->group_name,
		.uid = owner ? owner->uid : NULL,
	};
	return ret_name->name;
}

/* It is being deleted, and the group that would release it has gone before. */
static bool is_orphan(const struct placer *placer, const struct object_name *name)
{
	CLEANUP(object_unrefp)
	struct object *group = cluster_get(placer->applier->cluster, CLUSTER_GROUP_SNAPSHOTS,
					   name->namespace, name->name);
	return !group || (name->uid && !same(group->uid, name->uid));
}

/* Of other drivers the driver's controller takes care. Kubernetes' snapshot-controller notes no
 * driver on the members that it makes, but their contents name one. */
static bool is_of_ours(const struct placer *placer, const struct snapshot *snapshot)
{
	const char *driver = pairs_get(&snapshot->object.annotations, SNAPSHOT_DRIVER_ANNOTATION);
	if (driver || !snapshot->content_name)
		return same(driver, CSI_DRIVER_NAME);
	CLEANUP(object_unrefp)
	struct object *content = cluster_get(placer->applier->cluster, CLUSTER_SNAPSHOT_CONTENTS,
					     "", snapshot->content_name);
	return content && snapshot_content_is_ours(snapshot_content_of(content)) &&
	       snapshot_is_bound_to(snapshot, snapshot_content_of(content));
}

static int release_orphan(const struct placer *placer, struct object **place,
			  const struct object_name *group, struct error *err)
{
	if (object_confirm_gone(placer->applier, group, err) < 0)
		return -1;
	log_info("member without a group released",
		 LOG_NAME("snapshot", (*place)->namespace, (*place)->name));
	return place_merge(placer, place, group_patch_without(*place, SNAPSHOT_GROUP_FINALIZER),
			   err);
}

static int reconcile_member(const struct placer *placer, const char *namespace, const char *name,
			    struct error *err)
{
	struct object_name group;
	CLEANUP(object_unrefp)
	struct object *object =
		cluster_get(placer->applier->cluster, CLUSTER_SNAPSHOTS, namespace, name);
	if (!written_is_seen(placer->written, &snapshot_kind, namespace, name, object))
		return ROLE_AGAIN_MS;
	if (!object || !object->deleted_s || !snapshot_is_member(snapshot_of(object)) ||
	    !is_of_ours(placer, snapshot_of(object)) || !find_group_name(placer, object, &group) ||
	    !is_orphan(placer, &group))
		return 0;
	return place_gone_is_done(release_orphan(placer, &object, &group, err), err);
}

static bool has_prefix(const char *key, const char *prefix)
{
	return strncmp(key, prefix, strlen(prefix)) == 0;
}

int group_reconcile(const struct placer *placer, const char *key, struct error *err)
{
	if (lead_check(&placer->applier->lead, err) < 0)
		return -1;
	const char *rest = strchr(key, '/') + 1;
	if (has_prefix(key, GROUP_CONTENT_KEY))
		return reconcile_content(placer, rest, err);
	const char *slash = strchr(rest, '/');
	CLEANUP_FREE char *namespace = must_printf("%.*s", (int)(slash - rest), rest);
	if (has_prefix(key, GROUP_MEMBER_KEY))
		return reconcile_member(placer, namespace, slash + 1, err);
	return reconcile_group(placer, namespace, slash + 1, err);
}
