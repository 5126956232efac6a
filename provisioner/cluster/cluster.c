/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/cluster.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "cluster/attributes_class.h"
#include "cluster/class.h"
#include "cluster/endpoint_slice.h"
#include "cluster/group_class.h"
#include "cluster/group_content.h"
#include "cluster/group_snapshot.h"
#include "cluster/node.h"
#include "cluster/persistent_volume.h"
#include "cluster/reference_grant.h"
#include "cluster/snapshot.h"
#include "cluster/snapshot_class.h"
#include "cluster/snapshot_content.h"
#include "cluster/storage_capacity.h"
#include "csi/names.h"
#include "kube/claim.h"
#include "kube/informer.h"

/* The copy of one kind; the context of its informer. */
struct copy {
	struct cluster *cluster;
	enum cluster_kind kind;
	struct informer *informer; /* NULL: not watched */
};

struct cluster {
	struct cluster_options options;
	struct copy copies[CLUSTER_KINDS];
	atomic_bool complete;

	/* Held by cluster_new() until every informer exists: a callback may read any copy. */
	pthread_mutex_t whole;
};

static const struct kind *const kinds[CLUSTER_KINDS] = {
	[CLUSTER_CLAIMS] = &claim_kind,
	[CLUSTER_VOLUMES] = &persistent_volume_kind,
	[CLUSTER_CLASSES] = &class_kind,
	[CLUSTER_NODES] = &node_kind,
	[CLUSTER_CSI_NODES] = &csi_node_kind,
	[CLUSTER_SLICES] = &endpoint_slice_kind,
	[CLUSTER_CAPACITIES] = &storage_capacity_kind,
	[CLUSTER_ATTRIBUTES_CLASSES] = &attributes_class_kind,
	[CLUSTER_SNAPSHOTS] = &snapshot_kind,
	[CLUSTER_SNAPSHOT_CONTENTS] = &snapshot_content_kind,
	[CLUSTER_SNAPSHOT_CLASSES] = &snapshot_class_kind,
	[CLUSTER_GROUP_SNAPSHOTS] = &group_snapshot_kind,
	[CLUSTER_GROUP_CONTENTS] = &group_content_kind,
	[CLUSTER_GROUP_CLASSES] = &group_class_kind,
	[CLUSTER_REFERENCE_GRANTS] = &reference_grant_kind,
};

/* Newer than the oldest Kubernetes that we serve, or of a CustomResourceDefinition. */
#define OPTIONAL_KINDS                                                                             \
	(CLUSTER_BIT(CLUSTER_ATTRIBUTES_CLASSES) | CLUSTER_BIT(CLUSTER_SNAPSHOTS) |                \
	 CLUSTER_BIT(CLUSTER_SNAPSHOT_CONTENTS) | CLUSTER_BIT(CLUSTER_SNAPSHOT_CLASSES) |          \
	 CLUSTER_BIT(CLUSTER_GROUP_SNAPSHOTS) | CLUSTER_BIT(CLUSTER_GROUP_CONTENTS) |              \
	 CLUSTER_BIT(CLUSTER_GROUP_CLASSES) | CLUSTER_BIT(CLUSTER_REFERENCE_GRANTS))

/* Claims and volumes first: most of what comes after them wakes some of these. */
static const enum cluster_kind order[CLUSTER_KINDS] = {
	CLUSTER_CLAIMS,		  CLUSTER_VOLUMES,
	CLUSTER_CSI_NODES,	  CLUSTER_NODES,
	CLUSTER_CLASSES,	  CLUSTER_SLICES,
	CLUSTER_CAPACITIES,	  CLUSTER_ATTRIBUTES_CLASSES,
	CLUSTER_SNAPSHOT_CLASSES, CLUSTER_SNAPSHOT_CONTENTS,
	CLUSTER_SNAPSHOTS,	  CLUSTER_GROUP_CLASSES,
	CLUSTER_GROUP_CONTENTS,	  CLUSTER_GROUP_SNAPSHOTS,
	CLUSTER_REFERENCE_GRANTS,
};

static void index_csi_node(const struct object *object, struct text *key)
{
	const struct csi_node *node = (const struct csi_node *)object;
	if (node->node_id)
		text_append_string(key, node->node_id);
}

/* The kubelet writes the label when our driver registers, and leaves it there afterwards. */
static void index_node(const struct object *object, struct text *key)
{
	const char *node_id = pairs_get(&object->labels, CSI_TOPOLOGY_KEY);
	if (node_id)
		text_append_string(key, node_id);
}

static void changed(void *context, const struct object *before, const struct object *after)
{
	const struct copy *copy = context;
	const struct cluster_options *options = &copy->cluster->options;
	pthread_mutex_lock(&copy->cluster->whole);
	pthread_mutex_unlock(&copy->cluster->whole);
	options->changed(options->context, &(struct cluster_change) {
						   .cluster = copy->cluster,
						   .kind = copy->kind,
						   .before = before,
						   .after = after,
					   });
}

static void watch_failed(void *context, const char *what, const struct error *err)
{
	const struct copy *copy = context;
	const struct cluster_options *options = &copy->cluster->options;
	options->failed(options->context, what, err);
}

static void served(void *context, const struct kind *kind, bool is_served)
{
	const struct copy *copy = context;
	const struct cluster_options *options = &copy->cluster->options;
	if (options->served)
		options->served(options->context, kind, is_served);
}

/* Of the kinds that are watched in our own namespace alone; NULL: all objects are watched. */
static const char *selector_of(enum cluster_kind kind, const char *service)
{
	return kind == CLUSTER_SLICES	    ? service
	       : kind == CLUSTER_CAPACITIES ? STORAGE_CAPACITY_SELECTOR
					    : NULL;
}

static void watch(struct cluster *cluster, enum cluster_kind kind, const char *service)
{
	struct copy *copy = &cluster->copies[kind];
	const char *own = selector_of(kind, service);
	*copy = (struct copy) { .cluster = cluster, .kind = kind };
	struct informer_options options = {
		.scope = { .kind = kinds[kind],
			   .namespace = own ? cluster->options.namespace : NULL,
			   .label_selector = own },
		.optional = OPTIONAL_KINDS & CLUSTER_BIT(kind),
		.changed = changed,
		.failed = watch_failed,
		.served = served,
		.context = copy,
	};
	memcpy(options.index, cluster->options.index[kind], sizeof(options.index));
	if (kind == CLUSTER_CSI_NODES || kind == CLUSTER_NODES) {
		assert(!options.index[0]); /* no role groups them otherwise */
		options.index[0] = kind == CLUSTER_NODES ? index_node : index_csi_node;
	}
	copy->informer = informer_new(cluster->options.client, &options);
}

struct cluster *cluster_new(const struct cluster_options *options)
{
	struct cluster *cluster = must_alloc(sizeof(*cluster));
	CLEANUP_FREE char *service =
		must_printf("kubernetes.io/service-name=%s", options->node_service);
	cluster->options = *options;
	pthread_mutex_init(&cluster->whole, NULL);
	pthread_mutex_lock(&cluster->whole);
	for (size_t i = 0; i < CLUSTER_KINDS; i++)
		if (options->kinds & CLUSTER_BIT(order[i]))
			watch(cluster, order[i], service);
	pthread_mutex_unlock(&cluster->whole);
	return cluster;
}

void cluster_free(struct cluster *cluster)
{
	if (!cluster)
		return;
	for (size_t i = 0; i < CLUSTER_KINDS; i++)
		informer_stop(cluster->copies[i].informer);
	for (size_t i = 0; i < CLUSTER_KINDS; i++)
		informer_free(cluster->copies[i].informer);
	pthread_mutex_destroy(&cluster->whole);
	free(cluster);
}

int cluster_wait_synced(struct cluster *cluster, uint32_t timeout_ms, struct error *err)
{
	uint64_t end_ms = clock_monotonic_ms() + timeout_ms;
	for (size_t i = 0; i < CLUSTER_KINDS; i++) {
		struct informer *informer = cluster->copies[order[i]].informer;
		uint64_t now_ms = clock_monotonic_ms();
		uint32_t rest_ms = now_ms < end_ms ? (uint32_t)(end_ms - now_ms) : 0;
		if (informer && informer_wait_synced(informer, rest_ms, err) < 0)
			return -1;
	}
	atomic_store(&cluster->complete, true);
	return 0;
}

bool cluster_is_complete(const struct cluster *cluster)
{
	return atomic_load(&cluster->complete);
}

/* A role that asks for a kind names it among its kinds. */
static struct informer *informer_of(struct cluster *cluster, enum cluster_kind kind)
{
	assert(cluster->copies[kind].informer);
	return cluster->copies[kind].informer;
}

bool cluster_serves(struct cluster *cluster, enum cluster_kind kind)
{
	return informer_serves(informer_of(cluster, kind));
}

const struct kind *cluster_served_kind(struct cluster *cluster, enum cluster_kind kind)
{
	return informer_kind(informer_of(cluster, kind));
}

struct object *cluster_get(struct cluster *cluster, enum cluster_kind kind, const char *namespace,
			   const char *name)
{
	return informer_get(informer_of(cluster, kind), namespace, name);
}

void cluster_list(struct cluster *cluster, enum cluster_kind kind, const char *key,
		  struct object_list *ret_list)
{
	informer_list(informer_of(cluster, kind), key, ret_list);
}

bool cluster_watches(const struct cluster *cluster, enum cluster_kind kind)
{
	return cluster->copies[kind].informer != NULL;
}

size_t cluster_count(struct cluster *cluster, enum cluster_kind kind)
{
	return informer_count(informer_of(cluster, kind));
}

const char *cluster_namespace(const struct cluster *cluster)
{
	return cluster->options.namespace;
}

const char *cluster_node_service(const struct cluster *cluster)
{
	return cluster->options.node_service;
}
