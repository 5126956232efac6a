/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pairs.h"

#include <string.h>

#include "base/arena.h"

static struct pair *find(const struct pairs *pairs, const char *key)
{
	for (size_t i = 0; i < pairs->count; i++)
		if (strcmp(pairs->items[i].key, key) == 0)
			return &pairs->items[i];
	return NULL;
}

const char *pairs_get(const struct pairs *pairs, const char *key)
{
	const struct pair *pair = find(pairs, key);
	return pair ? pair->value : NULL;
}

static struct pair *append(struct pairs *pairs, struct arena *arena)
{
	struct pair *items = arena_alloc(arena, (pairs->count + 1) * sizeof(*items));
	if (pairs->count)
		memcpy(items, pairs->items, pairs->count * sizeof(*items));
	pairs->items = items;
	return &items[pairs->count++];
}

void pairs_set(struct pairs *pairs, struct arena *arena, const char *key, const char *value)
{
	struct pair *pair = find(pairs, key);
	if (!pair) {
		pair = append(pairs, arena);
		pair->key = arena_strdup(arena, key);
	}
	pair->value = arena_strdup(arena, value);
}

bool pairs_include(const struct pairs *pairs, const struct pairs *subset)
{
	for (size_t i = 0; i < subset->count; i++) {
		const char *value = pairs_get(pairs, subset->items[i].key);
		if (!value || strcmp(value, subset->items[i].value) != 0)
			return false;
	}
	return true;
}

bool pairs_equal(const struct pairs *a, const struct pairs *b)
{
	return a->count == b->count && pairs_include(a, b);
}
