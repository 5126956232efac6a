/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The API server's report of a failure, a meta/v1 Status, as an error.
 *
 * 404 becomes NOT_FOUND; 409 EXISTS (reason AlreadyExists) or CONFLICT; 410, or a reason Expired or
 * Gone, EXPIRED; 400 and 422 INVALID; 401 and 403 FORBIDDEN; 504 TIMEOUT; other 5xx UNAVAILABLE.
 * The text is the server's message.
 */

#include <json-c/json.h>
#include <stddef.h>

#include "base/error.h"

/* Sets *err from the body or, where it is no Status, from the HTTP status alone. Returns -1. */
int kube_status_error(int http_status, const char *body, size_t length, struct error *err);
int kube_status_object_error(struct json_object *status, struct error *err);
