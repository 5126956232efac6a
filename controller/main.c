/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kentledge-controller: runs StatefulSets. Of several replicas the one that holds the lease acts.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/stop.h"
#include "base/text.h"
#include "controller.h"
#include "controller_options.h"
#include "http/server.h"
#include "kube/config.h"
#include "kube/lease.h"
#include "set/statefulset.h"

#define EXIT_USAGE 2

#define LEASE_NAME "kentledge-controller"
#define USER_AGENT "kentledge-controller/" KENTLEDGE_VERSION

/* A set that cannot be made right, for want of quota say, is tried again at least once a minute. */
#define BACKOFF_MIN_MS 5
#define BACKOFF_MAX_MS 60000
#define PROBE_AGAIN_MS (5 * 60 * 1000)

/* A leader of kube-controller-manager that dies keeps its lease for 15 s, and the next one begins
 * to list the cluster then. */
#define GUARD_MARGIN_MS 60000
#define GUARD_LOOK_MS 60000
#define PROBE_CHECK_MS 10000

struct program {
	struct options options;
	const char *own_namespace;
	const char *pod_name;
	const char *pod_uid;
	struct kube_client *client;

	pthread_mutex_t lock;
	bool stopping;
	struct controller *controller; /* NULL until we lead */
	struct lease *lease;	       /* atomic; NULL: no election, or it has only begun */
};

static const char *environment(const char *name, const char *fallback)
{
	const char *value = getenv(name);
	return value && *value ? value : fallback;
}

static bool leads(void *context)
{
	struct program *program = context;
	struct lease *lease = __atomic_load_n(&program->lease, __ATOMIC_ACQUIRE);
	return !lease || lease_held(lease);
}

static uint32_t write_time_left_ms(void *context)
{
	struct program *program = context;
	struct lease *lease = __atomic_load_n(&program->lease, __ATOMIC_ACQUIRE);
	return lease ? lease_time_left_ms(lease) : UINT32_MAX;
}

static uint32_t guard_margin_ms(const struct options *options)
{
	uint32_t wait_ms = options->guard_wait_s * 1000;
	return wait_ms > GUARD_MARGIN_MS ? wait_ms : GUARD_MARGIN_MS;
}

static void start_controller(void *context)
{
	struct program *program = context;
	const struct options *options = &program->options;
	struct controller_options controller_options = {
		.client = program->client,
		.kind = options->kind,
		.namespace = options->namespace[0] ? options->namespace : NULL,
		.own_namespace = program->own_namespace,
		.pod_name = program->pod_name,
		.pod_uid = program->pod_uid,
		.workers = options->workers,
		.backoff_min_ms = BACKOFF_MIN_MS,
		.backoff_max_ms = BACKOFF_MAX_MS,
		.guarded = true,
		.guard_wait_ms = options->guard_wait_s * 1000,
		.guard_margin_ms = guard_margin_ms(options),
		.guard_look_ms = GUARD_LOOK_MS,
		.probe_again_ms = PROBE_AGAIN_MS,
		.probe_check_ms = PROBE_CHECK_MS,
		.leads = leads,
		.leads_context = program,
	};
	pthread_mutex_lock(&program->lock);
	if (!program->stopping && !program->controller) {
		log_info("leading", LOG_TEXT("api_version", options->kind->api_version));
		program->controller = controller_new(&controller_options);
	}
	pthread_mutex_unlock(&program->lock);
}

/* Another replica may lead from now on: nothing may be written any more, so nothing is tidied up.
 */
static void lease_lost(void *context)
{
	(void)context;
	log_error("lease lost");
	_exit(1);
}

static void lease_failed(void *context, const struct error *err)
{
	(void)context;
	log_warning("lease not renewed", LOG_ERR(err));
}

static void compete(struct program *program, const char *identity)
{
	struct lease_options lease_options = {
		.namespace = program->own_namespace,
		.name = LEASE_NAME,
		.identity = identity,
		.duration_ms = LEASE_DURATION_MS,
		.renew_deadline_ms = LEASE_RENEW_MS,
		.retry_ms = LEASE_RETRY_MS,
		.acquired = start_controller,
		.lost = lease_lost,
		.failed = lease_failed,
		.context = program,
	};
	struct lease *lease = lease_new(program->client, &lease_options);
	__atomic_store_n(&program->lease, lease, __ATOMIC_RELEASE);
}

/* The work ends first, then the lease is released, so that no two leaders act at a time.
 */
static void wind_down(struct program *program)
{
	pthread_mutex_lock(&program->lock);
	program->stopping = true;
	struct controller *controller = program->controller;
	pthread_mutex_unlock(&program->lock);
	if (controller)
		controller_stop(controller);
	lease_stop(program->lease);
	kube_client_stop(program->client);
	controller_free(controller);
	lease_free(program->lease);
}

static int run(struct program *program, struct error *err)
{
	CLEANUP(kube_client_freep) struct kube_client *client = NULL;
	CLEANUP(http_server_freep) struct http_server *server = NULL;
	CLEANUP(kube_config_done) struct kube_config config = { 0 };
	struct http_server_options server_options = { .address = program->options.http_address };
	if (kube_config_load(program->options.kubeconfig, &config, err) < 0 ||
	    kube_client_new(&config, USER_AGENT, &client, err) < 0 ||
	    (server_options.address[0] && http_server_new(&server_options, &server, err) < 0))
		return -1;
	program->client = client;
	kube_client_bound_writes(client, write_time_left_ms, program);
	program->own_namespace = environment("POD_NAMESPACE", config.namespace);

	CLEANUP_FREE char *identity =
		must_printf("%s_%d", environment("POD_NAME", "kentledge-controller"), getpid());
	log_info("started", LOG_TEXT("version", KENTLEDGE_VERSION), LOG_TEXT("identity", identity));
	if (program->options.leader_elect)
		compete(program, identity);
	else
		start_controller(program);
	int status = stop_wait();
	log_info("stopping", LOG_INT("status", status));
	wind_down(program);
	return status;
}

int main(int argc, char **argv)
{
	static struct program program = { .lock = PTHREAD_MUTEX_INITIALIZER };
	struct error err = { 0 };

	int outcome = options_parse(argc, argv, &program.options, &err);
	if (outcome < 0) {
		fprintf(stderr, "kentledge-controller: %s\n", err.text);
		return EXIT_USAGE;
	}
	if (outcome > 0)
		return 0;
	memory_init();
	stop_init();
	log_set_level(program.options.log_level);
	program.pod_name = environment("POD_NAME", "");
	program.pod_uid = environment("POD_UID", "");
	int status = run(&program, &err);
	if (status < 0)
		log_error("cannot start", LOG_ERR(&err));
	return status < 0 ? 1 : status;
}
