/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/absence.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/text.h"

struct absence {
	UT_hash_handle hh;
	bool is_missing;
	uint64_t since_ms; /* if it is missing */
	int64_t there_s;   /* when it was there last; 0: not as far as we have seen */
	char node_id[];
};

struct absences {
	pthread_mutex_t lock;
	struct absence *table;
};

struct absences *absences_new(void)
{
	struct absences *absences = must_alloc(sizeof(*absences));
	pthread_mutex_init(&absences->lock, NULL);
	return absences;
}

void absences_free(struct absences *absences)
{
	struct absence *absence, *next;
	if (!absences)
		return;
	HASH_ITER(hh, absences->table, absence, next) {
		HASH_DEL(absences->table, absence);
		free(absence);
	}
	pthread_mutex_destroy(&absences->lock);
	free(absences);
}

/* Its entry, a new one where there was none. The table is locked. */
static struct absence *absence_of(struct absences *absences, const char *node_id)
{
	struct absence *absence;
	size_t length = strlen(node_id);
	HASH_FIND(hh, absences->table, node_id, length, absence);
	if (!absence) {
		absence = must_alloc(sizeof(*absence) + length + 1);
		memcpy(absence->node_id, node_id, length + 1);
		HASH_ADD_KEYPTR(hh, absences->table, absence->node_id, length, absence);
	}
	return absence;
}

void absence_begin(struct absences *absences, const char *node_id, const struct node_life_time *now,
		   struct absence_sight *ret_sight)
{
	pthread_mutex_lock(&absences->lock);
	struct absence *absence = absence_of(absences, node_id);
	if (!absence->is_missing)
		absence->since_ms = now->boot_ms;
	absence->is_missing = true;
	/* The clock was set back: a note that is written now must not look older. */
	if (absence->there_s > now->wall_s)
		absence->there_s = now->wall_s;
	ret_sight->seen_s = (int64_t)((now->boot_ms - absence->since_ms) / 1000);
	ret_sight->there_s = absence->there_s;
	pthread_mutex_unlock(&absences->lock);
}

void absence_end(struct absences *absences, const char *node_id, const struct node_life_time *now)
{
	pthread_mutex_lock(&absences->lock);
	struct absence *absence = absence_of(absences, node_id);
	absence->is_missing = false;
	absence->there_s = now->wall_s;
	pthread_mutex_unlock(&absences->lock);
}

void absence_forget(struct absences *absences, const char *node_id)
{
	struct absence *absence;
	pthread_mutex_lock(&absences->lock);
	HASH_FIND(hh, absences->table, node_id, strlen(node_id), absence);
	if (absence)
		HASH_DEL(absences->table, absence);
	pthread_mutex_unlock(&absences->lock);
	free(absence);
}

size_t absence_count(struct absences *absences)
{
	pthread_mutex_lock(&absences->lock);
	size_t count = HASH_COUNT(absences->table);
	pthread_mutex_unlock(&absences->lock);
	return count;
}
