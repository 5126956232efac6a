/* SPDX-License-Identifier: Apache-2.0 */
#include "set/canonical_json.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The length of the well-formed UTF-8 sequence at the front of `s`, or 0 (RFC 3629, section 4). */
static size_t utf8_length(const unsigned char *s, size_t length)
{
	size_t need = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (need == 0 || s[0] > 0xf4 || need > length)
		return 0;
	for (size_t i = 1; i < need; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	bool bad = (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
		   (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f);
	return bad ? 0 : need;
}

/* Go 1.22 and later write \b and \f in their short form. */
static bool append_short_escape(struct text *text, unsigned char c)
{
	static const char from[] = "\"\\\b\f\n\r\t";
	static const char to[] = "\"\\bfnrt";
	const char *found = c ? strchr(from, c) : NULL;
	if (!found)
		return false;
	text_printf(text, "\\%c", to[found - from]);
	return true;
}

static size_t append_character(struct text *text, const unsigned char *s, size_t length)
{
	size_t size = utf8_length(s, length);
	if (size == 0) {
		text_append_string(text, "\\ufffd");
		return 1;
	}
	bool separator = size == 3 && s[0] == 0xe2 && s[1] == 0x80 && (s[2] | 1) == 0xa9;
	if (separator)
		text_printf(text, "\\u20%02x", (unsigned)s[2] - 0x80);
	else if (size > 1)
		text_append(text, s, size);
	else if (append_short_escape(text, s[0]))
		return 1;
	else if (s[0] < 0x20 || s[0] == '<' || s[0] == '>' || s[0] == '&')
		text_printf(text, "\\u%04x", s[0]);
	else
		text_append(text, s, 1);
	return size;
}

static void append_string(struct text *text, const char *string, size_t length)
{
	const unsigned char *s = (const unsigned char *)string;
	text_append(text, "\"", 1);
	for (size_t i = 0; i < length;)
		i += append_character(text, s + i, length - i);
	text_append(text, "\"", 1);
}

/* Go's strconv 'e' form has at least two digits of exponent; encoding/json drops the zero of a
 * one-digit negative one. */
static void append_exponent_form(struct text *text, const char *scientific)
{
	const char *e = strchr(scientific, 'e');
	text_append(text, scientific, (size_t)(e - scientific));
	if (e[1] == '-' && e[2] == '0')
		text_printf(text, "e-%s", e + 3);
	else
		text_append_string(text, e);
}

/* The shortest digits that read back as the same number, in the form d.ddde±dd. */
static int shortest_scientific(char scientific[static 40], double number)
{
	int precision = 0;
	for (;; precision++) {
		snprintf(scientific, 40, "%.*e", precision, number);
		if (precision == 17 || strtod(scientific, NULL) == number)
			return precision;
	}
}

static void append_number(struct text *text, double number)
{
	char scientific[40];
	int precision = shortest_scientific(scientific, number);
	double size = fabs(number);
	if (size != 0 && (size < 1e-6 || size >= 1e21)) {
		append_exponent_form(text, scientific);
		return;
	}
	int exponent = atoi(strchr(scientific, 'e') + 1);
	if (exponent <= precision) {
		text_printf(text, "%.*f", precision - exponent, number);
		return;
	}
	/* "%f" would go on with digits that the shortest form does not have. */
	for (const char *c = scientific; *c != 'e'; c++)
		if (*c != '.')
			text_append(text, c, 1);
	text_printf(text, "%0*d", exponent - precision, 0);
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void append_object(struct text *text, struct json_object *json)
{
	size_t count = (size_t)json_object_object_length(json);
	CLEANUP_FREE const char **keys = must_alloc(count * sizeof(*keys));
	size_t filled = 0;
	json_object_object_foreach(json, name, unused)
	{
		(void)unused;
		keys[filled++] = name;
	}
	qsort(keys, count, sizeof(*keys), compare_keys);
	for (size_t i = 0; i < count; i++) {
		text_append_string(text, i ? "," : "{");
		append_string(text, keys[i], strlen(keys[i]));
		text_append(text, ":", 1);
		canonical_json_append(text, json_object_object_get(json, keys[i]));
	}
	text_append_string(text, count ? "}" : "{}");
}

static void append_array(struct text *text, struct json_object *json)
{
	size_t count = json_object_array_length(json);
	text_append(text, "[", 1);
	for (size_t i = 0; i < count; i++) {
		if (i)
			text_append(text, ",", 1);
		canonical_json_append(text, json_object_array_get_idx(json, i));
	}
	text_append(text, "]", 1);
}

void canonical_json_append(struct text *text, struct json_object *json)
{
	switch (json_object_get_type(json)) {
	case json_type_null:
		text_append_string(text, "null");
		break;
	case json_type_boolean:
		text_append_string(text, json_object_get_boolean(json) ? "true" : "false");
		break;
	case json_type_int:
	case json_type_double:
		append_number(text, json_object_get_double(json));
		break;
	case json_type_string:
		append_string(text, json_object_get_string(json),
			      (size_t)json_object_get_string_len(json));
		break;
	case json_type_array:
		append_array(text, json);
		break;
	case json_type_object:
		append_object(text, json);
		break;
	}
}
