/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * protobuf-c messages in and out of gRPC's byte buffers.
 */

#include <grpc/byte_buffer.h>
#include <grpc/slice.h>
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

#include "base/error.h"

/* Validates (rpc/validate.h), unpacks, and settles the maps: of two entries with the same key the
 * last one stays, as protobuf has it. allocator NULL: malloc. */
int rpc_message_unpack(const ProtobufCMessageDescriptor *type, grpc_byte_buffer *buffer,
		       ProtobufCAllocator *allocator, ProtobufCMessage **ret_message,
		       struct error *err);

/* The type has a map named `secrets`: where CSI puts keys and passwords (csi.proto, option
 * csi_secret). Unpacking leaves no copy of such a message but the one that is returned. */
bool rpc_message_holds_secrets(const ProtobufCMessageDescriptor *type);

/* Zeroes the bytes of a received message where gRPC put them. They belong to that message alone,
 * though the memory around them may be shared. NULL is fine. */
void rpc_message_wipe(grpc_byte_buffer *buffer);

/* Never NULL. */
grpc_byte_buffer *rpc_message_pack(const ProtobufCMessage *message);

/* The same bytes in memory of their own, of which a reference is no copy, however few they are: for
 * a message that is wiped when its call is over. Yours. */
grpc_slice rpc_message_pack_bytes(const ProtobufCMessage *message);
