/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One request to the API server: its path, its answer, and what the answer means as an error.
 * The verbs, the list, the watch and the lease are made of it; programs use those.
 */

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"
#include "http/client.h"
#include "kube/client.h"
#include "kube/object.h"

/* How long a request may take where the caller sets no timeout, waiting after a 429 included. */
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
	uint32_t body_max;	  /* of the answer; 0: HTTP_BODY_MAX */
	bool secret;		  /* as of struct http_request */
	bool unbounded;		  /* a write that kube_client_bound_writes() does not bound */
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
