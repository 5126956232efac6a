/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/reference_grant.h"

#include "base/same.h"
#include "kube/json.h"

/* The API server checks no more than the CustomResourceDefinition says: what is missing allows
 * nothing. */
static int read_group(struct json_object *json, struct arena *arena, const char **ret_group,
		      struct error *err)
{
	if (json_read_string(json, "group", arena, ret_group, err) < 0)
		return -1;
	if (!*ret_group)
		*ret_group = "";
	return 0;
}

static int parse_from(struct json_object *json, struct arena *arena, struct grant_from *ret_from,
		      struct error *err)
{
	if (read_group(json, arena, &ret_from->group, err) < 0 ||
	    json_read_string(json, "kind", arena, &ret_from->kind, err) < 0)
		return -1;
	return json_read_string(json, "namespace", arena, &ret_from->namespace, err);
}

static int parse_to(struct json_object *json, struct arena *arena, struct grant_to *ret_to,
		    struct error *err)
{
	if (read_group(json, arena, &ret_to->group, err) < 0 ||
	    json_read_string(json, "kind", arena, &ret_to->kind, err) < 0)
		return -1;
	return json_read_name(json, "name", arena, &ret_to->name, err);
}

static int parse_froms(struct reference_grant *grant, struct json_object *json, struct error *err)
{
	struct arena *arena = grant->object.arena;
	struct json_object *list;
	if (json_read_list(json, "spec.from", &list, &grant->from_count, err) < 0)
		return -1;
	grant->from = arena_alloc(arena, grant->from_count * sizeof(*grant->from));
	for (size_t i = 0; i < grant->from_count; i++)
		if (parse_from(json_object_array_get_idx(list, i), arena, &grant->from[i], err) < 0)
			return json_error_in(err, "spec.from[%zu]", i);
	return 0;
}

static int parse_reference_grant(struct object *object, struct json_object *json, struct error *err)
{
	struct reference_grant *grant = reference_grant_of(object);
	struct json_object *list;
	if (parse_froms(grant, json, err) < 0 ||
	    json_read_list(json, "spec.to", &list, &grant->to_count, err) < 0)
		return -1;
	grant->to = arena_alloc(object->arena, grant->to_count * sizeof(*grant->to));
	for (size_t i = 0; i < grant->to_count; i++)
		if (parse_to(json_object_array_get_idx(list, i), object->arena, &grant->to[i],
			     err) < 0)
			return json_error_in(err, "spec.to[%zu]", i);
	return 0;
}

const struct kind reference_grant_kind = {
	.api_version = "gateway.networking.k8s.io/v1beta1",
	.name = "ReferenceGrant",
	.plural = "referencegrants",
	.namespaced = true,
	.size = sizeof(struct reference_grant),
	.parse = parse_reference_grant,
};

static bool lets_claims_of(const struct reference_grant *grant, const char *namespace)
{
	for (size_t i = 0; i < grant->from_count; i++) {
		const struct grant_from *from = &grant->from[i];
		if (!from->group[0] && same(from->kind, "PersistentVolumeClaim") &&
		    same(from->namespace, namespace))
			return true;
	}
	return false;
}

bool reference_grant_allows(const struct reference_grant *grant, const char *claim_namespace,
			    const struct grant_to *object)
{
	if (!lets_claims_of(grant, claim_namespace))
		return false;
	for (size_t i = 0; i < grant->to_count; i++) {
		const struct grant_to *to = &grant->to[i];
		if (same(to->group, object->group) && same(to->kind, object->kind) &&
		    (!to->name || !to->name[0] || same(to->name, object->name)))
			return true;
	}
	return false;
}

void reference_grant_index(const struct object *object, struct text *key)
{
	text_append_string(key, object->namespace);
}
