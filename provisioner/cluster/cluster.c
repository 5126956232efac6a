/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/cluster.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "cluster/endpoint_slice.h"
#include "csi/names.h"
#include "kube/informer.h"
#include "reclaim/plan.h"

/* Index key of claims that wait without a node. No node can be called so. */
#define UNPLACED "*"

struct cluster {
	struct cluster_options options;
	struct informer *claims;  /* index: the node they wait for, or UNPLACED */
	struct informer *volumes; /* index: node id */
	struct informer *classes;
	struct informer *nodes;
	struct informer *csi_nodes; /* index: node id */
	struct informer *slices;
	/* Until all first lists are in, claims and volumes are touched as they arrive anyway. */
	atomic_bool complete;
};

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static void index_claim(const struct object *object, struct text *key)
{
	const struct claim *claim = (const struct claim *)object;
	if (!claim_concerns_us(claim))
		return;
	const char *node = claim_plan_node(claim, NULL);
	text_append_string(key, node ? node : UNPLACED);
}

static void index_volume(const struct object *object, struct text *key)
{
	const struct persistent_volume *volume = (const struct persistent_volume *)object;
	if (persistent_volume_is_ours(volume) && volume->node_id)
		text_append_string(key, volume->node_id);
}

static void index_csi_node(const struct object *object, struct text *key)
{
	const struct csi_node *node = (const struct csi_node *)object;
	if (node->node_id)
		text_append_string(key, node->node_id);
}

static void touch_claim(struct cluster *cluster, const char *namespace, const char *name)
{
	cluster->options.claim_touched(cluster->options.context, namespace, name);
}

static void touch_volume(struct cluster *cluster, const char *name)
{
	cluster->options.volume_touched(cluster->options.context, name);
}

static bool annotation_differs(const struct object *before, const struct object *after,
			       const char *key)
{
	return !same(pairs_get(&before->annotations, key), pairs_get(&after->annotations, key));
}

/* Something that a plan depends on, other than the intent. The intent is our own doing: if putting
 * it on or off touched the claim, a failure would be repeated at once instead of after a while. */
static bool claim_differs(const struct object *before, const struct object *after)
{
	if (!before || !same(before->uid, after->uid) || before->deleted_s != after->deleted_s)
		return true;
	const struct claim *old = (const struct claim *)before;
	const struct claim *new = (const struct claim *)after;
	return !same(old->volume_name, new->volume_name) ||
	       !same(old->class_name, new->class_name) ||
	       annotation_differs(before, after, CLAIM_SELECTED_NODE_ANNOTATION) ||
	       annotation_differs(before, after, CLAIM_PROVISIONER_ANNOTATION) ||
	       annotation_differs(before, after, CLAIM_PROVISIONER_BETA_ANNOTATION);
}

static void claim_changed(void *context, const struct object *before, const struct object *after)
{
	struct cluster *cluster = context;
	if (after && claim_concerns_us((const struct claim *)after) && claim_differs(before, after))
		touch_claim(cluster, after->namespace, after->name);
	/* A volume may have been waiting for its claim to go. */
	const struct claim *gone = after ? NULL : (const struct claim *)before;
	if (gone && gone->volume_name[0])
		touch_volume(cluster, gone->volume_name);
}

static void volume_changed(void *context, const struct object *before, const struct object *after)
{
	struct cluster *cluster = context;
	const struct persistent_volume *volume =
		(const struct persistent_volume *)(after ? after : before);
	assert(volume);
	if (!persistent_volume_is_ours(volume))
		return;
	if (after)
		touch_volume(cluster, after->name);
	if (!(before && after) && volume->claim_namespace && volume->claim_name)
		touch_claim(cluster, volume->claim_namespace, volume->claim_name);
}

static void touch_waiting_claims(struct cluster *cluster, const char *node)
{
	CLEANUP_OBJECT_LIST struct object_list waiting = { 0 };
	informer_list(cluster->claims, node, &waiting);
	for (size_t i = 0; i < waiting.count; i++)
		touch_claim(cluster, waiting.items[i]->namespace, waiting.items[i]->name);
}

static void touch_claims_of_class(struct cluster *cluster, const char *class_name)
{
	CLEANUP_OBJECT_LIST struct object_list all = { 0 };
	informer_list(cluster->claims, NULL, &all);
	for (size_t i = 0; i < all.count; i++) {
		const struct claim *claim = claim_of(all.items[i]);
		if (claim_concerns_us(claim) && claim->class_name &&
		    same(claim->class_name, class_name))
			touch_claim(cluster, claim->object.namespace, claim->object.name);
	}
}

static void class_changed(void *context, const struct object *before, const struct object *after)
{
	struct cluster *cluster = context;
	if (atomic_load(&cluster->complete))
		touch_claims_of_class(cluster, (after ? after : before)->name);
}

static void touch_waiting_volumes(struct cluster *cluster, const char *node_id)
{
	CLEANUP_OBJECT_LIST struct object_list volumes = { 0 };
	informer_list(cluster->volumes, node_id, &volumes);
	for (size_t i = 0; i < volumes.count; i++)
		if (volume_wants_reclaim(persistent_volume_of(volumes.items[i]), NULL))
			touch_volume(cluster, volumes.items[i]->name);
}

/* Something about the node has changed that may make it usable. */
static void touch_node(struct cluster *cluster, const char *node)
{
	if (!atomic_load(&cluster->complete))
		return;
	CLEANUP(object_unrefp)
	struct object *csi_node = informer_get(cluster->csi_nodes, "", node);
	const char *id = csi_node ? csi_node_of(csi_node)->node_id : NULL;
	touch_waiting_claims(cluster, node);
	touch_waiting_claims(cluster, UNPLACED);
	touch_waiting_volumes(cluster, id ? id : node);
}

static bool node_differs(const struct object *before, const struct object *after)
{
	return !before || !after || !pairs_equal(&before->labels, &after->labels) ||
	       ((const struct node *)before)->ready != ((const struct node *)after)->ready;
}

static void node_changed(void *context, const struct object *before, const struct object *after)
{
	if (node_differs(before, after))
		touch_node(context, (after ? after : before)->name);
}

static void csi_node_changed(void *context, const struct object *before, const struct object *after)
{
	const char *id_before = before ? ((const struct csi_node *)before)->node_id : NULL;
	const char *id_after = after ? ((const struct csi_node *)after)->node_id : NULL;
	if (!same(id_before, id_after))
		touch_node(context, (after ? after : before)->name);
}

static void slice_changed(void *context, const struct object *before, const struct object *after)
{
	const struct endpoint_slice *old = (const struct endpoint_slice *)before;
	const struct endpoint_slice *new = (const struct endpoint_slice *)after;
	for (size_t i = 0; new &&i < new->endpoint_count; i++) {
		const struct endpoint *endpoint = &new->endpoints[i];
		if (!endpoint->node)
			continue;
		const struct endpoint *was = old ? endpoint_slice_find(old, endpoint->node) : NULL;
		if (!was || !same(was->address, endpoint->address) || was->ready != endpoint->ready)
			touch_node(context, endpoint->node);
	}
}

static void watch_failed(void *context, const char *what, const struct error *err)
{
	struct cluster *cluster = context;
	cluster->options.failed(cluster->options.context, what, err);
}

static struct informer *watch(struct cluster *cluster, const struct kube_scope *scope,
			      void (*index)(const struct object *object, struct text *key),
			      void (*changed)(void *context, const struct object *before,
					      const struct object *after))
{
	return informer_new(cluster->options.client, &(struct informer_options) {
							     .scope = *scope,
							     .index = index,
							     .changed = changed,
							     .failed = watch_failed,
							     .context = cluster,
						     });
}

#define WATCH(cluster, watched_kind, index, changed)                                               \
	watch(cluster, &(struct kube_scope) { .kind = (watched_kind) }, index, changed)

struct cluster *cluster_new(const struct cluster_options *options)
{
	struct cluster *cluster = must_alloc(sizeof(*cluster));
	cluster->options = *options;
	/* Claims and volumes first: what comes after them looks into their copies. */
	cluster->claims = WATCH(cluster, &claim_kind, index_claim, claim_changed);
	cluster->volumes = WATCH(cluster, &persistent_volume_kind, index_volume, volume_changed);
	cluster->csi_nodes = WATCH(cluster, &csi_node_kind, index_csi_node, csi_node_changed);
	cluster->nodes = WATCH(cluster, &node_kind, NULL, node_changed);
	cluster->classes = WATCH(cluster, &class_kind, NULL, class_changed);
	CLEANUP_FREE char *selector =
		must_printf("kubernetes.io/service-name=%s", options->node_service);
	cluster->slices = watch(cluster,
				&(struct kube_scope) {
					.kind = &endpoint_slice_kind,
					.namespace = options->namespace,
					.label_selector = selector,
				},
				NULL, slice_changed);
	return cluster;
}

void cluster_free(struct cluster *cluster)
{
	if (!cluster)
		return;
	informer_free(cluster->slices);
	informer_free(cluster->classes);
	informer_free(cluster->nodes);
	informer_free(cluster->csi_nodes);
	informer_free(cluster->volumes);
	informer_free(cluster->claims);
	free(cluster);
}

int cluster_wait_synced(struct cluster *cluster, uint32_t timeout_ms, struct error *err)
{
	struct informer *all[] = { cluster->claims, cluster->volumes,	cluster->classes,
				   cluster->nodes,  cluster->csi_nodes, cluster->slices };
	uint64_t end_ms = clock_monotonic_ms() + timeout_ms;
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		uint64_t now_ms = clock_monotonic_ms();
		uint32_t rest_ms = now_ms < end_ms ? (uint32_t)(end_ms - now_ms) : 0;
		if (informer_wait_synced(all[i], rest_ms, err) < 0)
			return -1;
	}
	atomic_store(&cluster->complete, true);
	return 0;
}

struct object *cluster_claim(struct cluster *cluster, const char *namespace, const char *name)
{
	return informer_get(cluster->claims, namespace, name);
}

struct object *cluster_volume(struct cluster *cluster, const char *name)
{
	return informer_get(cluster->volumes, "", name);
}

struct object *cluster_class(struct cluster *cluster, const char *name)
{
	return informer_get(cluster->classes, "", name);
}

static void add_view(struct cluster *cluster, struct object *node, struct cluster_nodes *nodes)
{
	struct object *csi_node = informer_get(cluster->csi_nodes, "", node->name);
	nodes->views[nodes->count++] = (struct node_view) {
		.node = node_of(object_ref(node)),
		.csi_node = csi_node ? csi_node_of(csi_node) : NULL,
	};
}

void cluster_nodes_get(struct cluster *cluster, const char *name, struct cluster_nodes *ret_nodes)
{
	CLEANUP_OBJECT_LIST struct object_list all = { 0 };
	CLEANUP(object_unrefp) struct object *one = NULL;
	*ret_nodes = (struct cluster_nodes) { 0 };
	if (name) {
		one = informer_get(cluster->nodes, "", name);
		if (!one)
			return;
		ret_nodes->views = must_alloc(sizeof(*ret_nodes->views));
		add_view(cluster, one, ret_nodes);
		return;
	}
	informer_list(cluster->nodes, NULL, &all);
	ret_nodes->views = must_alloc(all.count * sizeof(*ret_nodes->views));
	for (size_t i = 0; i < all.count; i++)
		add_view(cluster, all.items[i], ret_nodes);
}

void cluster_nodes_done(struct cluster_nodes *nodes)
{
	for (size_t i = 0; i < nodes->count; i++) {
		object_unref((struct object *)nodes->views[i].node);
		object_unref((struct object *)nodes->views[i].csi_node);
	}
	free(nodes->views);
	*nodes = (struct cluster_nodes) { 0 };
}

static bool node_exists(struct cluster *cluster, const char *name)
{
	CLEANUP(object_unrefp) struct object *node = informer_get(cluster->nodes, "", name);
	return node != NULL;
}

bool cluster_find_node(struct cluster *cluster, const char *node_id, struct text *name)
{
	CLEANUP_OBJECT_LIST struct object_list found = { 0 };
	informer_list(cluster->csi_nodes, node_id, &found);
	for (size_t i = 0; i < found.count; i++)
		if (node_exists(cluster, found.items[i]->name)) {
			text_append_string(name, found.items[i]->name);
			return true;
		}
	/* The driver is not registered at the moment. Our node plugin takes the node's name as
	 * its id unless it is told otherwise. */
	if (!node_exists(cluster, node_id))
		return false;
	text_append_string(name, node_id);
	return true;
}

int cluster_find_address(struct cluster *cluster, const char *node, struct text *address,
			 struct error *err)
{
	CLEANUP_OBJECT_LIST struct object_list slices = { 0 };
	informer_list(cluster->slices, NULL, &slices);
	const struct endpoint_slice *slice = NULL;
	const struct endpoint *endpoint = NULL;
	for (size_t i = 0; i < slices.count && !(endpoint && endpoint->ready); i++) {
		const struct endpoint_slice *here = endpoint_slice_of(slices.items[i]);
		const struct endpoint *candidate = endpoint_slice_find(here, node);
		if (!candidate)
			continue;
		slice = here;
		endpoint = candidate;
	}
	if (!endpoint)
		return error_set(err, ERROR_UNAVAILABLE,
				 "the node plugin has no address there (EndpointSlices of Service "
				 "%s/%s); is its pod running?",
				 cluster->options.namespace, cluster->options.node_service);
	if (!endpoint->ready)
		return error_set(err, ERROR_UNAVAILABLE,
				 "the node plugin there is not ready (EndpointSlice %s/%s)",
				 slice->object.namespace, slice->object.name);
	endpoint_append_address(slice, endpoint, address);
	return 0;
}
