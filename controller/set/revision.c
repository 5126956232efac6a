/* SPDX-License-Identifier: Apache-2.0 */
#include "set/revision.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "kube/json.h"
#include "set/canonical_json.h"
#include "set/revision_data.h"
#include "set/statefulset.h"

/* Kubernetes: ControllerRevisionName, so that name and hash fit into 253 bytes. */
#define PREFIX_MAX 223

static int parse(struct object *object, struct json_object *json, struct error *err)
{
	struct revision *revision = revision_of(object);
	struct json_object *data;
	CLEANUP_TEXT struct text text = TEXT_INIT;
	if (json_read_int(json, "revision", 0, &revision->number, err) < 0 ||
	    json_read_object(json, "data", &data, err) < 0)
		return -1;
	if (data)
		canonical_json_append(&text, data);
	revision->data = arena_copy(object->arena, text_string(&text), text.length);
	return 0;
}

const struct kind revision_kind = {
	.api_version = "apps/v1",
	.name = "ControllerRevision",
	.plural = "controllerrevisions",
	.namespaced = true,
	.size = sizeof(struct revision),
	.parse = parse,
};

static int compare(const void *a, const void *b)
{
	const struct revision *left = *(const struct revision *const *)a;
	const struct revision *right = *(const struct revision *const *)b;
	if (left->number != right->number)
		return left->number < right->number ? -1 : 1;
	if (left->object.created_s != right->object.created_s)
		return left->object.created_s < right->object.created_s ? -1 : 1;
	return strcmp(left->object.name, right->object.name);
}

void revision_sort(struct object_list *revisions)
{
	if (revisions->count)
		qsort(revisions->items, revisions->count, sizeof(*revisions->items), compare);
}

static struct revision *newest_with_data(const struct object_list *revisions, const char *data)
{
	for (size_t i = revisions->count; i-- > 0;) {
		struct revision *revision = revision_of(revisions->items[i]);
		if (strcmp(revision->data, data) == 0)
			return revision;
	}
	return NULL;
}

struct revision_choice revision_choose(const struct statefulset *set,
				       const struct object_list *revisions)
{
	if (revisions->count == 0)
		return (struct revision_choice) { .action = REVISION_CREATE, .number = 1 };

	const struct revision *newest = revision_of(revisions->items[revisions->count - 1]);
	struct revision *equal = newest_with_data(revisions, set->template_data);
	if (equal && equal != newest)
		return (struct revision_choice) { .action = REVISION_RENUMBER,
						  .revision = equal,
						  .number = newest->number + 1 };
	if (equal || revision_data_same(newest->data, set->template_data))
		return (struct revision_choice) { .action = REVISION_KEEP,
						  .revision = newest,
						  .number = newest->number };
	if (revision_data_may_differ_by_defaults(newest->data, set->template_data))
		return (struct revision_choice) { .action = REVISION_COMPARE,
						  .revision = newest,
						  .number = newest->number + 1 };
	return (struct revision_choice) { .action = REVISION_CREATE, .number = newest->number + 1 };
}

const char *revision_name(struct arena *arena, const struct statefulset *set,
			  int32_t collision_count)
{
	char hash[REVISION_HASH_MAX];
	revision_data_hash(set->template_data, collision_count, hash);
	return arena_printf(arena, "%.*s-%s", PREFIX_MAX, set->object.name, hash);
}

struct revision *revision_find(const struct object_list *revisions, const char *name)
{
	for (size_t i = 0; i < revisions->count; i++)
		if (strcmp(revisions->items[i]->name, name) == 0)
			return revision_of(revisions->items[i]);
	return NULL;
}

bool revision_is_named_after(const struct object *revision, const struct statefulset *set)
{
	const char *hash = strrchr(revision->name, '-');
	size_t prefix = strnlen(set->object.name, PREFIX_MAX);
	return hash && (size_t)(hash - revision->name) == prefix &&
	       strncmp(revision->name, set->object.name, prefix) == 0;
}
