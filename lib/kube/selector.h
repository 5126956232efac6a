/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A label selector (meta/v1 LabelSelector): pairs that must be there, and expressions that must
 * hold. An empty one matches everything. In and NotIn have values, the other operators none.
 */

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/pairs.h"

struct arena;
struct error;

enum selector_operator {
	SELECTOR_IN,
	SELECTOR_NOT_IN,
	SELECTOR_EXISTS,
	SELECTOR_DOES_NOT_EXIST,
};

struct selector_expression {
	const char *key;
	enum selector_operator operator;
	const char **values;
	size_t value_count;
};

struct selector {
	struct pairs labels;
	struct selector_expression *expressions;
	size_t expression_count;
};

int selector_parse(struct json_object *json, struct arena *arena, struct selector *ret_selector,
		   struct error *err);

bool selector_matches(const struct selector *selector, const struct pairs *labels);

/* It asks for nothing, so it matches everything. */
bool selector_is_empty(const struct selector *selector);
