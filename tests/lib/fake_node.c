/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_node.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/text.h"
#include "csi.pb-c.h"
#include "csi/names.h"
#include "fake_node_parts.h"
#include "rpc/server.h"
#include "rpc/tls.h"

#define VOLUMES_MAX 64

static const char *const method_names[METHODS] = { "CreateVolume",
						   "DeleteVolume",
						   "GetCapacity",
						   "ControllerExpandVolume",
						   "ControllerModifyVolume",
						   "CreateSnapshot",
						   "DeleteSnapshot",
						   "GetSnapshot",
						   "CreateVolumeGroupSnapshot",
						   "DeleteVolumeGroupSnapshot",
						   "GetVolumeGroupSnapshot",
						   "ControllerListVolumeHealth",
						   "ControllerGetVolumeHealth" };

struct fake_volume {
	char *id; /* NULL: free */
	uint64_t size_bytes;
	struct text attributes; /* its mutable parameters: "a=1,b=2" */
};

struct failure {
	enum error_code code;
	bool after;
	unsigned times;
};

struct fake_node {
	char *node_id;
	char *folder;
	char *socket;
	struct rpc_server *server;
	struct rpc_tls *tls;

	pthread_mutex_t lock;
	struct fake_volume volumes[VOLUMES_MAX];
	uint64_t room_bytes;
	bool is_disk; /* its volumes take of it */
	uint64_t pool_bytes;
	uint64_t shortfall_bytes;
	bool grows_file_systems;
	uint64_t rounding_bytes; /* 0: none */
	struct failure failures[METHODS];
	size_t calls[METHODS];
	struct text secrets[METHODS];
	struct text capability; /* of the last CreateVolume */
	struct text source;	/* the same */
	bool copies_nothing;
	struct fake_snapshots *snapshots;
	struct fake_health *health;
	struct rpc_method methods[METHODS]; /* what it serves */
	fake_node_hook *hook;
	void *hook_context;
};

static void must(int r, const struct error *err)
{
	if (r >= 0)
		return;
	fprintf(stderr, "fake node: %s\n", err->text);
	abort();
}

struct fake_node *fake_node_new(const char *node_id)
{
	char folder[] = "/tmp/fake-node-XXXXXX";
	if (!mkdtemp(folder))
		abort();
	struct fake_node *node = must_alloc(sizeof(*node));
	pthread_mutex_init(&node->lock, NULL);
	node->node_id = must_strdup(node_id);
	node->folder = must_strdup(folder);
	node->socket = must_printf("%s/csi.sock", folder);
	node->room_bytes = UINT64_C(1) << 40;
	node->snapshots = fake_snapshots_new();
	node->health = fake_health_new();
	return node;
}

void fake_node_stop(struct fake_node *node)
{
	if (!node->server)
		return;
	rpc_server_stop(node->server, 1000);
	rpc_server_free(TAKE(node->server));
	rpc_tls_free(TAKE(node->tls));
}

static void remove_volume(struct fake_volume *volume)
{
	free(TAKE(volume->id));
	text_done(&volume->attributes);
}

void fake_node_free(struct fake_node *node)
{
	if (!node)
		return;
	fake_node_stop(node);
	for (size_t i = 0; i < VOLUMES_MAX; i++)
		remove_volume(&node->volumes[i]);
	for (size_t i = 0; i < METHODS; i++)
		text_done(&node->secrets[i]);
	text_done(&node->capability);
	text_done(&node->source);
	fake_snapshots_free(node->snapshots);
	fake_health_free(node->health);
	rmdir(node->folder);
	free(node->socket);
	free(node->folder);
	free(node->node_id);
	pthread_mutex_destroy(&node->lock);
	free(node);
}

const char *fake_node_socket(const struct fake_node *node)
{
	return node->socket;
}

static struct fake_volume *find(struct fake_node *node, const char *id)
{
	for (size_t i = 0; i < VOLUMES_MAX; i++)
		if (node->volumes[i].id && strcmp(node->volumes[i].id, id) == 0)
			return &node->volumes[i];
	return NULL;
}

static void add(struct fake_node *node, const char *id, uint64_t size_bytes)
{
	for (size_t i = 0; i < VOLUMES_MAX; i++)
		if (!node->volumes[i].id) {
			node->volumes[i].id = must_strdup(id);
			node->volumes[i].size_bytes = size_bytes;
			return;
		}
	abort();
}

int fake_node_pass(struct fake_node *node, int method, bool after, struct error *err)
{
	pthread_mutex_lock(&node->lock);
	struct failure *failure = &node->failures[method];
	bool fails = failure->times > 0 && failure->after == after;
	failure->times -= fails;
	enum error_code code = failure->code;
	node->calls[method] += !after;
	fake_node_hook *hook = node->hook;
	void *context = node->hook_context;
	pthread_mutex_unlock(&node->lock);
	if (hook && !hook(context, method_names[method], after))
		return error_set(err, ERROR_UNAVAILABLE, "connection broken");
	return fails ? error_set(err, code, "because the test wants %s", error_code_name(code)) : 0;
}

static uint64_t room(const struct fake_node *node)
{
	uint64_t bytes = node->room_bytes;
	for (size_t i = 0; node->is_disk && i < VOLUMES_MAX; i++)
		if (node->volumes[i].id)
			bytes -= node->volumes[i].size_bytes;
	return bytes;
}

static int make(struct fake_node *node, const char *name, uint64_t size_bytes, struct error *err)
{
	struct fake_volume *volume = find(node, name);
	if (volume && volume->size_bytes != size_bytes)
		return error_set(err, ERROR_EXISTS, "%s exists with another size", name);
	if (!volume && size_bytes > room(node))
		return error_set(err, ERROR_EXHAUSTED, "pool has no room for %s", name);
	if (!volume)
		add(node, name, size_bytes);
	return 0;
}

static void describe(struct fake_node *node, struct arena *arena, const char *name,
		     uint64_t size_bytes, Csi__V1__Volume *volume)
{
	csi__v1__volume__init(volume);
	volume->volume_id = arena_strdup(arena, name);
	volume->capacity_bytes = (int64_t)size_bytes;
	Csi__V1__Volume__VolumeContextEntry *entry = arena_alloc(arena, sizeof(*entry));
	csi__v1__volume__volume_context_entry__init(entry);
	entry->key = arena_strdup(arena, "backend");
	entry->value = arena_strdup(arena, "loop");
	volume->n_volume_context = 1;
	volume->volume_context = arena_alloc(arena, sizeof(void *));
	volume->volume_context[0] = entry;

	Csi__V1__Topology__SegmentsEntry *segment = arena_alloc(arena, sizeof(*segment));
	csi__v1__topology__segments_entry__init(segment);
	segment->key = arena_strdup(arena, CSI_TOPOLOGY_KEY);
	segment->value = arena_strdup(arena, node->node_id);
	Csi__V1__Topology *topology = arena_alloc(arena, sizeof(*topology));
	csi__v1__topology__init(topology);
	topology->n_segments = 1;
	topology->segments = arena_alloc(arena, sizeof(void *));
	topology->segments[0] = segment;
	volume->n_accessible_topology = 1;
	volume->accessible_topology = arena_alloc(arena, sizeof(void *));
	volume->accessible_topology[0] = topology;
}

/* Each map<string, string> has a type of its own in C. */
#define NOTE_SECRETS(node, method, request)                                                        \
	do {                                                                                       \
		pthread_mutex_lock(&(node)->lock);                                                 \
		struct text *noted = &(node)->secrets[method];                                     \
		text_done(noted);                                                                  \
		for (size_t i = 0; i < (request)->n_secrets; i++)                                  \
			text_printf(noted, "%s%s=%s", i ? "," : "", (request)->secrets[i]->key,    \
				    (request)->secrets[i]->value);                                 \
		pthread_mutex_unlock(&(node)->lock);                                               \
	} while (0)

/* With the lock held; the same for the two messages that have them. */
#define NOTE_ATTRIBUTES(volume, request)                                                           \
	do {                                                                                       \
		struct text *noted = &(volume)->attributes;                                        \
		text_done(noted);                                                                  \
		for (size_t i = 0; i < (request)->n_mutable_parameters; i++)                       \
			text_printf(noted, "%s%s=%s", i ? "," : "",                                \
				    (request)->mutable_parameters[i]->key,                         \
				    (request)->mutable_parameters[i]->value);                      \
	} while (0)

static void note_capability(struct fake_node *node, const Csi__V1__VolumeCapability *capability)
{
	struct text *noted = &node->capability;
	pthread_mutex_lock(&node->lock);
	text_done(noted);
	text_printf(noted, "%d", capability->access_mode->mode);
	if (capability->access_type_case == CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_BLOCK) {
		text_append_string(noted, " block");
	} else {
		text_printf(noted, " mount %s", capability->mount->fs_type);
		for (size_t i = 0; i < capability->mount->n_mount_flags; i++)
			text_printf(noted, " %s", capability->mount->mount_flags[i]);
	}
	pthread_mutex_unlock(&node->lock);
}

static const char *source_id(const Csi__V1__VolumeContentSource *source)
{
	return source->type_case == CSI__V1__VOLUME_CONTENT_SOURCE__TYPE_SNAPSHOT
		       ? source->snapshot->snapshot_id
		       : source->volume->volume_id;
}

static void note_source(struct fake_node *node, const Csi__V1__VolumeContentSource *source)
{
	pthread_mutex_lock(&node->lock);
	text_done(&node->source);
	if (source)
		text_printf(&node->source, "%s %s",
			    source->type_case == CSI__V1__VOLUME_CONTENT_SOURCE__TYPE_SNAPSHOT
				    ? "snapshot"
				    : "volume",
			    source_id(source));
	pthread_mutex_unlock(&node->lock);
}

static int make_from(struct fake_node *node, const Csi__V1__CreateVolumeRequest *request,
		     struct error *err)
{
	const Csi__V1__VolumeContentSource *source = request->volume_content_source;
	/* A volume that is there already needs its source no more. */
	if (source && !find(node, request->name) && !find(node, source_id(source)))
		return error_set(err, ERROR_NOT_FOUND, "volume_content_source: there is no \"%s\"",
				 source_id(source));
	return make(node, request->name, (uint64_t)request->capacity_range->required_bytes, err);
}

static int create_volume(struct rpc_call *call, const Csi__V1__CreateVolumeRequest *request,
			 Csi__V1__CreateVolumeResponse *response, struct error *err)
{
	struct fake_node *node = rpc_call_context(call);
	struct arena *arena = rpc_call_arena(call);
	NOTE_SECRETS(node, CREATE, request);
	if (request->n_volume_capabilities > 0)
		note_capability(node, request->volume_capabilities[0]);
	note_source(node, request->volume_content_source);
	if (fake_node_pass(node, CREATE, false, err) < 0)
		return -1;
	uint64_t size_bytes = (uint64_t)request->capacity_range->required_bytes;
	pthread_mutex_lock(&node->lock);
	int r = make_from(node, request, err);
	if (r == 0)
		NOTE_ATTRIBUTES(find(node, request->name), request);
	uint64_t shortfall_bytes = node->shortfall_bytes;
	bool copies_nothing = node->copies_nothing;
	pthread_mutex_unlock(&node->lock);
	if (r < 0 || fake_node_pass(node, CREATE, true, err) < 0)
		return -1;
	response->volume = arena_alloc(arena, sizeof(*response->volume));
	describe(node, arena, request->name, size_bytes - shortfall_bytes, response->volume);
	if (!copies_nothing)
		response->volume->content_source = request->volume_content_source;
	return 0;
}

static int delete_volume(struct rpc_call *call, const Csi__V1__DeleteVolumeRequest *request,
			 Csi__V1__DeleteVolumeResponse *response, struct error *err)
{
	struct fake_node *node = rpc_call_context(call);
	NOTE_SECRETS(node, DELETE, request);
	if (fake_node_pass(node, DELETE, false, err) < 0)
		return -1;
	pthread_mutex_lock(&node->lock);
	struct fake_volume *volume = find(node, request->volume_id);
	if (volume)
		remove_volume(volume);
	pthread_mutex_unlock(&node->lock);
	return fake_node_pass(node, DELETE, true, err);
}

static bool names_pool(const Csi__V1__GetCapacityRequest *request)
{
	for (size_t i = 0; i < request->n_parameters; i++)
		if (strcmp(request->parameters[i]->key, "pool") == 0)
			return true;
	return false;
}

static int get_capacity(struct rpc_call *call, const Csi__V1__GetCapacityRequest *request,
			Csi__V1__GetCapacityResponse *response, struct error *err)
{
	struct fake_node *node = rpc_call_context(call);
	if (fake_node_pass(node, CAPACITY, false, err) < 0)
		return -1;
	pthread_mutex_lock(&node->lock);
	response->available_capacity =
		(int64_t)(names_pool(request) ? node->pool_bytes : room(node));
	pthread_mutex_unlock(&node->lock);
	return fake_node_pass(node, CAPACITY, true, err);
}

static int expand(struct fake_node *node, const char *id, uint64_t size_bytes, uint64_t *ret_bytes,
		  struct error *err)
{
	struct fake_volume *volume = find(node, id);
	if (!volume)
		return error_set(err, ERROR_NOT_FOUND, "volume %s does not exist", id);
	if (size_bytes > volume->size_bytes && size_bytes - volume->size_bytes > room(node))
		return error_set(err, ERROR_EXHAUSTED, "pool has no room for %s", id);
	if (size_bytes > volume->size_bytes)
		volume->size_bytes = size_bytes;
	if (node->rounding_bytes)
		volume->size_bytes +=
			(node->rounding_bytes - volume->size_bytes % node->rounding_bytes) %
			node->rounding_bytes;
	*ret_bytes = volume->size_bytes;
	return 0;
}

static int expand_volume(struct rpc_call *call,
			 const Csi__V1__ControllerExpandVolumeRequest *request,
			 Csi__V1__ControllerExpandVolumeResponse *response, struct error *err)
{
	struct fake_node *node = rpc_call_context(call);
	NOTE_SECRETS(node, EXPAND, request);
	uint64_t bytes = 0;
	if (fake_node_pass(node, EXPAND, false, err) < 0)
		return -1;
	pthread_mutex_lock(&node->lock);
	int r = expand(node, request->volume_id, (uint64_t)request->capacity_range->required_bytes,
		       &bytes, err);
	response->node_expansion_required = node->grows_file_systems;
	pthread_mutex_unlock(&node->lock);
	response->capacity_bytes = (int64_t)bytes;
	return r < 0 ? -1 : fake_node_pass(node, EXPAND, true, err);
}

static bool is_impossible(const Csi__V1__ControllerModifyVolumeRequest *request)
{
	for (size_t i = 0; i < request->n_mutable_parameters; i++)
		if (strcmp(request->mutable_parameters[i]->key, "impossible") == 0)
			return true;
	return false;
}

/* With the lock held. */
static int modify(struct fake_node *node, const Csi__V1__ControllerModifyVolumeRequest *request,
		  struct error *err)
{
	struct fake_volume *volume = find(node, request->volume_id);
	if (!volume)
		return error_set(err, ERROR_NOT_FOUND, "volume %s does not exist",
				 request->volume_id);
	if (is_impossible(request))
		return error_set(err, ERROR_INVALID, "impossible: cannot be held");
	NOTE_ATTRIBUTES(volume, request);
	return 0;
}

static int modify_volume(struct rpc_call *call,
			 const Csi__V1__ControllerModifyVolumeRequest *request,
			 Csi__V1__ControllerModifyVolumeResponse *response, struct error *err)
{
	struct fake_node *node = rpc_call_context(call);
	NOTE_SECRETS(node, MODIFY, request);
	if (fake_node_pass(node, MODIFY, false, err) < 0)
		return -1;
	pthread_mutex_lock(&node->lock);
	int r = modify(node, request, err);
	pthread_mutex_unlock(&node->lock);
	return r < 0 ? -1 : fake_node_pass(node, MODIFY, true, err);
}

static const struct rpc_method methods[] = {
	RPC_METHOD("csi.v1.Controller", CreateVolume, Csi__V1__CreateVolumeRequest,
		   csi__v1__create_volume_request__descriptor, Csi__V1__CreateVolumeResponse,
		   csi__v1__create_volume_response__descriptor, create_volume, false),
	RPC_METHOD("csi.v1.Controller", DeleteVolume, Csi__V1__DeleteVolumeRequest,
		   csi__v1__delete_volume_request__descriptor, Csi__V1__DeleteVolumeResponse,
		   csi__v1__delete_volume_response__descriptor, delete_volume, false),
	RPC_METHOD("csi.v1.Controller", GetCapacity, Csi__V1__GetCapacityRequest,
		   csi__v1__get_capacity_request__descriptor, Csi__V1__GetCapacityResponse,
		   csi__v1__get_capacity_response__descriptor, get_capacity, false),
	RPC_METHOD("csi.v1.Controller", ControllerExpandVolume,
		   Csi__V1__ControllerExpandVolumeRequest,
		   csi__v1__controller_expand_volume_request__descriptor,
		   Csi__V1__ControllerExpandVolumeResponse,
		   csi__v1__controller_expand_volume_response__descriptor, expand_volume, false),
	RPC_METHOD("csi.v1.Controller", ControllerModifyVolume,
		   Csi__V1__ControllerModifyVolumeRequest,
		   csi__v1__controller_modify_volume_request__descriptor,
		   Csi__V1__ControllerModifyVolumeResponse,
		   csi__v1__controller_modify_volume_response__descriptor, modify_volume, false),
};

struct fake_snapshots *fake_node_snapshots(struct fake_node *node)
{
	return node->snapshots;
}

struct fake_health *fake_node_health(struct fake_node *node)
{
	return node->health;
}

char *fake_node_next_volume(struct fake_node *node, size_t *place)
{
	char *id = NULL;
	pthread_mutex_lock(&node->lock);
	while (!id && *place < VOLUMES_MAX) {
		const char *here = node->volumes[(*place)++].id;
		id = here ? must_strdup(here) : NULL;
	}
	pthread_mutex_unlock(&node->lock);
	return id;
}

void fake_node_note_secrets(struct fake_node *node, int method, const char *secrets)
{
	pthread_mutex_lock(&node->lock);
	text_done(&node->secrets[method]);
	text_append_string(&node->secrets[method], secrets);
	pthread_mutex_unlock(&node->lock);
}

static void make_server(struct fake_node *node)
{
	size_t count = sizeof(methods) / sizeof(*methods);
	struct error err;
	memcpy(node->methods, methods, sizeof(methods));
	memcpy(node->methods + count, fake_snapshot_methods,
	       fake_snapshot_method_count * sizeof(*fake_snapshot_methods));
	count += fake_snapshot_method_count;
	memcpy(node->methods + count, fake_health_methods,
	       fake_health_method_count * sizeof(*fake_health_methods));
	must(rpc_server_new(
		     &(struct rpc_server_options) {
			     .methods = node->methods,
			     .method_count = count + fake_health_method_count,
			     .context = node,
			     .workers = 4,
		     },
		     &node->server, &err),
	     &err);
}

void fake_node_serve(struct fake_node *node)
{
	struct error err;
	make_server(node);
	must(rpc_server_listen_unix(node->server, node->socket, &err), &err);
	must(rpc_server_start(node->server, &err), &err);
}

uint16_t fake_node_serve_tls(struct fake_node *node, const char *tls_folder)
{
	struct error err;
	uint16_t port;
	make_server(node);
	must(rpc_tls_new(tls_folder, &node->tls, &err), &err);
	must(rpc_server_listen_tls(node->server, "127.0.0.1:0", node->tls, CSI_PROVISIONER_TLS_NAME,
				   &port, &err),
	     &err);
	must(rpc_server_start(node->server, &err), &err);
	return port;
}

/* Runs the statement with the lock held. */
#define LOCKED(node, statement)                                                                    \
	do {                                                                                       \
		pthread_mutex_lock(&(node)->lock);                                                 \
		statement;                                                                         \
		pthread_mutex_unlock(&(node)->lock);                                               \
	} while (0)

bool fake_node_has(struct fake_node *node, const char *id)
{
	bool has;
	LOCKED(node, has = find(node, id) != NULL);
	return has;
}

size_t fake_node_count(struct fake_node *node)
{
	size_t count = 0;
	pthread_mutex_lock(&node->lock);
	for (size_t i = 0; i < VOLUMES_MAX; i++)
		count += node->volumes[i].id != NULL;
	pthread_mutex_unlock(&node->lock);
	return count;
}

void fake_node_add(struct fake_node *node, const char *id, uint64_t size_bytes)
{
	LOCKED(node, add(node, id, size_bytes));
}

static int method_of(const char *name)
{
	for (int i = 0; i < METHODS; i++)
		if (strcmp(method_names[i], name) == 0)
			return i;
	abort();
}

size_t fake_node_calls(struct fake_node *node, const char *method)
{
	size_t calls;
	LOCKED(node, calls = node->calls[method_of(method)]);
	return calls;
}

char *fake_node_secrets(struct fake_node *node, const char *method)
{
	char *secrets;
	LOCKED(node, secrets = must_strdup(text_string(&node->secrets[method_of(method)])));
	return secrets;
}

char *fake_node_capability(struct fake_node *node)
{
	char *capability;
	LOCKED(node, capability = must_strdup(text_string(&node->capability)));
	return capability;
}

char *fake_node_source(struct fake_node *node)
{
	char *source;
	LOCKED(node, source = must_strdup(text_string(&node->source)));
	return source;
}

void fake_node_set_copies_nothing(struct fake_node *node, bool nothing)
{
	LOCKED(node, node->copies_nothing = nothing);
}

void fake_node_set_pool(struct fake_node *node, uint64_t bytes)
{
	LOCKED(node, node->pool_bytes = bytes);
}

void fake_node_set_disk(struct fake_node *node, uint64_t bytes)
{
	LOCKED(node, (node->room_bytes = bytes, node->is_disk = true));
}

void fake_node_set_room(struct fake_node *node, uint64_t bytes)
{
	LOCKED(node, node->room_bytes = bytes);
}

void fake_node_set_shortfall(struct fake_node *node, uint64_t bytes)
{
	LOCKED(node, node->shortfall_bytes = bytes);
}

void fake_node_fail(struct fake_node *node, const char *method, enum error_code code, bool after,
		    unsigned times)
{
	LOCKED(node, node->failures[method_of(method)] =
			     ((struct failure) { .code = code, .after = after, .times = times }));
}

void fake_node_set_hook(struct fake_node *node, fake_node_hook *hook, void *context)
{
	LOCKED(node, node->hook = hook; node->hook_context = context);
}

uint64_t fake_node_size(struct fake_node *node, const char *id)
{
	uint64_t bytes;
	pthread_mutex_lock(&node->lock);
	struct fake_volume *volume = find(node, id);
	bytes = volume ? volume->size_bytes : 0;
	pthread_mutex_unlock(&node->lock);
	return bytes;
}

char *fake_node_attributes(struct fake_node *node, const char *id)
{
	pthread_mutex_lock(&node->lock);
	struct fake_volume *volume = find(node, id);
	char *attributes = volume ? must_strdup(text_string(&volume->attributes)) : NULL;
	pthread_mutex_unlock(&node->lock);
	return attributes;
}

void fake_node_set_grows_file_systems(struct fake_node *node, bool grows)
{
	LOCKED(node, node->grows_file_systems = grows);
}

void fake_node_set_rounding(struct fake_node *node, uint64_t unit_bytes)
{
	LOCKED(node, node->rounding_bytes = unit_bytes);
}
