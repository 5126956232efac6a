/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * All objects of a scope as they were at one resource version.
 */

#include "base/error.h"
#include "kube/client.h"
#include "kube/object.h"
#include "kube/scope.h"

/* Lists in pages. When all of them have arrived each object goes to `each`, once (borrowed); if the
 * list fails, none does. An object that cannot be parsed is reported to `skipped` (may be NULL) and
 * left out. ret_resource_version may be NULL. */
int kube_list(struct kube_client *client, const struct kube_scope *scope,
	      void (*each)(void *context, struct object *object),
	      void (*skipped)(void *context, const struct error *err), void *context,
	      char **ret_resource_version, struct error *err);
