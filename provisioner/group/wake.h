/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Which groups, contents and members to look at after a change. Keys say the kind first:
 *
 *	group/<namespace>/<name>	member/<namespace>/<name>	content/<name>
 */

#include "cluster/cluster.h"
#include "cluster/group_snapshot.h"
#include "kube/workqueue.h"

#define GROUP_KEY "group/"
#define GROUP_MEMBER_KEY "member/"
#define GROUP_CONTENT_KEY "content/"

/* Groups the VolumeGroupSnapshots that have no content yet by their namespace, those of a content
 * that existed before by its name. */
object_index_fn group_wake_index;

/* Groups the VolumeSnapshots that are members by the VolumeGroupSnapshot of their namespace which
 * owns them; those without an owner by the name in their status. */
object_index_fn group_wake_index_member;

/* Groups all claims by their namespace. */
object_index_fn group_wake_index_claim;

/* The group of the claims of a namespace. Yours. */
char *group_wake_claims(const char *namespace);

/* The index's group of the members that the VolumeGroupSnapshot owns. Yours. */
char *group_wake_members(const struct object *group);

/* The selector matches the claim. */
bool group_wake_chooses(const struct group_snapshot *group, const struct object *claim);

void group_wake(struct workqueue *queue, const struct cluster_change *change);
void group_wake_all(struct workqueue *queue, struct cluster *cluster);
