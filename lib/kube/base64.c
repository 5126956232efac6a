/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/base64.h"

#include <stdint.h>
#include <string.h>

#include "base/text.h"

/* The six bits of a character, or -1. */
static int bits_of(char c)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				       "0123456789+/";
	const char *place = c ? strchr(alphabet, c) : NULL;
	return place ? (int)(place - alphabet) : -1;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Of the last group's unused bits nothing may be set, so that each data has one text. */
static bool ends_well(unsigned digits, unsigned padding, uint32_t group)
{
	switch (digits % 4) {
	case 0:
		return padding == 0;
	case 2:
		return padding == 2 && (group & 0xf) == 0;
	case 3:
		return padding == 1 && (group & 0x3) == 0;
	}
	return false;
}

bool base64_decode_into(const char *text, size_t length, unsigned char *data, size_t *ret_length)
{
	size_t decoded = 0;
	unsigned digits = 0, padding = 0;
	uint32_t group = 0;
	for (size_t i = 0; i < length; i++) {
		if (is_space(text[i]))
			continue;
		int bits = bits_of(text[i]);
		if (text[i] == '=')
			padding++;
		if (text[i] != '=' && (bits < 0 || padding))
			return false;
		if (bits < 0)
			continue;
		group = group << 6 | (uint32_t)bits;
		digits++;
		if (digits % 4 != 1)
			data[decoded++] = (unsigned char)(group >> (6 - 2 * ((digits - 1) % 4)));
	}
	if (!ends_well(digits, padding, group))
		return false;
	*ret_length = decoded;
	return true;
}

bool base64_decode(const char *text, char **ret_data, size_t *ret_length)
{
	size_t length = strlen(text);
	CLEANUP_FREE char *data = must_alloc(BASE64_DATA_MAX(length) + 1);
	if (!base64_decode_into(text, length, (unsigned char *)data, ret_length))
		return false;
	data[*ret_length] = '\0';
	*ret_data = TAKE(data);
	return true;
}
