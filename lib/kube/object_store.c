/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/object_store.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

struct store_group;

struct store_entry {
	UT_hash_handle hh;
	struct object *object;
	struct store_group *group; /* NULL: not in the index */
	struct store_entry *prev;  /* in the group */
	struct store_entry *next;
	uint64_t round; /* the list that saw it last */
	char key[];	/* "namespace/name" */
};

/* The entries with one index key. */
struct store_group {
	UT_hash_handle hh;
	struct store_entry *entries;
	char key[];
};

static struct store_entry *find_entry(const struct object_store *store, const char *key)
{
	struct store_entry *entry;
	HASH_FIND_STR(store->entries, key, entry);
	return entry;
}

static struct store_group *group_for(struct object_store *store, const char *key)
{
	struct store_group *group;
	HASH_FIND_STR(store->groups, key, group);
	if (!group) {
		group = must_alloc(sizeof(*group) + strlen(key) + 1);
		strcpy(group->key, key);
		HASH_ADD_STR(store->groups, key, group);
	}
	return group;
}

static void leave_group(struct object_store *store, struct store_entry *entry)
{
	struct store_group *group = entry->group;
	if (!group)
		return;
	DL_DELETE(group->entries, entry);
	entry->group = NULL;
	if (!group->entries) {
		HASH_DEL(store->groups, group);
		free(group);
	}
}

static void enter_group(struct object_store *store, struct store_entry *entry)
{
	if (!store->index)
		return;
	CLEANUP_TEXT struct text key = TEXT_INIT;
	store->index(entry->object, &key);
	if (!key.length)
		return;
	entry->group = group_for(store, text_string(&key));
	DL_APPEND(entry->group->entries, entry);
}

static struct store_entry *add_entry(struct object_store *store, const char *key)
{
	struct store_entry *entry = must_alloc(sizeof(*entry) + strlen(key) + 1);
	strcpy(entry->key, key);
	HASH_ADD_STR(store->entries, key, entry);
	return entry;
}

static struct object *remove_entry(struct object_store *store, struct store_entry *entry)
{
	struct object *object = entry->object;
	leave_group(store, entry);
	HASH_DEL(store->entries, entry);
	free(entry);
	return object;
}

struct object *object_store_get(const struct object_store *store, const char *key)
{
	struct store_entry *entry = find_entry(store, key);
	return entry ? entry->object : NULL;
}

struct object *object_store_put(struct object_store *store, const char *key, struct object *object)
{
	struct store_entry *entry = find_entry(store, key);
	if (!entry)
		entry = add_entry(store, key);
	struct object *before = entry->object;
	leave_group(store, entry);
	entry->object = object_ref(object);
	entry->round = store->round;
	enter_group(store, entry);
	return before;
}

struct object *object_store_remove(struct object_store *store, const char *key)
{
	struct store_entry *entry = find_entry(store, key);
	return entry ? remove_entry(store, entry) : NULL;
}

void object_store_begin_round(struct object_store *store)
{
	store->round++;
}

bool object_store_see(struct object_store *store, const char *key, const struct object *object)
{
	struct store_entry *entry = find_entry(store, key);
	bool known = entry && strcmp(entry->object->uid, object->uid) == 0 &&
		     strcmp(entry->object->resource_version, object->resource_version) == 0;
	if (known)
		entry->round = store->round;
	return known;
}

const char *object_store_unseen(const struct object_store *store)
{
	for (const struct store_entry *entry = store->entries; entry; entry = entry->hh.next)
		if (entry->round != store->round)
			return entry->key;
	return NULL;
}

size_t object_store_count(const struct object_store *store)
{
	return HASH_COUNT(store->entries);
}

static void list_everything(const struct object_store *store, struct object_list *list)
{
	list->items = must_alloc(HASH_COUNT(store->entries) * sizeof(*list->items));
	for (struct store_entry *entry = store->entries; entry; entry = entry->hh.next)
		list->items[list->count++] = object_ref(entry->object);
}

static void list_group(const struct object_store *store, const char *key, struct object_list *list)
{
	struct store_group *group;
	HASH_FIND_STR(store->groups, key, group);
	if (!group)
		return;
	size_t count;
	struct store_entry *entry;
	DL_COUNT(group->entries, entry, count);
	list->items = must_alloc(count * sizeof(*list->items));
	DL_FOREACH(group->entries, entry)
		list->items[list->count++] = object_ref(entry->object);
}

void object_store_list(const struct object_store *store, const char *index_key,
		       struct object_list *ret_list)
{
	*ret_list = (struct object_list) { 0 };
	if (index_key)
		list_group(store, index_key, ret_list);
	else
		list_everything(store, ret_list);
}

void object_store_done(struct object_store *store)
{
	struct store_entry *entry, *next;
	HASH_ITER(hh, store->entries, entry, next) {
		object_unref(remove_entry(store, entry));
	}
}
