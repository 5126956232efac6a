/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The effects of a PersistentVolume's plan: the deletion of its data and its record, and the
 * keeping of our finalizer. Interrupted anywhere, it can be repeated with the same outcome.
 */

#include "apply/applier.h"
#include "reclaim/plan.h"

/* RECLAIM. view->volume may be behind: it is read again before anything is deleted. */
int volume_reclaim(const struct applier *applier, const struct volume_view *view, const char *node,
		   struct error *err);

/* ADD_FINALIZER: ERROR_CONFLICT if the volume has changed. */
int volume_add_finalizer(const struct applier *applier, const struct persistent_volume *volume,
			 struct error *err);
