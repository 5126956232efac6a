/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the controller's part does about a VolumeGroupSnapshotContent, apart from what it does for
 * its group (group/plan.h): as snapshot/content_plan.h does for a snapshot's. Pure.
 */

#include "cluster/group_content.h"
#include "cluster/group_snapshot.h"

enum group_care {
	GROUP_CARE_IGNORE,
	GROUP_CARE_PROTECT, /* its finalizer */
	GROUP_CARE_MARK,    /* it is being deleted, and no group needs it */
	GROUP_CARE_FAIL,    /* an event says why */
};

/* group: the one that the content names; NULL: it is not there. *ret_fault: what FAIL is about. */
enum group_care group_care_for(const struct group_content *content,
			       const struct group_snapshot *group, const char **ret_fault);
