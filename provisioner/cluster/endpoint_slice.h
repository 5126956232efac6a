/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * An EndpointSlice of our node plugin's headless Service: under which address the plugin of which
 * node can be called. Kubernetes makes as many slices as it likes and moves endpoints between
 * them; a node may stand in two for a moment.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "kube/object.h"

#define ENDPOINT_DEFAULT_PORT 9745

struct endpoint {
	const char *node;
	const char *address;
	bool ready;
};

struct endpoint_slice {
	struct object object;
	bool ipv6;
	uint16_t port;
	struct endpoint *endpoints;
	size_t endpoint_count;
};

extern const struct kind endpoint_slice_kind;

/* The endpoint of the node, a ready one before others; NULL if there is none. */
const struct endpoint *endpoint_slice_find(const struct endpoint_slice *slice, const char *node);

/* "10.0.0.7:9745", "[fd00::7]:9745". */
void endpoint_append_address(const struct endpoint_slice *slice, const struct endpoint *endpoint,
			     struct text *text);

static inline struct endpoint_slice *endpoint_slice_of(struct object *object)
{
	return (struct endpoint_slice *)object;
}
