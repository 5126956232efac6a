/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/remakes.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <uthash.h>

#include "base/backoff.h"
#include "base/text.h"

#define ROWS_MAX 4096

struct row {
	UT_hash_handle hh;
	unsigned made; /* in a row */
	uint64_t not_before_ms;
	char key[]; /* "<uid of the set>/<claim>" */
};

struct remakes {
	pthread_mutex_t lock;
	struct row *rows; /* uthash keeps the order of insertion */
};

struct remakes *remakes_new(void)
{
	struct remakes *remakes = must_alloc(sizeof(*remakes));
	pthread_mutex_init(&remakes->lock, NULL);
	return remakes;
}

static void drop(struct remakes *remakes, struct row *row)
{
	HASH_DEL(remakes->rows, row);
	free(row);
}

void remakes_free(struct remakes *remakes)
{
	if (!remakes)
		return;
	while (remakes->rows)
		drop(remakes, remakes->rows);
	pthread_mutex_destroy(&remakes->lock);
	free(remakes);
}

static struct row *find(struct remakes *remakes, const char *key)
{
	struct row *row;
	HASH_FIND_STR(remakes->rows, key, row);
	return row;
}

/* The claim lasted for long, or nothing asks for it any more. */
static bool has_ended(const struct row *row, uint64_t now_ms)
{
	return now_ms > row->not_before_ms + 2 * REMAKE_WAIT_MAX_MS;
}

static struct row *add(struct remakes *remakes, const char *key, uint64_t now_ms)
{
	while (remakes->rows &&
	       (HASH_COUNT(remakes->rows) >= ROWS_MAX || has_ended(remakes->rows, now_ms)))
		drop(remakes, remakes->rows);
	struct row *row = must_alloc(sizeof(*row) + strlen(key) + 1);
	strcpy(row->key, key);
	HASH_ADD_STR(remakes->rows, key, row);
	return row;
}

void remakes_note(struct remakes *remakes, const char *set_uid, const char *claim_name,
		  uint64_t now_ms)
{
	CLEANUP_FREE char *key = must_printf("%s/%s", set_uid, claim_name);
	pthread_mutex_lock(&remakes->lock);
	struct row *row = find(remakes, key);
	if (!row)
		row = add(remakes, key, now_ms);
	if (has_ended(row, now_ms))
		row->made = 0;
	row->not_before_ms = now_ms;
	if (++row->made > 1)
		row->not_before_ms +=
			backoff_ms(row->made - 1, REMAKE_WAIT_MIN_MS, REMAKE_WAIT_MAX_MS);
	pthread_mutex_unlock(&remakes->lock);
}

void remakes_forget(struct remakes *remakes, const char *set_uid, const char *claim_name)
{
	CLEANUP_FREE char *key = must_printf("%s/%s", set_uid, claim_name);
	pthread_mutex_lock(&remakes->lock);
	struct row *row = find(remakes, key);
	if (row)
		drop(remakes, row);
	pthread_mutex_unlock(&remakes->lock);
}

uint32_t remakes_wait_ms(struct remakes *remakes, const char *set_uid, const char *claim_name,
			 uint64_t now_ms)
{
	CLEANUP_FREE char *key = must_printf("%s/%s", set_uid, claim_name);
	uint32_t wait_ms = 0;
	pthread_mutex_lock(&remakes->lock);
	const struct row *row = find(remakes, key);
	if (row && now_ms < row->not_before_ms)
		wait_ms = (uint32_t)(row->not_before_ms - now_ms);
	pthread_mutex_unlock(&remakes->lock);
	return wait_ms;
}
