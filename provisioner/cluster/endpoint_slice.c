/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/endpoint_slice.h"

#include <string.h>

#include "kube/json.h"

/* Service ports of the plugin: one that is called "csi", else the first. */
static int parse_port(struct endpoint_slice *slice, struct json_object *json, struct error *err)
{
	struct json_object *ports;
	size_t count;
	if (json_read_list(json, "ports", &ports, &count, err) < 0)
		return -1;
	slice->port = ENDPOINT_DEFAULT_PORT;
	for (size_t i = 0; i < count; i++) {
		struct json_object *port = json_object_array_get_idx(ports, i);
		const char *name;
		int64_t number;
		if (json_read_string(port, "name", slice->object.arena, &name, err) < 0 ||
		    json_read_int(port, "port", ENDPOINT_DEFAULT_PORT, &number, err) < 0)
			return json_error_in(err, "ports[%zu]", i);
		if (number < 1 || number > UINT16_MAX)
			return error_set(err, ERROR_INVALID,
					 "ports[%zu].port: must be between 1 and 65535", i);
		bool named = name && strcmp(name, "csi") == 0;
		if (i == 0 || named)
			slice->port = (uint16_t)number;
		if (named)
			break;
	}
	return 0;
}

static int parse_endpoint(struct json_object *json, struct arena *arena,
			  struct endpoint *ret_endpoint, struct error *err)
{
	const char **addresses;
	size_t count;
	if (json_read_string(json, "nodeName", arena, &ret_endpoint->node, err) < 0 ||
	    json_read_strings(json, "addresses", arena, &addresses, &count, err) < 0)
		return -1;
	/* An absent condition counts as ready (discovery/v1, EndpointConditions). */
	if (json_read_bool(json, "conditions.ready", true, &ret_endpoint->ready, err) < 0)
		return -1;
	ret_endpoint->address = count ? addresses[0] : NULL;
	return 0;
}

static int parse_endpoints(struct endpoint_slice *slice, struct json_object *json,
			   struct error *err)
{
	struct json_object *list;
	if (json_read_list(json, "endpoints", &list, &slice->endpoint_count, err) < 0)
		return -1;
	struct arena *arena = slice->object.arena;
	slice->endpoints = arena_alloc(arena, slice->endpoint_count * sizeof(*slice->endpoints));
	for (size_t i = 0; i < slice->endpoint_count; i++)
		if (parse_endpoint(json_object_array_get_idx(list, i), arena, &slice->endpoints[i],
				   err) < 0)
			return json_error_in(err, "endpoints[%zu]", i);
	return 0;
}

static int parse_slice(struct object *object, struct json_object *json, struct error *err)
{
	struct endpoint_slice *slice = endpoint_slice_of(object);
	const char *family;
	if (json_read_string(json, "addressType", object->arena, &family, err) < 0)
		return -1;
	slice->ipv6 = family && strcmp(family, "IPv6") == 0;
	if (parse_port(slice, json, err) < 0)
		return -1;
	return parse_endpoints(slice, json, err);
}

const struct kind endpoint_slice_kind = {
	.api_version = "discovery.k8s.io/v1",
	.name = "EndpointSlice",
	.plural = "endpointslices",
	.namespaced = true,
	.size = sizeof(struct endpoint_slice),
	.parse = parse_slice,
};

const struct endpoint *endpoint_slice_find(const struct endpoint_slice *slice, const char *node)
{
	const struct endpoint *found = NULL;
	for (size_t i = 0; i < slice->endpoint_count; i++) {
		const struct endpoint *endpoint = &slice->endpoints[i];
		if (!endpoint->address || !endpoint->node || strcmp(endpoint->node, node) != 0)
			continue;
		if (endpoint->ready)
			return endpoint;
		found = endpoint;
	}
	return found;
}

void endpoint_append_address(const struct endpoint_slice *slice, const struct endpoint *endpoint,
			     struct text *text)
{
	text_printf(text, slice->ipv6 ? "[%s]:%u" : "%s:%u", endpoint->address, slice->port);
}
