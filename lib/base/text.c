/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* Linux overcommits: by the time malloc() of a few bytes fails, the node is beyond help. Ending
 * here is one of the points at which any of our programs may be killed and loses nothing. */
static void *check_memory(void *p)
{
	if (!p)
		abort();
	return p;
}

bool text_list_has(const char *list, const char *item)
{
	size_t length = strlen(item);
	for (const char *at = list;; at++) {
		size_t entry = strcspn(at, ",");
		if (entry == length && memcmp(at, item, length) == 0)
			return true;
		at += entry;
		if (!*at)
			return false;
	}
}

void *must_alloc(size_t size)
{
	return check_memory(calloc(1, size ? size : 1));
}

void *must_realloc(void *p, size_t size)
{
	return check_memory(realloc(p, size ? size : 1));
}

char *must_strdup(const char *string)
{
	return string ? check_memory(strdup(string)) : NULL;
}

char *must_printf(const char *format, ...)
{
	struct text text = TEXT_INIT;
	va_list args;
	va_start(args, format);
	text_vprintf(&text, format, args);
	va_end(args);
	return text_take(&text);
}

/* realloc() leaves the old bytes where they were. */
static char *move_secret(const struct text *text, size_t capacity)
{
	char *data = must_alloc(capacity);
	if (!text->data)
		return data;
	memcpy(data, text->data, text->length);
	explicit_bzero(text->data, text->capacity);
	free(text->data);
	return data;
}

static void reserve(struct text *text, size_t more)
{
	size_t needed = text->length + more + 1;
	if (needed <= text->capacity)
		return;
	size_t capacity = text->capacity ? text->capacity : 64;
	while (capacity < needed)
		capacity *= 2;
	text->data =
		text->secret ? move_secret(text, capacity) : must_realloc(text->data, capacity);
	text->capacity = capacity;
}

void text_append(struct text *text, const void *data, size_t length)
{
	reserve(text, length);
	if (length)
		memcpy(text->data + text->length, data, length);
	text->length += length;
	text->data[text->length] = '\0';
}

void text_append_string(struct text *text, const char *string)
{
	text_append(text, string, strlen(string));
}

void text_vprintf(struct text *text, const char *format, va_list args)
{
	va_list again;
	va_copy(again, args);
	int length = vsnprintf(NULL, 0, format, args);
	assert(length >= 0);
	reserve(text, (size_t)length);
	vsnprintf(text->data + text->length, (size_t)length + 1, format, again);
	va_end(again);
	text->length += (size_t)length;
}

void text_printf(struct text *text, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	text_vprintf(text, format, args);
	va_end(args);
}

const char *text_string(const struct text *text)
{
	return text->data ? text->data : "";
}

char *text_take(struct text *text)
{
	reserve(text, 0);
	text->data[text->length] = '\0';
	char *data = text->data;
	*text = (struct text)TEXT_INIT;
	return data;
}

void text_done(struct text *text)
{
	if (text->secret && text->data)
		explicit_bzero(text->data, text->capacity);
	free(text->data);
	*text = (struct text)TEXT_INIT;
}
