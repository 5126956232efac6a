/* SPDX-License-Identifier: Apache-2.0 */
#include "folder/inode_set.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/text.h"

#define CAPACITY_MIN 64

static size_t place_of(const struct inode_set *set, dev_t device, ino_t inode)
{
	uint64_t hash = ((uint64_t)inode ^ (uint64_t)device << 40) * 0x9e3779b97f4a7c15ULL;
	return (size_t)(hash >> 32) & (set->capacity - 1);
}

/* Where it is, or could be put: there is a free place always. */
static struct inode_set_item *find(const struct inode_set *set, dev_t device, ino_t inode)
{
	size_t at = place_of(set, device, inode);
	while (set->items[at].inode &&
	       (set->items[at].inode != inode || set->items[at].device != device))
		at = (at + 1) & (set->capacity - 1);
	return &set->items[at];
}

static void grow(struct inode_set *set)
{
	struct inode_set larger = { .capacity = set->capacity ? set->capacity * 2 : CAPACITY_MIN };
	larger.items = must_alloc(larger.capacity * sizeof(*larger.items));
	for (size_t i = 0; i < set->capacity; i++)
		if (set->items[i].inode)
			*find(&larger, set->items[i].device, set->items[i].inode) = set->items[i];
	free(set->items);
	set->items = larger.items;
	set->capacity = larger.capacity;
}

bool inode_set_add(struct inode_set *set, dev_t device, ino_t inode)
{
	if (set->count >= set->capacity / 2)
		grow(set);
	struct inode_set_item *item = find(set, device, inode);
	if (item->inode)
		return false;
	*item = (struct inode_set_item) { .device = device, .inode = inode };
	set->count++;
	return true;
}

void inode_set_done(struct inode_set *set)
{
	free(set->items);
	*set = (struct inode_set) { 0 };
}
