/* SPDX-License-Identifier: Apache-2.0 */
#include "apply/snapshot_turn.h"

#include <stdatomic.h>
#include <string.h>

#include "apply/place.h"
#include "apply/snapshot_lease.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/text.h"
#include "base/ticker.h"
#include "cluster/cluster.h"
#include "cluster/snapshot.h"
#include "kube/json.h"
#include "kube/verbs.h"

/* A settled controller answers within a second or two; while its leader changes, up to 17 pass.
 * The others are so much shorter than a probe where a test makes that shorter. */
#define PROBE_TO_LOOK 15
#define PROBE_TO_IDLE_LOOK 3
#define PROBE_TO_AGAIN 20

#define NO_CLAIM "kentledge-snapshot-probe-no-such-claim"

enum { LEASES = 2 };

struct snapshot_turn {
	const struct applier *applier;
	struct ticker ticker;
	struct snapshot_lease leases[LEASES];
	char *probe_uid;    /* NULL: there is none now */
	uint64_t probed_ms; /* when it was made */
	uint64_t due_ms;    /* when to probe next */
	bool held;	    /* by the last look, a lease is */
	bool reported;	    /* that we stand by */
	bool failed;	    /* the last look did */
	atomic_bool ours;
};

static struct metric active_metric = {
	.name = "kentledge_snapshot_controller_active",
	.help = "1 while this process does the work of a snapshot-controller for its driver.",
	.type = METRIC_GAUGE,
};

struct snapshot_turn *snapshot_turn_new(const struct applier *applier)
{
	struct snapshot_turn *turn = must_alloc(sizeof(*turn));
	turn->applier = applier;
	atomic_init(&turn->ours, applier->snapshots_always);
	metric_set(&active_metric, NULL, applier->snapshots_always);
	return turn;
}

void snapshot_turn_free(struct snapshot_turn *turn)
{
	if (!turn)
		return;
	snapshot_turn_stop(turn);
	for (int i = 0; i < LEASES; i++)
		snapshot_lease_done(&turn->leases[i]);
	free(turn->probe_uid);
	free(turn);
}

bool snapshot_turn_is_ours(const struct snapshot_turn *turn)
{
	return atomic_load(&turn->ours);
}

static const char *own_namespace(const struct snapshot_turn *turn)
{
	return cluster_namespace(turn->applier->cluster);
}

bool snapshot_turn_is_probe(const struct snapshot_turn *turn, const char *name)
{
	CLEANUP_FREE char *probe = must_printf("%s/" SNAPSHOT_PROBE_NAME, own_namespace(turn));
	return strcmp(name, probe) == 0;
}

bool snapshot_turn_stands_by(void *context)
{
	const struct placer *placer = context;
	return !snapshot_turn_is_ours(placer->applier->turn);
}

static void stand_by(struct snapshot_turn *turn, const char *why)
{
	bool was_ours = atomic_exchange(&turn->ours, false);
	metric_set(&active_metric, NULL, 0);
	if (was_ours || !turn->reported)
		log_info("standing by for the snapshot-controller", LOG_TEXT("why", why));
	turn->reported = true;
}

static void act(struct snapshot_turn *turn)
{
	if (atomic_exchange(&turn->ours, true))
		return;
	metric_set(&active_metric, NULL, 1);
	turn->reported = false;
	log_info("acting as the snapshot-controller",
		 LOG_TEXT("why", "no other one holds a lease or answers the probe"));
	applier_resumed(turn->applier);
}

/* 1: a lease is held. */
static int look_at_leases(struct snapshot_turn *turn, struct error *err)
{
	const char *const namespaces[LEASES] = { turn->applier->snapshot_lease_namespace,
						 own_namespace(turn) };
	int held = 0;
	for (int i = 0; i < LEASES; i++) {
		int r = snapshot_lease_look(&turn->leases[i], turn->applier->client, namespaces[i],
					    turn->applier->snapshot_probe_ms, err);
		if (r < 0)
			return error_prefix(err, "%s/%s", namespaces[i], SNAPSHOT_LEASE_NAME);
		held |= r;
	}
	return held;
}

static int read_probe(const struct snapshot_turn *turn, struct object **ret_probe,
		      struct error *err)
{
	return kube_get(turn->applier->client, &snapshot_kind, own_namespace(turn),
			SNAPSHOT_PROBE_NAME, ret_probe, err);
}

/* One of an earlier process, or our own. */
static int remove_probe(struct snapshot_turn *turn, struct error *err)
{
	CLEANUP(object_unrefp) struct object *probe = NULL;
	free(TAKE(turn->probe_uid));
	if ((read_probe(turn, &probe, err) < 0 || applier_delete(turn->applier, probe, err) < 0) &&
	    err->code != ERROR_NOT_FOUND)
		return -1;
	return 0;
}

static struct json_object *probe_json(const struct snapshot_turn *turn)
{
	struct json_object *json =
		object_json(&snapshot_kind, own_namespace(turn), SNAPSHOT_PROBE_NAME);
	json_set_string(json_child(json_child(json, "metadata"), "annotations"),
			"kentledge.io/purpose",
			"shows whether a snapshot-controller is at work; removed within a minute");
	json_set_string(json_child(json_child(json, "spec"), "source"), "persistentVolumeClaimName",
			NO_CLAIM);
	return json;
}

static int make_probe(struct snapshot_turn *turn, struct error *err)
{
	CLEANUP(json_object_putp) struct json_object *body = probe_json(turn);
	CLEANUP(object_unrefp) struct object *probe = NULL;
	if (remove_probe(turn, err) < 0 ||
	    applier_create_object(turn->applier, &snapshot_kind, body, &probe, err) < 0)
		return -1;
	turn->probe_uid = must_strdup(probe->uid);
	turn->probed_ms = clock_monotonic_ms();
	return 0;
}

static bool is_answered(const struct snapshot *probe)
{
	return probe->object.finalizer_count > 0 || probe->has_status || probe->class_name;
}

static void end_probe(struct snapshot_turn *turn)
{
	struct error err;
	turn->due_ms =
		clock_monotonic_ms() + (uint64_t)turn->applier->snapshot_probe_ms * PROBE_TO_AGAIN;
	if (turn->probe_uid && remove_probe(turn, &err) < 0)
		log_warning("probe not removed", LOG_TEXT("snapshot", SNAPSHOT_PROBE_NAME),
			    LOG_ERR(&err));
}

static int look_at_probe(struct snapshot_turn *turn, struct error *err)
{
	CLEANUP(object_unrefp) struct object *probe = NULL;
	if (read_probe(turn, &probe, err) < 0) {
		if (err->code == ERROR_NOT_FOUND)
			free(TAKE(turn->probe_uid)); /* and make another one */
		return -1;
	}
	if (is_answered(snapshot_of(probe))) {
		stand_by(turn, "another one answers the probe");
		end_probe(turn);
	} else if (clock_monotonic_ms() - turn->probed_ms >= turn->applier->snapshot_probe_ms) {
		end_probe(turn);
		act(turn);
	}
	return 0;
}

static int look(struct snapshot_turn *turn, struct error *err)
{
	if (!cluster_serves(turn->applier->cluster, CLUSTER_SNAPSHOTS))
		return 0;
	int held = look_at_leases(turn, err);
	if (held < 0)
		return -1;
	if (held) {
		stand_by(turn, "the lease " SNAPSHOT_LEASE_NAME " is held");
		end_probe(turn);
	} else if (turn->held) {
		turn->due_ms = 0;
	}
	turn->held = held;
	if (held)
		return 0;
	if (turn->probe_uid)
		return look_at_probe(turn, err);
	return clock_monotonic_ms() >= turn->due_ms ? make_probe(turn, err) : 0;
}

static uint64_t run(void *context)
{
	struct snapshot_turn *turn = context;
	struct error err;
	bool failed = lead_check(&turn->applier->lead, &err) == 0 && look(turn, &err) < 0 &&
		      err.code != ERROR_CANCELLED;
	if (failed && !turn->failed)
		log_warning("cannot tell whether a snapshot-controller is at work", LOG_ERR(&err));
	turn->failed = failed;
	uint32_t probe_ms = turn->applier->snapshot_probe_ms;
	return turn->probe_uid ? probe_ms / PROBE_TO_LOOK : probe_ms / PROBE_TO_IDLE_LOOK;
}

void snapshot_turn_start(struct snapshot_turn *turn)
{
	struct error err;
	if (turn->applier->snapshots_always)
		return;
	if (ticker_start(&turn->ticker, "the look for a snapshot-controller", run, turn, &err) < 0)
		log_error("snapshots are not served", LOG_ERR(&err));
}

void snapshot_turn_stop(struct snapshot_turn *turn)
{
	ticker_stop(&turn->ticker);
}
