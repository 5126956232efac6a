/* SPDX-License-Identifier: Apache-2.0 */
#include "apply/written.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/clock.h"
#include "base/text.h"

#define NOTE_MS 30000
#define SEEN_MS 500 /* after it was seen */

enum change { MADE, CHANGED, ENDED };

struct note {
	UT_hash_handle hh;
	enum change change;
	bool seen;
	uint64_t version;
	uint64_t end_ms;
	char key[];
};

struct written {
	pthread_mutex_t lock;
	struct note *notes; /* in the order in which they were written */
};

struct written *written_new(void)
{
	struct written *written = must_alloc(sizeof(*written));
	pthread_mutex_init(&written->lock, NULL);
	return written;
}

static void drop(struct written *written, struct note *note)
{
	HASH_DEL(written->notes, note);
	free(note);
}

void written_free(struct written *written)
{
	if (!written)
		return;
	while (written->notes)
		drop(written, written->notes);
	pthread_mutex_destroy(&written->lock);
	free(written);
}

static char *key_of(const struct kind *kind, const char *namespace, const char *name)
{
	return must_printf("%s/%s/%s", kind->plural, namespace, name);
}

/* A version that is no number is 0, and so never newer than another one. */
static uint64_t version_of(const struct object *object)
{
	return strtoull(object->resource_version, NULL, 10);
}

static void note_change(struct written *written, const struct object *object, enum change change)
{
	CLEANUP_FREE char *key = key_of(object->kind, object->namespace, object->name);
	uint64_t now_ms = clock_monotonic_ms();
	struct note *note = must_alloc(sizeof(*note) + strlen(key) + 1);
	strcpy(note->key, key);
	note->change = change;
	note->version = version_of(object);
	note->end_ms = now_ms + NOTE_MS;
	pthread_mutex_lock(&written->lock);
	struct note *before;
	HASH_FIND_STR(written->notes, key, before);
	/* One that was just made and changed is not there yet either. */
	if (before && before->change == MADE && !before->seen && change == CHANGED)
		note->change = MADE;
	if (before)
		drop(written, before);
	while (written->notes && written->notes->end_ms < now_ms)
		drop(written, written->notes);
	HASH_ADD_STR(written->notes, key, note);
	pthread_mutex_unlock(&written->lock);
}

void written_note(struct written *written, const struct object *object, bool is_new)
{
	note_change(written, object, is_new ? MADE : CHANGED);
}

void written_note_end(struct written *written, const struct object *object)
{
	note_change(written, object, ENDED);
}

static bool shows(const struct object *copy, const struct note *note)
{
	if (!copy)
		return note->change != MADE;
	return note->change == ENDED ? version_of(copy) > note->version
				     : version_of(copy) >= note->version;
}

bool written_is_seen(struct written *written, const struct kind *kind, const char *namespace,
		     const char *name, const struct object *copy)
{
	CLEANUP_FREE char *key = key_of(kind, namespace, name);
	struct note *note;
	pthread_mutex_lock(&written->lock);
	HASH_FIND_STR(written->notes, key, note);
	uint64_t now_ms = clock_monotonic_ms();
	bool seen = !note || shows(copy, note) || note->end_ms < now_ms;
	if (note && seen && !note->seen) {
		note->seen = true;
		note->end_ms = now_ms + SEEN_MS;
	}
	pthread_mutex_unlock(&written->lock);
	return seen;
}
