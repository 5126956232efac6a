/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What is wrong with volumes (volume/condition.h) and with the pools (pool/health.h).
 *
 * ControllerListVolumeHealth lists the healthy volumes, too, with an empty list of statuses,
 * although CSI says that a plugin SHOULD omit them: a volume in a pool that is missing cannot be
 * listed, and only in a list of all the others its absence shows. The caller then asks for it by
 * ControllerGetVolumeHealth, which says what is wrong.
 */

#include "pool/health.h"
#include "base/arena.h"
#include "csi.pb-c.h"
#include "csi/argument.h"
#include "csi/node.h"
#include "csi/page.h"
#include "csi/service.h"
#include "pool/id_list.h"
#include "pool/pools.h"
#include "volume/condition.h"
#include "volume/volume.h"

#define MESSAGE_MAX 1024 /* what Kubernetes takes (CSINode's storageHealth) */

static Csi__V1__VolumeHealthErrorType status_of(enum condition_status status)
{
	static const Csi__V1__VolumeHealthErrorType types[] = {
		[CONDITION_DEGRADED] = CSI__V1__VOLUME_HEALTH_ERROR_TYPE__DEGRADED,
		[CONDITION_INACCESSIBLE] = CSI__V1__VOLUME_HEALTH_ERROR_TYPE__INACCESSIBLE,
		[CONDITION_DATA_LOSS] = CSI__V1__VOLUME_HEALTH_ERROR_TYPE__DATA_LOSS,
	};
	return types[status];
}

static Csi__V1__VolumeHealth *make_health(struct arena *arena, const char *id,
					  const struct conditions *conditions)
{
	Csi__V1__VolumeHealth *health = arena_alloc(arena, sizeof(*health));
	csi__v1__volume_health__init(health);
	health->volume_id = arena_strdup(arena, id);
	health->health_statuses =
		arena_alloc(arena, conditions->count * sizeof(*health->health_statuses));
	for (size_t i = 0; i < conditions->count; i++) {
		Csi__V1__VolumeHealth__VolumeHealthEntry *entry =
			arena_alloc(arena, sizeof(*entry));
		csi__v1__volume_health__volume_health_entry__init(entry);
		entry->status = status_of(conditions->items[i].status);
		entry->reason = arena_strdup(arena, conditions->items[i].reason);
		entry->message = arena_strdup(arena, conditions->items[i].text);
		health->health_statuses[health->n_health_statuses++] = entry;
	}
	return health;
}

/* One that was deleted meanwhile, or of which nothing can be said now, is left out. */
static int fill_list(struct rpc_call *call, Csi__V1__ControllerListVolumeHealthResponse *response,
		     const struct id_list *list, size_t max, struct error *err)
{
	struct node *node = rpc_call_context(call);
	struct arena *arena = rpc_call_arena(call);
	size_t count = max < list->count ? max : list->count;
	CLEANUP_CONDITION_VIEW struct condition_view view = { 0 };
	if (condition_view_init(node->pools, &view, err) < 0)
		return -1;
	response->entries = arena_alloc(arena, count * sizeof(*response->entries));
	for (size_t i = 0; i < count; i++) {
		struct conditions conditions;
		if (condition_look(&view, list->ids[i], &conditions, NULL) == 0 &&
		    !conditions.ephemeral)
			response->entries[response->n_entries++] =
				make_health(arena, list->ids[i], &conditions);
	}
	if (count && count < list->count)
		response->next_token = csi_page_token(arena, list->ids[count - 1]);
	return 0;
}

static int controller_list_volume_health(struct rpc_call *call,
					 const Csi__V1__ControllerListVolumeHealthRequest *request,
					 Csi__V1__ControllerListVolumeHealthResponse *response,
					 struct error *err)
{
	struct node *node = rpc_call_context(call);
	struct csi_page page;
	if (csi_page_read(request->max_entries, request->starting_token, &page, err) < 0)
		return -1;
	CLEANUP_ID_LIST struct id_list list = { .after = page.after };
	if (volume_list_ids(node->pools, &list, err) < 0)
		return -1;
	return fill_list(call, response, &list, page.max, err);
}

static int get_health(struct rpc_call *call, const char *id, Csi__V1__VolumeHealth **ret_health,
		      struct error *err)
{
	struct node *node = rpc_call_context(call);
	struct conditions conditions;
	CLEANUP_CONDITION_VIEW struct condition_view view = { 0 };
	if (csi_argument_text(id, "volume_id", err) < 0)
		return -1;
	if (condition_view_init(node->pools, &view, err) < 0)
		return error_not_named(err);
	if (condition_look(&view, id, &conditions, err) < 0)
		return -1;
	*ret_health = make_health(rpc_call_arena(call), id, &conditions);
	return 0;
}

static int controller_get_volume_health(struct rpc_call *call,
					const Csi__V1__ControllerGetVolumeHealthRequest *request,
					Csi__V1__ControllerGetVolumeHealthResponse *response,
					struct error *err)
{
	return get_health(call, request->volume_id, &response->volume_health, err);
}

/* The paths say nothing that the volume's id does not. */
static int node_get_volume_health(struct rpc_call *call,
				  const Csi__V1__NodeGetVolumeHealthRequest *request,
				  Csi__V1__NodeGetVolumeHealthResponse *response, struct error *err)
{
	if ((request->volume_publish_path[0] &&
	     csi_argument_path(request->volume_publish_path, "volume_publish_path", err) < 0) ||
	    (request->staging_target_path[0] &&
	     csi_argument_path(request->staging_target_path, "staging_target_path", err) < 0))
		return -1;
	return get_health(call, request->volume_id, &response->volume_health, err);
}

static void add_backend(Csi__V1__NodeGetStorageHealthResponse *response, struct arena *arena,
			Csi__V1__StorageHealthErrorType status, const char *reason,
			struct text *message)
{
	Csi__V1__NodeGetStorageHealthResponse__StorageBackendHealth *health =
		arena_alloc(arena, sizeof(*health));
	if (!message->length)
		return;
	csi__v1__node_get_storage_health_response__storage_backend_health__init(health);
	health->status = status;
	health->reason = arena_strdup(arena, reason);
	health->message = arena_printf(arena, "%.*s", MESSAGE_MAX, text_string(message));
	response->backend_health[response->n_backend_health++] = health;
}

#define STORAGE(name) CSI__V1__STORAGE_HEALTH_ERROR_TYPE__STORAGE_##name

/* CSI wants each status and reason once, so one entry speaks of all pools. */
static int node_get_storage_health(struct rpc_call *call,
				   const Csi__V1__NodeGetStorageHealthRequest *request,
				   Csi__V1__NodeGetStorageHealthResponse *response,
				   struct error *err)
{
	struct node *node = rpc_call_context(call);
	struct arena *arena = rpc_call_arena(call);
	CLEANUP_POOL_HEALTH struct pool_health health = { 0 };
	pool_health_look(node->pools, &health);
	response->backend_health = arena_alloc(arena, 3 * sizeof(*response->backend_health));
	add_backend(response, arena, STORAGE(UNREACHABLE), "PoolMissing", &health.missing);
	add_backend(response, arena, STORAGE(UNREACHABLE), "PoolFailing", &health.failing);
	add_backend(response, arena, STORAGE(DEGRADED), "PoolFull", &health.full);
	return 0;
}

static const struct rpc_method methods[] = {
	CSI_METHOD(CONTROLLER, ControllerListVolumeHealth, controller_list_volume_health),
	CSI_METHOD(CONTROLLER, ControllerGetVolumeHealth, controller_get_volume_health),
	CSI_METHOD(NODE, NodeGetVolumeHealth, node_get_volume_health),
	CSI_METHOD(NODE, NodeGetStorageHealth, node_get_storage_health),
};

size_t csi_health_methods(const struct rpc_method **ret_methods)
{
	*ret_methods = methods;
	return sizeof(methods) / sizeof(*methods);
}
