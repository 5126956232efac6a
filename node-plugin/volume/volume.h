/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A volume on this node.
 *
 *	absent --create--> created --stage--> staged --publish--> published
 *
 * and back by unpublish, unstage and delete. Each step may be asked for again and then does
 * nothing: the kubelet repeats every call whose answer it lost. Whether a volume exists is told by
 * its folder in the pool; whether it is staged or published by the kernel's mounts, read at each
 * call. Nothing is remembered, so a restarted plugin, or a node that was rebooted, continues where
 * it stands.
 *
 * Each function takes the volume's lock for its duration: ERROR_BUSY if another one has it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "host/host.h"
#include "pool/capacity.h"
#include "record/parameters.h"
#include "record/volume_record.h"
#include "volume/access.h"

struct copy_watch;
struct ephemeral_policy;
struct pool;
struct pools;
struct volume_folder;

struct volume_spec {
	const char *name;
	struct capacity_range range;
	struct parameters parameters;
	struct io_limits limits;
	const char *fs_type; /* "": the default */
	bool block;	     /* without a file system: an image, whatever the backend */
	/* NULL: a persistent volume; else one of volume_publish_ephemeral(), judged by this */
	const struct ephemeral_policy *ephemeral;
	const char *pod_path; /* of an ephemeral one: where its pod will have it; else NULL */
	bool elsewhere;	      /* the caller can ask another node if this one has no room */
	struct volume_source source;
	const struct copy_watch *watch; /* of what takes long; may be NULL */
	struct pool **chosen;		/* told in which pool, before that; may be NULL */
};

/* Makes the volume, or finds the one that the same call made before (1). ERROR_EXISTS if the name
 * is taken by a volume of another size or kind. */
int volume_create(struct pools *pools, const struct volume_spec *spec,
		  struct volume_record *ret_record, struct error *err);

/* The same for whoever holds the lock of its id (id_of_name()). */
int volume_make(struct pools *pools, const struct volume_spec *spec,
		struct volume_record *ret_record, struct error *err);

/* 1: there was none. ERROR_IN_USE while it is mounted or its device is in use; the text says where.
 */
int volume_delete(struct pools *pools, const char *id, struct error *err);

/* The same for one whose folder is open and whose lock is held. */
int volume_remove(struct pools *pools, const struct volume_folder *folder, struct error *err);

/* ERROR_NOT_FOUND, or ERROR_INTERNAL for a volume whose record is damaged. */
int volume_find(struct pools *pools, const char *id, struct volume_record *ret_record,
		struct error *err);

/* The first `max` volumes whose ids come after `after`, in the order of their ids. *ret_records is
 * yours; *ret_more tells whether there are others. Volumes with a damaged record are left out. */
int volume_list(struct pools *pools, const char *after, size_t max,
		struct volume_record **ret_records, size_t *ret_count, bool *ret_more,
		struct error *err);

/* The volume can be used in this way; else ERROR_IN_USE (CSI: "Exceeds capabilities") names the
 * field. */
int volume_check_access(const struct volume_record *record, const struct access *access,
			struct error *err);

/* Mounts the volume at the staging path. A block volume is attached as a device, which stays; its
 * staging path is left alone. 1: it was staged there already. ERROR_EXISTS: in another way. */
int volume_stage(struct pools *pools, const char *id, const char *staging_path,
		 const struct access *access, struct error *err);

/* 1: nothing was there. ERROR_IN_USE: a block volume is still published. */
int volume_unstage(struct pools *pools, const char *id, const char *staging_path,
		   struct error *err);

struct volume_publication {
	const char *staging_path;
	const char *target_path;
	const struct access *access;
	bool read_only;
};

/* A block volume's target is a file; its device is attached again if the node was restarted since
 * it was staged. 1: it was published there already. ERROR_EXISTS: in another way. ERROR_IN_USE: not
 * staged, or a single writer has it elsewhere. */
int volume_publish(struct pools *pools, const char *id,
		   const struct volume_publication *publication, struct error *err);

/* Makes the volume and mounts it at the target, without staging. 1: it was there already. */
int volume_publish_ephemeral(struct pools *pools, const struct volume_spec *spec,
			     const struct volume_publication *publication, struct error *err);

/* Removes it, for whoever holds its lock: the end of volume_unpublish(). The folder is as
 * volume_folder_peek_to_leave() gives it; a damaged record does not keep the volume. 1: there was
 * none of that kind, or it is in a pool that is missing. */
int volume_end_ephemeral(struct pools *pools, const char *id, struct volume_folder *folder,
			 struct error *err);

/* Removes those that missed their end, as while their pool was missing: ephemeral volumes that are
 * mounted nowhere, and whose pod has no folder any more below the kubelet's (NULL: not known, then
 * none is removed). What resists is tried again the next time. */
void volume_remove_left_ephemeral(struct pools *pools, const char *kubelet_folder);

/* Removes the target, if it is an empty folder or file. An ephemeral volume ends with it; one
 * that cannot be looked at is left to volume_remove_left_ephemeral(). 1: nothing was there. */
int volume_unpublish(struct pools *pools, const char *id, const char *target_path,
		     struct error *err);

/* Of the volume mounted at path (staged or published): ERROR_NOT_FOUND if it is not. Of a block
 * volume only the size is known; the rest is 0. */
int volume_usage(struct pools *pools, const char *id, const char *path,
		 struct host_usage *ret_usage, struct error *err);
