/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/sight.h"

#include <string.h>

#include "base/text.h"
#include "cluster/snapshot_claim.h"
#include "snapshot/manifest.h"

/* Looks at the classes of snapshots, which are few. */
static void look_at_classes(struct cluster *cluster, struct snapshot_sight *sight)
{
	CLEANUP_OBJECT_LIST struct object_list classes = { 0 };
	cluster_list(cluster, CLUSTER_SNAPSHOT_CLASSES, NULL, &classes);
	for (size_t i = 0; i < classes.count; i++) {
		const struct snapshot_class *class = snapshot_class_of(classes.items[i]);
		if (!snapshot_class_is_ours(class)) {
			sight->view.foreign_classes = true;
		} else if (class->is_default) {
			if (!sight->default_class)
				sight->default_class = object_ref(classes.items[i]);
			sight->view.default_count++;
		}
	}
}

static void look_at_source(struct cluster *cluster, struct snapshot_sight *sight)
{
	const struct snapshot *snapshot = snapshot_of(sight->snapshot);
	if (!snapshot->claim_name)
		return;
	sight->claim = cluster_get(cluster, CLUSTER_CLAIMS, snapshot->object.namespace,
				   snapshot->claim_name);
	if (!sight->claim)
		return;
	const struct claim *claim = claim_of(sight->claim);
	if (claim->volume_name[0])
		sight->volume = cluster_get(cluster, CLUSTER_VOLUMES, "", claim->volume_name);
}

static char *content_name_of(const struct snapshot *snapshot)
{
	return snapshot->source_content_name ? must_strdup(snapshot->source_content_name)
	       : snapshot->content_name	     ? must_strdup(snapshot->content_name)
					     : snapshot_manifest_name(snapshot);
}

static void look_at_restores(struct cluster *cluster, struct snapshot_sight *sight)
{
	CLEANUP_OBJECT_LIST struct object_list claims = { 0 };
	CLEANUP_FREE char *key =
		snapshot_claim_restores(sight->snapshot->namespace, sight->snapshot->name);
	cluster_list(cluster, CLUSTER_CLAIMS, key, &claims);
	if (claims.count > 0)
		sight->restored_to = object_ref(claims.items[0]);
}

void snapshot_sight_fill(struct snapshot_sight *sight)
{
	struct snapshot_view *view = &sight->view;
	view->snapshot = sight->snapshot ? snapshot_of(sight->snapshot) : NULL;
	view->claim = sight->claim ? claim_of(sight->claim) : NULL;
	view->volume = sight->volume ? persistent_volume_of(sight->volume) : NULL;
	view->class = sight->class ? snapshot_class_of(sight->class) : NULL;
	view->default_class = sight->default_class ? snapshot_class_of(sight->default_class) : NULL;
	view->content = sight->content ? snapshot_content_of(sight->content) : NULL;
	view->restored_to = sight->restored_to ? claim_of(sight->restored_to) : NULL;
}

static bool is_current(struct written *written, const struct snapshot_sight *sight,
		       const char *content_name)
{
	const struct snapshot *snapshot = snapshot_of(sight->snapshot);
	return written_is_seen(written, &snapshot_content_kind, "", content_name, sight->content) &&
	       (!snapshot->claim_name ||
		written_is_seen(written, &claim_kind, snapshot->object.namespace,
				snapshot->claim_name, sight->claim));
}

int snapshot_sight_take(struct cluster *cluster, struct written *written, const char *namespace,
			const char *name, struct snapshot_sight *ret_sight)
{
	struct snapshot_sight *sight = ret_sight;
	*sight = (struct snapshot_sight) { 0 };
	sight->snapshot = cluster_get(cluster, CLUSTER_SNAPSHOTS, namespace, name);
	if (!written_is_seen(written, &snapshot_kind, namespace, name, sight->snapshot))
		return 1;
	if (!sight->snapshot)
		return 0;
	const struct snapshot *snapshot = snapshot_of(sight->snapshot);
	CLEANUP_FREE char *content_name = content_name_of(snapshot);
	look_at_source(cluster, sight);
	look_at_classes(cluster, sight);
	if (snapshot->class_name)
		sight->class =
			cluster_get(cluster, CLUSTER_SNAPSHOT_CLASSES, "", snapshot->class_name);
	sight->content = cluster_get(cluster, CLUSTER_SNAPSHOT_CONTENTS, "", content_name);
	if (snapshot->object.deleted_s)
		look_at_restores(cluster, sight);
	snapshot_sight_fill(sight);
	return is_current(written, sight, content_name) ? 0 : 1;
}

void snapshot_sight_done(struct snapshot_sight *sight)
{
	object_unref(sight->snapshot);
	object_unref(sight->claim);
	object_unref(sight->volume);
	object_unref(sight->class);
	object_unref(sight->default_class);
	object_unref(sight->content);
	object_unref(sight->restored_to);
}
