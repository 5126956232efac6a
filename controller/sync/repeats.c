/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/repeats.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <uthash.h>

#include "base/backoff.h"
#include "base/hash.h"
#include "base/text.h"
#include "kube/json.h"

#define ROWS_MAX 4096

struct row {
	UT_hash_handle hh;
	char *set_uid;
	uint64_t content; /* hash of the patch */
	unsigned sent;	  /* in a row */
	uint64_t not_before_ms;
	bool put_off; /* since it was sent last */
	char key[];
};

struct repeats {
	pthread_mutex_t lock;
	struct row *rows; /* uthash keeps the order of insertion */
};

struct repeats *repeats_new(void)
{
	struct repeats *repeats = must_alloc(sizeof(*repeats));
	pthread_mutex_init(&repeats->lock, NULL);
	return repeats;
}

static void drop(struct repeats *repeats, struct row *row)
{
	HASH_DEL(repeats->rows, row);
	free(row->set_uid);
	free(row);
}

void repeats_free(struct repeats *repeats)
{
	if (!repeats)
		return;
	while (repeats->rows)
		drop(repeats, repeats->rows);
	pthread_mutex_destroy(&repeats->lock);
	free(repeats);
}

/* What differs from one attempt to the next though the same is wanted. */
static void drop_moment(struct json_object *patch)
{
	struct json_object *metadata = json_find(patch, "metadata");
	struct json_object *conditions = json_find(patch, "status.conditions");
	if (metadata)
		json_object_object_del(metadata, "resourceVersion");
	size_t count = conditions ? json_object_array_length(conditions) : 0;
	for (size_t i = 0; i < count; i++)
		json_object_object_del(json_object_array_get_idx(conditions, i),
				       "lastTransitionTime");
}

static uint64_t content_of(const struct repeat *repeat)
{
	CLEANUP(json_object_putp) struct json_object *copy = NULL;
	if (json_object_deep_copy(repeat->patch, &copy, NULL) < 0)
		abort(); /* as when memory is out: base/text.h */
	drop_moment(copy);
	return hash_text(json_object_to_json_string_ext(copy, JSON_C_TO_STRING_PLAIN));
}

static struct row *find(struct repeats *repeats, const struct repeat *repeat)
{
	CLEANUP_FREE char *key = must_printf("%s %s", repeat->object_uid, repeat->purpose);
	struct row *row;
	HASH_FIND_STR(repeats->rows, key, row);
	return row;
}

/* The patch lasted for long. */
static bool has_ended(const struct row *row, uint64_t now_ms)
{
	return now_ms > row->not_before_ms + 2 * REPEAT_WAIT_MAX_MS;
}

static struct row *add(struct repeats *repeats, const struct repeat *repeat, uint64_t now_ms)
{
	CLEANUP_FREE char *key = must_printf("%s %s", repeat->object_uid, repeat->purpose);
	while (repeats->rows &&
	       (HASH_COUNT(repeats->rows) >= ROWS_MAX || has_ended(repeats->rows, now_ms)))
		drop(repeats, repeats->rows);
	struct row *row = must_alloc(sizeof(*row) + strlen(key) + 1);
	strcpy(row->key, key);
	row->set_uid = must_strdup(repeat->set_uid);
	HASH_ADD_STR(repeats->rows, key, row);
	return row;
}

uint32_t repeats_wait_ms(struct repeats *repeats, const struct repeat *repeat, uint64_t now_ms)
{
	uint64_t content = content_of(repeat);
	uint32_t wait_ms = 0;
	pthread_mutex_lock(&repeats->lock);
	struct row *row = find(repeats, repeat);
	if (row && row->content == content && now_ms < row->not_before_ms)
		wait_ms = (uint32_t)(row->not_before_ms - now_ms);
	if (row)
		row->put_off = wait_ms > 0;
	pthread_mutex_unlock(&repeats->lock);
	return wait_ms;
}

unsigned repeats_note(struct repeats *repeats, const struct repeat *repeat, uint64_t now_ms)
{
	uint64_t content = content_of(repeat);
	pthread_mutex_lock(&repeats->lock);
	struct row *row = find(repeats, repeat);
	if (!row)
		row = add(repeats, repeat, now_ms);
	if (row->content != content || has_ended(row, now_ms))
		row->sent = 0;
	row->content = content;
	row->put_off = false;
	row->not_before_ms = now_ms;
	if (++row->sent > 1)
		row->not_before_ms +=
			backoff_ms(row->sent - 1, REPEAT_WAIT_MIN_MS, REPEAT_WAIT_MAX_MS);
	unsigned sent = row->sent;
	pthread_mutex_unlock(&repeats->lock);
	return sent;
}

uint32_t repeats_due_ms(struct repeats *repeats, const char *set_uid, uint64_t now_ms)
{
	uint64_t due_ms = 0;
	pthread_mutex_lock(&repeats->lock);
	for (struct row *row = repeats->rows; row; row = row->hh.next) {
		if (!row->put_off || strcmp(row->set_uid, set_uid) != 0)
			continue;
		uint64_t left_ms = 1;
		if (row->not_before_ms > now_ms)
			left_ms = row->not_before_ms - now_ms;
		else
			row->put_off = false; /* once: it may not be wanted any more */
		due_ms = !due_ms || left_ms < due_ms ? left_ms : due_ms;
	}
	pthread_mutex_unlock(&repeats->lock);
	return (uint32_t)due_ms;
}
