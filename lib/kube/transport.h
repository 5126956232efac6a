/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How requests reach the API server: by lib/http in production, by tests/lib/fake_api.c in unit and
 * fault tests. This is the only seam below the client.
 */

#include <stddef.h>

#include "base/error.h"
#include "http/client.h"

struct kube_transport {
	void *context;
	int (*request)(void *context, const struct http_request *request,
		       struct http_response *ret_response, struct error *err);

	/* As http_client_open(); *ret_stream is the transport's own. */
	int (*open)(void *context, const struct http_request *request, void **ret_stream,
		    struct http_response *ret_response, struct error *err);
	int (*read_line)(void *context, void *stream, char **ret_line, size_t *ret_length,
			 struct error *err);
	void (*close)(void *context, void *stream);
	void (*stop)(void *context);
};
