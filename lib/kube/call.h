/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One request to the API server: its path, its answer, and what the answer means as an error.
 * This is the inside of kube/client.h; programs use that.
 */

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"
#include "kube/client.h"
#include "kube/transport.h"

/* How long a request may take where nobody says otherwise, 429 and its waiting included. */
#define KUBE_CALL_TIMEOUT_MS 30000

struct kube_call {
	const char *verb; /* of the error text: "create" */
	const char *method;
	const struct kind *kind;
	const char *namespace;	 /* NULL: all */
	const char *name;	 /* NULL: the collection */
	const char *subresource; /* or NULL */
	const char *query;	 /* behind the "?", or NULL */
	const char *content_type;
	struct json_object *body; /* or NULL */
	uint32_t timeout_ms;	  /* 0: KUBE_CALL_TIMEOUT_MS */
};

/* Sends the request; a status other than 2xx is an error. */
int kube_call(struct kube_client *client, const struct kube_call *call,
	      struct http_response *ret_response, struct error *err);

/* The same with the answer parsed; ret_object may be NULL. */
int kube_call_object(struct kube_client *client, const struct kube_call *call,
		     struct object **ret_object, struct error *err);

/* Appends the path with its query. A namespace or name that cannot stand in a path is
 * ERROR_INVALID (apimachinery, IsValidPathSegmentName). */
int kube_call_path(const struct kube_call *call, struct text *path, struct error *err);

/* Appends "key=value&…" with the value escaped; nothing for a NULL value. */
void kube_query_add(struct text *query, const char *key, const char *value);

/* Sets *err from a meta/v1 Status or, where the body is not one, from the HTTP status alone. */
int kube_status_error(int http_status, const char *body, size_t length, struct error *err);
int kube_status_object_error(struct json_object *status, struct error *err);

/* Borrowed. */
const struct kube_transport *kube_client_transport(const struct kube_client *client);

/* Sleeps; ERROR_CANCELLED when the client is stopped meanwhile. */
int kube_client_sleep(struct kube_client *client, uint32_t delay_ms, struct error *err);
