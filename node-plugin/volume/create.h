/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Making a volume: reserve its size, build it under a temporary name, then rename it into place. A
 * retry finds the volume that an earlier call made; a new name, size or kind is refused.
 */

#include <stdbool.h>

#include "base/error.h"
#include "pool/capacity.h"
#include "record/parameters.h"
#include "record/volume_record.h"

struct copy_watch;
struct ephemeral_policy;
struct pool;
struct pools;

struct volume_spec {
	const char *name;
	struct capacity_range range;
	struct parameters parameters;
	struct io_limits limits;
	const char *fs_type; /* "": the default, or that of the source */
	bool block;	     /* without a file system: an image, whatever the backend */
	/* NULL: a persistent volume; else one of volume/ephemeral.h, judged by this */
	const struct ephemeral_policy *ephemeral;
	const char *pod_path; /* of an ephemeral one: where its pod will have it; else NULL */
	bool elsewhere;	      /* the caller can ask another node if this one has no room */
	struct volume_source source;
	const struct copy_watch *watch; /* of what takes long; may be NULL */
	struct pool **chosen;		/* set to the pool before that; may be NULL */
};

/* Makes the volume, or finds the one that the same call made before (1). ERROR_EXISTS if the name
 * is taken by a volume of another size or kind. */
int volume_create(struct pools *pools, const struct volume_spec *spec,
		  struct volume_record *ret_record, struct error *err);

/* The same with the volume's lock held. id: id_of_name() of the spec's name. */
int volume_create_locked(struct pools *pools, const char *id, const struct volume_spec *spec,
			 struct volume_record *ret_record, struct error *err);
