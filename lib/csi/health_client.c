/* SPDX-License-Identifier: Apache-2.0 */
#include "csi/health_client.h"

#include "csi.pb-c.h"
#include "csi/wire.h"
#include "rpc/channel.h"
#include "rpc/channel_call.h"

#define PAGE_ENTRIES 256

static struct csi_health_page *new_page(size_t count)
{
	struct arena *arena = arena_new(WIRE_ARENA_BYTES);
	struct csi_health_page *page = arena_alloc(arena, sizeof(*page));
	page->arena = arena;
	page->volumes = arena_alloc(arena, count * sizeof(*page->volumes));
	page->next_token = "";
	return page;
}

void csi_health_page_free(struct csi_health_page *page)
{
	if (page)
		arena_free(page->arena);
}

static void add_volume(struct csi_health_page *page, const Csi__V1__VolumeHealth *from)
{
	struct csi_volume_health *to = &page->volumes[page->count++];
	to->volume_id = arena_strdup(page->arena, from->volume_id);
	to->conditions =
		arena_alloc(page->arena, from->n_health_statuses * sizeof(*to->conditions));
	for (size_t i = 0; i < from->n_health_statuses; i++) {
		const Csi__V1__VolumeHealth__VolumeHealthEntry *entry = from->health_statuses[i];
		if ((int)entry->status < CSI_HEALTH_DEGRADED ||
		    (int)entry->status > CSI_HEALTH_DATA_LOSS)
			continue;
		to->conditions[to->count++] = (struct csi_health_condition) {
			.status = (enum csi_health_status)entry->status,
			.reason = arena_strdup(page->arena, entry->reason),
			.message = arena_strdup(page->arena, entry->message),
		};
	}
}

int csi_list_volume_health(struct rpc_channel *channel, const char *token, uint32_t timeout_ms,
			   struct csi_health_page **ret_page, struct error *err)
{
	CLEANUP_WIRE_MESSAGE ProtobufCMessage *message = NULL;
	Csi__V1__ControllerListVolumeHealthRequest wire =
		CSI__V1__CONTROLLER_LIST_VOLUME_HEALTH_REQUEST__INIT;
	wire.max_entries = PAGE_ENTRIES;
	wire.starting_token = wire_borrow(token);
	if (rpc_channel_call(channel, WIRE_CONTROLLER, "ControllerListVolumeHealth", &wire.base,
			     &csi__v1__controller_list_volume_health_response__descriptor,
			     timeout_ms, &message, err) < 0)
		return -1;
	const Csi__V1__ControllerListVolumeHealthResponse *response = (void *)message;
	struct csi_health_page *page = new_page(response->n_entries);
	for (size_t i = 0; i < response->n_entries; i++)
		add_volume(page, response->entries[i]);
	page->next_token = arena_strdup(page->arena, response->next_token);
	*ret_page = page;
	return 0;
}

int csi_get_volume_health(struct rpc_channel *channel, const char *volume_id, uint32_t timeout_ms,
			  struct csi_health_page **ret_page, struct error *err)
{
	CLEANUP_WIRE_MESSAGE ProtobufCMessage *message = NULL;
	Csi__V1__ControllerGetVolumeHealthRequest wire =
		CSI__V1__CONTROLLER_GET_VOLUME_HEALTH_REQUEST__INIT;
	wire.volume_id = wire_borrow(volume_id);
	if (rpc_channel_call(channel, WIRE_CONTROLLER, "ControllerGetVolumeHealth", &wire.base,
			     &csi__v1__controller_get_volume_health_response__descriptor,
			     timeout_ms, &message, err) < 0)
		return -1;
	const Csi__V1__ControllerGetVolumeHealthResponse *response = (void *)message;
	if (!response->volume_health)
		return error_set(err, ERROR_INTERNAL,
				 "ControllerGetVolumeHealth: the answer has no volume_health");
	struct csi_health_page *page = new_page(1);
	add_volume(page, response->volume_health);
	*ret_page = page;
	return 0;
}
