/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A node selector: which nodes an object may be used on (core/v1 NodeSelector). One of its terms
 * must hold, and of that term all requirements. A term without requirements holds for no node.
 */

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "cluster/node_view.h"

enum node_operator {
	NODE_UNKNOWN_OPERATOR, /* of a later Kubernetes: never holds */
	NODE_IN,
	NODE_NOT_IN,
	NODE_EXISTS,
	NODE_DOES_NOT_EXIST,
	NODE_GT,
	NODE_LT,
};

struct node_requirement {
	const char *key;
	bool field; /* of matchFields: metadata.name is the only one */
	enum node_operator operator;
	const char **values;
	size_t value_count;
};

struct node_term {
	struct node_requirement *requirements;
	size_t requirement_count;
};

struct node_selector {
	struct node_term *terms;
	size_t term_count; /* 0: there is no selector */
};

/* json: the object whose nodeSelectorTerms are read; NULL: no selector. */
int node_selector_parse(struct json_object *json, struct arena *arena,
			struct node_selector *ret_selector, struct error *err);

/* Where our driver is registered, its node id stands for the label of its topology key; where it
 * is not at the moment, the label counts, or the name of a node without that label. */
bool node_selector_matches(const struct node_selector *selector, const struct node_view *view);

/* A node that the selector names, by our topology key, its hostname or its name, and that is none
 * of these; NULL: all of those that it names are there. */
const char *node_selector_missing(const struct node_selector *selector,
				  const struct cluster_nodes *nodes);

/* The node id where the selector is as we write it: one term that asks for one value of our
 * topology key. NULL: it is not. */
const char *node_selector_id(const struct node_selector *selector);
