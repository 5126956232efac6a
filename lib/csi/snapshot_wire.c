/* SPDX-License-Identifier: Apache-2.0 */
#include "csi/snapshot_wire.h"

#include <string.h>

int snapshot_wire_take_string(const char *field, const char *from,
			      char to[static CSI_STRING_BYTES_MAX + 1], struct error *err)
{
	if (strlen(from) > CSI_STRING_BYTES_MAX)
		return error_set(err, ERROR_UNAVAILABLE, "%s is longer than %d bytes", field,
				 CSI_STRING_BYTES_MAX);
	strcpy(to, from);
	return 0;
}

/* As many seconds as nanoseconds in 64 bits can count: until the year 2262. */
int snapshot_wire_take_time(const Google__Protobuf__Timestamp *from, int64_t *ret_ns,
			    struct error *err)
{
	*ret_ns = 0;
	if (!from)
		return 0;
	if (from->seconds < 0 || from->seconds >= INT64_MAX / 1000000000 || from->nanos < 0 ||
	    from->nanos >= 1000000000)
		return error_set(err, ERROR_UNAVAILABLE, "creation_time is out of range");
	*ret_ns = from->seconds * 1000000000 + from->nanos;
	return 0;
}

int snapshot_wire_take(const Csi__V1__Snapshot *from, struct csi_snapshot *to, struct error *err)
{
	if (!from || !from->snapshot_id[0])
		return error_set(err, ERROR_UNAVAILABLE, "the answer has no snapshot_id");
	if (from->size_bytes < 0)
		return error_set(err, ERROR_UNAVAILABLE, "size_bytes is negative");
	to->size_bytes = (uint64_t)from->size_bytes;
	to->ready = from->ready_to_use;
	if (snapshot_wire_take_string("snapshot_id", from->snapshot_id, to->id, err) < 0 ||
	    snapshot_wire_take_string("source_volume_id", from->source_volume_id, to->source_volume,
				      err) < 0 ||
	    snapshot_wire_take_string("group_snapshot_id", from->group_snapshot_id, to->group,
				      err) < 0)
		return -1;
	return snapshot_wire_take_time(from->creation_time, &to->taken_ns, err);
}
