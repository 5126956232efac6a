/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The finalizer that keeps a claim's source while it is copied (claim/source.h). A source that is
 * deleted meanwhile waits for the copies that have begun, so that none of them fails half-way.
 *
 *	claim	    put on before the first copy; taken off when it is being deleted and no
 *		    unbound claim is made from it
 *	snapshot    put on before each copy; taken off when no unbound claim is made from it
 *
 * It is decided from the index of claims by their source, so it needs no sweep: a source is looked
 * at when one of its claims ends, and when we see it first.
 */

#include "apply/applier.h"
#include "claim/plan.h"
#include "cluster/cluster.h"
#include "kube/workqueue.h"

/* Groups the claims that are not finished by the source that they are made from. */
object_index_fn source_guard_index;

/* Puts the finalizer on the plan's source. A snapshot that must not be written is used without:
 * the node notices where it is deleted meanwhile. */
int source_guard_put(const struct applier *applier, const struct claim_plan *plan,
		     struct error *err);

/* The source of that key (claim_source_key()) may bear a finalizer that nothing needs any more. */
bool source_guard_is_key(const char *key);
int source_guard_release(const struct applier *applier, const char *key, struct error *err);

/* The sources that the change may have released: their keys. */
void source_guard_wake(struct workqueue *queue, const struct cluster_change *change);
