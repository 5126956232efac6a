/* SPDX-License-Identifier: Apache-2.0 */

/*
 * kentledge-provisioner: competes for the lease, and while it holds it, provisions. Losing the
 * lease ends the program: another process may be acting by then.
 */

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/secret.h"
#include "base/stop.h"
#include "base/text.h"
#include "csi/names.h"
#include "http/server.h"
#include "kube/config.h"
#include "kube/lease.h"
#include "provisioner.h"
#include "provisioner_options.h"

#define SYNC_TIMEOUT_MS 60000
#define SYNC_PIECE_MS 500
#define TICK_MS 30000

/*
 * The name that upstream's external-provisioner would take for this driver, so that the two exclude
 * each other; and, for one release, the name that releases up to now took. A process competes for
 * the old one first and for the other when it holds that: with one order for all, no two of them
 * can wait for each other.
 */
static const char *const lease_names[] = { CSI_DRIVER_NAME, "kentledge-io" };

#define LEASE_COUNT (sizeof(lease_names) / sizeof(*lease_names))

struct program {
	struct options options;
	char *identity; /* of this process among the replicas */
	char *made_by;	/* csiProvisionerIdentity */
	struct kube_config config;
	struct kube_client *client;
	struct event_recorder *events;
	struct http_server *http;
	struct lease *leases[LEASE_COUNT]; /* atomic; NULL: not competed for (yet) */

	pthread_t leader;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool leading;
	bool stopping;
	struct provisioner *provisioner; /* the leader's, NULL before */
};

static int check_ready(void *context, struct error *err)
{
	struct program *program = context;
	pthread_mutex_lock(&program->lock);
	/* Waiting for the lease is all that a second replica has to do. */
	bool ready = !program->leading ||
		     (program->provisioner && provisioner_ready(program->provisioner));
	pthread_mutex_unlock(&program->lock);
	return ready ? 0 : error_set(err, ERROR_UNAVAILABLE, "the cluster is being listed");
}

static void lead_now(struct program *program)
{
	log_info("leading", LOG_TEXT("identity", program->identity));
	pthread_mutex_lock(&program->lock);
	program->leading = true;
	pthread_cond_broadcast(&program->changed);
	pthread_mutex_unlock(&program->lock);
}

static struct lease *compete_for(struct program *program, const char *name);

/* In the thread of a lease. */
static void lease_acquired(void *context)
{
	struct program *program = context;
	pthread_mutex_lock(&program->lock);
	size_t next = 0;
	while (next < LEASE_COUNT && program->leases[next])
		next++;
	if (next < LEASE_COUNT && !program->stopping)
		__atomic_store_n(&program->leases[next], compete_for(program, lease_names[next]),
				 __ATOMIC_RELEASE);
	pthread_mutex_unlock(&program->lock);
	if (next == LEASE_COUNT)
		lead_now(program);
}

/* At once and without clearing up: another process may already do what is under way here. */
static void lease_lost(void *context)
{
	log_error("lease lost", LOG_TEXT("identity", ((struct program *)context)->identity));
	_exit(1);
}

static void lease_failed(void *context, const struct error *err)
{
	log_warning("lease not renewed", LOG_ERR(err));
}

/* Of the lease that ends first. */
static uint32_t time_left_ms(void *context)
{
	struct program *program = context;
	uint32_t least_ms = UINT32_MAX;
	for (size_t i = 0; i < LEASE_COUNT; i++) {
		struct lease *lease = __atomic_load_n(&program->leases[i], __ATOMIC_ACQUIRE);
		uint32_t left_ms = lease ? lease_time_left_ms(lease) : UINT32_MAX;
		if (left_ms < least_ms)
			least_ms = left_ms;
	}
	return least_ms;
}

/* True once leading, false when the program stops before. */
static bool wait_for_lead(struct program *program)
{
	pthread_mutex_lock(&program->lock);
	while (!program->leading && !program->stopping)
		pthread_cond_wait(&program->changed, &program->lock);
	bool leading = !program->stopping;
	pthread_mutex_unlock(&program->lock);
	return leading;
}

static struct provisioner *new_provisioner(struct program *program)
{
	const struct options *options = &program->options;
	return provisioner_new(&(struct provisioner_options) {
		.client = program->client,
		.events = program->events,
		.tls_folder = options->tls_folder,
		.namespace = options->namespace,
		.node_service = options->node_service,
		.deployment = options->deployment,
		.identity = program->made_by,
		.lease_holder = options->leader_elect ? program->identity : NULL,
		.roles = options->roles,
		.workers = options->workers,
		.call_timeout_ms = options->call_timeout_ms,
		.resize_timeout_ms = options->resize_timeout_ms,
		.modify_timeout_ms = options->modify_timeout_ms,
		.cross_namespace = options->cross_namespace,
		.publish_readonly = options->publish_readonly,
		.extra_modify_metadata = options->extra_modify_metadata,
		.backoff_min_ms = options->backoff_min_ms,
		.backoff_max_ms = options->backoff_max_ms,
		.capacity_poll_ms = options->capacity_poll_ms,
		.capacity_silence_ms = 5 * 60 * 1000,
		.capacity_for_immediate = options->capacity_for_immediate,
		.snapshots_always = options->snapshots_always,
		.snapshot_lease_namespace = options->snapshot_lease_namespace,
		.snapshot_probe_ms = 30 * 1000,
		.snapshot_timeout_ms = options->snapshot_timeout_ms,
		.snapshot_prefix = options->snapshot_prefix,
		.group_prefix = options->group_prefix,
		.extra_metadata = options->extra_metadata,
		.node_gone_after_s = options->node_gone_after_s,
		.node_sight_s = 5 * 60,
		.forget_released = options->forget_released,
		.health_poll_ms = options->health_poll_ms,
		.node_grace_ms = 30 * 1000,
		.lead = { .time_left_ms = time_left_ms, .context = program },
	});
}

static void tick_until_stopped(struct program *program)
{
	pthread_mutex_lock(&program->lock);
	while (!program->stopping) {
		struct timespec next = clock_deadline(clock_monotonic_ms() + TICK_MS);
		pthread_mutex_unlock(&program->lock);
		provisioner_tick(program->provisioner);
		memory_trim(); /* what the first lists and a burst of claims leave behind */
		pthread_mutex_lock(&program->lock);
		if (!program->stopping)
			pthread_cond_clockwait(&program->changed, &program->lock, CLOCK_MONOTONIC,
					       &next);
	}
	pthread_mutex_unlock(&program->lock);
}

static bool is_stopping(struct program *program)
{
	pthread_mutex_lock(&program->lock);
	bool stopping = program->stopping;
	pthread_mutex_unlock(&program->lock);
	return stopping;
}

/* In short pieces, so that a stop need not wait for an API server that does not answer. */
static int start(struct program *program, struct error *err)
{
	uint64_t end_ms = clock_monotonic_ms() + SYNC_TIMEOUT_MS;
	while (provisioner_start(program->provisioner, SYNC_PIECE_MS, err) < 0) {
		if (is_stopping(program))
			return error_set(err, ERROR_CANCELLED, "stopped while listing");
		if (err->code != ERROR_TIMEOUT || clock_monotonic_ms() > end_ms)
			return -1;
	}
	return 0;
}

static void *lead(void *context)
{
	struct program *program = context;
	struct error err;
	if (!wait_for_lead(program))
		return NULL;
	struct provisioner *provisioner = new_provisioner(program);
	pthread_mutex_lock(&program->lock);
	program->provisioner = provisioner;
	pthread_mutex_unlock(&program->lock);
	if (start(program, &err) < 0) {
		log_error("cannot see the cluster", LOG_ERR(&err));
		stop_request(1);
		return NULL;
	}
	log_info("active", LOG_TEXT("driver", CSI_DRIVER_NAME));
	tick_until_stopped(program);
	return NULL;
}

static struct lease *compete_for(struct program *program, const char *name)
{
	return lease_new(program->client, &(struct lease_options) {
						  .namespace = program->options.namespace,
						  .name = name,
						  .identity = program->identity,
						  .duration_ms = LEASE_DURATION_MS,
						  .renew_deadline_ms = LEASE_RENEW_MS,
						  .retry_ms = LEASE_RETRY_MS,
						  .acquired = lease_acquired,
						  .lost = lease_lost,
						  .failed = lease_failed,
						  .context = program,
					  });
}

static void compete(struct program *program)
{
	if (!program->options.leader_elect) {
		lead_now(program);
		return;
	}
	pthread_mutex_lock(&program->lock);
	__atomic_store_n(&program->leases[0], compete_for(program, lease_names[0]),
			 __ATOMIC_RELEASE);
	pthread_mutex_unlock(&program->lock);
}

static void name_process(struct program *program)
{
	char host[256] = "unknown";
	const char *pod = getenv("POD_NAME");
	gethostname(host, sizeof(host) - 1);
	program->identity = must_printf("%s_%lld-%d", pod ? pod : host, (long long)clock_wall_us(),
					(int)getpid());
	program->made_by = must_printf("%lld-%d-%s", (long long)(clock_wall_us() / 1000),
				       (int)getpid() % 10000, CSI_DRIVER_NAME);
	CLEANUP_FREE char *component = must_printf("%s_%s", CSI_DRIVER_NAME, pod ? pod : host);
	program->events = event_recorder_new(program->client, component, program->identity);
}

static int set_up(struct program *program, struct error *err)
{
	struct options *options = &program->options;
	if (kube_config_load(options->kubeconfig, &program->config, err) < 0)
		return -1;
	if (!options->namespace || !*options->namespace)
		options->namespace = program->config.namespace;
	if (kube_client_new(&program->config, "kentledge-provisioner/" KENTLEDGE_VERSION,
			    &program->client, err) < 0)
		return -1;
	kube_client_bound_writes(program->client, time_left_ms, program);
	name_process(program);
	log_info("started", LOG_TEXT("version", KENTLEDGE_VERSION),
		 LOG_TEXT("identity", program->identity));
	if (!options->http_address[0])
		return 0;
	return http_server_new(&(struct http_server_options) { .address = options->http_address,
							       .ready = check_ready,
							       .context = program },
			       &program->http, err);
}

/* In this order: what is under way ends, its events are posted while the lease allows writes, and
 * the leases go to the next. */
static void tear_down(struct program *program)
{
	provisioner_stop(program->provisioner);
	event_recorder_free(program->events);
	/* The first one last: the next process then finds the others free at once. */
	for (size_t i = LEASE_COUNT; i > 0; i--)
		lease_stop(program->leases[i - 1]);
	if (program->client)
		kube_client_stop(program->client);
	http_server_free(program->http);
	provisioner_free(program->provisioner);
	for (size_t i = 0; i < LEASE_COUNT; i++)
		lease_free(program->leases[i]);
	kube_client_free(program->client);
	kube_config_done(&program->config);
	free(program->made_by);
	free(program->identity);
}

static int run(struct program *program)
{
	pthread_create(&program->leader, NULL, lead, program);
	compete(program);
	int status = stop_wait();
	log_info("stopping", LOG_INT("status", status));
	pthread_mutex_lock(&program->lock);
	program->stopping = true;
	pthread_cond_broadcast(&program->changed);
	pthread_mutex_unlock(&program->lock);
	pthread_join(program->leader, NULL);
	return status;
}

int main(int argc, char **argv)
{
	struct program program = {
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.changed = PTHREAD_COND_INITIALIZER,
	};
	struct error err;
	int r = options_parse(argc, argv, &program.options, &err);
	if (r < 0) {
		fprintf(stderr, "kentledge-provisioner: %s\n", err.text);
		return 2;
	}
	if (r > 0)
		return 0;
	memory_init();
	stop_init();
	log_set_level(program.options.log_level);
	int status = 1;
	if (secret_forbid_dumps(&err) < 0 || set_up(&program, &err) < 0)
		log_error("cannot start", LOG_ERR(&err));
	else
		status = run(&program);
	tear_down(&program);
	return status;
}
