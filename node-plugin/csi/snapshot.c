/* SPDX-License-Identifier: Apache-2.0 */
#include "csi/snapshot.h"

#include <string.h>

#include "base/clock.h"
#include "csi/argument.h"
#include "csi/effect.h"
#include "csi/node.h"
#include "csi/page.h"
#include "csi/service.h"
#include "csi/topology.h"
#include "csi/volume.h"
#include "pool/filling.h"
#include "snapshot/create.h"
#include "snapshot/delete.h"
#include "snapshot/snapshot.h"

Google__Protobuf__Timestamp *csi_snapshot_time(struct arena *arena, uint64_t wall_us)
{
	Google__Protobuf__Timestamp *time = arena_alloc(arena, sizeof(*time));
	google__protobuf__timestamp__init(time);
	time->seconds = (int64_t)(wall_us / 1000000);
	time->nanos = (int32_t)(wall_us % 1000000 * 1000);
	return time;
}

Csi__V1__Snapshot *csi_snapshot_make(struct arena *arena, const struct node *node,
				     const struct snapshot_record *record)
{
	Csi__V1__Snapshot *snapshot = arena_alloc(arena, sizeof(*snapshot));
	csi__v1__snapshot__init(snapshot);
	snapshot->snapshot_id = arena_strdup(arena, record->id);
	snapshot->source_volume_id = arena_strdup(arena, record->source_volume);
	snapshot->group_snapshot_id = arena_strdup(arena, record->group);
	snapshot->size_bytes = csi_volume_bytes(record->size_bytes);
	snapshot->ready_to_use = true; /* only whole ones are found (snapshot/snapshot.h) */
	snapshot->creation_time = csi_snapshot_time(arena, record->created_us);
	snapshot->accessible_topology = arena_alloc(arena, sizeof(*snapshot->accessible_topology));
	snapshot->accessible_topology[snapshot->n_accessible_topology++] =
		csi_topology_make(arena, node->id);
	return snapshot;
}

static int check_topology(const Csi__V1__CreateSnapshotRequest *request, const struct node *node,
			  struct error *err)
{
	if (csi_topology_allows(request->accessibility_requirements, node->id))
		return 0;
	return error_set(err, ERROR_EXHAUSTED,
			 "accessibility_requirements: a snapshot made here can be used on node %s "
			 "only, which is not asked for",
			 node->id);
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
		.snapshot = request->name,
		.begin_us = clock_monotonic_us(),
	};
	struct pairs parameters = CSI_ARGUMENT_PAIRS(arena, request, parameters);
	struct snapshot_spec spec = {
		.name = request->name,
		.source_volume = request->source_volume_id,
		.group = "",
	};
	CLEANUP_FILLING struct filling filling = { 0 };
	filling_init_of(&filling, node->pools, &node->long_work, request->source_volume_id);
	struct snapshot_record record;
	if (csi_argument_text(request->name, "name", err) < 0 ||
	    csi_argument_text(request->source_volume_id, "source_volume_id", err) < 0 ||
	    csi_argument_no_parameters(&parameters, "VolumeSnapshotClass", err) < 0 ||
	    check_topology(request, node, err) < 0)
		return csi_effect_log(&effect, -1, err);
	int outcome = snapshot_create(node->pools, &spec, &filling.watch, &record, err);
	if (outcome >= 0) {
		effect.snapshot = record.id;
		response->snapshot = csi_snapshot_make(arena, node, &record);
	}
	return csi_effect_log(&effect, outcome, err);
}

static int delete_snapshot(struct rpc_call *call, const Csi__V1__DeleteSnapshotRequest *request,
			   Csi__V1__DeleteSnapshotResponse *response, struct error *err)
{
	struct node *node = rpc_call_context(call);
	struct csi_effect effect = {
		.done = "snapshot deleted",
		.failed = "snapshot not deleted",
		.snapshot = request->snapshot_id,
		.begin_us = clock_monotonic_us(),
	};
	int outcome = csi_argument_text(request->snapshot_id, "snapshot_id", err);
	if (outcome == 0)
		outcome = snapshot_delete(node->pools, request->snapshot_id, "", err);
	return csi_effect_log(&effect, outcome, err);
}

static void add_entry(Csi__V1__ListSnapshotsResponse *response, struct arena *arena,
		      const struct node *node, const struct snapshot_record *record)
{
	Csi__V1__ListSnapshotsResponse__Entry *entry = arena_alloc(arena, sizeof(*entry));
	csi__v1__list_snapshots_response__entry__init(entry);
	entry->snapshot = csi_snapshot_make(arena, node, record);
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
	add_entry(response, arena, node, &record);
	return 0;
}

static int list_snapshots(struct rpc_call *call, const Csi__V1__ListSnapshotsRequest *request,
			  Csi__V1__ListSnapshotsResponse *response, struct error *err)
{
	struct node *node = rpc_call_context(call);
	struct arena *arena = rpc_call_arena(call);
	struct csi_page page;
	if (csi_page_read(request->max_entries, request->starting_token, &page, err) < 0)
		return -1;
	if (request->snapshot_id[0])
		return list_one(node, request, arena, response, err);
	const struct snapshot_filter filter = {
		.after = page.after,
		.max = page.max,
		.source_volume = request->source_volume_id,
	};
	CLEANUP_FREE struct snapshot_record *records = NULL;
	size_t count = 0;
	bool more = false;
	if (snapshot_list(node->pools, &filter, &records, &count, &more, err) < 0)
		return -1;
	response->entries = arena_alloc(arena, count * sizeof(*response->entries));
	for (size_t i = 0; i < count; i++)
		add_entry(response, arena, node, &records[i]);
	if (more && count)
		response->next_token = csi_page_token(arena, records[count - 1].id);
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
	response->snapshot = csi_snapshot_make(rpc_call_arena(call), node, &record);
	return 0;
}

static const struct rpc_method methods[] = {
	CSI_METHOD(CONTROLLER, CreateSnapshot, create_snapshot),
	CSI_METHOD(CONTROLLER, DeleteSnapshot, delete_snapshot),
	CSI_METHOD(CONTROLLER, ListSnapshots, list_snapshots),
	CSI_METHOD(CONTROLLER, GetSnapshot, get_snapshot),
};

size_t csi_snapshot_methods(const struct rpc_method **ret_methods)
{
	*ret_methods = methods;
	return sizeof(methods) / sizeof(*methods);
}
