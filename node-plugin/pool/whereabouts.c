/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/whereabouts.h"

#include <stdint.h>

#include "base/hash.h"

#define POOL_BITS 6 /* POOLS_MAX, and one more for none */
#define POOL_MASK ((1U << POOL_BITS) - 1)

/* The upper half tells ids apart that share a place. */
static unsigned tag(uint64_t value)
{
	return (unsigned)(value >> 32) & ~POOL_MASK;
}

void whereabouts_note(struct whereabouts *whereabouts, const char *id, size_t pool)
{
	uint64_t value = hash_text(id);
	atomic_store(&whereabouts->notes[value % WHEREABOUTS_COUNT],
		     tag(value) | ((unsigned)pool + 1));
}

bool whereabouts_find(struct whereabouts *whereabouts, const char *id, size_t *ret_pool)
{
	uint64_t value = hash_text(id);
	unsigned note = atomic_load(&whereabouts->notes[value % WHEREABOUTS_COUNT]);
	if (!(note & POOL_MASK) || (note & ~POOL_MASK) != tag(value))
		return false;
	*ret_pool = (note & POOL_MASK) - 1;
	return true;
}

void whereabouts_forget(struct whereabouts *whereabouts, const char *id)
{
	size_t pool;
	if (whereabouts_find(whereabouts, id, &pool))
		atomic_store(&whereabouts->notes[hash_text(id) % WHEREABOUTS_COUNT], 0);
}

void whereabouts_clear(struct whereabouts *whereabouts)
{
	for (size_t i = 0; i < WHEREABOUTS_COUNT; i++)
		atomic_store(&whereabouts->notes[i], 0);
}
