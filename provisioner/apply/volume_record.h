/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The end of a volume's record, its PersistentVolume. Interrupted anywhere, it can be repeated with
 * the same outcome.
 */

#include "apply/applier.h"
#include "cluster/persistent_volume.h"

/* Deletes the object and takes our finalizer off. One that is gone counts as deleted.
 * ERROR_CONFLICT: it is no longer as `volume`, and may be kept by its policy now. */
int volume_record_delete(const struct applier *applier, const struct persistent_volume *volume,
			 struct error *err);

/* Takes our finalizer off alone. */
int volume_record_drop_finalizer(const struct applier *applier,
				 const struct persistent_volume *volume, struct error *err);
