/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the volume of a claim is copied from: the volume of another claim (a clone), or a
 * VolumeSnapshot (a restore), in the same namespace or in one that grants it. Pure: whether it may
 * be used, and what the node is asked for.
 *
 * The data lie on one node, and the copy is made there, whichever node the scheduler would select.
 * docs/decisions/0027-a-copy-is-made-where-its-source-is.md has the reasons.
 */

#include <stdbool.h>

#include "base/error.h"
#include "base/text.h"
#include "cluster/persistent_volume.h"
#include "cluster/snapshot.h"
#include "cluster/snapshot_content.h"
#include "csi/client.h"
#include "kube/claim.h"

/* On a claim that is cloned, from before the first call until it is being deleted and no claim is
 * made from it any more. External-provisioner uses the same name. */
#define CLAIM_CLONE_FINALIZER "provisioner.storage.kubernetes.io/cloning-protection"

/* On a VolumeSnapshot, from before the first call until no claim is made from it any more. The name
 * is external-provisioner's too. */
#define CLAIM_RESTORE_FINALIZER                                                                    \
	"provisioner.storage.kubernetes.io/volumesnapshot-as-source-protection"

/* Of a source in another namespace (claim/source_grant.h). */
enum claim_grant {
	CLAIM_GRANT_OFF,      /* the gate is */
	CLAIM_GRANT_UNSERVED, /* the API server does not know ReferenceGrants */
	CLAIM_GRANT_MISSING,
	CLAIM_GRANT_GIVEN, /* or it is in the claim's own namespace */
};

/* What is seen of a claim's source. Each may be NULL: not there, or of the other kind. */
struct claim_source {
	const struct claim *claim;
	const struct persistent_volume *volume; /* of a claim; or that a snapshot was taken of */
	const struct snapshot *snapshot;
	const struct snapshot_content *content;
	enum claim_grant grant;
	const char *node; /* that has the data; NULL: `lost` says why it is not known */
	struct error lost;
};

/* The claim asks for a volume that we copy from something, not for one that is empty or that a
 * populator fills. */
bool claim_is_copy(const struct claim *claim);

/* The namespace in which a copy's source is looked for. */
const char *claim_source_namespace(const struct claim *claim);

/* Appends a name by which claims with the same source are grouped: one of these, then
 * "<namespace>/<name>". No node and no namespace has a name with a colon. */
#define CLAIM_SOURCE_CLAIM "claim:"
#define CLAIM_SOURCE_SNAPSHOT "snapshot:"
void claim_source_key(enum claim_data_source_kind kind, const char *namespace, const char *name,
		      struct text *key);

/* The object that must stay while it is copied; NULL: it is not there. */
const struct object *claim_source_object(const struct claim_source *source);

/* The claim, which is a copy, may be made from this source; *ret_content is what the node is asked
 * for. The error names the field of the claim, or what is wrong with the source. */
int claim_source_check(const struct claim *claim, const struct claim_source *source,
		       struct csi_source *ret_content, struct error *err);
