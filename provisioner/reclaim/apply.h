/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The effects of a PersistentVolume's plan: the deletion of its data and its record, and the
 * keeping of our finalizer. Cut off anywhere, it is begun again and ends the same.
 */

#include <stdint.h>

#include "apply/lead.h"
#include "apply/node_channel.h"
#include "kube/client.h"
#include "reclaim/plan.h"

struct volume_reclaimer {
	struct kube_client *client;
	struct node_channels *channels;
	struct lead lead;
	uint32_t timeout_ms; /* of DeleteVolume */
};

/* RECLAIM. view->volume may be behind: it is read again before anything is deleted. */
int volume_reclaim(const struct volume_reclaimer *reclaimer, const struct volume_view *view,
		   struct error *err);

/* ADD_FINALIZER: ERROR_CONFLICT if the volume has changed. DROP_FINALIZER. */
int volume_add_finalizer(const struct volume_reclaimer *reclaimer,
			 const struct persistent_volume *volume, struct error *err);
int volume_drop_finalizer(const struct volume_reclaimer *reclaimer,
			  const struct persistent_volume *volume, struct error *err);
