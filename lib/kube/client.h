/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The verbs of the Kubernetes API, as blocking calls.
 *
 * A status of the server becomes an error: 404 NOT_FOUND; 409 EXISTS (reason AlreadyExists) or
 * CONFLICT; 410 EXPIRED; 400 and 422 INVALID; 401 and 403 FORBIDDEN; 504 TIMEOUT; other 5xx
 * UNAVAILABLE; no answer TIMEOUT or UNAVAILABLE. 429 is waited out as the server asks
 * (Retry-After), within bounds. The text is the server's own message behind the verb and the
 * object.
 *
 * Bodies are json-c objects that stay the caller's. ret_object may be NULL.
 */

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "kube/object.h"

struct kube_client;
struct kube_config;
struct kube_transport;

int kube_client_new(const struct kube_config *config, const char *user_agent,
		    struct kube_client **ret_client, struct error *err);

/* Over a transport of the caller's (tests); it must outlive the client. */
struct kube_client *kube_client_new_over(const struct kube_transport *transport);
void kube_client_free(struct kube_client *client);

/* Ends every call and watch under way with ERROR_CANCELLED. */
void kube_client_stop(struct kube_client *client);

int kube_get(struct kube_client *client, const struct kind *kind, const char *namespace,
	     const char *name, struct object **ret_object, struct error *err);

int kube_create(struct kube_client *client, const struct kind *kind, const char *namespace,
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

/* Which objects a list or watch is about. namespace NULL: all namespaces. */
struct kube_scope {
	const struct kind *kind;
	const char *namespace;
	const char *label_selector; /* or NULL */
	const char *field_selector; /* or NULL */
};

/* Lists in pages. When all of them have arrived each object goes to `each`, once (borrowed); if the
 * list fails, none does. An object that cannot be parsed is reported to `skipped` (may be NULL) and
 * left out. ret_resource_version may be NULL. */
int kube_list(struct kube_client *client, const struct kube_scope *scope,
	      void (*each)(void *context, struct object *object),
	      void (*skipped)(void *context, const struct error *err), void *context,
	      char **ret_resource_version, struct error *err);

enum kube_watch_type { KUBE_ADDED, KUBE_MODIFIED, KUBE_DELETED, KUBE_BOOKMARK };

struct kube_watch;

/* Watches from a resource version on, with bookmarks. ERROR_EXPIRED: list again. */
int kube_watch_open(struct kube_client *client, const struct kube_scope *scope,
		    const char *resource_version, struct kube_watch **ret_watch, struct error *err);

/* The next event: 0; 1 when the server ended the watch in good order (open it again); -1. After
 * ERROR_INVALID, an object that cannot be parsed, the watch goes on with the next call; after any
 * other error it is of no more use. A bookmark's object carries its resource_version alone, that
 * of a deletion at least its metadata. */
int kube_watch_next(struct kube_watch *watch, enum kube_watch_type *ret_type,
		    struct object **ret_object, struct error *err);
void kube_watch_close(struct kube_watch *watch);

DEFINE_CLEANUP(struct kube_client *, kube_client_free);
DEFINE_CLEANUP(struct kube_watch *, kube_watch_close);
