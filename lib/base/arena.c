/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

struct block {
	struct block *next;
	size_t size;
	size_t used;
	alignas(max_align_t) unsigned char data[];
};

struct arena {
	struct block *blocks; /* the newest first: only it has room */
	size_t next_size;
};

struct arena *arena_new(size_t first_bytes)
{
	struct arena *arena = must_alloc(sizeof(*arena));
	arena->next_size = first_bytes < 64 ? 64 : first_bytes;
	return arena;
}

void arena_free(struct arena *arena)
{
	if (!arena)
		return;
	struct block *block = arena->blocks;
	while (block) {
		struct block *next = block->next;
		free(block);
		block = next;
	}
	free(arena);
}

void arena_wipe(struct arena *arena)
{
	for (struct block *block = arena->blocks; block; block = block->next)
		explicit_bzero(block->data, block->used);
}

static struct block *add_block(struct arena *arena, size_t at_least)
{
	size_t size = arena->next_size < at_least ? at_least : arena->next_size;
	struct block *block = must_alloc(sizeof(*block) + size);
	block->size = size;
	block->next = arena->blocks;
	arena->blocks = block;
	arena->next_size = size * 2;
	return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	const size_t alignment = alignof(max_align_t);
	if (size > SIZE_MAX / 4)
		abort(); /* no caller has a use for so much: an overflow on the way here */
	size = (size + alignment - 1) / alignment * alignment;
	struct block *block = arena->blocks;
	if (!block || block->size - block->used < size)
		block = add_block(arena, size);
	void *p = block->data + block->used;
	block->used += size;
	return p;
}

char *arena_copy(struct arena *arena, const void *data, size_t length)
{
	char *copy = arena_alloc(arena, length + 1);
	if (length)
		memcpy(copy, data, length);
	return copy;
}

char *arena_strdup(struct arena *arena, const char *string)
{
	return string ? arena_copy(arena, string, strlen(string)) : NULL;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	CLEANUP_TEXT struct text text = TEXT_INIT;
	va_list args;
	va_start(args, format);
	text_vprintf(&text, format, args);
	va_end(args);
	return arena_copy(arena, text_string(&text), text.length);
}
