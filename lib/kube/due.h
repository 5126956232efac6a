/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What is due at some time: a binary heap, the next one in front. Not thread-safe.
 */

#include <stddef.h>
#include <stdint.h>

/* The owner's. */
struct due {
	uint64_t at_us; /* of the monotonic clock; 0: not in the heap */
	size_t place;
};

/* Empty: zero. */
struct dues {
	struct due **items;
	size_t count;
	size_t capacity;
};

void dues_done(struct dues *dues);

/* One that is in the heap already keeps the earlier time. */
void due_add(struct dues *dues, struct due *due, uint64_t at_us);

/* When the next one is due; UINT64_MAX: there is none. */
uint64_t dues_next_us(const struct dues *dues);

/* The next one, out of the heap; NULL: it is not due yet. */
struct due *dues_take(struct dues *dues, uint64_t now_us);
