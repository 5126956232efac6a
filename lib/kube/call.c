/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/call.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "kube/json.h"

/* API Priority and Fairness names a second or so; a server that names more is not believed. */
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

static int send_until(struct kube_client *client, struct http_request *request,
		      uint64_t deadline_ms, struct http_response *ret_response, struct error *err)
{
	for (;;) {
		uint64_t now_ms = clock_monotonic_ms();
		if (now_ms >= deadline_ms)
			return error_set(err, ERROR_TIMEOUT, "no answer in time");
		request->timeout_ms = (uint32_t)(deadline_ms - now_ms);
		uint32_t wait_ms = 0;
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
	};
	if (call->body)
		request.body = json_text(call->body, &request.body_length);
	uint32_t timeout_ms = call->timeout_ms ? call->timeout_ms : KUBE_CALL_TIMEOUT_MS;
	if (send_until(client, &request, clock_monotonic_ms() + timeout_ms, ret_response, err) < 0)
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
