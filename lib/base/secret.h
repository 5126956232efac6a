/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Bytes that no other process and no log may see: a key that came with a call, or one derived
 * from it.
 *
 * They lie in pages of their own, which are not swapped out (mlock(2)), not written into a core
 * dump (MADV_DONTDUMP), not inherited by a child (MADV_WIPEONFORK), and zeroed before they are
 * freed. A secret lives as long as the call that brought it. It is never logged, never part of an
 * error and never written to a file; messages state only whether it is there, and its length.
 *
 * lib/rpc wipes the request itself (rpc/message.h); main() forbids core dumps.
 */

#include <stddef.h>

#include "base/cleanup.h"
#include "base/error.h"

struct secret {
	unsigned char *bytes; /* NULL: there is none */
	size_t length;
};

/* length zeros; the secret must be { 0 } before. */
int secret_init(struct secret *secret, size_t length, struct error *err);
int secret_copy(struct secret *secret, const void *bytes, size_t length, struct error *err);

/* Wipes and frees it; { 0 } afterwards. */
void secret_done(struct secret *secret);

/* No core dump of this process, and no look into its memory for others than root (PR_SET_DUMPABLE,
 * which also counts where the kernel pipes dumps to a program and ignores RLIMIT_CORE: core(5)). */
int secret_forbid_dumps(struct error *err);

#define CLEANUP_SECRET CLEANUP(secret_done)
