/* SPDX-License-Identifier: Apache-2.0 */
#include "csi_snapshot.h"

#include <string.h>

#include "base/clock.h"
#include "csi/names.h"
#include "csi_argument.h"
#include "csi_copy.h"
#include "csi_effect.h"
#include "csi_service.h"
#include "csi_volume.h"
#include "node.h"
#include "snapshot.h"

/* As for volumes (csi_list.c). */
#define TOKEN_MARK "after:"

Csi__V1__Snapshot *csi_snapshot_make(struct arena *arena, const struct snapshot_record *record)
{
	Csi__V1__Snapshot *snapshot = arena_alloc(arena, sizeof(*snapshot));
	csi__v1__snapshot__init(snapshot);
	snapshot->snapshot_id = arena_strdup(arena, record->id);
	snapshot->source_volume_id = arena_strdup(arena, record->source_volume);
	snapshot->group_snapshot_id = arena_strdup(arena, record->group);
	snapshot->size_bytes = csi_volume_bytes(record->size_bytes);
	snapshot->ready_to_use = true; /* only whole ones are found (snapshot.h) */
	snapshot->creation_time = arena_alloc(arena, sizeof(*snapshot->creation_time));
	google__protobuf__timestamp__init(snapshot->creation_time);
	snapshot->creation_time->seconds = (int64_t)(record->created_us / 1000000);
	snapshot->creation_time->nanos = (int32_t)(record->created_us % 1000000 * 1000);
	return snapshot;
}

/* A class for snapshots has no parameters of ours; what the snapshotter adds about its objects is
 * not for us. */
static int check_parameters(const struct pairs *parameters, struct error *err)
{
	if (csi_argument_map(parameters, "parameters", err) < 0)
		return -1;
	for (size_t i = 0; i < parameters->count; i++)
		if (strncmp(parameters->items[i].key, CSI_PARAMETER_PREFIX,
			    strlen(CSI_PARAMETER_PREFIX)) != 0)
			return error_set(err, ERROR_INVALID,
					 "parameters: \"%s\" is unknown; a VolumeSnapshotClass has "
					 "none here",
					 parameters->items[i].key);
	return 0;
}

static int create_snapshot(struct rpc_call *call, const Csi__V1__CreateSnapshotRequest *request,
			   Csi__V1__CreateSnapshotResponse *response, struct error *err)
{
	struct node *node = rpc_call_context(call);
	struct arena *arena = rpc_call_arena(call);
	struct csi_effect effect = {
		.done = "snapshot created",
		.failed = "snapshot not created",
		.volume = request->source_volume_id,
		.begin_us = clock_monotonic_us(),
	};
	struct pairs parameters = CSI_ARGUMENT_PAIRS(arena, request, parameters);
	struct snapshot_spec spec = {
		.name = request->name,
		.source_volume = request->source_volume_id,
		.group = "",
	};
	struct csi_copy copy CLEANUP_CSI_COPY = { 0 };
	csi_copy_init(&copy, node);
	struct snapshot_record record;
	if (csi_argument_text(request->name, "name", err) < 0 ||
	    csi_argument_text(request->source_volume_id, "source_volume_id", err) < 0 ||
	    check_parameters(&parameters, err) < 0)
		return csi_effect_log(&effect, -1, err);
	int outcome = snapshot_create(node->pools, &spec, &copy.watch, &record, err);
	if (outcome >= 0)
		response->snapshot = csi_snapshot_make(arena, &record);
	return csi_effect_log(&effect, outcome, err);
}

/* CSI spec, DeleteSnapshot: one of a group goes with its group. */
static int check_alone(struct node *node, const char *id, struct error *err)
{
	struct snapshot_record record;
	if (snapshot_find(node->pools, id, &record, NULL) < 0 || !record.group[0])
		return 0;
	return error_set(err, ERROR_INVALID,
			 "snapshot_id: %s is part of group snapshot %s and is deleted with it", id,
			 record.group);
}

static int delete_snapshot(struct rpc_call *call, const Csi__V1__DeleteSnapshotRequest *request,
			   Csi__V1__DeleteSnapshotResponse *response, struct error *err)
{
	struct node *node = rpc_call_context(call);
	struct csi_effect effect = {
		.done = "snapshot deleted",
		.failed = "snapshot not deleted",
		.volume = request->snapshot_id,
		.begin_us = clock_monotonic_us(),
	};
	int outcome = csi_argument_text(request->snapshot_id, "snapshot_id", err);
	if (outcome == 0)
		outcome = check_alone(node, request->snapshot_id, err);
	if (outcome == 0)
		outcome = snapshot_delete(node->pools, request->snapshot_id, err);
	return csi_effect_log(&effect, outcome, err);
}

static void add_entry(Csi__V1__ListSnapshotsResponse *response, struct arena *arena,
		      const struct snapshot_record *record)
{
	Csi__V1__ListSnapshotsResponse__Entry *entry = arena_alloc(arena, sizeof(*entry));
	csi__v1__list_snapshots_response__entry__init(entry);
	entry->snapshot = csi_snapshot_make(arena, record);
	response->entries[response->n_entries++] = entry;
}

/* CSI spec, ListSnapshots: an id that is not there is an empty list. */
static int list_one(struct node *node, const Csi__V1__ListSnapshotsRequest *request,
		    struct arena *arena, Csi__V1__ListSnapshotsResponse *response,
		    struct error *err)
{
	struct snapshot_record record;
	struct error reason = { 0 };
	if (snapshot_find(node->pools, request->snapshot_id, &record, &reason) < 0) {
		if (reason.code == ERROR_NOT_FOUND)
			return 0;
		*err = reason;
		return -1;
	}
	if (request->source_volume_id[0] &&
	    strcmp(request->source_volume_id, record.source_volume) != 0)
		return 0;
	response->entries = arena_alloc(arena, sizeof(*response->entries));
	add_entry(response, arena, &record);
	return 0;
}

static int read_token(const char *token, const char **ret_after, struct error *err)
{
	const char *after = token;
	size_t mark_length = strlen(TOKEN_MARK);
	if (token[0]) {
		after = token + mark_length;
		if (strncmp(token, TOKEN_MARK, mark_length) != 0 || !volume_id_is_valid(after))
			return error_set(
				err, ERROR_BUSY,
				"starting_token \"%s\" is not one of ours; begin without one",
				token);
	}
	*ret_after = after;
	return 0;
}

static int list_snapshots(struct rpc_call *call, const Csi__V1__ListSnapshotsRequest *request,
			  Csi__V1__ListSnapshotsResponse *response, struct error *err)
{
	struct node *node = rpc_call_context(call);
	struct arena *arena = rpc_call_arena(call);
	struct snapshot_filter filter = {
		.source_volume = request->source_volume_id,
		.max = request->max_entries > 0 ? (size_t)request->max_entries : SIZE_MAX,
	};
	if (request->max_entries < 0)
		return error_set(err, ERROR_INVALID, "max_entries is negative");
	if (read_token(request->starting_token, &filter.after, err) < 0)
		return -1;
	if (request->snapshot_id[0])
		return list_one(node, request, arena, response, err);
	struct snapshot_record *records CLEANUP_FREE = NULL;
	size_t count = 0;
	bool more = false;
	if (snapshot_list(node->pools, &filter, &records, &count, &more, err) < 0)
		return -1;
	response->entries = arena_alloc(arena, count * sizeof(*response->entries));
	for (size_t i = 0; i < count; i++)
		add_entry(response, arena, &records[i]);
	if (more && count)
		response->next_token = arena_printf(arena, TOKEN_MARK "%s", records[count - 1].id);
	return 0;
}

static int get_snapshot(struct rpc_call *call, const Csi__V1__GetSnapshotRequest *request,
			Csi__V1__GetSnapshotResponse *response, struct error *err)
{
	struct node *node = rpc_call_context(call);
	struct snapshot_record record;
	if (csi_argument_text(request->snapshot_id, "snapshot_id", err) < 0 ||
	    snapshot_find(node->pools, request->snapshot_id, &record, err) < 0)
		return -1;
	response->snapshot = csi_snapshot_make(rpc_call_arena(call), &record);
	return 0;
}

#define METHOD(name, snake)                                                                        \
	RPC_METHOD(CSI_SERVICE_CONTROLLER, name, Csi__V1__##name##Request,                         \
		   csi__v1__##snake##_request__descriptor, Csi__V1__##name##Response,              \
		   csi__v1__##snake##_response__descriptor, snake, false)

static const struct rpc_method methods[] = {
	METHOD(CreateSnapshot, create_snapshot),
	METHOD(DeleteSnapshot, delete_snapshot),
	METHOD(ListSnapshots, list_snapshots),
	METHOD(GetSnapshot, get_snapshot),
};

size_t csi_snapshot_methods(const struct rpc_method **ret_methods)
{
	*ret_methods = methods;
	return sizeof(methods) / sizeof(*methods);
}
