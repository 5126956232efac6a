/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/node_selector.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "csi/names.h"
#include "kube/json.h"

#define HOSTNAME_LABEL "kubernetes.io/hostname"
#define NAME_FIELD "metadata.name"

static enum node_operator operator_of(const char *word)
{
	static const char *const words[] = {
		[NODE_IN] = "In",	  [NODE_NOT_IN] = "NotIn",
		[NODE_EXISTS] = "Exists", [NODE_DOES_NOT_EXIST] = "DoesNotExist",
		[NODE_GT] = "Gt",	  [NODE_LT] = "Lt",
	};
	for (unsigned i = NODE_IN; i <= NODE_LT; i++)
		if (strcmp(word, words[i]) == 0)
			return (enum node_operator)i;
	return NODE_UNKNOWN_OPERATOR;
}

static int parse_requirement(struct json_object *json, bool field, struct arena *arena,
			     struct node_requirement *ret_requirement, struct error *err)
{
	const char *word;
	*ret_requirement = (struct node_requirement) { .field = field };
	if (json_need_string(json, "key", arena, &ret_requirement->key, err) < 0 ||
	    json_need_string(json, "operator", arena, &word, err) < 0)
		return -1;
	ret_requirement->operator= operator_of(word);
	return json_read_strings(json, "values", arena, &ret_requirement->values,
				 &ret_requirement->value_count, err);
}

static int parse_term(struct json_object *json, struct arena *arena, struct node_term *ret_term,
		      struct error *err)
{
	static const char *const lists[] = { "matchExpressions", "matchFields" };
	struct json_object *items[2];
	size_t counts[2];
	for (size_t i = 0; i < 2; i++)
		if (json_read_list(json, lists[i], &items[i], &counts[i], err) < 0)
			return -1;
	struct node_requirement *all = arena_alloc(arena, (counts[0] + counts[1]) * sizeof(*all));
	*ret_term = (struct node_term) { .requirements = all };
	for (size_t i = 0; i < 2; i++)
		for (size_t j = 0; j < counts[i]; j++)
			if (parse_requirement(json_object_array_get_idx(items[i], j), i == 1, arena,
					      &all[ret_term->requirement_count++], err) < 0)
				return json_error_in(err, "%s[%zu]", lists[i], j);
	return 0;
}

int node_selector_parse(struct json_object *json, struct arena *arena,
			struct node_selector *ret_selector, struct error *err)
{
	struct json_object *list;
	struct node_selector selector = { 0 };
	if (json_read_list(json, "nodeSelectorTerms", &list, &selector.term_count, err) < 0)
		return -1;
	selector.terms = arena_alloc(arena, selector.term_count * sizeof(*selector.terms));
	for (size_t i = 0; i < selector.term_count; i++)
		if (parse_term(json_object_array_get_idx(list, i), arena, &selector.terms[i], err) <
		    0)
			return json_error_in(err, "nodeSelectorTerms[%zu]", i);
	*ret_selector = selector;
	return 0;
}

static const char *value_on(const struct node_requirement *requirement,
			    const struct node_view *view)
{
	const struct object *node = &view->node->object;
	if (requirement->field)
		return strcmp(requirement->key, NAME_FIELD) == 0 ? node->name : NULL;
	bool ours = strcmp(requirement->key, CSI_TOPOLOGY_KEY) == 0;
	if (ours && view->csi_node && view->csi_node->node_id)
		return view->csi_node->node_id;
	const char *value = pairs_get(&node->labels, requirement->key);
	return !value && ours ? node->name : value;
}

static bool is_listed(const struct node_requirement *requirement, const char *value)
{
	for (size_t i = 0; i < requirement->value_count; i++)
		if (strcmp(requirement->values[i], value) == 0)
			return true;
	return false;
}

static bool read_number(const char *text, long long *ret_number)
{
	char *end;
	errno = 0;
	*ret_number = strtoll(text, &end, 10);
	return errno == 0 && end != text && !*end;
}

/* -1, 0, 1; anything that is no number compares with nothing: 2. */
static int compare(const struct node_requirement *requirement, const char *value)
{
	long long one, other;
	if (requirement->value_count != 1 || !read_number(value, &one) ||
	    !read_number(requirement->values[0], &other))
		return 2;
	return (one > other) - (one < other);
}

static bool requirement_holds(const struct node_requirement *requirement,
			      const struct node_view *view)
{
	const char *value = value_on(requirement, view);
	switch (requirement->operator) {
	case NODE_IN:
		return value && is_listed(requirement, value);
	case NODE_NOT_IN:
		return !value || !is_listed(requirement, value);
	case NODE_EXISTS:
		return value != NULL;
	case NODE_DOES_NOT_EXIST:
		return !value;
	case NODE_GT:
		return value && compare(requirement, value) == 1;
	case NODE_LT:
		return value && compare(requirement, value) == -1;
	case NODE_UNKNOWN_OPERATOR:
		return false;
	}
	return false;
}

static bool term_holds(const struct node_term *term, const struct node_view *view)
{
	for (size_t i = 0; i < term->requirement_count; i++)
		if (!requirement_holds(&term->requirements[i], view))
			return false;
	return term->requirement_count > 0;
}

bool node_selector_matches(const struct node_selector *selector, const struct node_view *view)
{
	for (size_t i = 0; i < selector->term_count; i++)
		if (term_holds(&selector->terms[i], view))
			return true;
	return false;
}

static bool names_nodes(const struct node_requirement *requirement)
{
	if (requirement->operator!= NODE_IN)
		return false;
	return requirement->field ? strcmp(requirement->key, NAME_FIELD) == 0
				  : strcmp(requirement->key, CSI_TOPOLOGY_KEY) == 0 ||
					    strcmp(requirement->key, HOSTNAME_LABEL) == 0;
}

static bool is_there(const struct node_requirement *requirement, const char *name,
		     const struct cluster_nodes *nodes)
{
	for (size_t i = 0; i < nodes->count; i++) {
		const char *value = value_on(requirement, &nodes->views[i]);
		if (value && strcmp(value, name) == 0)
			return true;
	}
	return false;
}

const char *node_selector_missing(const struct node_selector *selector,
				  const struct cluster_nodes *nodes)
{
	for (size_t i = 0; i < selector->term_count; i++) {
		const struct node_term *term = &selector->terms[i];
		for (size_t j = 0; j < term->requirement_count; j++) {
			const struct node_requirement *requirement = &term->requirements[j];
			for (size_t k = 0; names_nodes(requirement) && k < requirement->value_count;
			     k++)
				if (!is_there(requirement, requirement->values[k], nodes))
					return requirement->values[k];
		}
	}
	return NULL;
}

const char *node_selector_id(const struct node_selector *selector)
{
	if (selector->term_count != 1 || selector->terms[0].requirement_count != 1)
		return NULL;
	const struct node_requirement *only = &selector->terms[0].requirements[0];
	bool ours = !only->field && only->operator== NODE_IN && only->value_count == 1 &&
					    strcmp(only->key, CSI_TOPOLOGY_KEY) == 0;
	return ours ? only->values[0] : NULL;
}
