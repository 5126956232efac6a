/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/client.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/text.h"
#include "kube/config.h"
#include "kube/http_transport.h"
#include "kube/transport.h"

struct kube_client {
	struct kube_transport transport;
	struct http_client *http; /* NULL over a transport of the caller's */
	pthread_mutex_t lock;
	pthread_cond_t stopped_changed;
	bool stopped;
	uint32_t (*time_left_ms)(void *context); /* for writes; NULL: no bound */
	void *time_left_context;
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

void kube_client_bound_writes(struct kube_client *client, uint32_t (*time_left_ms)(void *context),
			      void *context)
{
	client->time_left_ms = time_left_ms;
	client->time_left_context = context;
}

uint32_t kube_client_write_time_left_ms(const struct kube_client *client)
{
	return client->time_left_ms ? client->time_left_ms(client->time_left_context) : UINT32_MAX;
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
