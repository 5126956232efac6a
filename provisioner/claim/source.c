/* SPDX-License-Identifier: Apache-2.0 */
#include "claim/source.h"

#include "base/quantity.h"
#include "base/same.h"
#include "csi/names.h"

bool claim_is_copy(const struct claim *claim)
{
	return claim->data_source && claim->data_source->kind != CLAIM_FROM_OTHER;
}

const char *claim_source_namespace(const struct claim *claim)
{
	const char *namespace = claim->data_source->namespace;
	return namespace ? namespace : claim->object.namespace;
}

void claim_source_key(enum claim_data_source_kind kind, const char *namespace, const char *name,
		      struct text *key)
{
	text_printf(key, "%s%s/%s",
		    kind == CLAIM_FROM_CLAIM ? CLAIM_SOURCE_CLAIM : CLAIM_SOURCE_SNAPSHOT,
		    namespace, name);
}

const struct object *claim_source_object(const struct claim_source *source)
{
	return source->snapshot ? &source->snapshot->object
	       : source->claim	? &source->claim->object
				: NULL;
}

/* Begins each text: "spec.dataSource: PersistentVolumeClaim \"www\"". */
#define SOURCE_FORMAT "spec.dataSource: %s \"%s\" "
#define SOURCE(claim) (claim)->data_source->kind_name, (claim)->data_source->name

/* Without a grant nothing is said of the source, not even whether it is there. */
static int check_grant(const struct claim *claim, enum claim_grant grant, struct error *err)
{
	if (same(claim_source_namespace(claim), claim->object.namespace) ||
	    grant == CLAIM_GRANT_GIVEN)
		return 0;
	if (grant == CLAIM_GRANT_OFF)
		return error_set(err, ERROR_UNSUPPORTED,
				 "spec.dataSourceRef.namespace: a source in another namespace "
				 "(\"%s\") is not supported unless the provisioner is started with "
				 "--feature-gates=CrossNamespaceVolumeDataSource=true",
				 claim->data_source->namespace);
	return error_set(err, ERROR_FORBIDDEN,
			 "spec.dataSourceRef.namespace: no ReferenceGrant in namespace \"%s\" lets "
			 "a PersistentVolumeClaim of namespace \"%s\" use %s \"%s\"%s",
			 claim->data_source->namespace, claim->object.namespace, SOURCE(claim),
			 grant == CLAIM_GRANT_UNSERVED
				 ? " (the API server does not serve this kind in version "
				   "gateway.networking.k8s.io/v1beta1)"
				 : "");
}

static int check_size(const struct claim *claim, uint64_t source_bytes, struct error *err)
{
	char asked[QUANTITY_TEXT_MAX], least[QUANTITY_TEXT_MAX];
	if (claim->request_bytes >= source_bytes)
		return 0;
	quantity_format_bytes(claim->request_bytes, asked);
	quantity_format_bytes(source_bytes, least);
	return error_set(err, ERROR_INVALID,
			 "spec.resources.requests.storage: %s is less than the %s of %s \"%s\", "
			 "from which the volume is made",
			 asked, least, SOURCE(claim));
}

static const char *mode_name(bool block)
{
	return block ? "Block" : "Filesystem";
}

static int check_mode(const struct claim *claim, bool source_block, struct error *err)
{
	if (claim->block == source_block)
		return 0;
	return error_set(err, ERROR_INVALID,
			 "spec.volumeMode: %s differs from that of %s \"%s\", which is %s",
			 mode_name(claim->block), SOURCE(claim), mode_name(source_block));
}

/* One that is being deleted waits only for the copies that have begun. */
static int check_source_claim(const struct claim *claim, const struct claim *source,
			      struct error *err)
{
	if (!source)
		return error_set(err, ERROR_NOT_FOUND, SOURCE_FORMAT "does not exist",
				 SOURCE(claim));
	if (source->object.deleted_s &&
	    !object_has_finalizer(&source->object, CLAIM_CLONE_FINALIZER))
		return error_set(err, ERROR_INVALID, SOURCE_FORMAT "is being deleted",
				 SOURCE(claim));
	if (!same(source->phase, "Bound") || !source->volume_name[0])
		return error_set(err, ERROR_UNAVAILABLE, SOURCE_FORMAT "is not Bound but %s",
				 SOURCE(claim), source->phase);
	if (!source->class_name || !source->class_name[0])
		return error_set(err, ERROR_INVALID, SOURCE_FORMAT "has no StorageClass",
				 SOURCE(claim));
	if (check_size(claim, source->request_bytes, err) < 0)
		return -1;
	return check_mode(claim, source->block, err);
}

static int check_source_volume(const struct claim *claim, const struct claim *source,
			       const struct persistent_volume *volume, struct error *err)
{
	if (!volume)
		return error_set(err, ERROR_UNAVAILABLE,
				 SOURCE_FORMAT "has PersistentVolume \"%s\", which does not exist",
				 SOURCE(claim), source->volume_name);
	if (!persistent_volume_is_ours(volume))
		return error_set(err, ERROR_INVALID,
				 SOURCE_FORMAT "is not a volume of driver " CSI_DRIVER_NAME
					       " but of %s",
				 SOURCE(claim), volume->driver ? volume->driver : "none");
	if (!same(volume->claim_uid, source->object.uid))
		return error_set(err, ERROR_INVALID,
				 SOURCE_FORMAT "names PersistentVolume \"%s\", which belongs to "
					       "another claim",
				 SOURCE(claim), source->volume_name);
	if (volume->phase != PERSISTENT_VOLUME_BOUND)
		return error_set(err, ERROR_UNAVAILABLE,
				 SOURCE_FORMAT "has PersistentVolume \"%s\", which is not Bound",
				 SOURCE(claim), source->volume_name);
	return 0;
}

static int check_clone(const struct claim *claim, const struct claim_source *source,
		       struct csi_source *ret_content, struct error *err)
{
	if (check_source_claim(claim, source->claim, err) < 0 ||
	    check_source_volume(claim, source->claim, source->volume, err) < 0)
		return -1;
	*ret_content =
		(struct csi_source) { .kind = CSI_SOURCE_VOLUME, .id = source->volume->handle };
	return 0;
}

/* One that is being deleted waits only for the copies that have begun. */
static int check_snapshot(const struct claim *claim, const struct snapshot *snapshot,
			  struct error *err)
{
	if (!snapshot)
		return error_set(err, ERROR_NOT_FOUND, SOURCE_FORMAT "does not exist",
				 SOURCE(claim));
	if (snapshot->object.deleted_s &&
	    !object_has_finalizer(&snapshot->object, CLAIM_RESTORE_FINALIZER))
		return error_set(err, ERROR_INVALID, SOURCE_FORMAT "is being deleted",
				 SOURCE(claim));
	if (!snapshot->content_name)
		return error_set(err, ERROR_UNAVAILABLE,
				 SOURCE_FORMAT "is not bound to a VolumeSnapshotContent yet",
				 SOURCE(claim));
	return 0;
}

/* A namespace's editor may write any status into a snapshot where the rights allow it; the content
 * is the administrator's, and says which snapshot it is for. */
static int check_content(const struct claim *claim, const struct snapshot *snapshot,
			 const struct snapshot_content *content, struct error *err)
{
	if (!content)
		return error_set(err, ERROR_UNAVAILABLE,
				 SOURCE_FORMAT "is bound to VolumeSnapshotContent \"%s\", which "
					       "does not exist",
				 SOURCE(claim), snapshot->content_name);
	if (!same(content->snapshot_uid, snapshot->object.uid) ||
	    !same(content->snapshot_name, snapshot->object.name) ||
	    !same(content->snapshot_namespace, snapshot->object.namespace))
		return error_set(err, ERROR_INVALID,
				 SOURCE_FORMAT "names VolumeSnapshotContent \"%s\", which is for "
					       "another VolumeSnapshot",
				 SOURCE(claim), snapshot->content_name);
	if (!snapshot_content_is_ours(content))
		return error_set(err, ERROR_INVALID,
				 SOURCE_FORMAT "is not a snapshot of driver " CSI_DRIVER_NAME
					       " but of %s",
				 SOURCE(claim), content->driver ? content->driver : "none");
	if (!snapshot->ready)
		return error_set(err, ERROR_UNAVAILABLE, SOURCE_FORMAT "is not ready to use",
				 SOURCE(claim));
	if (!content->handle)
		return error_set(err, ERROR_UNAVAILABLE,
				 SOURCE_FORMAT "has VolumeSnapshotContent \"%s\", which names no "
					       "snapshotHandle in its status",
				 SOURCE(claim), snapshot->content_name);
	return 0;
}

/* As upstream reads it: what strconv.ParseBool() takes for true. */
static bool says_true(const char *text)
{
	static const char *const words[] = { "1", "t", "T", "TRUE", "true", "True" };
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (same(text, words[i]))
			return true;
	return false;
}

/* A file system that is read as a device, or a device as a file system, is up to those who may
 * write the content: a kernel that mounts what a user has put together byte by byte may be
 * attacked. */
static int check_snapshot_mode(const struct claim *claim, const struct snapshot_content *content,
			       struct error *err)
{
	if (!content->source_mode || says_true(pairs_get(&content->object.annotations,
							 SNAPSHOT_ALLOW_MODE_CHANGE_ANNOTATION)))
		return 0;
	return check_mode(claim, same(content->source_mode, mode_name(true)), err);
}

static int check_restore(const struct claim *claim, const struct claim_source *source,
			 struct csi_source *ret_content, struct error *err)
{
	const struct snapshot *snapshot = source->snapshot;
	const struct snapshot_content *content = source->content;
	if (check_snapshot(claim, snapshot, err) < 0 ||
	    check_content(claim, snapshot, content, err) < 0 ||
	    check_size(claim, snapshot->restore_bytes, err) < 0 ||
	    check_snapshot_mode(claim, content, err) < 0)
		return -1;
	*ret_content = (struct csi_source) { .kind = CSI_SOURCE_SNAPSHOT, .id = content->handle };
	return 0;
}

int claim_source_check(const struct claim *claim, const struct claim_source *source,
		       struct csi_source *ret_content, struct error *err)
{
	if (check_grant(claim, source->grant, err) < 0)
		return -1;
	return claim->data_source->kind == CLAIM_FROM_CLAIM
		       ? check_clone(claim, source, ret_content, err)
		       : check_restore(claim, source, ret_content, err);
}
