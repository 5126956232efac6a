/* SPDX-License-Identifier: Apache-2.0 */
#include "provisioner.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

#include "apply/node_channel.h"
#include "apply/node_gate.h"
#include "apply/role.h"
#include "apply/rooms.h"
#include "apply/snapshot_turn.h"
#include "apply/written.h"
#include "base/log.h"
#include "capacity/role.h"
#include "claim/role.h"
#include "cluster/cluster.h"
#include "cluster/nodes.h"
#include "content/role.h"
#include "group/role.h"
#include "group_content/role.h"
#include "growth/role.h"
#include "health/role.h"
#include "modify/role.h"
#include "nodes/role.h"
#include "reclaim/role.h"
#include "role_lease.h"
#include "snapshot/role.h"

#define CHANNEL_IDLE_MS (5 * 60 * 1000)

/* A new role is a folder and a line here. */
static const struct role *const roles[] = {
	&claim_role,	     &reclaim_role,   &growth_role, &modify_role,
	&capacity_role,	     &snapshot_role,  &group_role,  &content_role,
	&group_content_role, &node_life_role, &health_role,
};

#define ROLE_COUNT (sizeof(roles) / sizeof(*roles))

/* A role at work. */
struct running {
	const struct role *role; /* NULL: switched off */
	struct provisioner *provisioner;
	struct applier applier;	  /* with a lead that ends with the role's lease */
	struct role_lease *lease; /* borrowed; NULL: the process's lead is enough */
	atomic_bool dropped;	  /* keys, since the lease was not held */
	void *context;
	struct workqueue *queue;
};

struct provisioner {
	struct provisioner_options options;
	struct cluster *cluster;
	struct node_channels *channels;
	struct node_gates *gates;
	struct rooms *rooms;
	struct applier applier; /* what those of the roles have in common */
	struct running running[ROLE_COUNT];
	struct role_lease *leases[ROLE_COUNT]; /* of roles; NULL behind the last */
	atomic_bool started;
	bool stopped;
};

static bool is_called(const struct role *role, const char *word, size_t length)
{
	return strlen(role->name) == length && strncmp(role->name, word, length) == 0;
}

/* Several may have one name. */
static int add_role(const char *word, size_t length, unsigned *roles_found, struct error *err)
{
	CLEANUP_TEXT struct text known = TEXT_INIT;
	bool is_known = false;
	for (size_t i = 0; i < ROLE_COUNT; i++) {
		is_known |= is_called(roles[i], word, length);
		*roles_found |= is_called(roles[i], word, length) ? 1u << i : 0;
		if (i == 0 || strcmp(roles[i]->name, roles[i - 1]->name) != 0)
			text_printf(&known, "%s%s", i ? ", " : "", roles[i]->name);
	}
	if (is_known)
		return 0;
	return error_set(err, ERROR_INVALID, "there is no role \"%.*s\"; there are %s", (int)length,
			 word, text_string(&known));
}

int provisioner_parse_roles(const char *list, unsigned *ret_roles, struct error *err)
{
	unsigned found = *list ? 0 : (1u << ROLE_COUNT) - 1;
	while (*list) {
		size_t length = strcspn(list, ",");
		if (add_role(list, length, &found, err) < 0)
			return -1;
		list += length;
		list += *list == ',' && list[1];
		if (*list == ',')
			return error_set(err, ERROR_INVALID, "ends with a comma");
	}
	*ret_roles = found;
	return 0;
}

static int find_address(void *context, const char *node, struct text *address, struct error *err)
{
	struct provisioner *provisioner = context;
	return cluster_find_address(provisioner->cluster, node, address, err);
}

static int dial(void *context, const char *address, struct rpc_channel **ret_channel,
		struct error *err)
{
	struct provisioner *provisioner = context;
	return provisioner->options.dial(provisioner->options.dial_context, address, ret_channel,
					 err);
}

static void cluster_changed(void *context, const struct cluster_change *change)
{
	struct provisioner *provisioner = context;
	for (size_t i = 0; i < ROLE_COUNT; i++) {
		const struct running *running = &provisioner->running[i];
		if (!running->role || !(running->role->kinds & CLUSTER_BIT(change->kind)))
			continue;
		if (running->role->changed)
			running->role->changed(running->context, change);
		running->role->wake(running->queue, change);
	}
}

static void short_of_room(void *context, const char *node, uint64_t since_ms)
{
	struct provisioner *provisioner = context;
	for (size_t i = 0; i < ROLE_COUNT; i++) {
		const struct running *running = &provisioner->running[i];
		if (running->role && running->role->short_of_room)
			running->role->short_of_room(running->context, node, since_ms);
	}
}

static void room_changed(void *context, const char *node)
{
	struct provisioner *provisioner = context;
	for (size_t i = 0; i < ROLE_COUNT; i++) {
		const struct running *running = &provisioner->running[i];
		if (running->role && running->role->room_changed)
			running->role->room_changed(running->queue, provisioner->cluster, node);
	}
}

static void watch_failed(void *context, const char *what, const struct error *err)
{
	if (err->code == ERROR_CANCELLED)
		return; /* we are stopping */
	log_warning("watch failed", LOG_TEXT("what", what), LOG_ERR(err));
}

static void kind_served(void *context, const struct kind *kind, bool served)
{
	if (served)
		log_info("kind served", LOG_TEXT("kind", kind->name),
			 LOG_TEXT("api_version", kind->api_version));
	else
		log_warning("kind not served by the API server: what needs it is off until it is",
			    LOG_TEXT("kind", kind->name),
			    LOG_TEXT("api_version", kind->api_version));
}

static uint32_t lead_of_role_ms(void *context)
{
	const struct running *running = context;
	return lead_bound_ms(&running->provisioner->options.lead,
			     role_lease_time_left_ms(running->lease));
}

static bool may_act(const struct running *running)
{
	return role_lease_time_left_ms(running->lease) > 0 &&
	       !(running->role->stands_by && running->role->stands_by(running->context));
}

static int reconcile(void *context, const char *key, struct error *err)
{
	struct running *running = context;
	if (!may_act(running)) {
		atomic_store(&running->dropped, true);
		return 0; /* wake_dropped() has all objects looked at */
	}
	return running->role->reconcile(running->context, key, err);
}

static void name_lanes(void *context, const char *key, struct text lanes[LANES])
{
	const struct running *running = context;
	const struct lane_names names = { .node = &lanes[0], .namespace = &lanes[1] };
	running->role->name_lanes(running->provisioner->cluster, key, &names);
}

static void failed(void *context, const char *key, const struct error *err, uint32_t retry_after_ms)
{
	struct running *running = context;
	running->role->failed(running->context, key, err, retry_after_ms);
}

/* All that a role has dropped while it stood by. What changed before provisioner_start() waits in
 * the queues. */
static void wake_dropped(struct provisioner *provisioner)
{
	if (!atomic_load(&provisioner->started))
		return;
	for (size_t i = 0; i < ROLE_COUNT; i++) {
		struct running *running = &provisioner->running[i];
		if (running->role && may_act(running) && atomic_exchange(&running->dropped, false))
			running->role->wake_all(running->queue, provisioner->cluster);
	}
}

/* In the lease's thread. */
static void lease_acquired(void *context)
{
	wake_dropped(context);
}

/* In a role's thread. */
static void role_resumed(void *context)
{
	wake_dropped(context);
}

/* The one of that name, which is competed for from now on. */
static struct role_lease *lease_of(struct provisioner *provisioner, const char *name)
{
	const struct provisioner_options *options = &provisioner->options;
	if (!name || !options->lease_holder)
		return NULL;
	size_t i = 0;
	while (provisioner->leases[i] && strcmp(role_lease_name(provisioner->leases[i]), name) != 0)
		i++;
	if (!provisioner->leases[i])
		provisioner->leases[i] = role_lease_new(&(struct role_lease_options) {
			.client = options->client,
			.namespace = options->namespace,
			.name = name,
			.holder = options->lease_holder,
			.acquired = lease_acquired,
			.context = provisioner,
		});
	return provisioner->leases[i];
}

/* Of a role's calls to nodes. */
static uint32_t call_timeout_ms(const struct provisioner_options *options, const struct role *role)
{
	if (role == &growth_role && options->resize_timeout_ms)
		return options->resize_timeout_ms;
	if (role == &modify_role && options->modify_timeout_ms)
		return options->modify_timeout_ms;
	return options->call_timeout_ms;
}

/* What the roles share that stand by for another snapshot-controller. */
static void ensure_turn(struct provisioner *provisioner)
{
	struct applier *applier = &provisioner->applier;
	if (applier->turn)
		return;
	applier->written = written_new();
	applier->turn = snapshot_turn_new(applier);
}

/* A node that is silent holds NODE_LANE of them until its calls have timed out, and one after that.
 * A role with a share has that share of the spare ones. A node's lane and a namespace's have limits
 * (apply/lane.h). */
#define SPARE_WORKERS 144
#define SLOW_MS 250
#define NODE_LANE 8
#define NAMESPACE_LANE(spare) ((spare)*3 / 4)

static void begin_role(struct provisioner *provisioner, const struct role *role,
		       struct running *running)
{
	const struct provisioner_options *options = &provisioner->options;
	running->role = role;
	running->provisioner = provisioner;
	running->lease = lease_of(provisioner, role->lease);
	if (role->stands_by)
		ensure_turn(provisioner);
	running->applier = provisioner->applier;
	running->applier.call_timeout_ms = call_timeout_ms(options, role);
	running->applier.lead =
		(struct lead) { .time_left_ms = lead_of_role_ms, .context = running };
	running->context = role->begin ? role->begin(&running->applier) : &running->applier;
	unsigned workers = (options->workers + role->share - 1) / role->share;
	unsigned spare = SPARE_WORKERS / role->share;
	running->queue = workqueue_new(&(struct workqueue_options) {
		.name = role->queue,
		.workers = workers,
		.spare_workers = spare,
		.slow_ms = SLOW_MS,
		.name_lanes = role->name_lanes ? name_lanes : NULL,
		.lane_limits = { workers < 2 * NODE_LANE ? (workers + 1) / 2 : NODE_LANE,
				 NAMESPACE_LANE(spare) },
		.backoff_min_ms = options->backoff_min_ms,
		.backoff_max_ms = options->backoff_max_ms,
		.reconcile = reconcile,
		.failed = failed,
		.context = running,
	});
}

static struct node_channels *new_channels(struct provisioner *provisioner)
{
	return node_channels_new(&(struct node_channels_options) {
		.find_address = find_address,
		.context = provisioner,
		.tls_folder = provisioner->options.tls_folder,
		.idle_ms = CHANNEL_IDLE_MS,
		.dial = provisioner->options.dial ? dial : NULL,
	});
}

static void add_index(object_index_fn *indexes[OBJECT_INDEXES_MAX], object_index_fn *index)
{
	size_t i = 0;
	while (index && i < OBJECT_INDEXES_MAX && indexes[i] && indexes[i] != index)
		i++;
	assert(i < OBJECT_INDEXES_MAX);
	if (index)
		indexes[i] = index;
}

static struct cluster *new_cluster(struct provisioner *provisioner)
{
	const struct provisioner_options *options = &provisioner->options;
	struct cluster_options watched = {
		.client = options->client,
		.namespace = options->namespace,
		.node_service = options->node_service,
		.changed = cluster_changed,
		.failed = watch_failed,
		.served = kind_served,
		.context = provisioner,
	};
	for (size_t i = 0; i < ROLE_COUNT; i++) {
		const struct role *role = provisioner->running[i].role;
		if (!role)
			continue;
		watched.kinds |= role->kinds;
		for (size_t kind = 0; kind < CLUSTER_KINDS; kind++) {
			add_index(watched.index[kind], role->index[kind]);
			for (size_t more = 0; more < ROLE_INDEXES_MAX; more++)
				add_index(watched.index[kind], role->more_indexes[kind][more]);
		}
	}
	if (!options->cross_namespace)
		watched.kinds &= ~CLUSTER_BIT(CLUSTER_REFERENCE_GRANTS);
	return cluster_new(&watched);
}

struct provisioner *provisioner_new(const struct provisioner_options *options)
{
	struct provisioner *provisioner = must_alloc(sizeof(*provisioner));
	provisioner->options = *options;
	provisioner->channels = new_channels(provisioner);
	provisioner->gates = node_gates_new(options->backoff_min_ms, options->backoff_max_ms);
	provisioner->rooms = rooms_new();
	provisioner->applier = (struct applier) {
		.client = options->client,
		.events = options->events,
		.channels = provisioner->channels,
		.lead = options->lead,
		.gates = provisioner->gates,
		.rooms = provisioner->rooms,
		.identity = options->identity,
		.publish_readonly = options->publish_readonly,
		.call_timeout_ms = options->call_timeout_ms,
		.node_grace_ms = options->node_grace_ms,
		.backoff_max_ms = options->backoff_max_ms,
		.deployment = options->deployment,
		.extra_modify_metadata = options->extra_modify_metadata,
		.capacity_poll_ms = options->capacity_poll_ms,
		.capacity_silence_ms = options->capacity_silence_ms,
		.capacity_for_immediate = options->capacity_for_immediate,
		.snapshots_always = options->snapshots_always,
		.snapshot_lease_namespace = options->snapshot_lease_namespace,
		.snapshot_probe_ms = options->snapshot_probe_ms,
		.node_gone_after_s = options->node_gone_after_s,
		.node_sight_s = options->node_sight_s,
		.forget_released = options->forget_released,
		.health_poll_ms = options->health_poll_ms,
		.short_of_room = short_of_room,
		.resumed = role_resumed,
		.snapshot_timeout_ms = options->snapshot_timeout_ms,
		.snapshot_prefix = options->snapshot_prefix,
		.group_prefix = options->group_prefix,
		.extra_metadata = options->extra_metadata,
		.room_changed = room_changed,
		.context = provisioner,
	};
	for (size_t i = 0; i < ROLE_COUNT; i++)
		if (!options->roles || options->roles & 1u << i)
			begin_role(provisioner, roles[i], &provisioner->running[i]);
	/* The queues stand before the first change arrives. */
	provisioner->cluster = new_cluster(provisioner);
	provisioner->applier.cluster = provisioner->cluster;
	for (size_t i = 0; i < ROLE_COUNT; i++)
		provisioner->running[i].applier.cluster = provisioner->cluster;
	return provisioner;
}

int provisioner_start(struct provisioner *provisioner, uint32_t timeout_ms, struct error *err)
{
	if (cluster_wait_synced(provisioner->cluster, timeout_ms, err) < 0)
		return -1;
	/* First, so that no key is dropped whose lease is acquired at this moment. */
	atomic_store(&provisioner->started, true);
	for (size_t i = 0; i < ROLE_COUNT; i++) {
		const struct running *running = &provisioner->running[i];
		if (running->role && running->role->start)
			running->role->start(running->context);
		if (running->role)
			workqueue_start(running->queue);
	}
	return 0;
}

bool provisioner_ready(const struct provisioner *provisioner)
{
	return atomic_load(&provisioner->started);
}

void provisioner_tick(struct provisioner *provisioner)
{
	struct error err;
	node_channels_sweep(provisioner->channels);
	/* A lease that lapsed and was renewed is not acquired a second time. */
	wake_dropped(provisioner);
	if (node_channels_check_tls(provisioner->channels, &err) < 0)
		log_error("certificates cannot be used", LOG_ERR(&err));
}

void provisioner_stop(struct provisioner *provisioner)
{
	if (!provisioner || provisioner->stopped)
		return;
	provisioner->stopped = true;
	for (size_t i = 0; i < ROLE_COUNT; i++) {
		const struct running *running = &provisioner->running[i];
		if (running->role && running->role->stop)
			running->role->stop(running->context);
		if (running->role)
			workqueue_stop(running->queue);
	}
	for (size_t i = 0; i < ROLE_COUNT; i++)
		role_lease_end(provisioner->leases[i]);
}

void provisioner_free(struct provisioner *provisioner)
{
	if (!provisioner)
		return;
	provisioner_stop(provisioner);
	cluster_free(provisioner->cluster);
	for (size_t i = 0; i < ROLE_COUNT; i++) {
		struct running *running = &provisioner->running[i];
		workqueue_free(running->queue);
		if (running->role && running->role->end)
			running->role->end(running->context);
	}
	for (size_t i = 0; i < ROLE_COUNT; i++)
		role_lease_free(provisioner->leases[i]);
	snapshot_turn_free(provisioner->applier.turn);
	written_free(provisioner->applier.written);
	node_channels_free(provisioner->channels);
	node_gates_free(provisioner->gates);
	rooms_free(provisioner->rooms);
	free(provisioner);
}
