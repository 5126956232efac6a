/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Objects by key, and by an index in which an object may have several keys: what an informer holds
 * in memory. The store has a reference to each of its objects.
 *
 * A list that replaces what is known is a round: what the list holds is put or seen, and what is
 * unseen at its end has vanished meanwhile.
 *
 * Not thread-safe: the owner has a lock.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "kube/object.h"

/* Appends the object's key in the index, or nothing to leave it out. */
typedef void object_index_fn(const struct object *object, struct text *key);

/* How many of these an object may be indexed by: each puts it into one group. */
#define OBJECT_INDEXES_MAX 8

struct object_store {
	object_index_fn *index[OBJECT_INDEXES_MAX]; /* ended by NULL, unless all are there */

	struct store_entry *entries;
	struct store_group *groups; /* entries with the same key in the index */
	uint64_t round;
};

void object_store_done(struct object_store *store);

/* Borrowed; NULL if there is none. */
struct object *object_store_get(const struct object_store *store, const char *key);

/* Takes a reference of its own. Returns the object that was there before, whose reference is yours
 * now, or NULL. */
struct object *object_store_put(struct object_store *store, const char *key, struct object *object);

/* Returns what was there, whose reference is yours now, or NULL. */
struct object *object_store_remove(struct object_store *store, const char *key);

void object_store_begin_round(struct object_store *store);

/* True, and seen in this round, if just this version of the object is there. */
bool object_store_see(struct object_store *store, const char *key, const struct object *object);

/* The key of some object that this round has neither put nor seen, borrowed; NULL: none is left. */
const char *object_store_unseen(const struct object_store *store);

size_t object_store_count(const struct object_store *store);

/* References to all objects, or to those whose index key is `index_key`. */
void object_store_list(const struct object_store *store, const char *index_key,
		       struct object_list *ret_list);
