/* SPDX-License-Identifier: Apache-2.0 */
#include "apply/volume_record.h"

#include "apply/metadata_patch.h"
#include "kube/json.h"

static int gone_is_fine(int r, const struct error *err)
{
	return r < 0 && err->code == ERROR_NOT_FOUND ? 0 : r;
}

int volume_record_drop_finalizer(const struct applier *applier,
				 const struct persistent_volume *volume, struct error *err)
{
	if (!object_has_finalizer(&volume->object, PERSISTENT_VOLUME_FINALIZER))
		return 0;
	CLEANUP(json_object_putp)
	struct json_object *patch =
		metadata_patch_drop_finalizer(&volume->object, PERSISTENT_VOLUME_FINALIZER);
	return gone_is_fine(applier_merge_lists(applier, &volume->object, patch, err), err);
}

/* The API server removes the object when it is deleted and has no finalizer; in this order a crash
 * in between leaves an object that is found and finished later. */
int volume_record_delete(const struct applier *applier, const struct persistent_volume *volume,
			 struct error *err)
{
	if (applier_delete_unchanged(applier, &volume->object, err) < 0)
		return gone_is_fine(-1, err);
	return volume_record_drop_finalizer(applier, volume, err);
}
