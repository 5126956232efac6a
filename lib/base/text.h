/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A growing string, always terminated. Start from TEXT_INIT; text_done() releases it. Running out
 * of memory ends the process (text.c says why), so appending has no error to check.
 */

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"

struct text {
	char *data; /* never NULL after the first append */
	size_t length;
	size_t capacity;
	bool secret; /* what it held is wiped: when it moves, and by text_done() */
};

#define TEXT_INIT                                                                                  \
	{                                                                                          \
		0                                                                                  \
	}

void text_append(struct text *text, const void *data, size_t length);
void text_append_string(struct text *text, const char *string);
__attribute__((format(printf, 2, 3))) void text_printf(struct text *text, const char *format, ...);
__attribute__((format(printf, 2, 0))) void text_vprintf(struct text *text, const char *format,
							va_list args);

/* The content as a string; "" if nothing was appended. Borrowed. */
const char *text_string(const struct text *text);

/* Hands the content over; the text is empty and usable afterwards. Never NULL. The content of a
 * secret one is the caller's to wipe. */
char *text_take(struct text *text);

void text_done(struct text *text);

#define CLEANUP_TEXT CLEANUP(text_done)

/* Whether list, items with commas between, has this one. */
bool text_list_has(const char *list, const char *item);

/* malloc, strdup and printf that end the process when memory is out. */
void *must_alloc(size_t size); /* zeroed */
void *must_realloc(void *p, size_t size);
char *must_strdup(const char *string); /* NULL stays NULL */
__attribute__((format(printf, 1, 2))) char *must_printf(const char *format, ...);
