/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Whether bytes are a protobuf message of a type, before they are unpacked.
 *
 * protobuf-c takes any bytes for a string and ends it at the first NUL, so that "a\0b" becomes
 * another name; it must be refused while it is still whole. What is wrong is named by field:
 * "volume_capabilities[1].mount.fs_type: not valid UTF-8".
 */

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Checks the structure, the wire type of each field, and that strings are UTF-8 (RFC 3629) without
 * NUL. Bounds the nesting (VALIDATE_DEPTH_MAX) and the number of fields (VALIDATE_FIELDS_MAX), for
 * two bytes of message can become a hundred in memory. ERROR_INVALID. */
#define VALIDATE_DEPTH_MAX 32
#define VALIDATE_FIELDS_MAX ((size_t)256 * 1024)
int rpc_validate(const ProtobufCMessageDescriptor *type, const void *data, size_t length,
		 struct error *err);
