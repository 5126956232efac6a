/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/absence.h"

#include <pthread.h>
#include <string.h>
#include <uthash.h>

#include "base/clock.h"
#include "base/text.h"

#define ABSENCES_MAX 4096

struct entry {
	UT_hash_handle hh;
	uint64_t since_ms;
	char pod[];
};

struct absence {
	pthread_mutex_t lock;
	struct entry *entries; /* uthash keeps the order of insertion */
};

struct absence *absence_new(void)
{
	struct absence *absence = must_alloc(sizeof(*absence));
	pthread_mutex_init(&absence->lock, NULL);
	return absence;
}

static void drop(struct absence *absence, struct entry *entry)
{
	HASH_DEL(absence->entries, entry);
	free(entry);
}

void absence_free(struct absence *absence)
{
	if (!absence)
		return;
	while (absence->entries)
		drop(absence, absence->entries);
	pthread_mutex_destroy(&absence->lock);
	free(absence);
}

static struct entry *find(struct absence *absence, const char *pod)
{
	struct entry *entry;
	HASH_FIND_STR(absence->entries, pod, entry);
	return entry;
}

void absence_begins(struct absence *absence, const char *namespace, const char *pod_name)
{
	CLEANUP_FREE char *pod = must_printf("%s/%s", namespace, pod_name);
	pthread_mutex_lock(&absence->lock);
	struct entry *entry = find(absence, pod);
	if (entry)
		drop(absence, entry);
	if (HASH_COUNT(absence->entries) >= ABSENCES_MAX)
		drop(absence, absence->entries);
	entry = must_alloc(sizeof(*entry) + strlen(pod) + 1);
	strcpy(entry->pod, pod);
	entry->since_ms = clock_monotonic_ms();
	HASH_ADD_STR(absence->entries, pod, entry);
	pthread_mutex_unlock(&absence->lock);
}

bool absence_ends(struct absence *absence, const char *namespace, const char *pod_name,
		  uint64_t *ret_lag_ms)
{
	CLEANUP_FREE char *pod = must_printf("%s/%s", namespace, pod_name);
	pthread_mutex_lock(&absence->lock);
	struct entry *entry = find(absence, pod);
	bool known = entry != NULL;
	if (known) {
		*ret_lag_ms = clock_monotonic_ms() - entry->since_ms;
		drop(absence, entry);
	}
	pthread_mutex_unlock(&absence->lock);
	return known;
}
