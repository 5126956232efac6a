/* SPDX-License-Identifier: Apache-2.0 */
#include "health/memory.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/cleanup.h"
#include "base/metric.h"
#include "base/text.h"
#include "csi/health_client.h"
#include "health/plan.h"

struct entry {
	UT_hash_handle hh;
	struct memory_node node;
	char node_id[];
};

struct memory {
	pthread_mutex_t lock; /* for the table, not for its entries */
	struct entry *entries;
	size_t totals[MEMORY_STATUSES];
};

static struct metric status_metric = {
	.name = "csi_controller_volume_health_status",
	.help = "Volumes with an adverse condition of this status.",
	.type = METRIC_GAUGE,
	.labels = { "status" },
};

struct memory *memory_new(void)
{
	struct memory *memory = must_alloc(sizeof(*memory));
	pthread_mutex_init(&memory->lock, NULL);
	return memory;
}

static void volume_free(struct memory_volume *volume)
{
	free(volume->announced);
	free(volume);
}

static void entry_free(struct entry *entry)
{
	struct memory_volume *volume, *next;
	HASH_ITER(hh, entry->node.volumes, volume, next) {
		HASH_DEL(entry->node.volumes, volume);
		volume_free(volume);
	}
	free(entry->node.first);
	free(entry);
}

void memory_free(struct memory *memory)
{
	if (!memory)
		return;
	struct entry *entry, *next;
	HASH_ITER(hh, memory->entries, entry, next) {
		HASH_DEL(memory->entries, entry);
		entry_free(entry);
	}
	pthread_mutex_destroy(&memory->lock);
	free(memory);
}

struct memory_node *memory_of(struct memory *memory, const char *node_id)
{
	struct entry *entry;
	size_t length = strlen(node_id);
	pthread_mutex_lock(&memory->lock);
	HASH_FIND(hh, memory->entries, node_id, length, entry);
	if (!entry) {
		entry = must_alloc(sizeof(*entry) + length + 1);
		memcpy(entry->node_id, node_id, length + 1);
		HASH_ADD_KEYPTR(hh, memory->entries, entry->node_id, length, entry);
	}
	pthread_mutex_unlock(&memory->lock);
	return &entry->node;
}

void memory_forget(struct memory *memory, const char *node_id)
{
	static const size_t none[MEMORY_STATUSES];
	struct entry *entry;
	memory_count(memory, memory_of(memory, node_id), none);
	pthread_mutex_lock(&memory->lock);
	HASH_FIND(hh, memory->entries, node_id, strlen(node_id), entry);
	if (entry)
		HASH_DEL(memory->entries, entry);
	pthread_mutex_unlock(&memory->lock);
	if (entry)
		entry_free(entry);
}

struct memory_volume *memory_find(struct memory_node *node, const char *handle)
{
	struct memory_volume *volume;
	HASH_FIND_STR(node->volumes, handle, volume);
	if (volume)
		volume->seen = true;
	return volume;
}

struct memory_volume *memory_see(struct memory_node *node, const char *handle)
{
	struct memory_volume *volume = memory_find(node, handle);
	if (!volume) {
		volume = must_alloc(sizeof(*volume) + strlen(handle) + 1);
		strcpy(volume->handle, handle);
		HASH_ADD_STR(node->volumes, handle, volume);
	}
	volume->seen = true;
	return volume;
}

void memory_end_round(struct memory_node *node)
{
	struct memory_volume *volume, *next;
	HASH_ITER(hh, node->volumes, volume, next) {
		/* What says nothing is not kept. */
		if (volume->seen && (volume->absences || volume->announced)) {
			volume->seen = false;
			continue;
		}
		HASH_DEL(node->volumes, volume);
		volume_free(volume);
	}
}

void memory_count(struct memory *memory, struct memory_node *node,
		  const size_t counts[static MEMORY_STATUSES])
{
	pthread_mutex_lock(&memory->lock);
	for (size_t i = CSI_HEALTH_DEGRADED; i < MEMORY_STATUSES; i++) {
		const char *label = health_status_name((enum csi_health_status)i);
		memory->totals[i] += counts[i] - node->counts[i];
		node->counts[i] = counts[i];
		metric_set(&status_metric, &label, (double)memory->totals[i]);
	}
	pthread_mutex_unlock(&memory->lock);
}
