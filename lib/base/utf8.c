/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

#include <string.h>

/* RFC 3629, section 4: the first byte says how many follow and what range the second has. */
size_t utf8_length(const unsigned char *at, size_t left)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t length;
	if (at[0] < 0x80)
		return 1;
	if (at[0] >= 0xc2 && at[0] <= 0xdf) {
		length = 2;
	} else if (at[0] >= 0xe0 && at[0] <= 0xef) {
		length = 3;
		low = at[0] == 0xe0 ? 0xa0 : low;
		high = at[0] == 0xed ? 0x9f : high;
	} else if (at[0] >= 0xf0 && at[0] <= 0xf4) {
		length = 4;
		low = at[0] == 0xf0 ? 0x90 : low;
		high = at[0] == 0xf4 ? 0x8f : high;
	} else {
		return 0;
	}
	if (left < length || at[1] < low || at[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	return length;
}

bool utf8_is_valid(const void *bytes, size_t length)
{
	const unsigned char *at = bytes;
	while (length > 0) {
		size_t character = utf8_length(at, length);
		if (character == 0)
			return false;
		at += character;
		length -= character;
	}
	return true;
}

void utf8_repair(char *text)
{
	size_t left = strlen(text);
	while (left) {
		size_t length = utf8_length((const unsigned char *)text, left);
		if (length == 0) {
			*text = '?';
			length = 1;
		}
		text += length;
		left -= length;
	}
}

/* How many bytes a character has that begins with this one. */
static size_t promised_length(unsigned char first)
{
	return first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
}

void utf8_cut(char *text)
{
	size_t length = strlen(text), tail = 0;
	while (tail < 3 && tail < length && ((unsigned char)text[length - 1 - tail] & 0xc0) == 0x80)
		tail++;
	if (tail == length)
		return;
	unsigned char first = (unsigned char)text[length - 1 - tail];
	if (first >= 0xc2 && first <= 0xf4 && tail + 1 < promised_length(first))
		text[length - 1 - tail] = '\0';
}
