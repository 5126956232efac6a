/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/reconcile.h"

#include <string.h>

#include "apply/metadata_patch.h"
#include "apply/object_gone.h"
#include "apply/role.h"
#include "base/log.h"
#include "base/text.h"
#include "cluster/claim_driver.h"
#include "cluster/group_cut.h"
#include "kube/event.h"
#include "kube/json.h"
#include "snapshot/content_plan.h"
#include "snapshot/patch.h"
#include "snapshot/wake.h"

/* More than a snapshot takes from its beginning to its end. */
#define STEPS_MAX 12

static int settle(const struct placer *placer, struct snapshot_sight *sight, struct error *err)
{
	for (unsigned i = 0; i < STEPS_MAX; i++) {
		struct snapshot_plan plan;
		snapshot_plan(&sight->view, &plan);
		switch (snapshot_apply(placer, sight, &plan, err)) {
		case SNAPSHOT_ENDED:
			return 0;
		case SNAPSHOT_FAILED:
			return place_gone_is_done(-1, err);
		case SNAPSHOT_GOES_ON:
			break;
		}
	}
	return error_set(err, ERROR_CONFLICT, "another writer undoes what is written");
}

static int reconcile_snapshot(const struct placer *placer, const char *namespace, const char *name,
			      struct error *err)
{
	CLEANUP(snapshot_sight_done) struct snapshot_sight sight = { 0 };
	if (snapshot_sight_take(placer->applier->cluster, placer->written, namespace, name,
				&sight) > 0)
		return ROLE_AGAIN_MS;
	return sight.snapshot ? settle(placer, &sight, err) : 0;
}

static int merge_content(const struct placer *placer, const struct object *content,
			 struct json_object *taken, struct error *err)
{
	CLEANUP(json_object_putp) struct json_object *patch = taken;
	CLEANUP(object_unrefp) struct object *answer = NULL;
	if (applier_merge(placer->applier, content, patch, &answer, err) < 0)
		return place_gone_is_done(-1, err);
	written_note(placer->written, answer, false);
	return 0;
}

static struct object *snapshot_of_content(struct cluster *cluster,
					  const struct snapshot_content *content)
{
	return content->snapshot_namespace && content->snapshot_name
		       ? cluster_get(cluster, CLUSTER_SNAPSHOTS, content->snapshot_namespace,
				     content->snapshot_name)
		       : NULL;
}

static int mark_content(const struct placer *placer, const struct object *object,
			const struct snapshot_content *content, struct error *err)
{
	const struct object_name snapshot = {
		.kind = &snapshot_kind,
		.namespace = content->snapshot_namespace,
		.name = content->snapshot_name,
		.uid = content->snapshot_uid,
	};
	return object_confirm_gone(placer->applier, &snapshot, err) < 0
		       ? -1
		       : merge_content(placer, object, snapshot_patch_mark(content), err);
}

static int settle_content(const struct placer *placer, struct object *object, struct error *err)
{
	const struct snapshot_content *content = snapshot_content_of(object);
	CLEANUP(object_unrefp)
	struct object *snapshot = snapshot_of_content(placer->applier->cluster, content);
	struct snapshot_content_plan plan;
	snapshot_content_plan(content, snapshot ? snapshot_of(snapshot) : NULL, &plan);
	switch (plan.decision) {
	case SNAPSHOT_CONTENT_IGNORE:
		break;
	case SNAPSHOT_CONTENT_PROTECT:
		return merge_content(
			placer, object,
			metadata_patch_add(object, SNAPSHOT_CONTENT_FINALIZER, NULL, NULL), err);
	case SNAPSHOT_CONTENT_MARK:
		return mark_content(placer, object, content, err);
	case SNAPSHOT_CONTENT_FAIL:
		event_record(placer->applier->events, object, EVENT_WARNING, plan.reason, "%s",
			     plan.text);
		break;
	}
	return 0;
}

static int reconcile_content(const struct placer *placer, const char *name, struct error *err)
{
	CLEANUP(object_unrefp)
	struct object *content =
		cluster_get(placer->applier->cluster, CLUSTER_SNAPSHOT_CONTENTS, "", name);
	if (!written_is_seen(placer->written, &snapshot_content_kind, "", name, content))
		return ROLE_AGAIN_MS;
	return content ? settle_content(placer, content, err) : 0;
}

static bool is_needed(struct cluster *cluster, const struct object *claim)
{
	CLEANUP_OBJECT_LIST struct object_list snapshots = { 0 };
	CLEANUP_FREE char *group = snapshot_wake_sources(claim->namespace, claim->name);
	cluster_list(cluster, CLUSTER_SNAPSHOTS, group, &snapshots);
	for (size_t i = 0; i < snapshots.count; i++)
		if (snapshot_needs_claim(snapshot_of(snapshots.items[i])))
			return true;
	return false;
}

static int release_claim(const struct placer *placer, const struct object *claim, struct error *err)
{
	CLEANUP(json_object_putp)
	struct json_object *patch = metadata_patch_drop_finalizer(claim, SNAPSHOT_CLAIM_FINALIZER);
	if (applier_merge_lists(placer->applier, claim, patch, err) < 0) {
		if (!place_error_passes(err))
			event_record(placer->applier->events, claim, EVENT_WARNING,
				     "ErrorPVCFinalizer", "%s", err->text);
		return place_gone_is_done(-1, err);
	}
	written_note_end(placer->written, claim);
	return 0;
}

static int reconcile_claim(const struct placer *placer, const char *namespace, const char *name,
			   struct error *err)
{
	struct cluster *cluster = placer->applier->cluster;
	CLEANUP(object_unrefp)
	struct object *claim = cluster_get(cluster, CLUSTER_CLAIMS, namespace, name);
	if (!written_is_seen(placer->written, &claim_kind, namespace, name, claim))
		return ROLE_AGAIN_MS;
	if (!claim || !object_has_finalizer(claim, SNAPSHOT_CLAIM_FINALIZER) ||
	    !claim_is_of_our_driver(cluster, claim_of(claim)) || is_needed(cluster, claim) ||
	    group_cut_needs(cluster, claim_of(claim)))
		return 0;
	if (!cluster_serves(cluster, CLUSTER_SNAPSHOTS))
		return error_set(
			err, ERROR_UNAVAILABLE,
			"snapshots are not served: cannot tell whether one needs the claim "
			"\"%s/%s\"",
			namespace, name);
	return release_claim(placer, claim, err);
}

int snapshot_reconcile(const struct placer *placer, const char *key, struct error *err)
{
	if (lead_check(&placer->applier->lead, err) < 0)
		return -1;
	const char *rest = strchr(key, '/') + 1;
	if (strncmp(key, SNAPSHOT_CONTENT_KEY, strlen(SNAPSHOT_CONTENT_KEY)) == 0)
		return reconcile_content(placer, rest, err);
	const char *slash = strchr(rest, '/');
	CLEANUP_FREE char *namespace = must_printf("%.*s", (int)(slash - rest), rest);
	if (strncmp(key, SNAPSHOT_CLAIM_KEY, strlen(SNAPSHOT_CLAIM_KEY)) == 0)
		return reconcile_claim(placer, namespace, slash + 1, err);
	return reconcile_snapshot(placer, namespace, slash + 1, err);
}
