/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The snapshots of a fake node, and its groups of them. A snapshot's id is its name, and that of a
 * group, which exists as long as it has members.
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
	char *group; /* "": it is a member of none */
};

struct fake_snapshots {
	pthread_mutex_t lock;
	struct fake_snapshot items[SNAPSHOTS_MAX];
	struct text parameters; /* of the last CreateSnapshot */
	char *group_at_work;	/* a call that makes or deletes it is under way; NULL: none */
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
	free(TAKE(snapshot->group));
}

void fake_snapshots_free(struct fake_snapshots *snapshots)
{
	for (size_t i = 0; i < SNAPSHOTS_MAX; i++)
		drop(&snapshots->items[i]);
	text_done(&snapshots->parameters);
	free(snapshots->group_at_work);
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

static void add(struct fake_snapshots *snapshots, const char *id, const char *source,
		const char *group)
{
	for (size_t i = 0; i < SNAPSHOTS_MAX; i++)
		if (!snapshots->items[i].id) {
			snapshots->items[i].id = must_strdup(id);
			snapshots->items[i].source = must_strdup(source);
			snapshots->items[i].group = must_strdup(group);
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
	snapshot->group_snapshot_id = arena_strdup(arena, from->group);
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
		add(snapshots, request->name, request->source_volume_id, "");
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
	bool is_member = snapshot && *snapshot->group;
	if (snapshot && !is_member)
		drop(snapshot);
	pthread_mutex_unlock(&snapshots->lock);
	if (is_member)
		return error_set(err, ERROR_INVALID, "snapshot %s is a member of a group",
				 request->snapshot_id);
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

static bool is_of(const struct fake_snapshot *snapshot, const char *group)
{
	return snapshot->id && strcmp(snapshot->group, group) == 0;
}

static size_t count_of(const struct fake_snapshots *snapshots, const char *group)
{
	size_t count = 0;
	for (size_t i = 0; i < SNAPSHOTS_MAX; i++)
		count += is_of(&snapshots->items[i], group);
	return count;
}

static Csi__V1__VolumeGroupSnapshot *
describe_group(struct rpc_call *call, const struct fake_snapshots *snapshots, const char *id)
{
	struct arena *arena = rpc_call_arena(call);
	Csi__V1__VolumeGroupSnapshot *group = arena_alloc(arena, sizeof(*group));
	csi__v1__volume_group_snapshot__init(group);
	group->group_snapshot_id = arena_strdup(arena, id);
	group->ready_to_use = !snapshots->unready;
	group->snapshots = arena_alloc(arena, SNAPSHOTS_MAX * sizeof(*group->snapshots));
	for (size_t i = 0; i < SNAPSHOTS_MAX; i++)
		if (is_of(&snapshots->items[i], id))
			group->snapshots[group->n_snapshots++] =
				describe(call, &snapshots->items[i], !snapshots->unready);
	group->creation_time = group->snapshots[0]->creation_time;
	return group;
}

static int make_group(struct fake_node *node, struct fake_snapshots *snapshots,
		      const Csi__V1__CreateVolumeGroupSnapshotRequest *request, struct error *err)
{
	if (count_of(snapshots, request->name) > 0)
		return 0;
	for (size_t i = 0; i < request->n_source_volume_ids; i++)
		if (!fake_node_has(node, request->source_volume_ids[i]))
			return error_set(err, ERROR_NOT_FOUND,
					 "source_volume_ids: there is no volume %s",
					 request->source_volume_ids[i]);
	for (size_t i = 0; i < request->n_source_volume_ids; i++) {
		const char *source = request->source_volume_ids[i];
		CLEANUP_FREE char *id = must_printf("%s-%s", request->name, source);
		add(snapshots, id, source, request->name);
	}
	return 0;
}

/* True: to be ended with end_work(). */
static bool begin_work(struct fake_snapshots *snapshots, const char *group)
{
	pthread_mutex_lock(&snapshots->lock);
	bool first = !snapshots->group_at_work;
	if (first)
		snapshots->group_at_work = must_strdup(group);
	pthread_mutex_unlock(&snapshots->lock);
	return first;
}

static void end_work(struct fake_snapshots *snapshots)
{
	pthread_mutex_lock(&snapshots->lock);
	free(TAKE(snapshots->group_at_work));
	pthread_mutex_unlock(&snapshots->lock);
}

/* With the lock held. */
static bool is_at_work(const struct fake_snapshots *snapshots, const char *group)
{
	return snapshots->group_at_work && strcmp(snapshots->group_at_work, group) == 0;
}

static int cut_group(struct rpc_call *call,
		     const Csi__V1__CreateVolumeGroupSnapshotRequest *request,
		     Csi__V1__CreateVolumeGroupSnapshotResponse *response, struct error *err)
{
	struct fake_node *node = rpc_call_context(call);
	struct fake_snapshots *snapshots = fake_node_snapshots(node);
	NOTE_SECRETS(node, CREATE_GROUP, request);
	if (fake_node_pass(node, CREATE_GROUP, false, err) < 0)
		return -1;
	pthread_mutex_lock(&snapshots->lock);
	text_done(&snapshots->parameters);
	LIST_MAP(&snapshots->parameters, request->parameters, request->n_parameters);
	int r = make_group(node, snapshots, request, err);
	if (r == 0)
		response->group_snapshot = describe_group(call, snapshots, request->name);
	pthread_mutex_unlock(&snapshots->lock);
	return r < 0 ? -1 : fake_node_pass(node, CREATE_GROUP, true, err);
}

static int create_group(struct rpc_call *call,
			const Csi__V1__CreateVolumeGroupSnapshotRequest *request,
			Csi__V1__CreateVolumeGroupSnapshotResponse *response, struct error *err)
{
	struct fake_snapshots *snapshots = fake_node_snapshots(rpc_call_context(call));
	bool begun = begin_work(snapshots, request->name);
	int r = cut_group(call, request, response, err);
	if (begun)
		end_work(snapshots);
	return r;
}

/* With the lock held. 1: there is no such group. */
static int check_members(struct fake_snapshots *snapshots, const char *group, char **ids,
			 size_t count, struct error *err)
{
	size_t members = count_of(snapshots, group);
	size_t found = 0;
	for (size_t i = 0; i < count; i++) {
		const struct fake_snapshot *snapshot = find(snapshots, ids[i]);
		found += snapshot && is_of(snapshot, group);
	}
	if (members > 0 && (found != members || found != count))
		return error_set(err, ERROR_INVALID, "snapshot_ids: the group has others");
	return members == 0;
}

static int drop_group(struct rpc_call *call,
		      const Csi__V1__DeleteVolumeGroupSnapshotRequest *request, struct error *err)
{
	struct fake_node *node = rpc_call_context(call);
	struct fake_snapshots *snapshots = fake_node_snapshots(node);
	NOTE_SECRETS(node, DELETE_GROUP, request);
	if (fake_node_pass(node, DELETE_GROUP, false, err) < 0)
		return -1;
	pthread_mutex_lock(&snapshots->lock);
	int r = check_members(snapshots, request->group_snapshot_id, request->snapshot_ids,
			      request->n_snapshot_ids, err);
	for (size_t i = 0; r == 0 && i < SNAPSHOTS_MAX; i++)
		if (is_of(&snapshots->items[i], request->group_snapshot_id))
			drop(&snapshots->items[i]);
	pthread_mutex_unlock(&snapshots->lock);
	return r < 0 ? -1 : fake_node_pass(node, DELETE_GROUP, true, err);
}

static int delete_group(struct rpc_call *call,
			const Csi__V1__DeleteVolumeGroupSnapshotRequest *request,
			Csi__V1__DeleteVolumeGroupSnapshotResponse *response, struct error *err)
{
	struct fake_snapshots *snapshots = fake_node_snapshots(rpc_call_context(call));
	bool begun = begin_work(snapshots, request->group_snapshot_id);
	int r = drop_group(call, request, err);
	if (begun)
		end_work(snapshots);
	return r;
}

static int get_group(struct rpc_call *call, const Csi__V1__GetVolumeGroupSnapshotRequest *request,
		     Csi__V1__GetVolumeGroupSnapshotResponse *response, struct error *err)
{
	struct fake_node *node = rpc_call_context(call);
	struct fake_snapshots *snapshots = fake_node_snapshots(node);
	NOTE_SECRETS(node, GET_GROUP, request);
	if (fake_node_pass(node, GET_GROUP, false, err) < 0)
		return -1;
	pthread_mutex_lock(&snapshots->lock);
	int r = is_at_work(snapshots, request->group_snapshot_id)
			? error_set(err, ERROR_BUSY, "the group is in use by another call")
			: check_members(snapshots, request->group_snapshot_id,
					request->snapshot_ids, request->n_snapshot_ids, err);
	if (r == 0)
		response->group_snapshot =
			describe_group(call, snapshots, request->group_snapshot_id);
	pthread_mutex_unlock(&snapshots->lock);
	if (r > 0)
		return error_set(err, ERROR_NOT_FOUND, "group snapshot %s does not exist",
				 request->group_snapshot_id);
	return r < 0 ? -1 : fake_node_pass(node, GET_GROUP, true, err);
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
	RPC_METHOD("csi.v1.GroupController", CreateVolumeGroupSnapshot,
		   Csi__V1__CreateVolumeGroupSnapshotRequest,
		   csi__v1__create_volume_group_snapshot_request__descriptor,
		   Csi__V1__CreateVolumeGroupSnapshotResponse,
		   csi__v1__create_volume_group_snapshot_response__descriptor, create_group, false),
	RPC_METHOD("csi.v1.GroupController", DeleteVolumeGroupSnapshot,
		   Csi__V1__DeleteVolumeGroupSnapshotRequest,
		   csi__v1__delete_volume_group_snapshot_request__descriptor,
		   Csi__V1__DeleteVolumeGroupSnapshotResponse,
		   csi__v1__delete_volume_group_snapshot_response__descriptor, delete_group, false),
	RPC_METHOD("csi.v1.GroupController", GetVolumeGroupSnapshot,
		   Csi__V1__GetVolumeGroupSnapshotRequest,
		   csi__v1__get_volume_group_snapshot_request__descriptor,
		   Csi__V1__GetVolumeGroupSnapshotResponse,
		   csi__v1__get_volume_group_snapshot_response__descriptor, get_group, false),
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

void fake_node_add_member(struct fake_node *node, const char *id, const char *source,
			  const char *group)
{
	struct fake_snapshots *snapshots = fake_node_snapshots(node);
	pthread_mutex_lock(&snapshots->lock);
	add(snapshots, id, source, group);
	pthread_mutex_unlock(&snapshots->lock);
}

void fake_node_add_snapshot(struct fake_node *node, const char *id, const char *source)
{
	fake_node_add_member(node, id, source, "");
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
