/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Since when no Node stands for the node of a volume: a note on the PersistentVolume, which the
 * role "nodes" writes, so that the next leader counts on.
 */

#include <stdbool.h>
#include <stdint.h>

#include "cluster/persistent_volume.h"

#define NODE_GONE_SINCE_ANNOTATION "kentledge.io/node-gone-since" /* RFC 3339 */

/* Our clock, that of another leader and the API server's may differ so much. */
#define NODE_ABSENCE_SKEW_S 300

/* False: there is no note, or one from before the volume or from the future, which a wrong clock
 * has written. */
bool node_absence_read(const struct persistent_volume *volume, int64_t now_s, int64_t *ret_since_s);
