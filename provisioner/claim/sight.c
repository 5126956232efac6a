/* SPDX-License-Identifier: Apache-2.0 */
#include "claim/sight.h"

#include <string.h>

#include "claim/request.h"
#include "cluster/class.h"
#include "cluster/persistent_volume.h"
#include "kube/claim.h"
#include "kube/client.h"
#include "kube/verbs.h"

void claim_sight_done(struct claim_sight *sight)
{
	object_unref(sight->claim);
	object_unref(sight->class);
	object_unref(sight->attributes_class);
	object_unref(sight->volume);
	source_sight_done(&sight->source);
	cluster_nodes_done(&sight->nodes);
	arena_free(sight->arena);
}

/* Our copies may be behind our own writes. Where the claim bears an intent and we see no volume,
 * it matters: the API server itself is asked for both. */
static int read_claim(struct cluster *cluster, struct kube_client *client, const char *namespace,
		      const char *name, struct claim_sight *sight, struct error *err)
{
	sight->claim = cluster_get(cluster, CLUSTER_CLAIMS, namespace, name);
	if (!sight->claim)
		return 0;
	const char *volume = claim_volume_name(claim_of(sight->claim), sight->arena);
	sight->volume = cluster_get(cluster, CLUSTER_VOLUMES, "", volume);
	if (sight->volume || !claim_intent_node(claim_of(sight->claim)))
		return 0;
	object_unref(TAKE(sight->claim));
	if (kube_optional(kube_get(client, &claim_kind, namespace, name, &sight->claim, err), err) <
		    0 ||
	    kube_optional(
		    kube_get(client, &persistent_volume_kind, "", volume, &sight->volume, err),
		    err) < 0)
		return -1;
	sight->copy_lags = sight->volume != NULL;
	return 0;
}

static void find_classes(struct cluster *cluster, const struct claim *claim,
			 struct claim_sight *sight)
{
	const char *attributes = claim->attributes_class_name;
	if (claim->class_name && claim->class_name[0])
		sight->class = cluster_get(cluster, CLUSTER_CLASSES, "", claim->class_name);
	if (attributes && attributes[0])
		sight->attributes_class =
			cluster_get(cluster, CLUSTER_ATTRIBUTES_CLASSES, "", attributes);
	sight->attributes_unserved = !cluster_serves(cluster, CLUSTER_ATTRIBUTES_CLASSES);
}

static void see_source(struct cluster *cluster, const struct claim *claim,
		       struct claim_sight *sight)
{
	struct error none;
	source_sight_take(&(struct source_reading) { cluster, NULL, sight->arena }, claim,
			  &sight->source, &none);
}

int claim_sight_take(struct cluster *cluster, struct kube_client *client, const char *key,
		     struct claim_sight *sight, struct error *err)
{
	CLEANUP_TEXT struct text address = TEXT_INIT;
	const char *slash = strchr(key, '/');
	const char *namespace = arena_copy(sight->arena, key, (size_t)(slash - key));
	if (read_claim(cluster, client, namespace, slash + 1, sight, err) < 0)
		return -1;
	if (!sight->claim)
		return 1;
	const struct claim *claim = claim_of(sight->claim);
	find_classes(cluster, claim, sight);
	const struct class *class = sight->class ? class_of(sight->class) : NULL;
	bool copy = claim_is_copy(claim);
	if (copy)
		see_source(cluster, claim, sight);
	const char *node = claim_plan_node(claim, class, &sight->source.source);
	if (node || (class && !class->wait_for_first_consumer && !copy))
		cluster_nodes_get(cluster, node, &sight->nodes);
	if (node)
		sight->is_unreachable =
			cluster_find_address(cluster, node, &address, &sight->unreachable) < 0;
	return 0;
}

void claim_sight_plan(const struct claim_sight *sight, struct claim_plan *ret_plan)
{
	const struct claim *claim = claim_of(sight->claim);
	struct claim_view view = {
		.claim = claim,
		.class = sight->class ? class_of(sight->class) : NULL,
		.attributes_class = sight->attributes_class
					    ? attributes_class_of(sight->attributes_class)
					    : NULL,
		.attributes_unserved = sight->attributes_unserved,
		.volume = sight->volume ? persistent_volume_of(sight->volume) : NULL,
		.nodes = sight->nodes.views,
		.node_count = sight->nodes.count,
		.unreachable = sight->is_unreachable ? &sight->unreachable : NULL,
		.source = claim_is_copy(claim) ? &sight->source.source : NULL,
	};
	claim_plan(&view, sight->arena, ret_plan);
}

void claim_name_lanes(struct cluster *cluster, const char *key, const struct lane_names *names)
{
	CLEANUP(claim_sight_done) struct claim_sight sight = { .arena = arena_new(256) };
	const char *colon = strchr(key, ':'); /* of a source: claim/source_guard.h */
	lane_of_namespace(colon ? colon + 1 : key, names);
	if (colon)
		return;
	sight.claim = cluster_get(cluster, CLUSTER_CLAIMS, text_string(names->namespace),
				  strchr(key, '/') + 1);
	if (!sight.claim)
		return;
	const struct claim *claim = claim_of(sight.claim);
	if (claim_is_copy(claim) && !claim_intent_node(claim))
		see_source(cluster, claim, &sight);
	const char *node = claim_plan_node(claim, NULL, &sight.source.source);
	if (node)
		text_append_string(names->node, node);
}

int claim_sight_confirm(struct cluster *cluster, struct kube_client *client,
			const struct claim_plan *plan, struct claim_sight *sight, struct error *err)
{
	CLEANUP(object_unrefp) struct object *node = NULL;
	if (plan->node_gone &&
	    kube_optional(kube_get(client, &node_kind, "", plan->node, &node, err), err) < 0)
		return -1;
	if (node)
		return 1;
	if (!plan->source_lost)
		return 0;
	source_sight_done(&sight->source);
	return source_sight_take(&(struct source_reading) { cluster, client, sight->arena },
				 claim_of(sight->claim), &sight->source, err);
}
