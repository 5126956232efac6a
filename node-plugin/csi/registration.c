/* SPDX-License-Identifier: Apache-2.0 */
#include "csi/registration.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/backoff.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "base/ticker.h"
#include "csi/names.h"
#include "pluginregistration.pb-c.h"
#include "rpc/server.h"

#define SERVICE "pluginregistration.Registration"
#define PLUGIN_TYPE "CSIPlugin"
#define CSI_VERSION "1.0.0" /* the kubelet compares the major number */
#define CHECK_EVERY_MS 5000
#define RETRY_MIN_MS 500
#define RETRY_MAX_MS 60000
#define STOP_GRACE_MS 200

struct registration {
	char *socket;
	char *csi_socket;
	struct rpc_server *server; /* while offered; the ticker's alone */
	unsigned failures;
	uint64_t due_ms; /* not offered before */
	struct ticker ticker;

	pthread_mutex_t mutex; /* for all below */
	bool registered;
	bool refused; /* since the last offer */
};

static int get_info(struct rpc_call *call, const Pluginregistration__InfoRequest *request,
		    Pluginregistration__PluginInfo *response, struct error *err)
{
	const struct registration *registration = rpc_call_context(call);
	struct arena *arena = rpc_call_arena(call);
	response->type = arena_strdup(arena, PLUGIN_TYPE);
	response->name = arena_strdup(arena, CSI_DRIVER_NAME);
	response->endpoint = arena_strdup(arena, registration->csi_socket);
	response->supported_versions = arena_alloc(arena, sizeof(char *));
	response->supported_versions[response->n_supported_versions++] =
		arena_strdup(arena, CSI_VERSION);
	return 0;
}

static int notify_registration_status(struct rpc_call *call,
				      const Pluginregistration__RegistrationStatus *request,
				      Pluginregistration__RegistrationStatusResponse *response,
				      struct error *err)
{
	struct registration *registration = rpc_call_context(call);
	pthread_mutex_lock(&registration->mutex);
	registration->registered = request->plugin_registered;
	registration->refused = !request->plugin_registered;
	pthread_mutex_unlock(&registration->mutex);
	if (!request->plugin_registered)
		ticker_wake(&registration->ticker);
	if (request->plugin_registered)
		log_info("driver registered with the kubelet", LOG_TEXT("driver", CSI_DRIVER_NAME));
	else
		log_error("the kubelet refused the driver; it is offered again",
			  LOG_TEXT("driver", CSI_DRIVER_NAME), LOG_TEXT("error", request->error));
	return 0;
}

static const struct rpc_method methods[] = {
	RPC_METHOD(SERVICE, GetInfo, Pluginregistration__InfoRequest,
		   pluginregistration__info_request__descriptor, Pluginregistration__PluginInfo,
		   pluginregistration__plugin_info__descriptor, get_info, true),
	RPC_METHOD(SERVICE, NotifyRegistrationStatus, Pluginregistration__RegistrationStatus,
		   pluginregistration__registration_status__descriptor,
		   Pluginregistration__RegistrationStatusResponse,
		   pluginregistration__registration_status_response__descriptor,
		   notify_registration_status, true),
};

static int offer(struct registration *registration, struct error *err)
{
	struct rpc_server_options options = {
		.methods = methods,
		.method_count = sizeof(methods) / sizeof(*methods),
		.context = registration,
		.workers = 1,
	};
	CLEANUP(rpc_server_freep) struct rpc_server *server = NULL;
	if (rpc_server_new(&options, &server, err) < 0 ||
	    rpc_server_listen_unix(server, registration->socket, err) < 0 ||
	    rpc_server_start(server, err) < 0)
		return -1;
	registration->server = TAKE(server);
	return 0;
}

static void withdraw(struct registration *registration)
{
	if (registration->server)
		rpc_server_stop(registration->server, STOP_GRACE_MS);
	rpc_server_free(registration->server);
	registration->server = NULL;
	pthread_mutex_lock(&registration->mutex);
	registration->registered = false;
	registration->refused = false;
	pthread_mutex_unlock(&registration->mutex);
}

static uint64_t withdraw_for_a_while(struct registration *registration)
{
	withdraw(registration);
	registration->failures++;
	uint64_t wait_ms = backoff_ms(registration->failures, RETRY_MIN_MS, RETRY_MAX_MS);
	registration->due_ms = clock_monotonic_ms() + wait_ms;
	return wait_ms;
}

static uint64_t offer_when_due(struct registration *registration)
{
	struct error err = { 0 };
	uint64_t now_ms = clock_monotonic_ms();
	/* A refusal of the last offer that came late does not shorten the wait. */
	if (now_ms < registration->due_ms)
		return registration->due_ms - now_ms;
	if (offer(registration, &err) == 0)
		return CHECK_EVERY_MS;
	log_error("cannot offer the driver to the kubelet; trying again",
		  LOG_TEXT("socket", registration->socket), LOG_ERR(&err));
	return withdraw_for_a_while(registration);
}

/* The offer stands: neither refused, nor has its socket gone. */
static bool stands(struct registration *registration)
{
	pthread_mutex_lock(&registration->mutex);
	bool refused = registration->refused;
	if (registration->registered)
		registration->failures = 0;
	pthread_mutex_unlock(&registration->mutex);
	if (refused)
		return false;
	/* Without the file, a kubelet that starts finds nothing to ask. */
	if (access(registration->socket, F_OK) == 0)
		return true;
	log_warning("registration socket disappeared; it is made again",
		    LOG_TEXT("socket", registration->socket));
	return false;
}

static uint64_t tick(void *context)
{
	struct registration *registration = context;
	if (!registration->server)
		return offer_when_due(registration);
	return stands(registration) ? CHECK_EVERY_MS : withdraw_for_a_while(registration);
}

int registration_new(const struct registration_options *options,
		     struct registration **ret_registration, struct error *err)
{
	CLEANUP(registration_freep)
	struct registration *registration = must_alloc(sizeof(*registration));
	registration->socket = must_printf("%s/%s-reg.sock", options->folder, CSI_DRIVER_NAME);
	registration->csi_socket = must_strdup(options->csi_socket);
	pthread_mutex_init(&registration->mutex, NULL);
	if (ticker_start(&registration->ticker, "the registration", tick, registration, err) < 0)
		return -1;
	*ret_registration = TAKE(registration);
	return 0;
}

void registration_free(struct registration *registration)
{
	if (!registration)
		return;
	ticker_stop(&registration->ticker);
	withdraw(registration);
	pthread_mutex_destroy(&registration->mutex);
	free(registration->csi_socket);
	free(registration->socket);
	free(registration);
}
