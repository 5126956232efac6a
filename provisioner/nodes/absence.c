/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/absence.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/text.h"

struct absence {
	UT_hash_handle hh;
	uint64_t since_ms;
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

static struct absence *absence_new(const char *node_id, size_t length, uint64_t since_ms)
{
	struct absence *absence = must_alloc(sizeof(*absence) + length + 1);
	memcpy(absence->node_id, node_id, length + 1);
	absence->since_ms = since_ms;
	return absence;
}

int64_t absence_seen_s(struct absences *absences, const char *node_id, uint64_t now_ms)
{
	struct absence *absence;
	size_t length = strlen(node_id);
	pthread_mutex_lock(&absences->lock);
	HASH_FIND(hh, absences->table, node_id, length, absence);
	if (!absence) {
		absence = absence_new(node_id, length, now_ms);
		HASH_ADD_KEYPTR(hh, absences->table, absence->node_id, length, absence);
	}
	int64_t seen_s = (int64_t)((now_ms - absence->since_ms) / 1000);
	pthread_mutex_unlock(&absences->lock);
	return seen_s;
}

void absence_end(struct absences *absences, const char *node_id)
{
	struct absence *absence;
	pthread_mutex_lock(&absences->lock);
	HASH_FIND(hh, absences->table, node_id, strlen(node_id), absence);
	if (absence)
		HASH_DEL(absences->table, absence);
	pthread_mutex_unlock(&absences->lock);
	free(absence);
}
