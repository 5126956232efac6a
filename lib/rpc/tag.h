/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A tag: what gRPC hands back through a completion queue when an operation has ended. It lies in
 * the object that started the operation. The poller of a server calls its function, which starts
 * the next step and never blocks.
 */

#include <stdbool.h>

struct rpc_tag {
	void (*reached)(struct rpc_tag *tag, bool ok);
};

/* ThreadSanitizer does not see into libgrpc. These inform it that the thread that takes a tag out
 * of a completion queue comes after the one that put it in, and, where client and server are one
 * process (as in tests), that what is received was sent before. */
#if defined(__SANITIZE_THREAD__)
void __tsan_acquire(void *address);
void __tsan_release(void *address);
extern char rpc_wire;
#define rpc_tag_sent(tag) __tsan_release(tag)
#define rpc_tag_received(tag) __tsan_acquire(tag)
#define rpc_wire_sent() __tsan_release(&rpc_wire)
#define rpc_wire_received() __tsan_acquire(&rpc_wire)
#else
#define rpc_tag_sent(tag) ((void)(tag))
#define rpc_tag_received(tag) ((void)(tag))
#define rpc_wire_sent() ((void)0)
#define rpc_wire_received() ((void)0)
#endif
