/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/call.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "kube/json.h"
#include "kube/status.h"
#include "kube/transport.h"

/* API Priority and Fairness sends a second or so; a longer Retry-After is cut to this. */
#define RETRY_AFTER_MAX_S 10

static void append_escaped(struct text *text, const char *string)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-._~";
	for (; *string; string++) {
		if (strchr(plain, *string))
			text_append(text, string, 1);
		else
			text_printf(text, "%%%02X", (unsigned char)*string);
	}
}

void kube_query_add(struct text *query, const char *key, const char *value)
{
	if (!value)
		return;
	text_printf(query, "%s%s=", query->length ? "&" : "", key);
	append_escaped(query, value);
}

static int append_segment(struct text *path, const char *field, const char *segment,
			  struct error *err)
{
	if (!*segment || strcmp(segment, ".") == 0 || strcmp(segment, "..") == 0 ||
	    strpbrk(segment, "/%"))
		return error_set(err, ERROR_INVALID, "metadata.%s: \"%.253s\" cannot be a %s",
				 field, segment, field);
	text_append_string(path, "/");
	append_escaped(path, segment);
	return 0;
}

int kube_call_path(const struct kube_call *call, struct text *path, struct error *err)
{
	const struct kind *kind = call->kind;
	text_printf(path, "/%s/%s", strchr(kind->api_version, '/') ? "apis" : "api",
		    kind->api_version);
	if (kind->namespaced && call->namespace) {
		text_append_string(path, "/namespaces");
		if (append_segment(path, "namespace", call->namespace, err) < 0)
			return -1;
	}
	text_printf(path, "/%s", kind->plural);
	if (call->name && append_segment(path, "name", call->name, err) < 0)
		return -1;
	if (call->subresource)
		text_printf(path, "/%s", call->subresource);
	if (call->query && *call->query)
		text_printf(path, "?%s", call->query);
	return 0;
}

/* "create PersistentVolumeClaim default/www-web-0", for error texts. */
static void describe(const struct kube_call *call, struct text *text)
{
	text_printf(text, "%s %s", call->verb, call->kind->name);
	const char *name = call->name;
	if (!name && call->body) {
		struct json_object *json = json_find(call->body, "metadata.name");
		name = json ? json_object_get_string(json) : NULL;
	}
	if (!name)
		return;
	text_append_string(text, " ");
	if (call->kind->namespaced && call->namespace)
		text_printf(text, "%s/", call->namespace);
	text_append_string(text, name);
}

/* 0 with an answer; 1 when the server asks to come back and there is time for it. */
static int try_once(struct kube_client *client, const struct http_request *request,
		    uint64_t deadline_ms, struct http_response *ret_response, uint32_t *ret_wait_ms,
		    struct error *err)
{
	const struct kube_transport *transport = kube_client_transport(client);
	struct http_response response;
	if (transport->request(transport->context, request, &response, err) < 0)
		return -1;
	uint32_t wait_s = response.retry_after_s ? response.retry_after_s : 1;
	if (wait_s > RETRY_AFTER_MAX_S)
		wait_s = RETRY_AFTER_MAX_S;
	if (response.status == 429 &&
	    clock_monotonic_ms() + (uint64_t)wait_s * 1000 < deadline_ms) {
		http_response_done(&response);
		*ret_wait_ms = wait_s * 1000;
		return 1;
	}
	if (response.status < 200 || response.status > 299) {
		kube_status_error(response.status, response.body, response.body_length, err);
		http_response_done(&response);
		return -1;
	}
	*ret_response = response;
	return 0;
}

/* Asked before each try: while we waited for the server's Retry-After, or while the machine was
 * suspended, the time may have run out. */
static int bound_timeout(struct kube_client *client, const struct kube_call *call,
			 uint64_t deadline_ms, uint32_t *ret_timeout_ms, struct error *err)
{
	uint64_t now_ms = clock_monotonic_ms();
	if (now_ms >= deadline_ms)
		return error_set(err, ERROR_TIMEOUT, "no answer in time");
	uint64_t left_ms = deadline_ms - now_ms;
	if (!call->unbounded && strcmp(call->method, "GET") != 0) {
		uint32_t write_ms = kube_client_write_time_left_ms(client);
		if (write_ms == 0)
			return error_set(err, ERROR_CANCELLED, "the lease is no longer held");
		left_ms = left_ms < write_ms ? left_ms : write_ms;
	}
	*ret_timeout_ms = (uint32_t)left_ms;
	return 0;
}

static int send_until(struct kube_client *client, const struct kube_call *call,
		      struct http_request *request, struct http_response *ret_response,
		      struct error *err)
{
	uint32_t timeout_ms = call->timeout_ms ? call->timeout_ms : KUBE_CALL_TIMEOUT_MS;
	uint64_t deadline_ms = clock_monotonic_ms() + timeout_ms;
	for (;;) {
		uint32_t wait_ms = 0;
		if (bound_timeout(client, call, deadline_ms, &request->timeout_ms, err) < 0)
			return -1;
		int r = try_once(client, request, deadline_ms, ret_response, &wait_ms, err);
		if (r <= 0)
			return r;
		if (kube_client_sleep(client, wait_ms, err) < 0)
			return -1;
	}
}

static int fail(const struct kube_call *call, struct error *err)
{
	CLEANUP_TEXT struct text what = TEXT_INIT;
	describe(call, &what);
	return error_prefix(err, "%s", text_string(&what));
}

int kube_call(struct kube_client *client, const struct kube_call *call,
	      struct http_response *ret_response, struct error *err)
{
	CLEANUP_TEXT struct text path = TEXT_INIT;
	if (kube_call_path(call, &path, err) < 0)
		return fail(call, err);
	struct http_request request = {
		.method = call->method,
		.path = text_string(&path),
		.content_type = call->content_type,
		.body_max = call->body_max,
		.secret = call->secret,
	};
	if (call->body)
		request.body = json_text(call->body, &request.body_length);
	if (send_until(client, call, &request, ret_response, err) < 0)
		return fail(call, err);
	return 0;
}

int kube_call_object(struct kube_client *client, const struct kube_call *call,
		     struct object **ret_object, struct error *err)
{
	struct http_response response;
	if (kube_call(client, call, &response, err) < 0)
		return -1;
	int r = 0;
	if (ret_object)
		r = object_parse_text(call->kind, response.body, response.body_length, ret_object,
				      err);
	http_response_done(&response);
	return r < 0 ? fail(call, err) : 0;
}
