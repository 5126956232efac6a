/* SPDX-License-Identifier: Apache-2.0 */

/*
 * SnapshotMetadata: which parts of a snapshot hold data, and in which parts two snapshots of one
 * volume differ (snapshot/extent_map.h). Extents have any length, in the order of their offsets; a
 * client that lost the stream begins again behind the last one it has.
 */

#include <string.h>

#include "base/arena.h"
#include "csi.pb-c.h"
#include "csi/argument.h"
#include "csi/node.h"
#include "csi/service.h"
#include "csi/volume.h"
#include "snapshot/extent_map.h"
#include "snapshot/image.h"

/* Extents in one message, unless the caller wants fewer: some 20 bytes each. */
#define MESSAGE_EXTENTS_MAX 4096

static int open_image(struct node *node, const char *id, const char *field,
		      struct snapshot_image *image, struct error *err)
{
	if (csi_argument_text(id, field, err) < 0)
		return -1;
	return snapshot_image_open(node->pools, id, image, err) < 0 ? error_prefix(err, "%s", field)
								    : 0;
}

static int check_range(int64_t starting_offset, int32_t max_results,
		       const struct snapshot_record *record, struct error *err)
{
	if (max_results < 0)
		return error_set(err, ERROR_INVALID, "max_results is negative");
	if (starting_offset < 0 || (uint64_t)starting_offset > record->size_bytes)
		return error_set(err, ERROR_RANGE,
				 "starting_offset: %lld does not lie in the snapshot's %llu bytes",
				 (long long)starting_offset,
				 (unsigned long long)record->size_bytes);
	return 0;
}

/* The two answers have different names and the same fields. */
union answer {
	ProtobufCMessage base;
	Csi__V1__GetMetadataAllocatedResponse allocated;
	Csi__V1__GetMetadataDeltaResponse delta;
};

/* Extents on their way into messages. */
struct sender {
	struct rpc_call *call;
	struct rpc_stream *stream;
	union answer answer;
	int64_t capacity_bytes;
	Csi__V1__BlockMetadata *extents;
	Csi__V1__BlockMetadata **pointers;
	size_t count;
	size_t max;
	bool sent;
};

static void sender_init(struct sender *sender, struct rpc_call *call, struct rpc_stream *stream,
			const struct snapshot_record *record, int32_t max_results)
{
	struct arena *arena = rpc_call_arena(call);
	*sender = (struct sender) {
		.call = call,
		.stream = stream,
		.capacity_bytes = csi_volume_bytes(record->size_bytes),
		.max = MESSAGE_EXTENTS_MAX,
	};
	if (max_results > 0 && max_results < MESSAGE_EXTENTS_MAX)
		sender->max = (size_t)max_results;
	sender->extents = arena_alloc(arena, sender->max * sizeof(*sender->extents));
	sender->pointers = arena_alloc(arena, sender->max * sizeof(*sender->pointers));
	for (size_t i = 0; i < sender->max; i++) {
		csi__v1__block_metadata__init(&sender->extents[i]);
		sender->pointers[i] = &sender->extents[i];
	}
}

#define FILL(message)                                                                              \
	((message)->block_metadata_type = CSI__V1__BLOCK_METADATA_TYPE__VARIABLE_LENGTH,           \
	 (message)->volume_capacity_bytes = sender->capacity_bytes,                                \
	 (message)->block_metadata = sender->pointers,                                             \
	 (message)->n_block_metadata = sender->count)

static int send_extents(struct sender *sender, struct error *err)
{
	if (sender->answer.base.descriptor == &csi__v1__get_metadata_delta_response__descriptor)
		FILL(&sender->answer.delta);
	else
		FILL(&sender->answer.allocated);
	if (rpc_stream_send(sender->stream, &sender->answer.base, err) < 0)
		return -1;
	sender->sent = true;
	sender->count = 0;
	return 0;
}

static int add_extent(void *context, const struct extent *extent, struct error *err)
{
	struct sender *sender = context;
	Csi__V1__BlockMetadata *next = &sender->extents[sender->count++];
	next->byte_offset = (int64_t)extent->offset_bytes;
	next->size_bytes = (int64_t)extent->size_bytes;
	return sender->count == sender->max ? send_extents(sender, err) : 0;
}

static int look(void *context, struct error *err)
{
	const struct sender *sender = context;
	if (!rpc_call_cancelled(sender->call))
		return 0;
	return error_set(err, ERROR_CANCELLED,
			 "the client cancelled the call, or its deadline is past");
}

/* Without an extent, one message still carries the capacity. */
static int send_rest(struct sender *sender, struct error *err)
{
	return sender->count || !sender->sent ? send_extents(sender, err) : 0;
}

static int get_metadata_allocated(struct rpc_call *call,
				  const Csi__V1__GetMetadataAllocatedRequest *request,
				  struct rpc_stream *stream, struct error *err)
{
	struct node *node = rpc_call_context(call);
	CLEANUP_SNAPSHOT_IMAGE struct snapshot_image image = SNAPSHOT_IMAGE_INIT;
	if (open_image(node, request->snapshot_id, "snapshot_id", &image, err) < 0 ||
	    check_range(request->starting_offset, request->max_results, &image.folder.record, err) <
		    0)
		return -1;
	struct sender sender;
	sender_init(&sender, call, stream, &image.folder.record, request->max_results);
	csi__v1__get_metadata_allocated_response__init(&sender.answer.allocated);
	const struct extent_reader reader = { .visit = add_extent, .context = &sender };
	if (extent_map_allocated(image.fd, (uint64_t)request->starting_offset, &reader, err) < 0)
		return -1;
	return send_rest(&sender, err);
}

static int check_kin(const struct snapshot_image *base, const struct snapshot_image *target,
		     struct error *err)
{
	if (strcmp(base->folder.record.source_volume, target->folder.record.source_volume) == 0)
		return 0;
	return error_set(err, ERROR_INVALID,
			 "base_snapshot_id: %s is of volume %s, target_snapshot_id: %s of volume "
			 "%s; both must be of the same",
			 base->folder.record.id, base->folder.record.source_volume,
			 target->folder.record.id, target->folder.record.source_volume);
}

static int get_metadata_delta(struct rpc_call *call,
			      const Csi__V1__GetMetadataDeltaRequest *request,
			      struct rpc_stream *stream, struct error *err)
{
	struct node *node = rpc_call_context(call);
	CLEANUP_SNAPSHOT_IMAGE struct snapshot_image base = SNAPSHOT_IMAGE_INIT;
	CLEANUP_SNAPSHOT_IMAGE struct snapshot_image target = SNAPSHOT_IMAGE_INIT;
	if (open_image(node, request->base_snapshot_id, "base_snapshot_id", &base, err) < 0 ||
	    open_image(node, request->target_snapshot_id, "target_snapshot_id", &target, err) < 0 ||
	    check_kin(&base, &target, err) < 0 ||
	    check_range(request->starting_offset, request->max_results, &target.folder.record,
			err) < 0)
		return -1;
	struct sender sender;
	sender_init(&sender, call, stream, &target.folder.record, request->max_results);
	csi__v1__get_metadata_delta_response__init(&sender.answer.delta);
	const struct extent_reader reader = { .visit = add_extent,
					      .look = look,
					      .context = &sender };
	if (extent_map_delta(base.fd, target.fd, (uint64_t)request->starting_offset, &reader, NULL,
			     err) < 0)
		return -1;
	return send_rest(&sender, err);
}

static const struct rpc_method methods[] = {
	CSI_STREAM(SNAPSHOT_METADATA, GetMetadataAllocated, get_metadata_allocated),
	CSI_STREAM(SNAPSHOT_METADATA, GetMetadataDelta, get_metadata_delta),
};

size_t csi_metadata_methods(const struct rpc_method **ret_methods)
{
	*ret_methods = methods;
	return sizeof(methods) / sizeof(*methods);
}
