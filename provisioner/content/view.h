/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What is seen of one content at one moment.
 */

#include <stdbool.h>

#include "base/arena.h"
#include "cluster/snapshot_class.h"
#include "cluster/snapshot_content.h"
#include "cluster/snapshot_node.h"

struct content_view {
	const struct snapshot_content *content;
	const struct snapshot_class *class; /* the one that it names; NULL: not there */
	const struct snapshot_node *node;
	const char *prefix;  /* of the snapshot's name */
	bool extra_metadata; /* name the VolumeSnapshot in the parameters */
	struct arena *arena; /* what the plan points to lives there */
};
