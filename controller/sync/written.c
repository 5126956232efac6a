/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/written.h"

#include <pthread.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

#include "base/text.h"

struct removal {
	struct removal *next;
	char *namespace;
	char *name;
	char *uid;
};

struct entry {
	UT_hash_handle hh;
	struct removal *removals;
	char *versions[WRITTEN_KINDS]; /* NULL: nothing */
	char set[];
};

struct written {
	pthread_mutex_t lock;
	struct entry *entries;
};

struct written *written_new(void)
{
	struct written *written = must_alloc(sizeof(*written));
	pthread_mutex_init(&written->lock, NULL);
	return written;
}

static void drop_removals(struct entry *entry)
{
	struct removal *removal;
	struct removal *next;
	LL_FOREACH_SAFE(entry->removals, removal, next) {
		free(removal->namespace);
		free(removal->name);
		free(removal->uid);
		free(removal);
	}
}

static void drop(struct written *written, struct entry *entry)
{
	HASH_DEL(written->entries, entry);
	drop_removals(entry);
	for (int kind = 0; kind < WRITTEN_KINDS; kind++)
		free(entry->versions[kind]);
	free(entry);
}

void written_free(struct written *written)
{
	if (!written)
		return;
	struct entry *entry;
	struct entry *next;
	HASH_ITER(hh, written->entries, entry, next)
		drop(written, entry);
	pthread_mutex_destroy(&written->lock);
	free(written);
}

static struct entry *find(struct written *written, const char *set)
{
	struct entry *entry;
	HASH_FIND_STR(written->entries, set, entry);
	return entry;
}

static struct entry *find_or_add(struct written *written, const char *set)
{
	struct entry *entry = find(written, set);
	if (entry)
		return entry;
	entry = must_alloc(sizeof(*entry) + strlen(set) + 1);
	strcpy(entry->set, set);
	HASH_ADD_STR(written->entries, set, entry);
	return entry;
}

void written_note(struct written *written, const char *set, enum written_kind kind,
		  const char *resource_version)
{
	pthread_mutex_lock(&written->lock);
	struct entry *entry = find_or_add(written, set);
	free(entry->versions[kind]);
	entry->versions[kind] = must_strdup(resource_version);
	pthread_mutex_unlock(&written->lock);
}

void written_note_removal(struct written *written, const char *set, const struct object *pod)
{
	struct removal *removal = must_alloc(sizeof(*removal));
	removal->namespace = must_strdup(pod->namespace);
	removal->name = must_strdup(pod->name);
	removal->uid = must_strdup(pod->uid);
	pthread_mutex_lock(&written->lock);
	LL_PREPEND(find_or_add(written, set)->removals, removal);
	pthread_mutex_unlock(&written->lock);
}

static bool removal_is_seen(const struct removal *removal, struct informer *pods)
{
	CLEANUP(object_unrefp)
	struct object *pod = informer_get(pods, removal->namespace, removal->name);
	return !pod || pod->deleted_s != 0 || strcmp(pod->uid, removal->uid) != 0;
}

static bool is_seen(const struct entry *entry, struct informer *const *informers,
		    enum written_kind *ret_behind)
{
	for (int kind = 0; kind < WRITTEN_KINDS; kind++)
		if (entry->versions[kind] &&
		    !informer_has_seen(informers[kind], entry->versions[kind])) {
			*ret_behind = (enum written_kind)kind;
			return false;
		}
	struct removal *removal;
	LL_FOREACH(entry->removals, removal) {
		if (!removal_is_seen(removal, informers[WRITTEN_POD])) {
			*ret_behind = WRITTEN_POD;
			return false;
		}
	}
	return true;
}

bool written_is_seen(struct written *written, const char *set,
		     struct informer *const informers[static WRITTEN_KINDS],
		     enum written_kind *ret_behind)
{
	pthread_mutex_lock(&written->lock);
	struct entry *entry = find(written, set);
	bool seen = !entry || is_seen(entry, informers, ret_behind);
	if (entry && seen)
		drop(written, entry);
	pthread_mutex_unlock(&written->lock);
	return seen;
}

void written_forget(struct written *written, const char *set)
{
	pthread_mutex_lock(&written->lock);
	struct entry *entry = find(written, set);
	if (entry)
		drop(written, entry);
	pthread_mutex_unlock(&written->lock);
}
