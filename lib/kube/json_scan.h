/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * JSON text, taken apart without a tree.
 *
 * A tree costs ten to forty times its text, and the text of one object is the choice of its author.
 * So what a program does not read is skipped as text, before a tree is made of the rest. Skipping
 * checks strings and brackets; whatever is kept is checked by the parser of kube/json.h.
 */

#include <stdbool.h>
#include <stddef.h>

/* The place of a reader in a text. */
struct json_scan {
	const char *text;
	size_t length;
	size_t at;
};

/* A part of the text: a whole value, or the raw inside of a string. Borrowed. */
struct json_span {
	const char *text;
	size_t length;
};

/* The next character that is not white space, or 0 at the end. */
char json_scan_peek(struct json_scan *scan);

/* Takes the character if it is the next one. */
bool json_scan_accept(struct json_scan *scan, char wanted);

/* Takes one value of any type, nested no deeper than JSON_DEPTH_MAX. False if it is cut off, or
 * none. */
bool json_scan_value(struct json_scan *scan, struct json_span *ret_value);

/* Takes the name of a member and its colon. The name is as it stands in the text, escapes included.
 */
bool json_scan_name(struct json_scan *scan, struct json_span *ret_name);

/* The member of an object; false if the text is no object or has no such member. */
bool json_scan_member(const char *text, size_t length, const char *name,
		      struct json_span *ret_value);

bool json_span_is(const struct json_span *span, const char *string);
