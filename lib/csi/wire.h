/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Messages of CSI as protobuf-c wants them: pointers to structs that are initialised one by one.
 * They are built in an arena that lives as long as the call; the strings are the caller's own. For
 * the clients in this folder.
 */

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "base/pairs.h"

#define WIRE_CONTROLLER "csi.v1.Controller"
#define WIRE_GROUP_CONTROLLER "csi.v1.GroupController"
#define WIRE_ARENA_BYTES 1024

static inline char *wire_borrow(const char *string)
{
	return (char *)(string ? string : protobuf_c_empty_string);
}

/* Each map<string, string> has a type of its own in C; only the names differ. */
#define WIRE_DEFINE_MAP(function, type, init)                                                      \
	static type **function(struct arena *arena, const struct pairs *pairs)                     \
	{                                                                                          \
		type **entries = arena_alloc(arena, (pairs->count + 1) * sizeof(void *));          \
		for (size_t i = 0; i < pairs->count; i++) {                                        \
			entries[i] = arena_alloc(arena, sizeof(*entries[i]));                      \
			init(entries[i]);                                                          \
			entries[i]->key = wire_borrow(pairs->items[i].key);                        \
			entries[i]->value = wire_borrow(pairs->items[i].value);                    \
		}                                                                                  \
		return entries;                                                                    \
	}                                                                                          \
	struct wire_map_needs_a_semicolon

static inline void wire_message_free(ProtobufCMessage **message)
{
	if (*message)
		protobuf_c_message_free_unpacked(*message, NULL);
}

#define CLEANUP_WIRE_MESSAGE CLEANUP(wire_message_free)
