/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request as the server takes it in: validated, unpacked, maps settled. The first byte chooses
 * the type. What is unpacked must have strings as promised, and what is not must be called invalid.
 * (protobuf-c does not unpack all that is valid: a message in a singular field that comes twice,
 * both times without a member of its oneof, is refused.)
 */
#include <grpc/grpc.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/error.h"
#include "csi.pb-c.h"
#include "pluginregistration.pb-c.h"
#include "rpc/message.h"
#include "rpc/validate.h"

static const ProtobufCServiceDescriptor *const services[] = {
	&csi__v1__identity__descriptor,
	&csi__v1__controller__descriptor,
	&csi__v1__node__descriptor,
	&csi__v1__group_controller__descriptor,
	&csi__v1__snapshot_metadata__descriptor,
	&pluginregistration__registration__descriptor,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const ProtobufCMessageDescriptor *choose_type(unsigned choice)
{
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
		if (choice < services[i]->n_methods)
			return services[i]->methods[choice].input;
		choice -= services[i]->n_methods;
	}
	return services[0]->methods[0].input;
}

/* What was unpacked must be packed and pass again: nothing was cut at a NUL. */
static void check_again(const ProtobufCMessage *message)
{
	struct error err;
	size_t length = protobuf_c_message_get_packed_size(message);
	uint8_t *bytes = malloc(length ? length : 1);
	protobuf_c_message_pack(message, bytes);
	if (rpc_validate(message->descriptor, bytes, length, &err) < 0)
		abort();
	free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = { 0 };
	ProtobufCMessage *message;
	if (size == 0)
		return 0;
	const ProtobufCMessageDescriptor *type = choose_type(data[0]);
	grpc_slice slice = grpc_slice_from_copied_buffer((const char *)data + 1, size - 1);
	grpc_byte_buffer *buffer = grpc_raw_byte_buffer_create(&slice, 1);
	if (rpc_message_unpack(type, buffer, NULL, &message, &err) == 0) {
		check_again(message);
		protobuf_c_message_free_unpacked(message, NULL);
	} else if (err.code != ERROR_INVALID) {
		abort();
	}
	grpc_byte_buffer_destroy(buffer);
	grpc_slice_unref(slice);
	return 0;
}
