/* SPDX-License-Identifier: Apache-2.0 */
#include "claim/source_grant.h"

#include <string.h>

#include "base/same.h"
#include "claim/plan.h"
#include "cluster/reference_grant.h"

static bool is_granted(struct cluster *cluster, const struct claim *claim)
{
	const struct claim_data_source *from = claim->data_source;
	const struct grant_to source = {
		.group = from->kind == CLAIM_FROM_CLAIM ? "" : "snapshot.storage.k8s.io",
		.kind = from->kind_name,
		.name = from->name,
	};
	CLEANUP_OBJECT_LIST struct object_list grants = { 0 };
	cluster_list(cluster, CLUSTER_REFERENCE_GRANTS, claim_source_namespace(claim), &grants);
	for (size_t i = 0; i < grants.count; i++)
		if (reference_grant_allows(reference_grant_of(grants.items[i]),
					   claim->object.namespace, &source))
			return true;
	return false;
}

enum claim_grant source_grant_find(struct cluster *cluster, const struct claim *claim)
{
	if (same(claim_source_namespace(claim), claim->object.namespace))
		return CLAIM_GRANT_GIVEN;
	if (!cluster_watches(cluster, CLUSTER_REFERENCE_GRANTS))
		return CLAIM_GRANT_OFF;
	if (!cluster_serves(cluster, CLUSTER_REFERENCE_GRANTS))
		return CLAIM_GRANT_UNSERVED;
	return is_granted(cluster, claim) ? CLAIM_GRANT_GIVEN : CLAIM_GRANT_MISSING;
}

/* There are few grants, and they seldom change. */
void source_grant_wake(struct workqueue *queue, const struct cluster_change *change)
{
	CLEANUP_OBJECT_LIST struct object_list all = { 0 };
	const struct object *grant = change->after ? change->after : change->before;
	if (!cluster_is_complete(change->cluster))
		return;
	cluster_list(change->cluster, CLUSTER_CLAIMS, NULL, &all);
	for (size_t i = 0; i < all.count; i++) {
		CLEANUP_TEXT struct text key = TEXT_INIT;
		const struct claim *claim = claim_of(all.items[i]);
		if (!claim_is_copy(claim) || !claim_concerns_us(claim) ||
		    !same(claim_source_namespace(claim), grant->namespace) ||
		    same(claim->object.namespace, grant->namespace))
			continue;
		workqueue_add_object(queue, claim->object.namespace, claim->object.name);
		claim_source_key(claim->data_source->kind, grant->namespace,
				 claim->data_source->name, &key);
		workqueue_add(queue, text_string(&key));
	}
}
