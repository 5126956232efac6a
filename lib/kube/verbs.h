/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The verbs of the Kubernetes API on one object, as blocking calls.
 *
 * A status of the server becomes an error (kube/status.h); no answer is TIMEOUT or UNAVAILABLE. 429
 * is waited out as the server asks (Retry-After), within bounds. The text is the server's own
 * message behind the verb and the object.
 *
 * Bodies are json-c objects that stay the caller's. ret_object may be NULL.
 */

#include <json-c/json.h>

#include "base/error.h"
#include "kube/client.h"
#include "kube/object.h"
#include "kube/secret_data.h"

int kube_get(struct kube_client *client, const struct kind *kind, const char *namespace,
	     const char *name, struct object **ret_object, struct error *err);

/* What kube_get() answered, where the object may not be there: 0 then, and *ret_object is
 * untouched.
 */
int kube_optional(int answer, const struct error *err);

/* The data of a Secret. The text of the answer is wiped. *ret_data must be { 0 } before.
 * ERROR_INVALID: it cannot be sent by CSI; names the key. */
int kube_get_secret(struct kube_client *client, const char *namespace, const char *name,
		    struct secret_data *ret_data, struct error *err);

int kube_create(struct kube_client *client, const struct kind *kind, const char *namespace,
		struct json_object *body, struct object **ret_object, struct error *err);

/* The answer is the object as the API server would store it, defaults filled in. Nothing is
 * stored. */
int kube_create_dry_run(struct kube_client *client, const struct kind *kind, const char *namespace,
			struct json_object *body, struct object **ret_object, struct error *err);

enum kube_patch_type {
	KUBE_PATCH_JSON,      /* RFC 6902 */
	KUBE_PATCH_MERGE,     /* RFC 7386 */
	KUBE_PATCH_STRATEGIC, /* Kubernetes' own: lists merged by key */
};

/* subresource: "status", or NULL. A metadata.resourceVersion in the body guards it: ERROR_CONFLICT.
 */
int kube_patch(struct kube_client *client, const struct kind *kind, const char *namespace,
	       const char *name, const char *subresource, enum kube_patch_type type,
	       struct json_object *body, struct object **ret_object, struct error *err);

/* uid and resource_version are preconditions, NULL where there is none. */
int kube_delete(struct kube_client *client, const struct kind *kind, const char *namespace,
		const char *name, const char *uid, const char *resource_version, struct error *err);
