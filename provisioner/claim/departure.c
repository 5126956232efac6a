/* SPDX-License-Identifier: Apache-2.0 */
#include "claim/departure.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/text.h"

/* The stays of one namespace. */
struct share {
	UT_hash_handle hh;
	size_t stays;
	char namespace[];
};

/* A claim on a node. */
struct stay {
	UT_hash_handle hh;
	struct share *share;
	uint64_t key;	   /* of claim and node */
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
	struct share *shares;
	struct stay *stays; /* uthash keeps their order: the one looked at last is the last */
};

struct departures *departures_new(uint32_t grace_ms, uint32_t pause_max_ms)
{
	struct departures *departures = must_alloc(sizeof(*departures));
	departures->grace_ms = grace_ms;
	departures->pause_max_ms = pause_max_ms;
	pthread_mutex_init(&departures->lock, NULL);
	return departures;
}

static struct share *find_share(const struct departures *departures, const char *namespace)
{
	struct share *share;
	HASH_FIND_STR(departures->shares, namespace, share);
	return share;
}

static struct share *take_share(struct departures *departures, const char *namespace)
{
	struct share *share = find_share(departures, namespace);
	if (!share) {
		share = must_alloc(sizeof(*share) + strlen(namespace) + 1);
		strcpy(share->namespace, namespace);
		HASH_ADD_STR(departures->shares, namespace, share);
	}
	share->stays++;
	return share;
}

static void give_share_back(struct departures *departures, struct share *share)
{
	if (--share->stays > 0)
		return;
	HASH_DEL(departures->shares, share);
	free(share);
}

static void drop(struct departures *departures, struct stay *stay)
{
	HASH_DEL(departures->stays, stay);
	give_share_back(departures, stay->share);
	free(stay);
}

void departures_free(struct departures *departures)
{
	if (!departures)
		return;
	while (departures->stays)
		drop(departures, departures->stays);
	pthread_mutex_destroy(&departures->lock);
	free(departures);
}

static uint64_t mix(uint64_t hash, const void *data, size_t length)
{
	return hash_bytes(hash ? hash : HASH_BEGIN, data, length);
}

uint64_t departure_fact(uint64_t facts, const char *fact)
{
	return fact ? mix(facts, fact, strlen(fact) + 1) : mix(facts, "\1", 1);
}

uint64_t departure_number(uint64_t facts, uint64_t number)
{
	return mix(facts, &number, sizeof(number));
}

/* A claim that waits is looked at at least every pause_max_ms. */
static void drop_forgotten(struct departures *departures, uint64_t now_ms)
{
	uint64_t forgotten_ms = 2 * ((uint64_t)departures->pause_max_ms + departures->grace_ms);
	while (departures->stays && now_ms - departures->stays->used_ms > forgotten_ms)
		drop(departures, departures->stays);
}

static bool is_full(const struct departures *departures, const char *namespace)
{
	const struct share *share = find_share(departures, namespace);
	return HASH_COUNT(departures->stays) >= DEPARTURES_MAX ||
	       (share && share->stays >= DEPARTURES_OF_NAMESPACE_MAX);
}

static struct stay *add(struct departures *departures, const char *namespace)
{
	struct stay *stay = must_alloc(sizeof(*stay));
	stay->share = take_share(departures, namespace);
	return stay;
}

/* NULL: it is not known, and is not to be made or finds no place. */
static struct stay *find(struct departures *departures, const struct departure *departure,
			 bool make)
{
	uint64_t now_ms = clock_monotonic_ms();
	uint64_t key = departure_fact(departure_fact(0, departure->claim_uid), departure->node);
	struct stay *stay;
	drop_forgotten(departures, now_ms);
	HASH_FIND(hh, departures->stays, &key, sizeof(key), stay);
	if (stay)
		HASH_DEL(departures->stays, stay);
	else if (make && !is_full(departures, departure->namespace))
		stay = add(departures, departure->namespace);
	if (!stay)
		return NULL;
	stay->key = key;
	stay->used_ms = now_ms;
	HASH_ADD(hh, departures->stays, key, sizeof(key), stay);
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
	bool due = stay ? is_due(departures, stay, departure)
			: !departure->grace && !is_full(departures, departure->namespace);
	pthread_mutex_unlock(&departures->lock);
	return due;
}

static void note(const struct departures *departures, struct stay *stay, uint64_t facts)
{
	bool first = !stay->again_ms || stay->facts != facts;
	stay->pause_ms = 2 * (first ? departures->grace_ms : stay->pause_ms);
	if (stay->pause_ms > departures->pause_max_ms)
		stay->pause_ms = departures->pause_max_ms;
	stay->facts = facts;
	stay->again_ms = stay->used_ms + stay->pause_ms;
}

void departure_note(struct departures *departures, const struct departure *departure)
{
	pthread_mutex_lock(&departures->lock);
	struct stay *stay = find(departures, departure, true);
	if (stay)
		note(departures, stay, departure->facts);
	pthread_mutex_unlock(&departures->lock);
}
