/* SPDX-License-Identifier: Apache-2.0 */
#include "provisioner.h"

#include <stdatomic.h>
#include <string.h>

#include "apply/measure.h"
#include "base/clock.h"
#include "base/log.h"
#include "claim/intent.h"
#include "claim/node_choice.h"
#include "claim/provision.h"
#include "claim/sight.h"
#include "cluster/cluster.h"
#include "kube/workqueue.h"
#include "reclaim/apply.h"

#define CHANNEL_IDLE_MS (5 * 60 * 1000)
#define AGAIN_MS 200 /* somebody changed it while we looked */
#define UNMOUNT_MS 500
#define UNMOUNT_GRACE_S 30
#define NODE_GONE_MS (5 * 60 * 1000) /* its coming back touches the volume anyway */

struct provisioner {
	struct provisioner_options options;
	struct cluster *cluster;
	struct node_channels *channels;
	struct workqueue *claims;  /* keys "<namespace>/<name>" */
	struct workqueue *volumes; /* keys "<name>" */
	struct claim_provisioner maker;
	struct volume_reclaimer reclaimer;
	atomic_bool started;
	bool stopped;
};

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

static void claim_touched(void *context, const char *namespace, const char *name)
{
	struct provisioner *provisioner = context;
	CLEANUP_FREE char *key = must_printf("%s/%s", namespace, name);
	workqueue_add(provisioner->claims, key);
}

static void volume_touched(void *context, const char *name)
{
	struct provisioner *provisioner = context;
	workqueue_add(provisioner->volumes, name);
}

static void watch_failed(void *context, const char *what, const struct error *err)
{
	if (err->code == ERROR_CANCELLED)
		return; /* we are stopping */
	log_warning("watch failed", LOG_TEXT("what", what), LOG_ERR(err));
}

/* Counted by classes that exist: a name that a user invents would stay in memory for ever. */
static void report_failure(struct provisioner *provisioner, const struct claim_sight *sight,
			   const struct error *err)
{
	const struct claim *claim = claim_of(sight->claim);
	measure_provision(sight->class ? claim->class_name : NULL, 0, err);
	event_record(provisioner->options.events, &claim->object, EVENT_WARNING,
		     "ProvisioningFailed",
		     "failed to provision volume with StorageClass \"%s\": %s",
		     claim->class_name ? claim->class_name : "", err->text);
}

static int provision(struct provisioner *provisioner, const struct claim_sight *sight,
		     struct claim_plan *plan, struct error *err)
{
	if (plan->decision == CLAIM_CHOOSE) {
		const struct node_view *node;
		if (node_choice(provisioner->channels, plan, &node, err) < 0)
			return -1;
		claim_plan_place(plan, node, sight->arena);
	}
	return claim_provision(&provisioner->maker, claim_of(sight->claim), class_of(sight->class),
			       plan, err);
}

/* 1: undone, look at the claim again. */
static int undo(struct provisioner *provisioner, const struct claim *claim,
		const struct claim_plan *plan, struct error *err)
{
	if (claim_undo(&provisioner->maker, claim, plan, err) == 0)
		return 1; /* the claim may still want a volume, somewhere else */
	event_record(provisioner->options.events, &claim->object, EVENT_WARNING,
		     "ProvisioningCleanupFailed", "failed to clean up volume of the claim: %s",
		     err->text);
	return -1;
}

static int apply(struct provisioner *provisioner, const struct claim_sight *sight,
		 struct claim_plan *plan, struct error *err)
{
	const struct claim *claim = claim_of(sight->claim);
	struct kube_client *client = provisioner->options.client;
	int r = 0;
	switch (plan->decision) {
	case CLAIM_IGNORE:
	case CLAIM_WAIT:
		return 0;
	case CLAIM_LEAVE:
		event_record(provisioner->options.events, &claim->object, EVENT_NORMAL,
			     "Provisioner",
			     "Assuming an external populator will provision the volume");
		return 0;
	case CLAIM_REFUSE:
		r = error_set(err, plan->reason.code, "%s", plan->reason.text);
		report_failure(provisioner, sight, err);
		return r;
	case CLAIM_RESCHEDULE:
		report_failure(provisioner, sight, &plan->reason);
		return claim_intent_drop(client, claim, true, err);
	case CLAIM_CHOOSE:
	case CLAIM_PROVISION:
		r = provision(provisioner, sight, plan, err);
		if (r < 0)
			report_failure(provisioner, sight, err);
		return r;
	case CLAIM_UNDO:
		return undo(provisioner, claim, plan, err);
	case CLAIM_SETTLE:
		/* Without the intent, a copy that does not show the volume would make it again. */
		return sight->copy_lags ? 1 : claim_intent_drop(client, claim, false, err);
	}
	return 0;
}

static int reconcile_claim(void *context, const char *key, struct error *err)
{
	struct provisioner *provisioner = context;
	CLEANUP(claim_sight_done) struct claim_sight sight = { .arena = arena_new(1024) };
	struct claim_plan plan;
	if (lead_check(&provisioner->options.lead, err) < 0)
		return -1;
	int r = claim_sight_take(provisioner->cluster, provisioner->options.client, key, &sight,
				 err);
	if (r != 0)
		return r < 0 ? -1 : 0;
	claim_sight_plan(&sight, &plan);
	r = apply(provisioner, &sight, &plan, err);
	return r > 0 ? AGAIN_MS : r;
}

static int apply_to_volume(struct provisioner *provisioner, const struct volume_view *view,
			   const struct volume_plan *plan, struct error *err)
{
	const struct volume_reclaimer *reclaimer = &provisioner->reclaimer;
	switch (plan->decision) {
	case VOLUME_IGNORE:
		return 0;
	case VOLUME_ADD_FINALIZER:
		return volume_add_finalizer(reclaimer, view->volume, err);
	case VOLUME_DROP_FINALIZER:
		return volume_drop_finalizer(reclaimer, view->volume, err);
	case VOLUME_RECLAIM:
		return volume_reclaim(reclaimer, view, err);
	case VOLUME_NODE_GONE:
	case VOLUME_STUCK:
		return error_set(err, plan->reason.code, "%s", plan->reason.text);
	}
	return 0;
}

static void report_volume_failure(struct provisioner *provisioner,
				  const struct persistent_volume *volume, const struct error *err)
{
	measure_delete(volume->class_name, 0, err);
	event_record(provisioner->options.events, &volume->object, EVENT_WARNING,
		     "VolumeFailedDelete", "%s", err->text);
}

/* The claim goes with its last pod, but the kubelet unmounts a little later: no reason to alarm
 * anybody, and not long to wait for. */
static bool is_being_unmounted(const struct persistent_volume *volume, const struct error *err)
{
	return err->code == ERROR_IN_USE && volume->phase == PERSISTENT_VOLUME_RELEASED &&
	       clock_wall_s() - volume->phase_since_s < UNMOUNT_GRACE_S;
}

static int settle_volume(struct provisioner *provisioner, const struct volume_view *view,
			 struct error *err)
{
	struct volume_plan plan;
	volume_plan(view, &plan);
	int r = apply_to_volume(provisioner, view, &plan, err);
	if (r == 0)
		return 0;
	bool finalizer =
		plan.decision == VOLUME_ADD_FINALIZER || plan.decision == VOLUME_DROP_FINALIZER;
	if (finalizer && (err->code == ERROR_CONFLICT || err->code == ERROR_INVALID))
		return AGAIN_MS;
	if (is_being_unmounted(view->volume, err))
		return UNMOUNT_MS;
	if (!finalizer)
		report_volume_failure(provisioner, view->volume, err);
	return plan.decision == VOLUME_NODE_GONE ? NODE_GONE_MS : -1;
}

static int reconcile_volume(void *context, const char *key, struct error *err)
{
	struct provisioner *provisioner = context;
	CLEANUP(object_unrefp) struct object *object = cluster_volume(provisioner->cluster, key);
	CLEANUP(object_unrefp) struct object *claim = NULL;
	CLEANUP_TEXT struct text node = TEXT_INIT;
	if (lead_check(&provisioner->options.lead, err) < 0)
		return -1;
	if (!object)
		return 0;
	const struct persistent_volume *volume = persistent_volume_of(object);
	bool has_node =
		volume->node_id && cluster_find_node(provisioner->cluster, volume->node_id, &node);
	if (volume->claim_namespace && volume->claim_name)
		claim = cluster_claim(provisioner->cluster, volume->claim_namespace,
				      volume->claim_name);
	struct volume_view view = {
		.volume = volume,
		.claim = claim ? claim_of(claim) : NULL,
		.node = has_node ? text_string(&node) : NULL,
	};
	return settle_volume(provisioner, &view, err);
}

static void claim_failed(void *context, const char *key, const struct error *err,
			 uint32_t retry_after_ms)
{
	log_warning("claim failed", LOG_TEXT("claim", key), LOG_ERR(err),
		    LOG_UINT("retry_after_ms", retry_after_ms));
}

static void volume_failed(void *context, const char *key, const struct error *err,
			  uint32_t retry_after_ms)
{
	log_warning("volume failed", LOG_TEXT("volume", key), LOG_ERR(err),
		    LOG_UINT("retry_after_ms", retry_after_ms));
}

static struct workqueue *new_queue(struct provisioner *provisioner, const char *name,
				   unsigned workers, reconcile_fn *reconcile,
				   void (*failed)(void *, const char *, const struct error *,
						  uint32_t))
{
	return workqueue_new(&(struct workqueue_options) {
		.name = name,
		.workers = workers,
		.backoff_min_ms = provisioner->options.backoff_min_ms,
		.backoff_max_ms = provisioner->options.backoff_max_ms,
		.reconcile = reconcile,
		.failed = failed,
		.context = provisioner,
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

struct provisioner *provisioner_new(const struct provisioner_options *options)
{
	struct provisioner *provisioner = must_alloc(sizeof(*provisioner));
	provisioner->options = *options;
	provisioner->channels = new_channels(provisioner);
	provisioner->maker = (struct claim_provisioner) {
		.client = options->client,
		.events = options->events,
		.channels = provisioner->channels,
		.lead = options->lead,
		.identity = options->identity,
		.timeout_ms = options->call_timeout_ms,
	};
	provisioner->reclaimer = (struct volume_reclaimer) {
		.client = options->client,
		.channels = provisioner->channels,
		.lead = options->lead,
		.timeout_ms = options->call_timeout_ms,
	};
	provisioner->claims = new_queue(provisioner, "claims", options->claim_workers,
					reconcile_claim, claim_failed);
	provisioner->volumes = new_queue(provisioner, "volumes", options->volume_workers,
					 reconcile_volume, volume_failed);
	provisioner->cluster = cluster_new(&(struct cluster_options) {
		.client = options->client,
		.namespace = options->namespace,
		.node_service = options->node_service,
		.claim_touched = claim_touched,
		.volume_touched = volume_touched,
		.failed = watch_failed,
		.context = provisioner,
	});
	return provisioner;
}

int provisioner_start(struct provisioner *provisioner, uint32_t timeout_ms, struct error *err)
{
	if (cluster_wait_synced(provisioner->cluster, timeout_ms, err) < 0)
		return -1;
	workqueue_start(provisioner->claims);
	workqueue_start(provisioner->volumes);
	atomic_store(&provisioner->started, true);
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
	if (node_channels_check_tls(provisioner->channels, &err) < 0)
		log_error("certificates cannot be used", LOG_ERR(&err));
}

void provisioner_stop(struct provisioner *provisioner)
{
	if (!provisioner || provisioner->stopped)
		return;
	provisioner->stopped = true;
	workqueue_stop(provisioner->claims);
	workqueue_stop(provisioner->volumes);
}

void provisioner_free(struct provisioner *provisioner)
{
	if (!provisioner)
		return;
	provisioner_stop(provisioner);
	cluster_free(provisioner->cluster);
	workqueue_free(provisioner->claims);
	workqueue_free(provisioner->volumes);
	node_channels_free(provisioner->channels);
	free(provisioner);
}
