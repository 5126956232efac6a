/* SPDX-License-Identifier: Apache-2.0 */
#include "group/reconcile.h"

#include <string.h>

#include "apply/metadata_patch.h"
#include "apply/object_gone.h"
#include "apply/role.h"
#include "base/log.h"
#include "base/same.h"
#include "base/text.h"
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

static const struct owner *group_of(const struct object *snapshot)
{
	for (size_t i = 0; i < snapshot->owner_count; i++)
		if (same(snapshot->owners[i].kind, group_snapshot_kind.name))
			return &snapshot->owners[i];
	return NULL;
}

/* It is being deleted, and the group that would release it has gone before. */
static bool is_orphan(const struct placer *placer, const struct object *snapshot,
		      const struct owner *owner)
{
	CLEANUP(object_unrefp)
	struct object *group = cluster_get(placer->applier->cluster, CLUSTER_GROUP_SNAPSHOTS,
					   snapshot->namespace, owner->name);
	return !group || !same(group->uid, owner->uid);
}

/* Only what we made: of other drivers the driver's controller takes care. */
static bool is_of_ours(const struct snapshot *snapshot)
{
	return same(pairs_get(&snapshot->object.annotations, SNAPSHOT_DRIVER_ANNOTATION),
		    CSI_DRIVER_NAME);
}

static int release_orphan(const struct placer *placer, struct object **place,
			  const struct owner *owner, struct error *err)
{
	const struct object_name group = {
		.kind = cluster_served_kind(placer->applier->cluster, CLUSTER_GROUP_SNAPSHOTS),
		.namespace = (*place)->namespace,
		.name = owner->name,
		.uid = owner->uid,
	};
	if (object_confirm_gone(placer->applier, &group, err) < 0)
		return -1;
	log_info("member without a group released",
		 LOG_NAME("snapshot", (*place)->namespace, (*place)->name));
	return place_merge(placer, place, group_patch_without(*place, SNAPSHOT_GROUP_FINALIZER),
			   err);
}

static int reconcile_member(const struct placer *placer, const char *namespace, const char *name,
			    struct error *err)
{
	CLEANUP(object_unrefp)
	struct object *object =
		cluster_get(placer->applier->cluster, CLUSTER_SNAPSHOTS, namespace, name);
	if (!written_is_seen(placer->written, &snapshot_kind, namespace, name, object))
		return ROLE_AGAIN_MS;
	const struct owner *owner = object ? group_of(object) : NULL;
	if (!owner || !object->deleted_s || !snapshot_is_member(snapshot_of(object)) ||
	    !is_of_ours(snapshot_of(object)) || !is_orphan(placer, object, owner))
		return 0;
	return place_gone_is_done(release_orphan(placer, &object, owner, err), err);
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
