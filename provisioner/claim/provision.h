/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The effects of a claim's plan: the intent, the call to the node, the PersistentVolume, and what
 * it takes to undo them. Each may be cut off anywhere and be begun again by another process; what
 * has been done already is found and not done twice.
 */

#include <stdint.h>

#include "apply/lead.h"
#include "apply/node_channel.h"
#include "claim/plan.h"
#include "kube/client.h"
#include "kube/event.h"

struct claim_provisioner {
	struct kube_client *client;
	struct event_recorder *events;
	struct node_channels *channels;
	struct lead lead;
	const char *identity; /* csiProvisionerIdentity of the volumes we make */
	uint32_t timeout_ms;  /* of a CreateVolume or DeleteVolume */
};

/* PROVISION, up to the PersistentVolume. The intent stays until our own copy of the cluster shows
 * the volume (SETTLE), so that nobody who looks at the copy makes it again. 1: not now, the claim
 * has changed: look again. -1: failed; where it is certain that no volume was made, the intent has
 * been undone. */
int claim_provision(const struct claim_provisioner *provisioner, const struct claim *claim,
		    const struct class *class, const struct claim_plan *plan, struct error *err);

/* UNDO: deletes the volume that may be there, unless a PersistentVolume stands for it. */
int claim_undo(const struct claim_provisioner *provisioner, const struct claim *claim,
	       const struct claim_plan *plan, struct error *err);
