/* SPDX-License-Identifier: Apache-2.0 */
#include "content/wake.h"

#include <string.h>

#include "base/same.h"
#include "cluster/content_change.h"
#include "cluster/nodes.h"
#include "cluster/snapshot_node.h"
#include "content/plan.h"

#define UNSETTLED "*unsettled"
#define ARENA_BYTES 512

void content_index(const struct object *object, struct text *key)
{
	if (content_is_unsettled((const struct snapshot_content *)object))
		text_append_string(key, UNSETTLED);
}

static const struct content_words words = {
	.being_created = SNAPSHOT_BEING_CREATED_ANNOTATION,
	.being_deleted = SNAPSHOT_BEING_DELETED_ANNOTATION,
};

static bool content_differs(const struct object *before, const struct object *after)
{
	return content_change_counts(&words, before, after) ||
	       !same_or_none(pairs_get(&before->annotations, SNAPSHOT_GROUP_HANDLE_ANNOTATION),
			     pairs_get(&after->annotations, SNAPSHOT_GROUP_HANDLE_ANNOTATION));
}

static void content_changed(struct workqueue *queue, const struct cluster_change *change)
{
	const struct object *after = change->after;
	if (after && content_is_unsettled((const struct snapshot_content *)after) &&
	    content_differs(change->before, after))
		workqueue_add(queue, after->name);
}

static void class_changed(struct workqueue *queue, const struct cluster_change *change)
{
	CLEANUP_OBJECT_LIST struct object_list contents = { 0 };
	if (!change->after)
		return;
	cluster_list(change->cluster, CLUSTER_SNAPSHOT_CONTENTS, UNSETTLED, &contents);
	for (size_t i = 0; i < contents.count; i++)
		if (same_or_none(snapshot_content_of(contents.items[i])->class_name,
				 change->after->name))
			workqueue_add(queue, contents.items[i]->name);
}

struct waiting {
	struct workqueue *queue;
	struct cluster *cluster;
};

static bool is_on(struct cluster *cluster, const struct snapshot_content *content, const char *node)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(ARENA_BYTES);
	struct snapshot_node found;
	snapshot_node_find(cluster, content, arena, &found);
	return found.name && strcmp(found.name, node) == 0;
}

/* Those whose node is not known wait for none: they are looked for on all, now and then. */
static void node_changed(void *context, const char *node)
{
	const struct waiting *waiting = context;
	CLEANUP_OBJECT_LIST struct object_list contents = { 0 };
	cluster_list(waiting->cluster, CLUSTER_SNAPSHOT_CONTENTS, UNSETTLED, &contents);
	for (size_t i = 0; i < contents.count; i++)
		if (is_on(waiting->cluster, snapshot_content_of(contents.items[i]), node))
			workqueue_add(waiting->queue, contents.items[i]->name);
}

void content_wake(struct workqueue *queue, const struct cluster_change *change)
{
	if (change->kind == CLUSTER_SNAPSHOT_CONTENTS)
		content_changed(queue, change);
	else if (!cluster_is_complete(change->cluster))
		return;
	else if (change->kind == CLUSTER_SNAPSHOT_CLASSES)
		class_changed(queue, change);
	else if (change->kind != CLUSTER_VOLUMES)
		cluster_changed_nodes(change, node_changed,
				      &(struct waiting) { queue, change->cluster });
}

void content_wake_all(struct workqueue *queue, struct cluster *cluster)
{
	CLEANUP_OBJECT_LIST struct object_list contents = { 0 };
	cluster_list(cluster, CLUSTER_SNAPSHOT_CONTENTS, UNSETTLED, &contents);
	for (size_t i = 0; i < contents.count; i++)
		workqueue_add(queue, contents.items[i]->name);
}
