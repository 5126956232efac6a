/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/group_node.h"

#include <string.h>

#include "base/text.h"

#define NAMED_MAX 20 /* claims, in an error */

/* One volume of the group. */
struct member {
	struct snapshot_node node;
	const char *claim; /* "shop/www-0", or what else it is called by */
	bool is_listed;	   /* in the text of the error */
};

static int find_member(struct cluster *cluster, const char *handle, struct arena *arena,
		       struct member *member, struct error *err)
{
	CLEANUP(object_unrefp) struct object *object = snapshot_node_find_volume(cluster, handle);
	if (!object)
		return error_set(err, ERROR_NOT_FOUND,
				 "no PersistentVolume of driver kentledge.io has the handle "
				 "\"%s\"",
				 handle);
	const struct persistent_volume *volume = persistent_volume_of(object);
	snapshot_node_of_volume(cluster, volume, arena, &member->node);
	member->claim =
		volume->claim_namespace && volume->claim_name
			? arena_printf(arena, "%s/%s", volume->claim_namespace, volume->claim_name)
			: arena_strdup(arena, object->name);
	return 0;
}

static bool is_apart(const struct member *a, const struct member *b)
{
	return a->node.name && b->node.name && strcmp(a->node.name, b->node.name) != 0;
}

/* "node "a" has shop/www-0, shop/www-1": those of the node of the first. */
static void list_node(struct member *members, size_t count, struct text *text, size_t *listed)
{
	text_printf(text, "%snode \"%s\" has", *listed ? "; " : "", members->node.name);
	const char *comma = "";
	for (size_t i = 0; i < count; i++) {
		if (!members[i].node.name || is_apart(members, &members[i]))
			continue;
		members[i].is_listed = true;
		if ((*listed)++ < NAMED_MAX)
			text_printf(text, "%s %s", comma, members[i].claim);
		comma = ",";
	}
}

static int refuse_apart(struct member *members, size_t count, struct error *err)
{
	CLEANUP_TEXT struct text text = TEXT_INIT;
	size_t listed = 0;
	for (size_t i = 0; i < count && listed < NAMED_MAX; i++)
		if (members[i].node.name && !members[i].is_listed)
			list_node(&members[i], count - i, &text, &listed);
	return error_set(err, ERROR_INVALID,
			 "the volumes are on several nodes, and can be cut at one moment on one "
			 "node alone: %s%s",
			 text_string(&text), listed >= NAMED_MAX ? ", …" : "");
}

/* Of those whose node is known; the nodes of the others are not in the cluster. */
static bool are_apart(const struct member *members, size_t count)
{
	const struct member *first = NULL;
	for (size_t i = 0; i < count; i++) {
		if (first && is_apart(first, &members[i]))
			return true;
		if (!first && members[i].node.name)
			first = &members[i];
	}
	return false;
}

int group_node_of_volumes(struct cluster *cluster, const char *const *handles, size_t count,
			  struct arena *arena, struct snapshot_node *ret_node, struct error *err)
{
	struct member *members = arena_alloc(arena, (count + 1) * sizeof(*members));
	for (size_t i = 0; i < count; i++)
		if (find_member(cluster, handles[i], arena, &members[i], err) < 0)
			return -1;
	if (are_apart(members, count))
		return refuse_apart(members, count, err);
	/* One whose node is lost says so. */
	*ret_node = members[0].node;
	for (size_t i = 1; i < count; i++)
		if (!members[i].node.name)
			*ret_node = members[i].node;
	return 0;
}

int group_node_find(struct cluster *cluster, const struct group_content *content,
		    struct arena *arena, struct snapshot_node *ret_node, struct error *err)
{
	struct snapshot_node of_volumes = { 0 };
	bool noted = snapshot_node_is_noted(cluster, &content->object, arena, ret_node);
	int r = 0;
	if (content->volume_count > 0)
		r = group_node_of_volumes(cluster, content->volume_handles, content->volume_count,
					  arena, &of_volumes, err);
	bool matters = r < 0 && !content->handle;
	if (noted)
		return matters && err->code == ERROR_INVALID ? -1 : 0;
	if (r == 0 && of_volumes.known)
		*ret_node = of_volumes;
	else
		snapshot_node_set_labelled(&content->object, ret_node);
	return matters ? -1 : 0;
}
