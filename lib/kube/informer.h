/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A live copy of the objects of one scope: listed once, then kept up to date by a watch, in a
 * thread of its own. A broken watch is opened again where it broke; one that is too old (410) is
 * replaced by a new list, and what vanished meanwhile is reported as deleted.
 *
 * A kind may be one that the server does not serve: an older Kubernetes, or a
 * CustomResourceDefinition that is not installed. An informer of an optional kind then has an empty
 * copy that counts as synced, and lists again every half minute, so that it follows the kind as
 * soon as it is served. When the kind was served before, its objects are reported as deleted. Where
 * the kind names an older version of itself, each list tries them from the newest on.
 *
 * Readers get references to immutable objects. An index groups objects by a key of the user's
 * choice, so that a reconcile never walks the whole copy.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "kube/client.h"
#include "kube/object.h"
#include "kube/object_store.h"
#include "kube/scope.h"

struct informer;

struct informer_options {
	struct kube_scope scope;
	bool optional;		   /* the server may not serve the kind */
	uint32_t unserved_wait_ms; /* then: between two lists; 0: 30 s (tests) */

	object_index_fn *index[OBJECT_INDEXES_MAX]; /* ended by NULL; empty: no index */

	/* In the informer's thread, after the copy has changed; `before` is NULL for a new object
	 * and `after` for a deleted one. Both borrowed. May be NULL. */
	void (*changed)(void *context, const struct object *before, const struct object *after);

	/* In the informer's thread, when listing or watching failed and is tried again with
	 * backoff: for the log. May be NULL. */
	void (*failed)(void *context, const char *what, const struct error *err);

	/* In the informer's thread, once at each change: an optional kind is not served (the newest
	 * of its versions), or is served although it was not before (the version that is). After
	 * the copy has changed. May be NULL. */
	void (*served)(void *context, const struct kind *kind, bool served);
	void *context;
};

/* Starts at once. The strings of the scope are copied. */
struct informer *informer_new(struct kube_client *client, const struct informer_options *options);

/* Ends the thread (kube_client_stop() first); no callback comes after that. The copy can still be
 * read. NULL is fine, and so is a second time. */
void informer_stop(struct informer *informer);

/* Stops it first, and drops all references. */
void informer_free(struct informer *informer);

/* The first list has arrived, or the server does not serve the kind. */
bool informer_synced(struct informer *informer);
int informer_wait_synced(struct informer *informer, uint32_t timeout_ms, struct error *err);

/* The last list was answered: false before the first one and while the kind is not served. */
bool informer_serves(struct informer *informer);

/* The version of the kind that the last list was answered in: in which to create objects. */
const struct kind *informer_kind(struct informer *informer);

/* A reference, or NULL. namespace "" for kinds of the whole cluster. */
struct object *informer_get(struct informer *informer, const char *namespace, const char *name);

/* All objects, or those whose index key is `key`. */
void informer_list(struct informer *informer, const char *key, struct object_list *ret_list);
size_t informer_count(struct informer *informer);

/* The copy is at least as new as this resource version of the same kind: guards against acting on
 * a copy that lags behind our own writes. Versions that cannot be compared count as seen. */
bool informer_has_seen(struct informer *informer, const char *resource_version);

DEFINE_CLEANUP(struct informer *, informer_free);
