/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/json_scan.h"

#include <string.h>

#include "kube/json.h"

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

char json_scan_peek(struct json_scan *scan)
{
	while (scan->at < scan->length && is_space(scan->text[scan->at]))
		scan->at++;
	return scan->at < scan->length ? scan->text[scan->at] : '\0';
}

bool json_scan_accept(struct json_scan *scan, char wanted)
{
	if (json_scan_peek(scan) != wanted)
		return false;
	scan->at++;
	return true;
}

/* Behind the closing quote; false if there is none. */
static bool skip_string(struct json_scan *scan)
{
	for (scan->at++; scan->at < scan->length; scan->at++) {
		if (scan->text[scan->at] == '\\')
			scan->at++;
		else if (scan->text[scan->at] == '"') {
			scan->at++;
			return true;
		}
	}
	scan->at = scan->length;
	return false;
}

/* A number, true, false or null: the parser looks closer where it is kept. */
static bool skip_word(struct json_scan *scan)
{
	size_t begin = scan->at;
	while (scan->at < scan->length && !is_space(scan->text[scan->at]) &&
	       !strchr(",:[]{}\"", scan->text[scan->at]))
		scan->at++;
	return scan->at > begin;
}

/* Opens or closes a bracket at the place; false where it does not fit. */
static bool nest(char c, char *open, size_t *depth)
{
	if (c == '{' || c == '[') {
		if (*depth == JSON_DEPTH_MAX)
			return false;
		open[(*depth)++] = c == '{' ? '}' : ']';
		return true;
	}
	if (!*depth || open[*depth - 1] != c)
		return false;
	(*depth)--;
	return true;
}

static bool skip_brackets(struct json_scan *scan)
{
	char open[JSON_DEPTH_MAX];
	size_t depth = 0;
	while (scan->at < scan->length) {
		char c = scan->text[scan->at];
		if (c == '"') {
			if (!skip_string(scan))
				return false;
			continue;
		}
		scan->at++;
		if (c != '{' && c != '[' && c != '}' && c != ']')
			continue;
		if (!nest(c, open, &depth))
			return false;
		if (depth == 0)
			return true;
	}
	return false;
}

bool json_scan_value(struct json_scan *scan, struct json_span *ret_value)
{
	char c = json_scan_peek(scan);
	size_t begin = scan->at;
	bool whole = c == '"'		    ? skip_string(scan)
		     : c == '{' || c == '[' ? skip_brackets(scan)
					    : skip_word(scan);
	if (whole)
		*ret_value = (struct json_span) { scan->text + begin, scan->at - begin };
	return whole;
}

bool json_scan_name(struct json_scan *scan, struct json_span *ret_name)
{
	if (json_scan_peek(scan) != '"')
		return false;
	size_t begin = scan->at + 1;
	if (!skip_string(scan))
		return false;
	*ret_name = (struct json_span) { scan->text + begin, scan->at - 1 - begin };
	return json_scan_accept(scan, ':');
}

bool json_scan_member(const char *text, size_t length, const char *name,
		      struct json_span *ret_value)
{
	struct json_scan scan = { .text = text, .length = length };
	if (!json_scan_accept(&scan, '{'))
		return false;
	do {
		struct json_span found;
		struct json_span value;
		if (!json_scan_name(&scan, &found) || !json_scan_value(&scan, &value))
			return false;
		if (json_span_is(&found, name)) {
			*ret_value = value;
			return true;
		}
	} while (json_scan_accept(&scan, ','));
	return false;
}

bool json_span_is(const struct json_span *span, const char *string)
{
	return span->length == strlen(string) && memcmp(span->text, string, span->length) == 0;
}
