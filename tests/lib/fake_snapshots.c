/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The snapshots of a fake node. A snapshot's id is its name.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "csi.pb-c.h"
#include "fake_node_parts.h"
#include "rpc/server.h"

#define SNAPSHOTS_MAX 256

struct fake_snapshot {
	char *id; /* NULL: free */
	char *source;
};

struct fake_snapshots {
	pthread_mutex_t lock;
	struct fake_snapshot items[SNAPSHOTS_MAX];
	struct text parameters; /* of the last CreateSnapshot */
	bool unready;
};

struct fake_snapshots *fake_snapshots_new(void)
{
	struct fake_snapshots *snapshots = must_alloc(sizeof(*snapshots));
	pthread_mutex_init(&snapshots->lock, NULL);
	return snapshots;
}

static void drop(struct fake_snapshot *snapshot)
{
	free(TAKE(snapshot->id));
	free(TAKE(snapshot->source));
}

void fake_snapshots_free(struct fake_snapshots *snapshots)
{
	for (size_t i = 0; i < SNAPSHOTS_MAX; i++)
		drop(&snapshots->items[i]);
	text_done(&snapshots->parameters);
	pthread_mutex_destroy(&snapshots->lock);
	free(snapshots);
}

/* With the lock held, as the next one. */
static struct fake_snapshot *find(struct fake_snapshots *snapshots, const char *id)
{
	for (size_t i = 0; i < SNAPSHOTS_MAX; i++)
		if (snapshots->items[i].id && strcmp(snapshots->items[i].id, id) == 0)
			return &snapshots->items[i];
	return NULL;
}

static void add(struct fake_snapshots *snapshots, const char *id, const char *source)
{
	for (size_t i = 0; i < SNAPSHOTS_MAX; i++)
		if (!snapshots->items[i].id) {
			snapshots->items[i].id = must_strdup(id);
			snapshots->items[i].source = must_strdup(source);
			return;
		}
	abort();
}

/* Each map<string, string> has a type of its own in C. */
#define LIST_MAP(text, map, count)                                                                 \
	for (size_t i = 0; i < (count); i++)                                                       \
	text_printf(text, "%s%s=%s", i ? "," : "", (map)[i]->key, (map)[i]->value)

#define NOTE_SECRETS(node, method, request)                                                        \
	do {                                                                                       \
		CLEANUP_TEXT struct text secrets = TEXT_INIT;                                      \
		LIST_MAP(&secrets, (request)->secrets, (request)->n_secrets);                      \
		fake_node_note_secrets(node, method, text_string(&secrets));                       \
	} while (0)

static Csi__V1__Snapshot *describe(struct rpc_call *call, const struct fake_snapshot *from,
				   bool ready)
{
	struct arena *arena = rpc_call_arena(call);
	Csi__V1__Snapshot *snapshot = arena_alloc(arena, sizeof(*snapshot));
	csi__v1__snapshot__init(snapshot);
	snapshot->snapshot_id = arena_strdup(arena, from->id);
	snapshot->source_volume_id = arena_strdup(arena, from->source);
	snapshot->size_bytes = 1 << 30;
	snapshot->ready_to_use = ready;
	snapshot->creation_time = arena_alloc(arena, sizeof(*snapshot->creation_time));
	google__protobuf__timestamp__init(snapshot->creation_time);
	snapshot->creation_time->seconds = 1700000000;
	return snapshot;
}

static int make(struct fake_node *node, struct fake_snapshots *snapshots,
		const Csi__V1__CreateSnapshotRequest *request, struct error *err)
{
	const struct fake_snapshot *there = find(snapshots, request->name);
	if (there && strcmp(there->source, request->source_volume_id) != 0)
		return error_set(err, ERROR_EXISTS, "snapshot %s is of another volume",
				 request->name);
	if (!there && !fake_node_has(node, request->source_volume_id))
		return error_set(err, ERROR_NOT_FOUND, "source_volume_id: there is no volume %s",
				 request->source_volume_id);
	if (!there)
		add(snapshots, request->name, request->source_volume_id);
	return 0;
}

static int create_snapshot(struct rpc_call *call, const Csi__V1__CreateSnapshotRequest *request,
			   Csi__V1__CreateSnapshotResponse *response, struct error *err)
{
	struct fake_node *node = rpc_call_context(call);
	struct fake_snapshots *snapshots = fake_node_snapshots(node);
	NOTE_SECRETS(node, CREATE_SNAPSHOT, request);
	if (fake_node_pass(node, CREATE_SNAPSHOT, false, err) < 0)
		return -1;
	pthread_mutex_lock(&snapshots->lock);
	text_done(&snapshots->parameters);
	LIST_MAP(&snapshots->parameters, request->parameters, request->n_parameters);
	int r = make(node, snapshots, request, err);
	if (r == 0)
		response->snapshot =
			describe(call, find(snapshots, request->name), !snapshots->unready);
	pthread_mutex_unlock(&snapshots->lock);
	return r < 0 ? -1 : fake_node_pass(node, CREATE_SNAPSHOT, true, err);
}

static int delete_snapshot(struct rpc_call *call, const Csi__V1__DeleteSnapshotRequest *request,
			   Csi__V1__DeleteSnapshotResponse *response, struct error *err)
{
	struct fake_node *node = rpc_call_context(call);
	struct fake_snapshots *snapshots = fake_node_snapshots(node);
	NOTE_SECRETS(node, DELETE_SNAPSHOT, request);
	if (fake_node_pass(node, DELETE_SNAPSHOT, false, err) < 0)
		return -1;
	pthread_mutex_lock(&snapshots->lock);
	struct fake_snapshot *snapshot = find(snapshots, request->snapshot_id);
	if (snapshot)
		drop(snapshot);
	pthread_mutex_unlock(&snapshots->lock);
	return fake_node_pass(node, DELETE_SNAPSHOT, true, err);
}

static int get_snapshot(struct rpc_call *call, const Csi__V1__GetSnapshotRequest *request,
			Csi__V1__GetSnapshotResponse *response, struct error *err)
{
	struct fake_node *node = rpc_call_context(call);
	struct fake_snapshots *snapshots = fake_node_snapshots(node);
	NOTE_SECRETS(node, GET_SNAPSHOT, request);
	if (fake_node_pass(node, GET_SNAPSHOT, false, err) < 0)
		return -1;
	pthread_mutex_lock(&snapshots->lock);
	const struct fake_snapshot *snapshot = find(snapshots, request->snapshot_id);
	if (snapshot)
		response->snapshot = describe(call, snapshot, !snapshots->unready);
	pthread_mutex_unlock(&snapshots->lock);
	if (!snapshot)
		return error_set(err, ERROR_NOT_FOUND, "snapshot %s does not exist",
				 request->snapshot_id);
	return fake_node_pass(node, GET_SNAPSHOT, true, err);
}

const struct rpc_method fake_snapshot_methods[] = {
	RPC_METHOD("csi.v1.Controller", CreateSnapshot, Csi__V1__CreateSnapshotRequest,
		   csi__v1__create_snapshot_request__descriptor, Csi__V1__CreateSnapshotResponse,
		   csi__v1__create_snapshot_response__descriptor, create_snapshot, false),
	RPC_METHOD("csi.v1.Controller", DeleteSnapshot, Csi__V1__DeleteSnapshotRequest,
		   csi__v1__delete_snapshot_request__descriptor, Csi__V1__DeleteSnapshotResponse,
		   csi__v1__delete_snapshot_response__descriptor, delete_snapshot, false),
	RPC_METHOD("csi.v1.Controller", GetSnapshot, Csi__V1__GetSnapshotRequest,
		   csi__v1__get_snapshot_request__descriptor, Csi__V1__GetSnapshotResponse,
		   csi__v1__get_snapshot_response__descriptor, get_snapshot, false),
};
const size_t fake_snapshot_method_count =
	sizeof(fake_snapshot_methods) / sizeof(*fake_snapshot_methods);

bool fake_node_has_snapshot(struct fake_node *node, const char *id)
{
	struct fake_snapshots *snapshots = fake_node_snapshots(node);
	pthread_mutex_lock(&snapshots->lock);
	bool has = find(snapshots, id) != NULL;
	pthread_mutex_unlock(&snapshots->lock);
	return has;
}

size_t fake_node_snapshot_count(struct fake_node *node)
{
	struct fake_snapshots *snapshots = fake_node_snapshots(node);
	size_t count = 0;
	pthread_mutex_lock(&snapshots->lock);
	for (size_t i = 0; i < SNAPSHOTS_MAX; i++)
		count += snapshots->items[i].id != NULL;
	pthread_mutex_unlock(&snapshots->lock);
	return count;
}

void fake_node_add_snapshot(struct fake_node *node, const char *id, const char *source)
{
	struct fake_snapshots *snapshots = fake_node_snapshots(node);
	pthread_mutex_lock(&snapshots->lock);
	add(snapshots, id, source);
	pthread_mutex_unlock(&snapshots->lock);
}

char *fake_node_snapshot_parameters(struct fake_node *node)
{
	struct fake_snapshots *snapshots = fake_node_snapshots(node);
	pthread_mutex_lock(&snapshots->lock);
	char *parameters = must_strdup(text_string(&snapshots->parameters));
	pthread_mutex_unlock(&snapshots->lock);
	return parameters;
}

void fake_node_set_unready(struct fake_node *node, bool unready)
{
	struct fake_snapshots *snapshots = fake_node_snapshots(node);
	pthread_mutex_lock(&snapshots->lock);
	snapshots->unready = unready;
	pthread_mutex_unlock(&snapshots->lock);
}
