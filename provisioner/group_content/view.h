/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What is seen of one group content at one moment.
 */

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "cluster/group_class.h"
#include "cluster/group_content.h"
#include "cluster/group_node.h"

struct group_content_view {
	const struct group_content *content;
	const struct group_class *class; /* the one that it names; NULL: not there */
	const struct snapshot_node *node;
	struct error apart;  /* of group_node_find(); code 0: none */
	const char *prefix;  /* of the group's name */
	bool extra_metadata; /* name the VolumeGroupSnapshot in the parameters */
	struct arena *arena; /* what the plan points to lives there */
};
