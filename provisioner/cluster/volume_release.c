/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/volume_release.h"

#include "base/same.h"

bool volume_is_used_by(const struct persistent_volume *volume, const struct claim *claim)
{
	return claim && same(claim->object.uid, volume->claim_uid) &&
	       same(claim->volume_name, volume->object.name);
}

bool volume_wants_reclaim(const struct persistent_volume *volume, const struct claim *claim)
{
	if (!persistent_volume_is_ours(volume) || !volume->delete_released ||
	    volume_is_used_by(volume, claim))
		return false;
	if (volume->object.deleted_s &&
	    !object_has_finalizer(&volume->object, PERSISTENT_VOLUME_FINALIZER))
		return false; /* without our finalizer the data is not ours to delete */
	switch (volume->phase) {
	case PERSISTENT_VOLUME_RELEASED:
		return true;
	case PERSISTENT_VOLUME_PENDING:
	case PERSISTENT_VOLUME_AVAILABLE:
		/* Deleted by a user before it was bound: the binder leaves it alone from then on,
		 * so nothing else will ever release it. */
		return volume->object.deleted_s;
	case PERSISTENT_VOLUME_BOUND:
	case PERSISTENT_VOLUME_FAILED:
		return false;
	}
	return false;
}
