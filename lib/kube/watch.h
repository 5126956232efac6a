/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The changes of the objects of a scope, from a resource version on, as the server streams them.
 */

#include "base/cleanup.h"
#include "base/error.h"
#include "kube/client.h"
#include "kube/object.h"
#include "kube/scope.h"

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

DEFINE_CLEANUP(struct kube_watch *, kube_watch_close);
