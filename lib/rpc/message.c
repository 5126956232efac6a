/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/message.h"

#include <grpc/byte_buffer_reader.h>
#include <grpc/grpc.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "rpc/validate.h"

/* What protoc makes of map<string, T>; the descriptors of protobuf-c do not tell it from a list. */
static bool is_map(const ProtobufCFieldDescriptor *field)
{
	if (field->label != PROTOBUF_C_LABEL_REPEATED || field->type != PROTOBUF_C_TYPE_MESSAGE)
		return false;
	const ProtobufCMessageDescriptor *entry = field->descriptor;
	size_t length = strlen(entry->short_name);
	return length > 5 && strcmp(entry->short_name + length - 5, "Entry") == 0 &&
	       entry->n_fields == 2 && entry->fields[0].type == PROTOBUF_C_TYPE_STRING &&
	       strcmp(entry->fields[0].name, "key") == 0 &&
	       strcmp(entry->fields[1].name, "value") == 0;
}

static void *member_at(const ProtobufCMessage *message, unsigned offset)
{
	return (char *)message + offset;
}

struct entry {
	const char *key;
	size_t index;
	bool replaced;
};

static int compare_keys(const void *a, const void *b)
{
	const struct entry *x = a;
	const struct entry *y = b;
	int order = strcmp(x->key, y->key);
	return order ? order : (x->index > y->index) - (x->index < y->index);
}

static int compare_indices(const void *a, const void *b)
{
	const struct entry *x = a;
	const struct entry *y = b;
	return (x->index > y->index) - (x->index < y->index);
}

static void settle_map(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
		       ProtobufCAllocator *allocator)
{
	size_t *count = member_at(message, field->quantifier_offset);
	ProtobufCMessage **items = *(ProtobufCMessage ***)member_at(message, field->offset);
	const ProtobufCMessageDescriptor *type = field->descriptor;
	if (*count < 2)
		return;
	CLEANUP_FREE struct entry *entries = must_alloc(*count * sizeof(*entries));
	for (size_t i = 0; i < *count; i++) {
		entries[i].key = *(char **)member_at(items[i], type->fields[0].offset);
		entries[i].index = i;
	}
	qsort(entries, *count, sizeof(*entries), compare_keys);
	for (size_t i = 0; i + 1 < *count; i++)
		entries[i].replaced = strcmp(entries[i].key, entries[i + 1].key) == 0;
	qsort(entries, *count, sizeof(*entries), compare_indices);
	size_t kept = 0;
	for (size_t i = 0; i < *count; i++) {
		if (entries[i].replaced)
			protobuf_c_message_free_unpacked(items[i], allocator);
		else
			items[kept++] = items[i];
	}
	*count = kept;
}

/* A member of a oneof is there only if the case says so: the members share their memory. */
static bool is_there(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
		return *(uint32_t *)member_at(message, field->quantifier_offset) == field->id;
	return *(void **)member_at(message, field->offset) != NULL;
}

/* Recursion: the message was validated, so VALIDATE_DEPTH_MAX holds. */
static void settle_maps(const ProtobufCMessage *message, ProtobufCAllocator *allocator)
{
	for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
		if (field->type != PROTOBUF_C_TYPE_MESSAGE || !is_there(message, field))
			continue;
		if (is_map(field))
			settle_map(message, field, allocator);
		if (field->label != PROTOBUF_C_LABEL_REPEATED) {
			settle_maps(*(ProtobufCMessage **)member_at(message, field->offset),
				    allocator);
			continue;
		}
		size_t count = *(size_t *)member_at(message, field->quantifier_offset);
		ProtobufCMessage **items = *(ProtobufCMessage ***)member_at(message, field->offset);
		for (size_t k = 0; k < count; k++)
			settle_maps(items[k], allocator);
	}
}

bool rpc_message_holds_secrets(const ProtobufCMessageDescriptor *type)
{
	const ProtobufCFieldDescriptor *field =
		protobuf_c_message_descriptor_get_field_by_name(type, "secrets");
	return field && is_map(field);
}

static void wipe_slice(grpc_slice *slice)
{
	explicit_bzero(GRPC_SLICE_START_PTR(*slice), GRPC_SLICE_LENGTH(*slice));
}

void rpc_message_wipe(grpc_byte_buffer *buffer)
{
	if (!buffer || buffer->type != GRPC_BB_RAW)
		return;
	grpc_slice_buffer *slices = &buffer->data.raw.slice_buffer;
	for (size_t i = 0; i < slices->count; i++)
		wipe_slice(&slices->slices[i]);
}

static void unref_slice(const grpc_slice *slice)
{
	grpc_slice_unref(*slice);
}

static ProtobufCMessage *unpack(const ProtobufCMessageDescriptor *type, const grpc_slice *slice,
				ProtobufCAllocator *allocator, struct error *err)
{
	const uint8_t *data = GRPC_SLICE_START_PTR(*slice);
	size_t length = GRPC_SLICE_LENGTH(*slice);
	if (rpc_validate(type, data, length, err) < 0)
		return NULL;
	ProtobufCMessage *message = protobuf_c_message_unpack(type, allocator, length, data);
	if (!message)
		error_set(err, ERROR_INVALID, "the message: cannot be read as %s", type->name);
	return message;
}

int rpc_message_unpack(const ProtobufCMessageDescriptor *type, grpc_byte_buffer *buffer,
		       ProtobufCAllocator *allocator, ProtobufCMessage **ret_message,
		       struct error *err)
{
	grpc_byte_buffer_reader reader;
	if (!grpc_byte_buffer_reader_init(&reader, buffer))
		return error_set(err, ERROR_INVALID, "the message: cannot be read");
	CLEANUP(unref_slice) grpc_slice slice = grpc_byte_buffer_reader_readall(&reader);
	grpc_byte_buffer_reader_destroy(&reader);
	ProtobufCMessage *message = unpack(type, &slice, allocator, err);
	if (rpc_message_holds_secrets(type))
		wipe_slice(&slice);
	if (!message)
		return -1;
	settle_maps(message, allocator);
	*ret_message = message;
	return 0;
}

grpc_slice rpc_message_pack_bytes(const ProtobufCMessage *message)
{
	grpc_slice slice = grpc_slice_malloc_large(protobuf_c_message_get_packed_size(message));
	protobuf_c_message_pack(message, GRPC_SLICE_START_PTR(slice));
	return slice;
}

grpc_byte_buffer *rpc_message_pack(const ProtobufCMessage *message)
{
	CLEANUP(unref_slice)
	grpc_slice slice = grpc_slice_malloc(protobuf_c_message_get_packed_size(message));
	protobuf_c_message_pack(message, GRPC_SLICE_START_PTR(slice));
	return grpc_raw_byte_buffer_create(&slice, 1);
}
