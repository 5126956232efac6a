/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/replacements.h"

#include <pthread.h>
#include <string.h>
#include <uthash.h>

#include "base/backoff.h"
#include "base/text.h"
#include "set/pod.h"

#define ROWS_MAX 4096

struct row {
	UT_hash_handle hh;
	unsigned ends; /* in a row */
	bool vanished; /* the last one */
	char *uid;     /* of the last one */
	char *revision;
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
	free(row->uid);
	free(row->revision);
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
	row->uid = must_strdup("");
	row->revision = must_strdup("");
	HASH_ADD_STR(replacements->rows, pod, row);
	return row;
}

/* A row that was quiet for long has ended, though no pod was seen ready. */
static bool has_ended(const struct row *row, uint64_t now_ms)
{
	return now_ms > row->not_before_ms + 2 * REPLACEMENT_WAIT_MAX_MS;
}

static void set_text(char **text, const char *value)
{
	char *copy = must_strdup(value);
	free(*text);
	*text = copy;
}

static struct row *find_or_add(struct replacements *replacements, const struct pod *pod)
{
	CLEANUP_FREE char *name = must_printf("%s/%s", pod->object.namespace, pod->object.name);
	struct row *row = find(replacements, name);
	return row ? row : add(replacements, name);
}

static void count(struct row *row, const struct pod *pod, uint64_t now_ms)
{
	if (has_ended(row, now_ms) || strcmp(row->revision, pod->revision) != 0)
		row->ends = 0;
	row->ends++;
	set_text(&row->uid, pod->object.uid);
	set_text(&row->revision, pod->revision);
}

static uint32_t pause_ms(unsigned ends)
{
	return ends ? backoff_ms(ends, REPLACEMENT_WAIT_MIN_MS, REPLACEMENT_WAIT_MAX_MS) : 0;
}

/* The deletion was seen first, perhaps, by the thread of the watch. */
void replacements_note_failed(struct replacements *replacements, const struct pod *pod,
			      uint64_t now_ms)
{
	pthread_mutex_lock(&replacements->lock);
	struct row *row = find_or_add(replacements, pod);
	if (strcmp(row->uid, pod->object.uid) != 0)
		count(row, pod, now_ms);
	row->vanished = false;
	row->not_before_ms = now_ms + pause_ms(row->ends);
	pthread_mutex_unlock(&replacements->lock);
}

void replacements_note_vanished(struct replacements *replacements, const struct pod *pod,
				uint64_t now_ms)
{
	pthread_mutex_lock(&replacements->lock);
	struct row *row = find_or_add(replacements, pod);
	if (strcmp(row->uid, pod->object.uid) != 0) {
		count(row, pod, now_ms);
		row->vanished = true;
		row->not_before_ms = now_ms + pause_ms(row->ends - 1);
	}
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

/* A failed pod that was deleted is made again at once: it has waited before that. */
static bool applies(const struct row *row, const struct replacement_question *question)
{
	return strcmp(row->revision, question->revision) == 0 &&
	       (row->vanished || !question->missing);
}

uint32_t replacements_wait_ms(struct replacements *replacements,
			      const struct replacement_question *question, uint64_t now_ms)
{
	CLEANUP_FREE char *pod = must_printf("%s/%s", question->namespace, question->pod_name);
	uint32_t wait_ms = 0;
	pthread_mutex_lock(&replacements->lock);
	struct row *row = find(replacements, pod);
	if (row && now_ms < row->not_before_ms && applies(row, question))
		wait_ms = (uint32_t)(row->not_before_ms - now_ms);
	pthread_mutex_unlock(&replacements->lock);
	return wait_ms;
}
