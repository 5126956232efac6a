/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/node_absence.h"

#include "base/clock.h"

bool node_absence_read(const struct persistent_volume *volume, int64_t now_s, int64_t *ret_since_s)
{
	const char *note = pairs_get(&volume->object.annotations, NODE_GONE_SINCE_ANNOTATION);
	return note && clock_parse_s(note, ret_since_s) &&
	       *ret_since_s >= volume->object.created_s - NODE_ABSENCE_SKEW_S &&
	       *ret_since_s <= now_s + NODE_ABSENCE_SKEW_S;
}
