/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/lease.h"

#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "base/metric.h"
#include "base/text.h"
#include "kube/call.h"
#include "kube/json.h"

/* The lease as the API holds it. */
struct lease_record {
	struct object object;
	const char *holder;	/* "" while it is free */
	const char *renew_time; /* as text: only compared, since it is of another's clock */
	int64_t duration_s;
	int64_t transitions;
};

struct lease {
	struct kube_client *client;
	struct lease_options options;
	char *namespace;
	char *name;
	char *identity;
	pthread_t thread;
	bool joined; /* by lease_stop() */

	/* The thread's own. */
	char *other;		/* the holder that `taken` was called with last */
	char *seen_version;	/* of the record that we saw last… */
	uint64_t seen_ms;	/* …for the first time */
	uint64_t seen_limit_ms; /* how long that record keeps others off */

	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool stopping;
	bool held;
	uint64_t renewed_ms; /* when the last renewal that went well was begun */
};

static struct metric master_metric = {
	.name = "leader_election_master_status",
	.help = "1 while this process holds the lease.",
	.type = METRIC_GAUGE,
	.labels = { "name" },
};

static int parse_record(struct object *object, struct json_object *json, struct error *err)
{
	struct lease_record *record = (struct lease_record *)object;
	struct arena *arena = object->arena;
	if (json_read_string(json, "spec.holderIdentity", arena, &record->holder, err) < 0 ||
	    json_read_string(json, "spec.renewTime", arena, &record->renew_time, err) < 0 ||
	    json_read_int(json, "spec.leaseDurationSeconds", 0, &record->duration_s, err) < 0 ||
	    json_read_int(json, "spec.leaseTransitions", 0, &record->transitions, err) < 0)
		return -1;
	if (!record->holder)
		record->holder = "";
	return 0;
}

static const struct kind lease_kind = {
	.api_version = "coordination.k8s.io/v1",
	.name = "Lease",
	.plural = "leases",
	.namespaced = true,
	.size = sizeof(struct lease_record),
	.parse = parse_record,
};

/*
 * What is written. Every write names the version that it follows, so that of two competitors one
 * gets ERROR_CONFLICT.
 */

static void fill_spec(struct json_object *spec, const struct lease *lease, int64_t transitions,
		      bool takes_over)
{
	char now[CLOCK_TEXT_MAX];
	clock_format_us(clock_wall_us(), now);
	json_set_string(spec, "holderIdentity", lease->identity);
	json_set_int(spec, "leaseDurationSeconds", (lease->options.duration_ms + 999) / 1000);
	json_set_string(spec, "renewTime", now);
	if (!takes_over)
		return;
	json_set_string(spec, "acquireTime", now);
	json_set_int(spec, "leaseTransitions", transitions);
}

/* How long until we are no longer the holder, or, while we are none, long enough. Only the thread
 * writes what is read here, so it may read it without the lock. */
static uint32_t time_left_ms(const struct lease *lease)
{
	uint64_t age_ms = clock_boot_ms() - lease->renewed_ms;
	if (!lease->held)
		return lease->options.renew_deadline_ms;
	if (age_ms >= lease->options.renew_deadline_ms)
		return 0;
	return (uint32_t)(lease->options.renew_deadline_ms - age_ms);
}

/* No call may outlive the deadline, so that the loss is noticed when it comes. */
static struct kube_call call_of(const struct lease *lease, const char *verb, const char *method)
{
	uint32_t left_ms = time_left_ms(lease);
	uint32_t half_ms = lease->options.renew_deadline_ms / 2;
	return (struct kube_call) {
		.verb = verb,
		.method = method,
		.kind = &lease_kind,
		.namespace = lease->namespace,
		.timeout_ms = left_ms < half_ms ? left_ms + 1 : half_ms,
		.unbounded = true, /* it is what the bound comes from */
	};
}

static int create(struct lease *lease, struct error *err)
{
	CLEANUP(json_object_putp)
	struct json_object *body = object_json(&lease_kind, lease->namespace, lease->name);
	fill_spec(json_child(body, "spec"), lease, 0, true);
	struct kube_call call = call_of(lease, "create", "POST");
	call.content_type = "application/json";
	call.body = body;
	return kube_call_object(lease->client, &call, NULL, err);
}

static int patch(struct lease *lease, const struct lease_record *record, struct json_object *body,
		 struct error *err)
{
	json_set_string(json_child(body, "metadata"), "resourceVersion",
			record->object.resource_version);
	struct kube_call call = call_of(lease, "patch", "PATCH");
	call.name = lease->name;
	call.content_type = "application/merge-patch+json";
	call.body = body;
	return kube_call_object(lease->client, &call, NULL, err);
}

static int write_ours(struct lease *lease, const struct lease_record *record, struct error *err)
{
	bool takes_over = strcmp(record->holder, lease->identity) != 0;
	CLEANUP(json_object_putp) struct json_object *body = json_object_new_object();
	fill_spec(json_child(body, "spec"), lease, record->transitions + 1, takes_over);
	return patch(lease, record, body, err);
}

/* The empty holder lets the next one in at once. */
static int write_free(struct lease *lease, const struct lease_record *record, struct error *err)
{
	CLEANUP(json_object_putp) struct json_object *body = json_object_new_object();
	struct json_object *spec = json_child(body, "spec");
	json_set_string(spec, "holderIdentity", "");
	json_set_int(spec, "leaseDurationSeconds", 1);
	return patch(lease, record, body, err);
}

static int read_record(struct lease *lease, struct lease_record **ret_record, struct error *err)
{
	struct kube_call call = call_of(lease, "get", "GET");
	call.name = lease->name;
	struct object *object;
	if (kube_call_object(lease->client, &call, &object, err) < 0)
		return -1;
	*ret_record = (struct lease_record *)object;
	return 0;
}

/*
 * Whose it is. Another's record counts from the moment that we saw it, on our own clock: clocks of
 * two nodes may differ by any amount.
 */

static void observe(struct lease *lease, const struct lease_record *record)
{
	const char *version = record->object.resource_version;
	if (lease->seen_version && strcmp(lease->seen_version, version) == 0)
		return;
	free(lease->seen_version);
	lease->seen_version = must_strdup(version);
	lease->seen_ms = clock_boot_ms();
	/* The holder may have been started with a longer duration than ours. */
	uint64_t theirs_ms = record->duration_s > 0 ? (uint64_t)record->duration_s * 1000 : 0;
	lease->seen_limit_ms =
		theirs_ms > lease->options.duration_ms ? theirs_ms : lease->options.duration_ms;
}

static bool is_taken(const struct lease *lease, const struct lease_record *record)
{
	return *record->holder && strcmp(record->holder, lease->identity) != 0 &&
	       clock_boot_ms() - lease->seen_ms < lease->seen_limit_ms;
}

static void report_taken(struct lease *lease, const char *holder)
{
	if (lease->other && strcmp(lease->other, holder) == 0)
		return;
	free(lease->other);
	lease->other = must_strdup(holder);
	if (lease->options.taken)
		lease->options.taken(lease->options.context, holder);
}

/* 0: it is ours; 1: it is another's. */
static int try_once(struct lease *lease, struct error *err)
{
	struct lease_record *record;
	if (read_record(lease, &record, err) < 0) {
		if (err->code != ERROR_NOT_FOUND)
			return -1;
		return create(lease, err);
	}
	CLEANUP(object_unrefp) struct object *object = &record->object;
	(void)object;
	observe(lease, record);
	if (is_taken(lease, record)) {
		report_taken(lease, record->holder);
		return 1;
	}
	return write_ours(lease, record, err);
}

/*
 * The thread.
 */

static void set_held(struct lease *lease, bool held, uint64_t begun_ms)
{
	pthread_mutex_lock(&lease->lock);
	lease->held = held;
	lease->renewed_ms = begun_ms;
	pthread_mutex_unlock(&lease->lock);
	metric_set(&master_metric, (const char *const *)&lease->name, held);
}

/* That another competitor was faster is not a failure. */
static void report(const struct lease *lease, const struct error *err)
{
	bool outrun = err->code == ERROR_CONFLICT || err->code == ERROR_EXISTS;
	if (lease->options.failed && !outrun)
		lease->options.failed(lease->options.context, err);
}

static void take_result(struct lease *lease, int result, uint64_t begun_ms)
{
	bool held = lease->held; /* only this thread writes it */
	if (result == 0) {
		free(TAKE(lease->other));
		set_held(lease, true, begun_ms);
		if (!held)
			lease->options.acquired(lease->options.context);
		return;
	}
	/* Another holder is certain loss; a failure is one only when the deadline has passed. */
	if (held && (result > 0 || time_left_ms(lease) == 0)) {
		set_held(lease, false, 0);
		lease->options.lost(lease->options.context);
	}
}

/* True when the lease is being freed. */
static bool wait_for_turn(struct lease *lease)
{
	uint32_t left_ms = time_left_ms(lease);
	uint32_t wait_ms = lease->options.retry_ms < left_ms ? lease->options.retry_ms : left_ms;
	struct timespec deadline = clock_deadline(clock_monotonic_ms() + wait_ms);
	int r = 0;
	pthread_mutex_lock(&lease->lock);
	while (!lease->stopping && r == 0)
		r = pthread_cond_clockwait(&lease->changed, &lease->lock, CLOCK_MONOTONIC,
					   &deadline);
	bool stop = lease->stopping;
	pthread_mutex_unlock(&lease->lock);
	return stop;
}

static void give_back(struct lease *lease)
{
	struct lease_record *record;
	struct error err;
	if (read_record(lease, &record, &err) < 0) {
		report(lease, &err);
		return;
	}
	CLEANUP(object_unrefp) struct object *object = &record->object;
	(void)object;
	if (strcmp(record->holder, lease->identity) == 0 && write_free(lease, record, &err) < 0)
		report(lease, &err);
}

static void *run(void *context)
{
	struct lease *lease = context;
	do {
		struct error err;
		uint64_t begun_ms = clock_boot_ms();
		int result = try_once(lease, &err);
		if (result < 0)
			report(lease, &err);
		take_result(lease, result, begun_ms);
	} while (!wait_for_turn(lease));
	if (lease->held) {
		set_held(lease, false, 0);
		give_back(lease);
	}
	return NULL;
}

/*
 * The outside.
 */

struct lease *lease_new(struct kube_client *client, const struct lease_options *options)
{
	struct lease *lease = must_alloc(sizeof(*lease));
	lease->client = client;
	lease->options = *options;
	lease->namespace = must_strdup(options->namespace);
	lease->name = must_strdup(options->name);
	lease->identity = must_strdup(options->identity);
	pthread_mutex_init(&lease->lock, NULL);
	pthread_cond_init(&lease->changed, NULL);
	metric_set(&master_metric, (const char *const *)&lease->name, 0);
	if (pthread_create(&lease->thread, NULL, run, lease) != 0)
		abort(); /* as when memory is out: base/text.h */
	return lease;
}

/* Looks at the clock itself: the thread may have been stopped together with the whole node. So all
 * times here are of the clock that goes on meanwhile. */
uint32_t lease_time_left_ms(struct lease *lease)
{
	pthread_mutex_lock(&lease->lock);
	uint32_t left_ms = lease->held ? time_left_ms(lease) : 0;
	pthread_mutex_unlock(&lease->lock);
	return left_ms;
}

bool lease_held(struct lease *lease)
{
	return lease_time_left_ms(lease) > 0;
}

void lease_stop(struct lease *lease)
{
	if (!lease || lease->joined)
		return;
	pthread_mutex_lock(&lease->lock);
	lease->stopping = true;
	pthread_cond_broadcast(&lease->changed);
	pthread_mutex_unlock(&lease->lock);
	pthread_join(lease->thread, NULL);
	lease->joined = true;
}

void lease_free(struct lease *lease)
{
	if (!lease)
		return;
	lease_stop(lease);
	pthread_cond_destroy(&lease->changed);
	pthread_mutex_destroy(&lease->lock);
	free(lease->other);
	free(lease->seen_version);
	free(lease->namespace);
	free(lease->name);
	free(lease->identity);
	free(lease);
}
