/* SPDX-License-Identifier: Apache-2.0 */

/* What the fake node says of the health of its volumes. */

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "csi.pb-c.h"
#include "fake_node_parts.h"

#define VOLUMES_MAX 64
#define PAGE 2

struct said {
	char *id; /* NULL: free */
	int status;
	const char *reason;
	bool hidden;
};

struct fake_health {
	pthread_mutex_t lock;
	struct said items[VOLUMES_MAX];
};

struct fake_health *fake_health_new(void)
{
	struct fake_health *health = must_alloc(sizeof(*health));
	pthread_mutex_init(&health->lock, NULL);
	return health;
}

void fake_health_free(struct fake_health *health)
{
	for (size_t i = 0; i < VOLUMES_MAX; i++)
		free(health->items[i].id);
	pthread_mutex_destroy(&health->lock);
	free(health);
}

/* The entry of the volume, a new one where there was none. */
static struct said *said_of(struct fake_health *health, const char *id)
{
	for (size_t i = 0; i < VOLUMES_MAX; i++) {
		struct said *said = &health->items[i];
		if (!said->id)
			said->id = must_strdup(id);
		if (strcmp(said->id, id) == 0)
			return said;
	}
	abort();
}

static struct said read_said(struct fake_node *node, const char *id)
{
	struct fake_health *health = fake_node_health(node);
	pthread_mutex_lock(&health->lock);
	struct said said = *said_of(health, id);
	pthread_mutex_unlock(&health->lock);
	return said;
}

static Csi__V1__VolumeHealth *describe(struct arena *arena, const char *id, const struct said *said)
{
	Csi__V1__VolumeHealth *health = arena_alloc(arena, sizeof(*health));
	Csi__V1__VolumeHealth__VolumeHealthEntry *entry = arena_alloc(arena, sizeof(*entry));
	csi__v1__volume_health__init(health);
	csi__v1__volume_health__volume_health_entry__init(entry);
	health->volume_id = arena_strdup(arena, id);
	if (!said->status)
		return health;
	entry->status = (Csi__V1__VolumeHealthErrorType)said->status;
	entry->reason = arena_strdup(arena, said->reason);
	entry->message = arena_strdup(arena, "because the test wants it");
	health->health_statuses = arena_alloc(arena, sizeof(*health->health_statuses));
	health->health_statuses[health->n_health_statuses++] = entry;
	return health;
}

/* The token is the place in the node's table. */
static int list_volume_health(struct rpc_call *call,
			      const Csi__V1__ControllerListVolumeHealthRequest *request,
			      Csi__V1__ControllerListVolumeHealthResponse *response,
			      struct error *err)
{
	struct fake_node *node = rpc_call_context(call);
	struct arena *arena = rpc_call_arena(call);
	size_t at = (size_t)atoi(request->starting_token);
	if (fake_node_pass(node, LIST_HEALTH, false, err) < 0)
		return -1;
	response->entries = arena_alloc(arena, PAGE * sizeof(*response->entries));
	while (response->n_entries < PAGE) {
		CLEANUP_FREE char *id = fake_node_next_volume(node, &at);
		if (!id)
			break;
		struct said said = read_said(node, id);
		if (!said.hidden)
			response->entries[response->n_entries++] = describe(arena, id, &said);
	}
	if (response->n_entries == PAGE)
		response->next_token = arena_printf(arena, "%zu", at);
	return fake_node_pass(node, LIST_HEALTH, true, err);
}

static int get_volume_health(struct rpc_call *call,
			     const Csi__V1__ControllerGetVolumeHealthRequest *request,
			     Csi__V1__ControllerGetVolumeHealthResponse *response,
			     struct error *err)
{
	struct fake_node *node = rpc_call_context(call);
	if (fake_node_pass(node, GET_HEALTH, false, err) < 0)
		return -1;
	if (!fake_node_has(node, request->volume_id))
		return error_set(err, ERROR_NOT_FOUND, "no volume %s", request->volume_id);
	struct said said = read_said(node, request->volume_id);
	response->volume_health = describe(rpc_call_arena(call), request->volume_id, &said);
	return fake_node_pass(node, GET_HEALTH, true, err);
}

void fake_node_set_health(struct fake_node *node, const char *id, int status, const char *reason)
{
	struct fake_health *health = fake_node_health(node);
	pthread_mutex_lock(&health->lock);
	said_of(health, id)->status = status;
	said_of(health, id)->reason = reason;
	pthread_mutex_unlock(&health->lock);
}

void fake_node_set_hidden(struct fake_node *node, const char *id, bool hidden)
{
	struct fake_health *health = fake_node_health(node);
	pthread_mutex_lock(&health->lock);
	said_of(health, id)->hidden = hidden;
	pthread_mutex_unlock(&health->lock);
}

const struct rpc_method fake_health_methods[] = {
	RPC_METHOD("csi.v1.Controller", ControllerListVolumeHealth,
		   Csi__V1__ControllerListVolumeHealthRequest,
		   csi__v1__controller_list_volume_health_request__descriptor,
		   Csi__V1__ControllerListVolumeHealthResponse,
		   csi__v1__controller_list_volume_health_response__descriptor, list_volume_health,
		   false),
	RPC_METHOD("csi.v1.Controller", ControllerGetVolumeHealth,
		   Csi__V1__ControllerGetVolumeHealthRequest,
		   csi__v1__controller_get_volume_health_request__descriptor,
		   Csi__V1__ControllerGetVolumeHealthResponse,
		   csi__v1__controller_get_volume_health_response__descriptor, get_volume_health,
		   false),
};
const size_t fake_health_method_count = sizeof(fake_health_methods) / sizeof(*fake_health_methods);
