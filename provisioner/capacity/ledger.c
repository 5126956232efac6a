/* SPDX-License-Identifier: Apache-2.0 */
#include "capacity/ledger.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>
#include <uthash.h>

#include "base/metric.h"
#include "base/text.h"
#include "capacity/plan.h"

struct written {
	char *class_name;
	uint64_t at_ms;
};

struct counts {
	size_t wanted;
	size_t current;
	size_t obsolete;
};

struct ledger_entry {
	UT_hash_handle hh;
	struct ledger *ledger;
	pthread_mutex_t lock; /* held by the one who took it */
	unsigned users;	      /* who took it or wait for it; under the ledger's lock */
	bool forgotten;
	uint64_t silent_since_ms;
	struct written *written;
	size_t written_count;
	struct counts counts;
	char node_id[];
};

struct ledger {
	pthread_mutex_t lock;
	struct ledger_entry *entries;
	struct counts total;
};

static struct metric goal_metric = {
	.name = "csistoragecapacities_desired_goal",
	.help = "CSIStorageCapacity objects that there should be.",
	.type = METRIC_GAUGE,
};
static struct metric current_metric = {
	.name = "csistoragecapacities_desired_current",
	.help = "CSIStorageCapacity objects that there should be and are.",
	.type = METRIC_GAUGE,
};
static struct metric obsolete_metric = {
	.name = "csistoragecapacities_obsolete",
	.help = "CSIStorageCapacity objects that are to be deleted.",
	.type = METRIC_GAUGE,
};

struct ledger *ledger_new(void)
{
	struct ledger *ledger = must_alloc(sizeof(*ledger));
	pthread_mutex_init(&ledger->lock, NULL);
	return ledger;
}

static void entry_free(struct ledger_entry *entry)
{
	for (size_t i = 0; i < entry->written_count; i++)
		free(entry->written[i].class_name);
	free(entry->written);
	pthread_mutex_destroy(&entry->lock);
	free(entry);
}

void ledger_free(struct ledger *ledger)
{
	if (!ledger)
		return;
	struct ledger_entry *entry, *next;
	HASH_ITER(hh, ledger->entries, entry, next) {
		assert(entry->users == 0);
		HASH_DEL(ledger->entries, entry);
		entry_free(entry);
	}
	pthread_mutex_destroy(&ledger->lock);
	free(ledger);
}

/* With the ledger's lock held. */
static struct ledger_entry *find_or_add(struct ledger *ledger, const char *node_id)
{
	struct ledger_entry *entry;
	size_t length = strlen(node_id);
	HASH_FIND(hh, ledger->entries, node_id, length, entry);
	if (entry)
		return entry;
	entry = must_alloc(sizeof(*entry) + length + 1);
	entry->ledger = ledger;
	memcpy(entry->node_id, node_id, length + 1);
	pthread_mutex_init(&entry->lock, NULL);
	HASH_ADD_KEYPTR(hh, ledger->entries, entry->node_id, length, entry);
	return entry;
}

struct ledger_entry *ledger_take(struct ledger *ledger, const char *node_id)
{
	pthread_mutex_lock(&ledger->lock);
	struct ledger_entry *entry = find_or_add(ledger, node_id);
	entry->users++;
	pthread_mutex_unlock(&ledger->lock);
	pthread_mutex_lock(&entry->lock);
	entry->forgotten = false;
	return entry;
}

void ledger_put(struct ledger_entry *entry)
{
	if (!entry)
		return;
	struct ledger *ledger = entry->ledger;
	pthread_mutex_unlock(&entry->lock);
	pthread_mutex_lock(&ledger->lock);
	bool unused = --entry->users == 0 && entry->forgotten;
	if (unused)
		HASH_DEL(ledger->entries, entry);
	pthread_mutex_unlock(&ledger->lock);
	if (unused)
		entry_free(entry);
}

void ledger_forget(struct ledger_entry *entry)
{
	entry->forgotten = true;
}

static struct written *find_written(const struct ledger_entry *entry, const char *class_name)
{
	for (size_t i = 0; i < entry->written_count; i++)
		if (strcmp(entry->written[i].class_name, class_name) == 0)
			return &entry->written[i];
	return NULL;
}

uint64_t ledger_written_ms(const struct ledger_entry *entry, const char *class_name)
{
	const struct written *written = find_written(entry, class_name);
	return written ? written->at_ms : 0;
}

static struct written *add_written(struct ledger_entry *entry, const char *class_name)
{
	size_t count = ++entry->written_count;
	entry->written = must_realloc(entry->written, count * sizeof(*entry->written));
	entry->written[count - 1].class_name = must_strdup(class_name);
	return &entry->written[count - 1];
}

/* Classes that are gone leave their names behind until the node goes; they are few. */
void ledger_note_written(struct ledger_entry *entry, const char *class_name, uint64_t now_ms)
{
	struct written *written = find_written(entry, class_name);
	if (!written)
		written = add_written(entry, class_name);
	written->at_ms = now_ms;
}

uint64_t ledger_silent_since_ms(const struct ledger_entry *entry)
{
	return entry->silent_since_ms;
}

void ledger_note_silence(struct ledger_entry *entry, uint64_t now_ms)
{
	if (!entry->silent_since_ms)
		entry->silent_since_ms = now_ms;
}

void ledger_note_answer(struct ledger_entry *entry)
{
	entry->silent_since_ms = 0;
}

void ledger_count(struct ledger_entry *entry, const struct capacity_plan *plan)
{
	struct ledger *ledger = entry->ledger;
	struct counts *total = &ledger->total;
	const struct counts before = entry->counts;
	entry->counts = (struct counts) { plan->wanted, plan->current, plan->obsolete };
	pthread_mutex_lock(&ledger->lock);
	total->wanted += plan->wanted - before.wanted;
	total->current += plan->current - before.current;
	total->obsolete += plan->obsolete - before.obsolete;
	metric_set(&goal_metric, NULL, (double)total->wanted);
	metric_set(&current_metric, NULL, (double)total->current);
	metric_set(&obsolete_metric, NULL, (double)total->obsolete);
	pthread_mutex_unlock(&ledger->lock);
}
