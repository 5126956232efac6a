/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/replacements.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <uthash.h>

#include "base/backoff.h"
#include "base/text.h"

#define ROWS_MAX 4096

struct row {
	UT_hash_handle hh;
	unsigned failures; /* in a row */
	uint64_t not_before_ms;
	char pod[];
};

struct replacements {
	pthread_mutex_t lock;
	struct row *rows; /* uthash keeps the order of insertion */
};

struct replacements *replacements_new(void)
{
	struct replacements *replacements = must_alloc(sizeof(*replacements));
	pthread_mutex_init(&replacements->lock, NULL);
	return replacements;
}

static void drop(struct replacements *replacements, struct row *row)
{
	HASH_DEL(replacements->rows, row);
	free(row);
}

void replacements_free(struct replacements *replacements)
{
	if (!replacements)
		return;
	while (replacements->rows)
		drop(replacements, replacements->rows);
	pthread_mutex_destroy(&replacements->lock);
	free(replacements);
}

static struct row *find(struct replacements *replacements, const char *pod)
{
	struct row *row;
	HASH_FIND_STR(replacements->rows, pod, row);
	return row;
}

static struct row *add(struct replacements *replacements, const char *pod)
{
	if (HASH_COUNT(replacements->rows) >= ROWS_MAX)
		drop(replacements, replacements->rows);
	struct row *row = must_alloc(sizeof(*row) + strlen(pod) + 1);
	strcpy(row->pod, pod);
	HASH_ADD_STR(replacements->rows, pod, row);
	return row;
}

/* A row that was quiet for long has ended, though no pod was seen ready. */
static bool has_ended(const struct row *row, uint64_t now_ms)
{
	return now_ms > row->not_before_ms + 2 * REPLACEMENT_WAIT_MAX_MS;
}

void replacements_note(struct replacements *replacements, const char *namespace,
		       const char *pod_name, uint64_t now_ms)
{
	CLEANUP_FREE char *pod = must_printf("%s/%s", namespace, pod_name);
	pthread_mutex_lock(&replacements->lock);
	struct row *row = find(replacements, pod);
	if (!row)
		row = add(replacements, pod);
	else if (has_ended(row, now_ms))
		row->failures = 0;
	row->failures++;
	row->not_before_ms = now_ms + backoff_ms(row->failures, REPLACEMENT_WAIT_MIN_MS,
						 REPLACEMENT_WAIT_MAX_MS);
	pthread_mutex_unlock(&replacements->lock);
}

void replacements_forget(struct replacements *replacements, const char *namespace,
			 const char *pod_name)
{
	CLEANUP_FREE char *pod = must_printf("%s/%s", namespace, pod_name);
	pthread_mutex_lock(&replacements->lock);
	struct row *row = find(replacements, pod);
	if (row)
		drop(replacements, row);
	pthread_mutex_unlock(&replacements->lock);
}

uint32_t replacements_wait_ms(struct replacements *replacements, const char *namespace,
			      const char *pod_name, uint64_t now_ms)
{
	CLEANUP_FREE char *pod = must_printf("%s/%s", namespace, pod_name);
	pthread_mutex_lock(&replacements->lock);
	struct row *row = find(replacements, pod);
	uint32_t wait_ms =
		row && now_ms < row->not_before_ms ? (uint32_t)(row->not_before_ms - now_ms) : 0;
	pthread_mutex_unlock(&replacements->lock);
	return wait_ms;
}
