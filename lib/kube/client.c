/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/client.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/text.h"
#include "kube/call.h"
#include "kube/config.h"
#include "kube/http_transport.h"
#include "kube/json.h"
#include "kube/transport.h"

struct kube_client {
	struct kube_transport transport;
	struct http_client *http; /* NULL over a transport of the caller's */
	pthread_mutex_t lock;
	pthread_cond_t stopped_changed;
	bool stopped;
};

struct kube_client *kube_client_new_over(const struct kube_transport *transport)
{
	struct kube_client *client = must_alloc(sizeof(*client));
	client->transport = *transport;
	pthread_mutex_init(&client->lock, NULL);
	pthread_cond_init(&client->stopped_changed, NULL);
	return client;
}

int kube_client_new(const struct kube_config *config, const char *user_agent,
		    struct kube_client **ret_client, struct error *err)
{
	struct http_client_options options = config->http;
	options.user_agent = user_agent;
	struct http_client *http;
	if (http_client_new(&options, &http, err) < 0)
		return -1;
	struct kube_transport transport = http_transport(http);
	struct kube_client *client = kube_client_new_over(&transport);
	client->http = http;
	*ret_client = client;
	return 0;
}

void kube_client_free(struct kube_client *client)
{
	if (!client)
		return;
	http_client_free(client->http);
	pthread_cond_destroy(&client->stopped_changed);
	pthread_mutex_destroy(&client->lock);
	free(client);
}

void kube_client_stop(struct kube_client *client)
{
	pthread_mutex_lock(&client->lock);
	client->stopped = true;
	pthread_cond_broadcast(&client->stopped_changed);
	pthread_mutex_unlock(&client->lock);
	client->transport.stop(client->transport.context);
}

const struct kube_transport *kube_client_transport(const struct kube_client *client)
{
	return &client->transport;
}

int kube_client_sleep(struct kube_client *client, uint32_t delay_ms, struct error *err)
{
	struct timespec deadline = clock_deadline(clock_monotonic_ms() + delay_ms);
	pthread_mutex_lock(&client->lock);
	int r = 0;
	while (!client->stopped && r == 0)
		r = pthread_cond_clockwait(&client->stopped_changed, &client->lock, CLOCK_MONOTONIC,
					   &deadline);
	bool stopped = client->stopped;
	pthread_mutex_unlock(&client->lock);
	return stopped ? error_set(err, ERROR_CANCELLED, "the client was stopped") : 0;
}

int kube_get(struct kube_client *client, const struct kind *kind, const char *namespace,
	     const char *name, struct object **ret_object, struct error *err)
{
	const struct kube_call call = {
		.verb = "get",
		.method = "GET",
		.kind = kind,
		.namespace = namespace,
		.name = name,
	};
	return kube_call_object(client, &call, ret_object, err);
}

int kube_create(struct kube_client *client, const struct kind *kind, const char *namespace,
		struct json_object *body, struct object **ret_object, struct error *err)
{
	const struct kube_call call = {
		.verb = "create",
		.method = "POST",
		.kind = kind,
		.namespace = namespace,
		.content_type = "application/json",
		.body = body,
	};
	return kube_call_object(client, &call, ret_object, err);
}

static const char *patch_content_type(enum kube_patch_type type)
{
	switch (type) {
	case KUBE_PATCH_JSON:
		return "application/json-patch+json";
	case KUBE_PATCH_MERGE:
		return "application/merge-patch+json";
	case KUBE_PATCH_STRATEGIC:
		return "application/strategic-merge-patch+json";
	}
	abort();
}

int kube_patch(struct kube_client *client, const struct kind *kind, const char *namespace,
	       const char *name, const char *subresource, enum kube_patch_type type,
	       struct json_object *body, struct object **ret_object, struct error *err)
{
	const struct kube_call call = {
		.verb = "patch",
		.method = "PATCH",
		.kind = kind,
		.namespace = namespace,
		.name = name,
		.subresource = subresource,
		.content_type = patch_content_type(type),
		.body = body,
	};
	return kube_call_object(client, &call, ret_object, err);
}

static struct json_object *delete_options(const char *uid, const char *resource_version)
{
	struct json_object *options = json_object_new_object();
	json_set_string(options, "kind", "DeleteOptions");
	json_set_string(options, "apiVersion", "v1");
	/* What a controller deletes may own things: they follow in their own time, as they do after
	 * kubectl delete. */
	json_set_string(options, "propagationPolicy", "Background");
	if (uid || resource_version) {
		struct json_object *preconditions = json_child(options, "preconditions");
		json_set_string(preconditions, "uid", uid);
		json_set_string(preconditions, "resourceVersion", resource_version);
	}
	return options;
}

int kube_delete(struct kube_client *client, const struct kind *kind, const char *namespace,
		const char *name, const char *uid, const char *resource_version, struct error *err)
{
	CLEANUP(json_object_putp)
	struct json_object *options = delete_options(uid, resource_version);
	const struct kube_call call = {
		.verb = "delete",
		.method = "DELETE",
		.kind = kind,
		.namespace = namespace,
		.name = name,
		.content_type = "application/json",
		.body = options,
	};
	return kube_call_object(client, &call, NULL, err);
}
