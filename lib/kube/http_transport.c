/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/http_transport.h"

static int transport_request(void *context, const struct http_request *request,
			     struct http_response *ret_response, struct error *err)
{
	return http_client_request(context, request, ret_response, err);
}

static int transport_open(void *context, const struct http_request *request, void **ret_stream,
			  struct http_response *ret_response, struct error *err)
{
	struct http_stream *stream;
	if (http_client_open(context, request, &stream, ret_response, err) < 0)
		return -1;
	*ret_stream = stream;
	return 0;
}

static int transport_read_line(void *context, void *stream, char **ret_line, size_t *ret_length,
			       struct error *err)
{
	return http_stream_read_line(stream, ret_line, ret_length, err);
}

static void transport_close(void *context, void *stream)
{
	http_stream_close(stream);
}

static void transport_stop(void *context)
{
	http_client_stop(context);
}

struct kube_transport http_transport(struct http_client *client)
{
	return (struct kube_transport) {
		.context = client,
		.request = transport_request,
		.open = transport_open,
		.read_line = transport_read_line,
		.close = transport_close,
		.stop = transport_stop,
	};
}
