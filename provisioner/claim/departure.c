/* SPDX-License-Identifier: Apache-2.0 */
#include "claim/departure.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

/* More claims than this that wait for a node at once share what is remembered. */
#define STAYS_MAX 4096

/* A claim on a node. */
struct stay {
	uint64_t key;	   /* of claim and node; 0: unused */
	uint64_t used_ms;  /* looked at last */
	uint64_t since_ms; /* the plugin does not answer since; 0: it does */
	uint64_t facts;	   /* at the last departure */
	uint64_t again_ms; /* not before, on the same facts; 0: it never left */
	uint32_t pause_ms;
};

struct departures {
	uint32_t grace_ms;
	uint32_t pause_max_ms;
	pthread_mutex_t lock;
	struct stay *stays;
	size_t count;
};

struct departures *departures_new(uint32_t grace_ms, uint32_t pause_max_ms)
{
	struct departures *departures = must_alloc(sizeof(*departures));
	departures->grace_ms = grace_ms;
	departures->pause_max_ms = pause_max_ms;
	pthread_mutex_init(&departures->lock, NULL);
	return departures;
}

void departures_free(struct departures *departures)
{
	if (!departures)
		return;
	pthread_mutex_destroy(&departures->lock);
	free(departures->stays);
	free(departures);
}

/* FNV-1a, 64 bit. */
static uint64_t mix(uint64_t hash, const void *data, size_t length)
{
	const unsigned char *bytes = data;
	if (hash == 0)
		hash = UINT64_C(14695981039346656037);
	for (size_t i = 0; i < length; i++)
		hash = (hash ^ bytes[i]) * UINT64_C(1099511628211);
	return hash;
}

uint64_t departure_fact(uint64_t facts, const char *fact)
{
	return fact ? mix(facts, fact, strlen(fact) + 1) : mix(facts, "\1", 1);
}

uint64_t departure_number(uint64_t facts, uint64_t number)
{
	return mix(facts, &number, sizeof(number));
}

/* One that is no longer used, or the one that was not looked at for longest. */
static struct stay *take_place(struct departures *departures, uint64_t now_ms)
{
	struct stay *oldest = NULL;
	for (size_t i = 0; i < departures->count; i++)
		if (!oldest || departures->stays[i].used_ms < oldest->used_ms)
			oldest = &departures->stays[i];
	uint64_t forgotten_ms = 2 * ((uint64_t)departures->pause_max_ms + departures->grace_ms);
	if (oldest && (departures->count == STAYS_MAX || now_ms - oldest->used_ms > forgotten_ms))
		return oldest;
	size_t size = (departures->count + 1) * sizeof(*departures->stays);
	struct stay *stays = realloc(departures->stays, size);
	if (!stays)
		abort(); /* as when memory is out: base/text.h */
	departures->stays = stays;
	return &stays[departures->count++];
}

static struct stay *find(struct departures *departures, const struct departure *departure,
			 bool make)
{
	uint64_t now_ms = clock_monotonic_ms();
	uint64_t key = departure_fact(departure_fact(0, departure->claim_uid), departure->node);
	struct stay *stay = NULL;
	for (size_t i = 0; i < departures->count && !stay; i++)
		if (departures->stays[i].key == key)
			stay = &departures->stays[i];
	if (!stay && make) {
		stay = take_place(departures, now_ms);
		*stay = (struct stay) { .key = key };
	}
	if (stay)
		stay->used_ms = now_ms;
	return stay;
}

static bool is_due(const struct departures *departures, struct stay *stay,
		   const struct departure *departure)
{
	if (!departure->grace)
		stay->since_ms = 0;
	else if (!stay->since_ms)
		stay->since_ms = stay->used_ms;
	if (departure->grace && stay->used_ms - stay->since_ms < departures->grace_ms)
		return false;
	return !stay->again_ms || stay->facts != departure->facts ||
	       stay->used_ms >= stay->again_ms;
}

bool departure_is_due(struct departures *departures, const struct departure *departure)
{
	pthread_mutex_lock(&departures->lock);
	struct stay *stay = find(departures, departure, departure->grace);
	bool due = !stay || is_due(departures, stay, departure);
	pthread_mutex_unlock(&departures->lock);
	return due;
}

void departure_note(struct departures *departures, const struct departure *departure)
{
	pthread_mutex_lock(&departures->lock);
	struct stay *stay = find(departures, departure, true);
	bool first = !stay->again_ms || stay->facts != departure->facts;
	stay->pause_ms = 2 * (first ? departures->grace_ms : stay->pause_ms);
	if (stay->pause_ms > departures->pause_max_ms)
		stay->pause_ms = departures->pause_max_ms;
	stay->facts = departure->facts;
	stay->again_ms = stay->used_ms + stay->pause_ms;
	pthread_mutex_unlock(&departures->lock);
}
