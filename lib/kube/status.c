/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/status.h"

#include <string.h>

#include "base/cleanup.h"
#include "kube/json.h"

static enum error_code code_of_status(int status, const char *reason)
{
	switch (status) {
	case 401:
	case 403:
		return ERROR_FORBIDDEN;
	case 404:
		return ERROR_NOT_FOUND;
	case 405:
	case 406:
	case 415:
		return ERROR_UNSUPPORTED;
	case 409:
		return strcmp(reason, "AlreadyExists") == 0 ? ERROR_EXISTS : ERROR_CONFLICT;
	case 410:
		return ERROR_EXPIRED;
	case 429:
		return ERROR_UNAVAILABLE;
	case 504: /* the server gave up waiting for its own storage: the write may be done */
		return ERROR_TIMEOUT;
	default:
		if (status >= 400 && status < 500)
			return ERROR_INVALID;
		return status >= 500 ? ERROR_UNAVAILABLE : ERROR_INTERNAL;
	}
}

static const char *string_member(struct json_object *json, const char *key)
{
	struct json_object *member = json_find(json, key);
	return json_object_is_type(member, json_type_string) ? json_object_get_string(member) : "";
}

static int status_error(struct json_object *json, int status, struct error *err)
{
	const char *message = string_member(json, "message");
	const char *reason = string_member(json, "reason");
	if (strcmp(reason, "Expired") == 0 || strcmp(reason, "Gone") == 0)
		status = 410;
	enum error_code code = code_of_status(status, reason);
	if (*message)
		return error_set(err, code, "%s", message);
	return error_set(err, code, "the server answered with status %d%s%s", status,
			 *reason ? ", " : "", reason);
}

int kube_status_object_error(struct json_object *json, struct error *err)
{
	struct json_object *code = json_find(json, "code");
	return status_error(json, code ? json_object_get_int(code) : 0, err);
}

int kube_status_error(int http_status, const char *body, size_t length, struct error *err)
{
	CLEANUP(json_object_putp) struct json_object *json = NULL;
	struct error no_status;
	if (json_parse(body, length, &json, &no_status) < 0)
		json = json_object_new_object();
	return status_error(json, http_status, err);
}
