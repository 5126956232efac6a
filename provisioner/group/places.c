/* SPDX-License-Identifier: Apache-2.0 */
#include "group/places.h"

#include <string.h>

#include "base/same.h"

/* More does not fit into a message. */
#define PRINTED_MAX 32

bool group_places_are_one(const struct group_choice *choices, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (!same(choices[i].node, choices[0].node))
			return false;
	return true;
}

static bool is_first_on_its_node(const struct group_choice *choices, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (same_or_none(choices[i].node, choices[index].node))
			return false;
	return true;
}

static void print_node(const struct group_choice *choices, size_t count, const char *node,
		       struct text *text)
{
	const char *before = ": ";
	text_printf(text, "%s%s", text->length ? "; " : "", node ? node : "(not known)");
	for (size_t i = 0; i < count; i++) {
		if (!same_or_none(choices[i].node, node))
			continue;
		text_printf(text, "%s%s", before, choices[i].claim->object.name);
		before = ", ";
	}
}

void group_places_print(const struct group_choice *choices, size_t count, struct text *text)
{
	size_t shown = count < PRINTED_MAX ? count : PRINTED_MAX;
	for (size_t i = 0; i < shown; i++)
		if (is_first_on_its_node(choices, i))
			print_node(choices, shown, choices[i].node, text);
	if (shown < count)
		text_printf(text, "; and %zu more claims", count - shown);
}
