/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A few CSI requests, one after the other, to a plugin with an empty pool on a kernel that exists
 * in memory only. An input is a list of requests: the number of the method in csi.proto, two bytes
 * of length, and the message as it comes from the wire. Each is taken in as the server does it and
 * given to its handler; what is answered must be a message that can be packed, or an error with a
 * code and a text. No request, whatever it says, is an error of ours.
 *
 * The server's part of a call is played here: lib/rpc's call.c and stream.c are not linked.
 */
#include <fcntl.h>
#include <grpc/grpc.h>
#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "csi.pb-c.h"
#include "csi/node.h"
#include "csi/service.h"
#include "fake_host.h"
#include "folder/folder.h"
#include "folder/tree_remove.h"
#include "host/node_features.h"
#include "host/node_settings.h"
#include "host/throttle.h"
#include "pool/pools.h"
#include "pool/pools_open.h"
#include "rpc/message.h"
#include "rpc/server.h"

#define REQUESTS_MAX 12
#define SPACE_BYTES (64ULL << 20)
#define FILE_BYTES_MAX (256ULL << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct rpc_call {
	struct node *node;
	struct arena *arena;
	ProtobufCAllocator allocator;
};

struct rpc_stream {
	const struct rpc_method *method;
};

void *rpc_call_context(const struct rpc_call *call)
{
	return call->node;
}

struct arena *rpc_call_arena(struct rpc_call *call)
{
	return call->arena;
}

ProtobufCAllocator *rpc_call_allocator(struct rpc_call *call)
{
	return &call->allocator;
}

bool rpc_call_cancelled(const struct rpc_call *call)
{
	return false;
}

const char *rpc_call_peer(const struct rpc_call *call)
{
	return "fuzz";
}

static void pack(const ProtobufCMessage *message)
{
	size_t length = protobuf_c_message_get_packed_size(message);
	uint8_t *bytes = malloc(length ? length : 1);
	if (protobuf_c_message_pack(message, bytes) != length)
		abort();
	free(bytes);
}

int rpc_stream_send(struct rpc_stream *stream, const ProtobufCMessage *message, struct error *err)
{
	if (message->descriptor != stream->method->response)
		abort();
	pack(message);
	return 0;
}

static void *allocate(void *arena, size_t size)
{
	return arena_alloc(arena, size);
}

static void release_nothing(void *arena, void *memory)
{
}

static const ProtobufCServiceDescriptor *const services[] = {
	&csi__v1__identity__descriptor,
	&csi__v1__controller__descriptor,
	&csi__v1__node__descriptor,
	&csi__v1__group_controller__descriptor,
	&csi__v1__snapshot_metadata__descriptor,
};

static size_t (*const tables[])(const struct rpc_method **ret_methods) = {
	csi_identity_methods, csi_capabilities_methods, csi_volume_methods,   csi_list_methods,
	csi_expand_methods,   csi_modify_methods,	csi_snapshot_methods, csi_attach_methods,
	csi_group_methods,    csi_metadata_methods,	csi_node_methods,     csi_health_methods,
};

static const struct rpc_method *find_served(const char *service, const char *name)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++) {
		const struct rpc_method *methods;
		size_t count = tables[i](&methods);
		for (size_t k = 0; k < count; k++)
			if (strcmp(methods[k].service, service) == 0 &&
			    strcmp(methods[k].name, name) == 0)
				return &methods[k];
	}
	return NULL;
}

/* The n-th of csi.proto; NULL: not served. */
static const struct rpc_method *choose(unsigned choice)
{
	for (size_t i = 0; i < sizeof(services) / sizeof(*services); i++) {
		if (choice < services[i]->n_methods)
			return find_served(services[i]->name, services[i]->methods[choice].name);
		choice -= services[i]->n_methods;
	}
	return NULL;
}

/* Paths of the kubelet are folders and files of this machine: they are moved below ours. */
static void keep_below(ProtobufCMessage *message, const char *folder, struct arena *arena)
{
	for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
		char **value = (char **)(void *)((char *)message + field->offset);
		size_t length = strlen(field->name);
		if (field->type != PROTOBUF_C_TYPE_STRING ||
		    field->label == PROTOBUF_C_LABEL_REPEATED || length < 5 ||
		    strcmp(field->name + length - 5, "_path") != 0 || !*value || !**value)
			continue;
		bool absolute = **value == '/';
		char *path = arena_printf(arena, "%s%s", absolute ? folder : "", *value);
		for (char *dots; (dots = strstr(path, ".."));)
			memset(dots, 'x', 2);
		if (!absolute)
			path = arena_printf(arena, "x%s", path);
		*value = path;
	}
}

static int serve(const struct rpc_method *method, struct rpc_call *call, ProtobufCMessage *request,
		 struct error *err)
{
	if (method->stream_handler) {
		struct rpc_stream stream = { method };
		return method->stream_handler(call, request, &stream, err);
	}
	ProtobufCMessage *response = arena_alloc(call->arena, method->response->sizeof_message);
	protobuf_c_message_init(method->response, response);
	int result = method->handler(call, request, response, err);
	if (result == 0)
		pack(response);
	return result;
}

static ProtobufCMessage *take_in(const struct rpc_method *method, struct rpc_call *call,
				 const uint8_t *data, size_t length)
{
	struct error err = { 0 };
	ProtobufCMessage *request = NULL;
	grpc_slice slice = grpc_slice_from_copied_buffer((const char *)data, length);
	grpc_byte_buffer *buffer = grpc_raw_byte_buffer_create(&slice, 1);
	rpc_message_unpack(method->request, buffer, &call->allocator, &request, &err);
	grpc_byte_buffer_destroy(buffer);
	grpc_slice_unref(slice);
	return request;
}

static void run_request(struct node *node, const char *folder, const struct rpc_method *method,
			const uint8_t *data, size_t length)
{
	struct error err = { 0 };
	struct rpc_call call = { .node = node, .arena = arena_new(4096) };
	call.allocator = (ProtobufCAllocator) { allocate, release_nothing, call.arena };
	ProtobufCMessage *request = take_in(method, &call, data, length);
	if (request) {
		keep_below(request, folder, call.arena);
		int result = serve(method, &call, request, &err);
		if (result < 0 &&
		    (err.code == ERROR_NONE || !err.text[0] || err.code == ERROR_INTERNAL)) {
			fprintf(stderr, "%s: code %d: %s\n", method->name, (int)err.code, err.text);
			abort();
		}
		if (result > 0)
			abort();
	}
	arena_free(call.arena);
}

static void run_requests(struct node *node, const char *folder, const uint8_t *data, size_t size)
{
	for (unsigned i = 0; i < REQUESTS_MAX && size >= 3; i++) {
		const struct rpc_method *method = choose(data[0]);
		size_t length = (size_t)data[1] | (size_t)data[2] << 8;
		data += 3;
		size -= 3;
		length = length < size ? length : size;
		if (method)
			run_request(node, folder, method, data, length);
		data += length;
		size -= length;
	}
}

/* Memory is the disk where there is such a place. */
static void make_folder(char folder[static 64])
{
	snprintf(folder, 64, "%s/kentledge-fuzz-XXXXXX",
		 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (!mkdtemp(folder))
		abort();
}

static void remove_folder(const char *folder)
{
	struct error err;
	CLEANUP_CLOSE int parent_fd = -1;
	char *slash = strrchr(folder, '/');
	char parent[64];
	snprintf(parent, sizeof(parent), "%.*s", (int)(slash - folder), folder);
	parent_fd = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (tree_remove(parent_fd, slash + 1, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		abort();
	}
}

static void begin_once(void)
{
	static bool begun;
	const struct rlimit limit = { FILE_BYTES_MAX, FILE_BYTES_MAX };
	if (begun)
		return;
	begun = true;
	log_set_fd(open("/dev/null", O_WRONLY | O_CLOEXEC));
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char folder[64], path[96];
	struct pools *pools;
	struct error err = { 0 };
	begin_once();
	make_folder(folder);
	snprintf(path, sizeof(path), "%s/staging", folder);
	if (mkdir(path, 0750) < 0)
		abort();
	snprintf(path, sizeof(path), "%s/pool", folder);
	struct fake_host *fake = fake_host_new();
	fake->usage.total_bytes = fake->usage.available_bytes = SPACE_BYTES;
	const struct pool_place place = { .name = POOL_DEFAULT_NAME, .path = path };
	struct throttle throttle;
	throttle_init(&throttle, folder);
	const struct node_settings settings = { .attach = true, .throttle = &throttle };
	const struct pools_setup setup = {
		.places = &place, .count = 1, .host = &fake->host, .node = &settings
	};
	if (pools_open(&setup, &pools, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		abort();
	}
	static const struct node_features features;
	struct node node = { .id = "node-1", .pools = pools, .features = &features };
	run_requests(&node, folder, data, size);
	pools_close(pools);
	throttle_done(&throttle);
	fake_host_free(fake);
	remove_folder(folder);
	return 0;
}
