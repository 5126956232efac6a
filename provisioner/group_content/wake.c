/* SPDX-License-Identifier: Apache-2.0 */
#include "group_content/wake.h"

#include <string.h>

#include "base/same.h"
#include "cluster/content_change.h"
#include "cluster/group_node.h"
#include "cluster/nodes.h"
#include "group_content/plan.h"

#define UNSETTLED "*unsettled"
#define ARENA_BYTES 512

static const struct content_words words = {
	.being_created = GROUP_BEING_CREATED_ANNOTATION,
	.being_deleted = GROUP_BEING_DELETED_ANNOTATION,
};

void group_content_index(const struct object *object, struct text *key)
{
	if (group_content_is_unsettled((const struct group_content *)object))
		text_append_string(key, UNSETTLED);
}

static void content_changed(struct workqueue *queue, const struct cluster_change *change)
{
	const struct object *after = change->after;
	if (after && group_content_is_unsettled((const struct group_content *)after) &&
	    content_change_counts(&words, change->before, after))
		workqueue_add(queue, after->name);
}

struct waiting {
	struct workqueue *queue;
	struct cluster *cluster;
	const char *class_name;
};

static void class_changed(const struct waiting *waiting)
{
	CLEANUP_OBJECT_LIST struct object_list contents = { 0 };
	cluster_list(waiting->cluster, CLUSTER_GROUP_CONTENTS, UNSETTLED, &contents);
	for (size_t i = 0; i < contents.count; i++)
		if (same_or_none(group_content_of(contents.items[i])->class_name,
				 waiting->class_name))
			workqueue_add(waiting->queue, contents.items[i]->name);
}

static bool is_on(struct cluster *cluster, const struct group_content *content, const char *node)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(ARENA_BYTES);
	struct snapshot_node found;
	struct error ignored;
	group_node_find(cluster, content, arena, &found, &ignored);
	return found.name && strcmp(found.name, node) == 0;
}

/* Those whose node is not known wait for none: they are looked for on all, now and then. */
static void node_changed(void *context, const char *node)
{
	const struct waiting *waiting = context;
	CLEANUP_OBJECT_LIST struct object_list contents = { 0 };
	cluster_list(waiting->cluster, CLUSTER_GROUP_CONTENTS, UNSETTLED, &contents);
	for (size_t i = 0; i < contents.count; i++)
		if (is_on(waiting->cluster, group_content_of(contents.items[i]), node))
			workqueue_add(waiting->queue, contents.items[i]->name);
}

void group_content_wake(struct workqueue *queue, const struct cluster_change *change)
{
	struct waiting waiting = { .queue = queue, .cluster = change->cluster };
	if (change->kind == CLUSTER_GROUP_CONTENTS) {
		content_changed(queue, change);
	} else if (!cluster_is_complete(change->cluster)) {
		return;
	} else if (change->kind == CLUSTER_GROUP_CLASSES) {
		waiting.class_name = change->after ? change->after->name : NULL;
		if (waiting.class_name)
			class_changed(&waiting);
	} else if (change->kind != CLUSTER_VOLUMES) {
		cluster_changed_nodes(change, node_changed, &waiting);
	}
}

void group_content_wake_all(struct workqueue *queue, struct cluster *cluster)
{
	CLEANUP_OBJECT_LIST struct object_list contents = { 0 };
	cluster_list(cluster, CLUSTER_GROUP_CONTENTS, UNSETTLED, &contents);
	for (size_t i = 0; i < contents.count; i++)
		workqueue_add(queue, contents.items[i]->name);
}
