/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A small map of strings: labels, annotations, StorageClass parameters, topology segments. A few
 * entries, read more often than written: an array that is searched from the front. Keys are
 * unique. The strings are borrowed or live in an arena beside it; pairs never own them.
 */

#include <stdbool.h>
#include <stddef.h>

struct arena;

struct pair {
	const char *key;
	const char *value;
};

struct pairs {
	struct pair *items;
	size_t count;
};

/* The value, or NULL if the key is not there. */
const char *pairs_get(const struct pairs *pairs, const char *key);

/* Adds or replaces; key and value are copied into the arena. */
void pairs_set(struct pairs *pairs, struct arena *arena, const char *key, const char *value);

/* Every pair of `subset` stands in `pairs`, with the same value. */
bool pairs_include(const struct pairs *pairs, const struct pairs *subset);

bool pairs_equal(const struct pairs *a, const struct pairs *b);
