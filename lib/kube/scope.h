/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Which objects a list or a watch is about.
 */

#include "kube/object.h"

struct kube_scope {
	const struct kind *kind;
	const char *namespace;	    /* NULL: all namespaces */
	const char *label_selector; /* or NULL */
	const char *field_selector; /* or NULL */
};
