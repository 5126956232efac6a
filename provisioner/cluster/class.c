/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/class.h"

#include <string.h>

#include "kube/json.h"

static int parse_rule(struct json_object *json, struct arena *arena, struct topology_rule *ret_rule,
		      struct error *err)
{
	if (json_need_string(json, "key", arena, &ret_rule->key, err) < 0)
		return -1;
	return json_read_strings(json, "values", arena, &ret_rule->values, &ret_rule->value_count,
				 err);
}

static int parse_term(struct json_object *json, struct arena *arena, struct topology_term *ret_term,
		      struct error *err)
{
	struct json_object *list;
	if (json_read_list(json, "matchLabelExpressions", &list, &ret_term->rule_count, err) < 0)
		return -1;
	ret_term->rules = arena_alloc(arena, ret_term->rule_count * sizeof(*ret_term->rules));
	for (size_t i = 0; i < ret_term->rule_count; i++)
		if (parse_rule(json_object_array_get_idx(list, i), arena, &ret_term->rules[i],
			       err) < 0)
			return json_error_in(err, "matchLabelExpressions[%zu]", i);
	return 0;
}

static int parse_topologies(struct class *class, struct json_object *json, struct error *err)
{
	struct json_object *list;
	if (json_read_list(json, "allowedTopologies", &list, &class->topology_count, err) < 0)
		return -1;
	struct arena *arena = class->object.arena;
	class->topologies = arena_alloc(arena, class->topology_count * sizeof(*class->topologies));
	for (size_t i = 0; i < class->topology_count; i++)
		if (parse_term(json_object_array_get_idx(list, i), arena, &class->topologies[i],
			       err) < 0)
			return json_error_in(err, "allowedTopologies[%zu]", i);
	return 0;
}

static int parse_policies(struct class *class, struct json_object *json, struct error *err)
{
	const char *reclaim, *binding;
	if (json_read_string(json, "reclaimPolicy", class->object.arena, &reclaim, err) < 0 ||
	    json_read_string(json, "volumeBindingMode", class->object.arena, &binding, err) < 0)
		return -1;
	class->delete_released = !reclaim || strcmp(reclaim, "Delete") == 0;
	class->wait_for_first_consumer = binding && strcmp(binding, "WaitForFirstConsumer") == 0;
	return 0;
}

static int parse_class(struct object *object, struct json_object *json, struct error *err)
{
	struct class *class = class_of(object);
	if (json_need_string(json, "provisioner", object->arena, &class->provisioner, err) < 0 ||
	    json_read_pairs(json, "parameters", object->arena, &class->parameters, err) < 0 ||
	    json_read_strings(json, "mountOptions", object->arena, &class->mount_options,
			      &class->mount_option_count, err) < 0)
		return -1;
	if (parse_policies(class, json, err) < 0)
		return -1;
	return parse_topologies(class, json, err);
}

const struct kind class_kind = {
	.api_version = "storage.k8s.io/v1",
	.name = "StorageClass",
	.plural = "storageclasses",
	.size = sizeof(struct class),
	.parse = parse_class,
};

static bool rule_holds(const struct topology_rule *rule, const struct pairs *labels)
{
	const char *value = pairs_get(labels, rule->key);
	for (size_t i = 0; value && i < rule->value_count; i++)
		if (strcmp(value, rule->values[i]) == 0)
			return true;
	return false;
}

static bool term_holds(const struct topology_term *term, const struct pairs *labels)
{
	/* A term without rules matches nothing (Kubernetes behaviour:
	 * MatchTopologySelectorTerms). */
	for (size_t i = 0; i < term->rule_count; i++)
		if (!rule_holds(&term->rules[i], labels))
			return false;
	return term->rule_count > 0;
}

bool class_allows(const struct class *class, const struct pairs *node_labels)
{
	for (size_t i = 0; i < class->topology_count; i++)
		if (term_holds(&class->topologies[i], node_labels))
			return true;
	return class->topology_count == 0;
}
