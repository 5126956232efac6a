/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/waits.h"

#include <pthread.h>
#include <string.h>
#include <uthash.h>

#include "base/text.h"

struct wait {
	char *reason;
	char *object;
	uint64_t since_ms;
	bool reported;
};

struct entry {
	UT_hash_handle hh;
	struct wait waits[WAITING_MAX];
	size_t count;
	char set[];
};

struct waits {
	pthread_mutex_t lock;
	struct entry *entries;
};

struct waits *waits_new(void)
{
	struct waits *waits = must_alloc(sizeof(*waits));
	pthread_mutex_init(&waits->lock, NULL);
	return waits;
}

static void clear(struct entry *entry)
{
	for (size_t i = 0; i < entry->count; i++) {
		free(entry->waits[i].reason);
		free(entry->waits[i].object);
	}
	entry->count = 0;
}

static void drop(struct waits *waits, struct entry *entry)
{
	HASH_DEL(waits->entries, entry);
	clear(entry);
	free(entry);
}

void waits_free(struct waits *waits)
{
	if (!waits)
		return;
	while (waits->entries)
		drop(waits, waits->entries);
	pthread_mutex_destroy(&waits->lock);
	free(waits);
}

static struct entry *find(struct waits *waits, const char *set)
{
	struct entry *entry;
	HASH_FIND_STR(waits->entries, set, entry);
	return entry;
}

static struct entry *add(struct waits *waits, const char *set)
{
	struct entry *entry = must_alloc(sizeof(*entry) + strlen(set) + 1);
	strcpy(entry->set, set);
	HASH_ADD_STR(waits->entries, set, entry);
	return entry;
}

static const struct wait *find_wait(const struct entry *entry, const struct waiting *waiting)
{
	for (size_t i = 0; entry && i < entry->count; i++)
		if (strcmp(entry->waits[i].reason, waiting->reason) == 0 &&
		    strcmp(entry->waits[i].object, waiting->object) == 0)
			return &entry->waits[i];
	return NULL;
}

/* The first WAITING_MAX of them, with what is known of each from before. */
static void replace(struct waits *waits, const struct waits_look *look)
{
	struct entry *before = find(waits, look->set);
	struct wait now[WAITING_MAX];
	size_t count = look->count < WAITING_MAX ? look->count : WAITING_MAX;
	for (size_t i = 0; i < count; i++) {
		const struct wait *old = find_wait(before, &look->list[i]);
		now[i] = (struct wait) {
			.reason = must_strdup(look->list[i].reason),
			.object = must_strdup(look->list[i].object),
			.since_ms = old ? old->since_ms : look->now_ms,
			.reported = old && old->reported,
		};
	}
	struct entry *entry = before ? before : add(waits, look->set);
	clear(entry);
	memcpy(entry->waits, now, count * sizeof(now[0]));
	entry->count = count;
}

/* Under the lock, which `report` must not need. */
static uint32_t report_long_ones(struct entry *entry, const struct waits_look *look,
				 const struct waiting **ret_longest)
{
	uint32_t next_ms = 0;
	for (size_t i = 0; i < entry->count; i++) {
		struct wait *wait = &entry->waits[i];
		uint64_t age_ms = look->now_ms - wait->since_ms;
		if (age_ms < WAITING_LONG_MS) {
			uint32_t left_ms = (uint32_t)(WAITING_LONG_MS - age_ms);
			next_ms = !next_ms || left_ms < next_ms ? left_ms : next_ms;
			continue;
		}
		if (!*ret_longest)
			*ret_longest = &look->list[i];
		if (!wait->reported)
			look->report(look->context, &look->list[i]);
		wait->reported = true;
	}
	return next_ms;
}

uint32_t waits_note(struct waits *waits, const struct waits_look *look,
		    const struct waiting **ret_longest)
{
	*ret_longest = NULL;
	if (look->count == 0) {
		waits_forget(waits, look->set);
		return 0;
	}
	pthread_mutex_lock(&waits->lock);
	replace(waits, look);
	uint32_t next_ms = report_long_ones(find(waits, look->set), look, ret_longest);
	pthread_mutex_unlock(&waits->lock);
	return next_ms;
}

void waits_forget(struct waits *waits, const char *set)
{
	pthread_mutex_lock(&waits->lock);
	struct entry *entry = find(waits, set);
	if (entry)
		drop(waits, entry);
	pthread_mutex_unlock(&waits->lock);
}
