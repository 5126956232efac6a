/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/object_store.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

struct store_entry {
	UT_hash_handle hh;
	struct object *object;
	struct store_member *memberships;
	uint64_t round; /* the list that saw it last */
	char key[];	/* "namespace/name" */
};

/* The entries with one index key. */
struct store_group {
	UT_hash_handle hh;
	struct store_member *members;
	char key[];
};

/* An entry in a group. Most objects are in none. */
struct store_member {
	struct store_entry *entry;
	struct store_group *group;
	struct store_member *prev; /* in the group */
	struct store_member *next;
	struct store_member *other; /* the next membership of the entry */
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

static void leave_groups(struct object_store *store, struct store_entry *entry)
{
	while (entry->memberships) {
		struct store_member *member = entry->memberships;
		struct store_group *group = member->group;
		entry->memberships = member->other;
		DL_DELETE(group->members, member);
		free(member);
		if (!group->members) {
			HASH_DEL(store->groups, group);
			free(group);
		}
	}
}

static void enter_group(struct object_store *store, struct store_entry *entry, const char *key)
{
	for (struct store_member *member = entry->memberships; member; member = member->other)
		if (strcmp(member->group->key, key) == 0)
			return;
	struct store_member *member = must_alloc(sizeof(*member));
	*member = (struct store_member) { .entry = entry,
					  .group = group_for(store, key),
					  .other = entry->memberships };
	DL_APPEND(member->group->members, member);
	entry->memberships = member;
}

static void enter_groups(struct object_store *store, struct store_entry *entry)
{
	for (size_t i = 0; i < OBJECT_INDEXES_MAX && store->index[i]; i++) {
		CLEANUP_TEXT struct text key = TEXT_INIT;
		store->index[i](entry->object, &key);
		if (key.length)
			enter_group(store, entry, text_string(&key));
	}
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
	leave_groups(store, entry);
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
	leave_groups(store, entry);
	entry->object = object_ref(object);
	entry->round = store->round;
	enter_groups(store, entry);
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
	bool known = entry && entry->object->kind == object->kind &&
		     strcmp(entry->object->uid, object->uid) == 0 &&
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
	struct store_member *member;
	DL_COUNT(group->members, member, count);
	list->items = must_alloc(count * sizeof(*list->items));
	DL_FOREACH(group->members, member)
		list->items[list->count++] = object_ref(member->entry->object);
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
