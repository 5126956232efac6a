/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/event_correlator.h"

#include <string.h>
#include <uthash.h>

#include "base/hash.h"
#include "base/text.h"

/* The figures of client-go (tools/record: defaults of the event correlator). */
#define BURST 25
#define REFILL_MS (5 * 60 * 1000)
#define SIMILAR_MAX 10
#define SIMILAR_WITHIN_MS (10 * 60 * 1000)
#define ENTRIES_MAX 4096

struct bucket {
	double tokens;
	uint64_t since_ms;
};

/* The messages are remembered as hashes: a collision only concerns events of one object. */
struct group {
	uint64_t messages[SIMILAR_MAX];
	unsigned count;
	uint64_t last_ms;
};

struct entry {
	UT_hash_handle
		hh; /* uthash keeps the order of insertion: the least recently used in front */
	union {
		struct bucket bucket;
		struct group group;
		struct event_posted posted;
	};
	char key[];
};

struct event_correlator {
	struct entry *buckets;
	struct entry *groups;
	struct entry *posted;
};

struct event_correlator *event_correlator_new(void)
{
	return must_alloc(sizeof(struct event_correlator));
}

static void drop(struct entry **table, struct entry *entry, bool is_posted)
{
	HASH_DEL(*table, entry);
	if (is_posted)
		free(entry->posted.name);
	free(entry);
}

void event_correlator_free(struct event_correlator *correlator)
{
	if (!correlator)
		return;
	while (correlator->buckets)
		drop(&correlator->buckets, correlator->buckets, false);
	while (correlator->groups)
		drop(&correlator->groups, correlator->groups, false);
	while (correlator->posted)
		drop(&correlator->posted, correlator->posted, true);
	free(correlator);
}

/* The entry of the key, new and empty if there was none, is the most recently used now. */
static struct entry *use(struct entry **table, const char *key, bool is_posted)
{
	struct entry *entry;
	HASH_FIND_STR(*table, key, entry);
	if (entry) {
		HASH_DEL(*table, entry);
	} else {
		if (HASH_COUNT(*table) >= ENTRIES_MAX)
			drop(table, *table, is_posted);
		entry = must_alloc(sizeof(*entry) + strlen(key) + 1);
		strcpy(entry->key, key);
	}
	HASH_ADD_STR(*table, key, entry);
	return entry;
}

/* The uid alone is short and names one object of the cluster. */
static char *object_key(const struct object *object)
{
	if (*object->uid)
		return must_strdup(object->uid);
	return must_printf("%s/%s/%s/%s", object->kind->api_version, object->kind->name,
			   object->namespace, object->name);
}

static bool is_known(const struct group *group, uint64_t message)
{
	for (unsigned i = 0; i < group->count; i++)
		if (group->messages[i] == message)
			return true;
	return false;
}

/* True if the group has had so many different messages that this one joins the combined event. */
static bool join(struct group *group, uint64_t message, uint64_t now_ms)
{
	if (now_ms - group->last_ms > SIMILAR_WITHIN_MS)
		group->count = 0;
	group->last_ms = now_ms;
	if (is_known(group, message))
		return false;
	if (group->count == SIMILAR_MAX - 1)
		return true;
	group->messages[group->count++] = message;
	return false;
}

char *event_correlator_key(struct event_correlator *correlator, const struct event_about *about,
			   uint64_t now_ms, bool *ret_combined)
{
	CLEANUP_FREE char *object = object_key(about->object);
	CLEANUP_FREE char *group_key = must_printf("%s %s %s", object, about->type, about->reason);
	uint64_t message = hash_text(about->message);
	*ret_combined = join(&use(&correlator->groups, group_key, false)->group, message, now_ms);
	if (*ret_combined)
		return must_strdup(group_key);
	return must_printf("%s %llx", group_key, (unsigned long long)message);
}

bool event_correlator_admit(struct event_correlator *correlator, const struct event_about *about,
			    uint64_t now_ms)
{
	CLEANUP_FREE char *object = object_key(about->object);
	CLEANUP_FREE char *key = must_printf("%s %s", object, about->type);
	struct bucket *bucket = &use(&correlator->buckets, key, false)->bucket;
	if (bucket->since_ms == 0)
		bucket->tokens = BURST;
	else
		bucket->tokens += (double)(now_ms - bucket->since_ms) / REFILL_MS;
	if (bucket->tokens > BURST)
		bucket->tokens = BURST;
	bucket->since_ms = now_ms ? now_ms : 1;
	if (bucket->tokens < 1)
		return false;
	bucket->tokens -= 1;
	return true;
}

struct event_posted *event_correlator_posted(struct event_correlator *correlator, const char *key)
{
	return &use(&correlator->posted, key, true)->posted;
}
