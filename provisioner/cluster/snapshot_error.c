/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/snapshot_error.h"

#include "kube/json.h"

int snapshot_error_parse(struct json_object *json, struct arena *arena,
			 struct snapshot_error *ret_error, struct error *err)
{
	struct json_object *there;
	if (json_read_object(json, "status.error", &there, err) < 0 ||
	    json_read_string(json, "status.error.message", arena, &ret_error->message, err) < 0 ||
	    json_read_time(json, "status.error.time", &ret_error->time_s, err) < 0)
		return -1;
	if (there && !ret_error->message)
		ret_error->message = "";
	return 0;
}
