/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How a caller wants to use a volume: what the CSI specification calls a volume capability, without
 * the wire. Strings are borrowed from the call.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/pairs.h"
#include "base/secret.h"

struct copy_watch;

enum access_mode {
	ACCESS_WRITER,	      /* SINGLE_NODE_WRITER: pods of this node may share it */
	ACCESS_READER,	      /* …_READER_ONLY: each publication is read-only */
	ACCESS_SINGLE_WRITER, /* SINGLE_NODE_SINGLE_WRITER: one target at a time */
	ACCESS_MULTI_WRITER,  /* SINGLE_NODE_MULTI_WRITER */
};

struct access {
	enum access_mode mode;
	bool block;	     /* as a raw device; the rest is then empty */
	const char *fs_type; /* "": the volume's own */
	char *const *mount_flags;
	size_t mount_flag_count;
	const struct secret *secret;	/* that came with the call to open an encrypted volume */
	const struct copy_watch *watch; /* of what takes long before a mount; may be NULL */
};

/* All of them ask for a raw device, or none. Some: ERROR_INVALID. */
int access_is_block(const struct access *accesses, size_t count, bool *ret_block,
		    struct error *err);

/* The file system that all of them ask for: "" if none names one. Two that differ: ERROR_INVALID.
 * *ret_fs_type is borrowed from them. */
int access_fs_type(const struct access *accesses, size_t count, const char **ret_fs_type,
		   struct error *err);

/* Copies the key of an encrypted volume out of the secrets of a call; other secrets are ignored.
 * *secret starts as { 0 } and stays so if there is no key. */
int access_read_secret(const struct pairs *secrets, struct secret *secret, struct error *err);
