/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A label selector as an object brings it, and labels to match: the input is an object with the
 * members "selector" and "labels". What is refused says why and yields nothing; of one that is
 * taken, each expression has its values, and In and NotIn of the same values never agree.
 */
#include "kube/selector.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "kube/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_expression(const struct selector_expression *expression,
			     const struct pairs *labels)
{
	struct selector_expression twisted = *expression;
	const struct selector one = { .expressions = (struct selector_expression *)expression,
				      .expression_count = 1 };
	const struct selector other = { .expressions = &twisted, .expression_count = 1 };
	static const enum selector_operator opposites[] = {
		[SELECTOR_IN] = SELECTOR_NOT_IN,
		[SELECTOR_NOT_IN] = SELECTOR_IN,
		[SELECTOR_EXISTS] = SELECTOR_DOES_NOT_EXIST,
		[SELECTOR_DOES_NOT_EXIST] = SELECTOR_EXISTS,
	};
	bool wants = expression->operator== SELECTOR_IN || expression->operator== SELECTOR_NOT_IN;
	twisted.operator= opposites[expression->operator];
	if (wants != (expression->value_count > 0) || selector_is_empty(&one))
		abort();
	if (selector_matches(&one, labels) == selector_matches(&other, labels))
		abort();
}

static void check(const struct selector *selector, const struct pairs *labels)
{
	bool all = pairs_include(labels, &selector->labels);
	for (size_t i = 0; i < selector->expression_count; i++) {
		const struct selector one = { .expressions = &selector->expressions[i],
					      .expression_count = 1 };
		check_expression(&selector->expressions[i], labels);
		all = all && selector_matches(&one, labels);
	}
	if (selector_matches(selector, labels) != all)
		abort();
}

static void parse(struct json_object *json, struct arena *arena)
{
	struct selector selector = { 0 };
	struct pairs labels = { 0 };
	struct json_object *from;
	struct error err = { 0 };
	if (json_read_object(json, "selector", &from, &err) < 0 || !from ||
	    json_read_pairs(json, "labels", arena, &labels, &err) < 0)
		return;
	if (selector_parse(from, arena, &selector, &err) == 0)
		check(&selector, &labels);
	else if ((err.code != ERROR_INVALID && err.code != ERROR_EXHAUSTED) || !*err.text ||
		 !selector_is_empty(&selector))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(512);
	CLEANUP(json_object_putp) struct json_object *json = NULL;
	struct error err;
	if (json_parse((const char *)data, size, &json, &err) == 0)
		parse(json, arena);
	return 0;
}
