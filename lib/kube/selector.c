/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/selector.h"

#include <string.h>

#include "kube/json.h"

static bool parse_operator(const char *word, enum selector_operator *ret_operator)
{
	static const char *const words[] = {
		[SELECTOR_IN] = "In",
		[SELECTOR_NOT_IN] = "NotIn",
		[SELECTOR_EXISTS] = "Exists",
		[SELECTOR_DOES_NOT_EXIST] = "DoesNotExist",
	};
	for (size_t i = 0; word && i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i], word) == 0) {
			*ret_operator = (enum selector_operator)i;
			return true;
		}
	return false;
}

static bool needs_values(enum selector_operator operator)
{
	return operator== SELECTOR_IN || operator== SELECTOR_NOT_IN;
}

static int check_values(const struct selector_expression *expression, const char *word,
			struct error *err)
{
	if (needs_values(expression->operator) == (expression->value_count > 0))
		return 0;
	return error_set(err, ERROR_INVALID, "values: the operator %s %s", word,
			 needs_values(expression->operator) ? "needs at least one" : "allows none");
}

static int parse_expression(struct json_object *json, struct arena *arena,
			    struct selector_expression *expression, struct error *err)
{
	const char *word;
	if (json_need_string(json, "key", arena, &expression->key, err) < 0 ||
	    json_need_string(json, "operator", arena, &word, err) < 0)
		return -1;
	if (!parse_operator(word, &expression->operator))
		return error_set(err, ERROR_INVALID,
				 "operator: \"%s\" is not In, NotIn, Exists or DoesNotExist", word);
	if (json_read_strings(json, "values", arena, &expression->values, &expression->value_count,
			      err) < 0)
		return -1;
	return check_values(expression, word, err);
}

int selector_parse(struct json_object *json, struct arena *arena, struct selector *ret_selector,
		   struct error *err)
{
	struct selector selector = { 0 };
	struct json_object *list;
	if (json_read_pairs(json, "matchLabels", arena, &selector.labels, err) < 0 ||
	    json_read_list(json, "matchExpressions", &list, &selector.expression_count, err) < 0)
		return -1;
	selector.expressions =
		arena_alloc(arena, selector.expression_count * sizeof(*selector.expressions));
	for (size_t i = 0; i < selector.expression_count; i++)
		if (parse_expression(json_object_array_get_idx(list, i), arena,
				     &selector.expressions[i], err) < 0)
			return json_error_in(err, "matchExpressions[%zu]", i);
	*ret_selector = selector;
	return 0;
}

static bool has_value(const struct selector_expression *expression, const char *value)
{
	for (size_t i = 0; i < expression->value_count; i++)
		if (strcmp(expression->values[i], value) == 0)
			return true;
	return false;
}

static bool expression_holds(const struct selector_expression *expression,
			     const struct pairs *labels)
{
	const char *value = pairs_get(labels, expression->key);
	switch (expression->operator) {
	case SELECTOR_IN:
		return value && has_value(expression, value);
	case SELECTOR_NOT_IN:
		return !value || !has_value(expression, value);
	case SELECTOR_EXISTS:
		return value != NULL;
	case SELECTOR_DOES_NOT_EXIST:
		return value == NULL;
	}
	return false;
}

bool selector_matches(const struct selector *selector, const struct pairs *labels)
{
	if (!pairs_include(labels, &selector->labels))
		return false;
	for (size_t i = 0; i < selector->expression_count; i++)
		if (!expression_holds(&selector->expressions[i], labels))
			return false;
	return true;
}

bool selector_is_empty(const struct selector *selector)
{
	return selector->labels.count == 0 && selector->expression_count == 0;
}
