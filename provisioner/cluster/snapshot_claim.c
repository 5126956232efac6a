/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/snapshot_claim.h"

#include <string.h>

#include "base/same.h"
#include "cluster/snapshot_names.h"
#include "csi/names.h"

/* No other groups begin so. */
#define RESTORES "*restored-from/"

const struct claim_data_source *snapshot_claim_source(const struct claim *claim)
{
	const struct claim_data_source *source = claim->data_source;
	if (!source || source->kind != CLAIM_FROM_SNAPSHOT || strcmp(claim->phase, "Pending") != 0)
		return NULL;
	return !source->namespace || strcmp(source->namespace, claim->object.namespace) == 0
		       ? source
		       : NULL;
}

bool snapshot_claim_is_protected(const struct object *claim)
{
	return object_has_finalizer(claim, SNAPSHOT_CLAIM_FINALIZER);
}

void snapshot_claim_index(const struct object *object, struct text *key)
{
	const struct claim_data_source *source =
		snapshot_claim_source((const struct claim *)object);
	if (source)
		text_printf(key, RESTORES "%s/%s", object->namespace, source->name);
	else if (snapshot_claim_is_protected(object))
		text_append_string(key, SNAPSHOT_CLAIM_PROTECTED);
}

char *snapshot_claim_restores(const char *namespace, const char *snapshot)
{
	return must_printf(RESTORES "%s/%s", namespace, snapshot);
}

const char *snapshot_claim_obstacle(const struct claim *claim,
				    const struct persistent_volume *volume)
{
	if (!claim)
		return "does not exist";
	if (!claim->volume_name[0] || strcmp(claim->phase, "Bound") != 0)
		return "is not bound to a volume yet";
	if (!volume)
		return "is bound to a PersistentVolume that does not exist";
	if (!persistent_volume_is_ours(volume))
		return "is bound to a volume of another driver than " CSI_DRIVER_NAME;
	if (!same_or_none(volume->claim_uid, claim->object.uid))
		return "is bound to a PersistentVolume that is bound to another claim";
	return NULL;
}
