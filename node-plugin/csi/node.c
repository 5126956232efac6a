/* SPDX-License-Identifier: Apache-2.0 */
#include "csi/node.h"
#include "base/arena.h"
#include "base/clock.h"
#include "csi.pb-c.h"
#include "csi/argument.h"
#include "csi/effect.h"
#include "csi/ephemeral.h"
#include "csi/service.h"
#include "csi/topology.h"
#include "pool/filling.h"
#include "pool/pools.h"
#include "pool/visiting.h"
#include "volume/create.h"
#include "volume/ephemeral.h"
#include "volume/publish.h"
#include "volume/stage.h"
#include "volume/volume.h"

static int read_secret(struct rpc_call *call, const Csi__V1__NodeStageVolumeRequest *request,
		       struct secret *secret, struct error *err)
{
	struct pairs secrets = CSI_ARGUMENT_PAIRS(rpc_call_arena(call), request, secrets);
	if (csi_argument_map(&secrets, "secrets", err) < 0)
		return -1;
	return access_read_secret(&secrets, secret, err);
}

static int node_stage_volume(struct rpc_call *call, const Csi__V1__NodeStageVolumeRequest *request,
			     Csi__V1__NodeStageVolumeResponse *response, struct error *err)
{
	struct node *node = rpc_call_context(call);
	struct csi_effect effect = {
		.done = "volume staged",
		.failed = "volume not staged",
		.volume = request->volume_id,
		.path = request->staging_target_path,
		.begin_us = clock_monotonic_us(),
	};
	struct access access;
	CLEANUP_SECRET struct secret secret = { 0 };
	CLEANUP_FILLING struct filling filling = { 0 };
	if (csi_argument_text(request->volume_id, "volume_id", err) < 0 ||
	    csi_argument_path(request->staging_target_path, "staging_target_path", err) < 0 ||
	    csi_argument_access(request->volume_capability, &access, err) < 0 ||
	    read_secret(call, request, &secret, err) < 0)
		return csi_effect_log(&effect, -1, err);
	filling_init_of(&filling, node->pools, &node->long_work, request->volume_id);
	access.secret = &secret;
	access.watch = &filling.watch;
	int outcome = volume_stage(node->pools, request->volume_id, request->staging_target_path,
				   &access, err);
	return csi_effect_log(&effect, outcome, err);
}

static int node_unstage_volume(struct rpc_call *call,
			       const Csi__V1__NodeUnstageVolumeRequest *request,
			       Csi__V1__NodeUnstageVolumeResponse *response, struct error *err)
{
	struct node *node = rpc_call_context(call);
	struct csi_effect effect = {
		.done = "volume unstaged",
		.failed = "volume not unstaged",
		.volume = request->volume_id,
		.path = request->staging_target_path,
		.begin_us = clock_monotonic_us(),
	};
	if (csi_argument_text(request->volume_id, "volume_id", err) < 0 ||
	    csi_argument_path(request->staging_target_path, "staging_target_path", err) < 0)
		return csi_effect_log(&effect, -1, err);
	int outcome =
		volume_unstage(node->pools, request->volume_id, request->staging_target_path, err);
	return csi_effect_log(&effect, outcome, err);
}

static int read_publication(const Csi__V1__NodePublishVolumeRequest *request,
			    const struct pairs *context, struct access *ret_access,
			    struct error *err)
{
	if (csi_argument_text(request->volume_id, "volume_id", err) < 0 ||
	    csi_argument_path(request->target_path, "target_path", err) < 0 ||
	    csi_argument_access(request->volume_capability, ret_access, err) < 0 ||
	    csi_argument_map(context, "volume_context", err) < 0)
		return -1;
	if (csi_ephemeral_is(context))
		return 0;
	/* CSI spec, NodePublishVolume Errors: "Staging target path not set" is a precondition. */
	if (!request->staging_target_path[0])
		return error_set(err, ERROR_IN_USE,
				 "staging_target_path is missing: volumes are "
				 "staged before they are published");
	return 0;
}

static int publish(struct node *node, const char *id, struct pairs *context, struct access *access,
		   const struct volume_publication *publication, struct error *err)
{
	struct volume_spec spec;
	CLEANUP_FILLING struct filling filling = { 0 };
	if (!csi_ephemeral_is(context))
		return volume_publish(node->pools, id, publication, err);
	if (csi_ephemeral_spec(id, context, access, &spec, err) < 0)
		return -1;
	spec.ephemeral = node->ephemeral;
	filling_init(&filling, node->pools, &node->long_work);
	spec.watch = &filling.watch;
	spec.chosen = &filling.pool;
	return volume_ephemeral_publish(node->pools, &spec, publication, err);
}

static int node_publish_volume(struct rpc_call *call,
			       const Csi__V1__NodePublishVolumeRequest *request,
			       Csi__V1__NodePublishVolumeResponse *response, struct error *err)
{
	struct node *node = rpc_call_context(call);
	struct csi_effect effect = {
		.done = "volume published",
		.failed = "volume not published",
		.volume = request->volume_id,
		.path = request->target_path,
		.begin_us = clock_monotonic_us(),
	};
	struct access access;
	struct pairs context = CSI_ARGUMENT_PAIRS(rpc_call_arena(call), request, volume_context);
	if (read_publication(request, &context, &access, err) < 0)
		return csi_effect_log(&effect, -1, err);
	struct volume_publication publication = {
		.staging_path = request->staging_target_path,
		.target_path = request->target_path,
		.access = &access,
		.read_only = request->readonly,
	};
	int outcome = publish(node, request->volume_id, &context, &access, &publication, err);
	return csi_effect_log(&effect, outcome, err);
}

static int node_unpublish_volume(struct rpc_call *call,
				 const Csi__V1__NodeUnpublishVolumeRequest *request,
				 Csi__V1__NodeUnpublishVolumeResponse *response, struct error *err)
{
	struct node *node = rpc_call_context(call);
	struct csi_effect effect = {
		.done = "volume unpublished",
		.failed = "volume not unpublished",
		.volume = request->volume_id,
		.path = request->target_path,
		.begin_us = clock_monotonic_us(),
	};
	if (csi_argument_text(request->volume_id, "volume_id", err) < 0 ||
	    csi_argument_path(request->target_path, "target_path", err) < 0)
		return csi_effect_log(&effect, -1, err);
	int outcome = volume_unpublish(node->pools, request->volume_id, request->target_path, err);
	return csi_effect_log(&effect, outcome, err);
}

static Csi__V1__VolumeUsage *make_usage(struct arena *arena, Csi__V1__VolumeUsage__Unit unit,
					uint64_t total, uint64_t available, uint64_t used)
{
	Csi__V1__VolumeUsage *usage = arena_alloc(arena, sizeof(*usage));
	csi__v1__volume_usage__init(usage);
	usage->unit = unit;
	usage->total = (int64_t)total;
	usage->available = (int64_t)available;
	usage->used = (int64_t)used;
	return usage;
}

/* Inodes are left out where there are none (a raw device) and where the file system does not count
 * them (btrfs). */
static void fill_usage(Csi__V1__NodeGetVolumeStatsResponse *response, struct arena *arena,
		       const struct host_usage *usage)
{
	response->usage = arena_alloc(arena, 2 * sizeof(*response->usage));
	response->usage[response->n_usage++] =
		make_usage(arena, CSI__V1__VOLUME_USAGE__UNIT__BYTES, usage->total_bytes,
			   usage->available_bytes, usage->used_bytes);
	if (usage->total_inodes)
		response->usage[response->n_usage++] =
			make_usage(arena, CSI__V1__VOLUME_USAGE__UNIT__INODES, usage->total_inodes,
				   usage->available_inodes, usage->used_inodes);
}

static int node_get_volume_stats(struct rpc_call *call,
				 const Csi__V1__NodeGetVolumeStatsRequest *request,
				 Csi__V1__NodeGetVolumeStatsResponse *response, struct error *err)
{
	struct node *node = rpc_call_context(call);
	struct arena *arena = rpc_call_arena(call);
	struct host_usage usage;
	CLEANUP_POOL_VISIT struct pool_visit visit = { 0 };
	if (csi_argument_text(request->volume_id, "volume_id", err) < 0 ||
	    csi_argument_path(request->volume_path, "volume_path", err) < 0 ||
	    visiting_begin(node->pools, request->volume_id, &visit, err) < 0 ||
	    volume_usage(node->pools, request->volume_id, request->volume_path, &usage, err) < 0)
		return -1;
	fill_usage(response, arena, &usage);
	return 0;
}

static int node_get_info(struct rpc_call *call, const Csi__V1__NodeGetInfoRequest *request,
			 Csi__V1__NodeGetInfoResponse *response, struct error *err)
{
	struct node *node = rpc_call_context(call);
	struct arena *arena = rpc_call_arena(call);
	response->node_id = arena_strdup(arena, node->id);
	response->max_volumes_per_node = node->pools->node->max_volumes;
	response->accessible_topology = csi_topology_make(arena, node->id);
	return 0;
}

static const struct rpc_method methods[] = {
	CSI_METHOD(NODE, NodeStageVolume, node_stage_volume),
	CSI_QUICK_METHOD(NODE, NodeUnstageVolume, node_unstage_volume),
	CSI_METHOD(NODE, NodePublishVolume, node_publish_volume),
	CSI_QUICK_METHOD(NODE, NodeUnpublishVolume, node_unpublish_volume),
	CSI_METHOD(NODE, NodeGetVolumeStats, node_get_volume_stats),
	CSI_QUICK_METHOD(NODE, NodeGetInfo, node_get_info),
};

size_t csi_node_methods(const struct rpc_method **ret_methods)
{
	*ret_methods = methods;
	return sizeof(methods) / sizeof(*methods);
}
