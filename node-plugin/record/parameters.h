/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The parameters of a StorageClass, as CreateVolume and GetCapacity get them. The names are ours
 * and few; a name that we do not know is refused rather than ignored, so that a user who misspells
 * one gets an error when the claim is made, not when the disk is full.
 *
 *	backend        loop (default) or directory
 *	enforce        "true" (default) or "false": whether writing more than the size must fail
 *	pool           name of the pool to use; any if it is missing
 *	provisioning   thin: an image takes disk as it is written; reserved: its blocks are set
 *	               aside at once; thick: that, and where the pool is ext4 or xfs, every block
 *	               is written to; without it the node decides (host/node_settings.h)
 *	encryption     none (default) or fscrypt
 *
 * csi.storage.k8s.io/pvc/name, pvc/namespace and pv/name name the claim; they are kept for the log.
 */

#include <stdbool.h>

#include "base/error.h"
#include "base/pairs.h"

enum backend_kind {
	BACKEND_LOOP,
	BACKEND_DIRECTORY,
};

enum provisioning {
	PROVISIONING_THIN,
	PROVISIONING_RESERVED,
	PROVISIONING_THICK,
};

enum encryption {
	ENCRYPTION_NONE,
	ENCRYPTION_FSCRYPT,
};

struct parameters {
	enum backend_kind backend;
	bool enforce;
	enum provisioning provisioning;
	bool provisioning_open; /* not named: the node decides, and any will do */
	enum encryption encryption;
	const char *pool;	     /* NULL: any; borrowed from the pairs */
	const char *claim_namespace; /* NULL: not given; borrowed from the pairs */
	const char *claim_name;
};

/* ERROR_INVALID names the parameter and what is known. */
int parameters_parse(const struct pairs *pairs, struct parameters *ret_parameters,
		     struct error *err);

/* What the parameters stand for where a raw device is asked for: that is an image, also in a class
 * of directories. */
void parameters_of_device(struct parameters *parameters);

const char *backend_kind_name(enum backend_kind kind);

/* 0, or -1 if no backend has that name. */
int backend_kind_of_name(const char *name, enum backend_kind *ret_kind);

const char *provisioning_name(enum provisioning provisioning);
int provisioning_of_name(const char *name, enum provisioning *ret_provisioning);

const char *encryption_name(enum encryption encryption);
int encryption_of_name(const char *name, enum encryption *ret_encryption);
