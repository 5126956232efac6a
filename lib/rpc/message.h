/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * protobuf-c messages in and out of gRPC's byte buffers.
 */

#include <grpc/byte_buffer.h>
#include <protobuf-c/protobuf-c.h>

#include "base/error.h"

/* Validates (rpc/validate.h), unpacks, and settles the maps: of two entries with the same key the
 * last one stays, as protobuf has it. allocator NULL: malloc. */
int rpc_message_unpack(const ProtobufCMessageDescriptor *type, grpc_byte_buffer *buffer,
		       ProtobufCAllocator *allocator, ProtobufCMessage **ret_message,
		       struct error *err);

/* Never NULL. */
grpc_byte_buffer *rpc_message_pack(const ProtobufCMessage *message);
