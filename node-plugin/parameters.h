/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The parameters of a StorageClass, as CreateVolume and GetCapacity get them. The names are ours
 * and few; a name that we do not know is refused rather than ignored, since a user who misspells
 * one wants to hear of it when the claim is made, not when the disk is full.
 *
 *	backend   loop (default) or directory
 *	enforce   "true" (default) or "false": whether writing more than the size must fail
 *
 * csi.storage.k8s.io/pvc/name, pvc/namespace and pv/name are what the provisioner tells about the
 * claim; they are kept for the log.
 */

#include <stdbool.h>

#include "base/error.h"
#include "base/pairs.h"

enum backend_kind {
	BACKEND_LOOP,
	BACKEND_DIRECTORY,
};

struct parameters {
	enum backend_kind backend;
	bool enforce;
	const char *claim_namespace; /* NULL: not told; borrowed from the pairs */
	const char *claim_name;
};

/* ERROR_INVALID names the parameter and what is known. */
int parameters_parse(const struct pairs *pairs, struct parameters *ret_parameters,
		     struct error *err);

const char *backend_kind_name(enum backend_kind kind);

/* 0, or -1 if no backend has that name. */
int backend_kind_of_name(const char *name, enum backend_kind *ret_kind);
