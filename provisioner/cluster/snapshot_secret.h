/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The Secrets of a snapshot: which ones its VolumeSnapshotClass names
 * (csi.storage.k8s.io/snapshotter-secret-name and so on); and those of a group snapshot, which its
 * VolumeGroupSnapshotClass names (group-snapshotter-secret-name and so on). Pure: names alone, no
 * Secret is read.
 *
 * A name in the class may be a template:
 *
 *	${volumesnapshotcontent.name}, ${volumesnapshot.namespace}	in names and namespaces
 *	${volumesnapshot.name}						in names alone
 *
 * and the same with "volumegroupsnapshot" for a group.
 */

#include "base/arena.h"
#include "base/error.h"
#include "cluster/secret_template.h"
#include "kube/object.h"

enum snapshot_secret_use {
	SNAPSHOT_SECRET_CREATE,	      /* and to delete: the content's annotations name it then */
	SNAPSHOT_SECRET_LIST,	      /* GetSnapshot */
	SNAPSHOT_SECRET_GROUP_CREATE, /* of a group, as the first */
	SNAPSHOT_SECRET_GROUP_GET,    /* GetVolumeGroupSnapshot */
};

/* What the snapshot or the group is. */
struct snapshot_secret_origin {
	const struct object *class;	/* of a snapshot, or of a group, as the use says */
	const struct pairs *parameters; /* of the class */
	const char *content_name;
	const char *snapshot_namespace; /* of the VolumeSnapshot or VolumeGroupSnapshot */
	const char *snapshot_name;
	struct arena *arena; /* the names live in it */
};

/* ERROR_INVALID names the class and its parameter. */
int snapshot_secret_read(const struct snapshot_secret_origin *origin, enum snapshot_secret_use use,
			 struct secret_name *ret_name, struct error *err);

/* The parameter names a Secret of a snapshot or of a group snapshot, so it is none of
 * CreateSnapshot or CreateVolumeGroupSnapshot. */
bool snapshot_secret_is_named_by(const char *parameter);
