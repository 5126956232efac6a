/* SPDX-License-Identifier: Apache-2.0 */
#include "health/apply.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "kube/event.h"
#include "kube/json.h"
#include "kube/verbs.h"

#define LOG_CLAIM(c) LOG_NAME("claim", (c)->object.namespace, (c)->object.name)

/* Another writer may be faster so many times in a row. */
#define WRITES_MAX 5

/* What a program reads of it: external-health-monitor's reasons. */
#define REASON_ABNORMAL "VolumeConditionAbnormal"
#define REASON_NORMAL "VolumeConditionNormal"

static void announce(const struct applier *applier, const struct health_report *report)
{
	struct memory_volume *volume = report->volume;
	CLEANUP(arena_freep) struct arena *arena = NULL;
	if (!volume || !health_differs(volume->announced, report->plan->set))
		return;
	arena = arena_new(1024);
	if (report->plan->count)
		event_record(applier->events, &report->claim->object, EVENT_WARNING,
			     REASON_ABNORMAL, "%s", health_text(report->plan, arena));
	else
		event_record(applier->events, &report->claim->object, EVENT_NORMAL, REASON_NORMAL,
			     "nothing is known to be wrong with volume %s any more",
			     report->claim->volume_name);
	free(volume->announced);
	volume->announced = must_strdup(report->plan->set);
}

static bool is_dropped(struct health_field *field)
{
	return clock_monotonic_ms() < atomic_load(&field->dropped_until_ms);
}

/* The answer shows what the API server has kept. */
static void check_kept(struct health_field *field, const struct claim *written,
		       const struct health_plan *plan)
{
	if (!health_differs(written->health, plan->set)) {
		atomic_store(&field->dropped_until_ms, 0);
		return;
	}
	atomic_store(&field->dropped_until_ms, clock_monotonic_ms() + HEALTH_DROPPED_MS);
	log_warning("the API server does not keep status.healthStatus of claims (feature gate "
		    "CSIVolumeHealth): events say what is wrong with volumes, for an hour",
		    LOG_CLAIM(written));
}

/* The claim may be written by others meanwhile. */
static int write_status(const struct applier *applier, struct health_field *field,
			const struct health_report *report, struct error *err)
{
	const struct object *begun = &report->claim->object;
	CLEANUP(object_unrefp) struct object *newest = object_ref((struct object *)begun);
	for (unsigned i = 0; i < WRITES_MAX; i++) {
		CLEANUP(object_unrefp) struct object *written = NULL;
		if (!health_differs(claim_of(newest)->health, report->plan->set))
			return 0;
		CLEANUP(json_object_putp)
		struct json_object *patch =
			health_patch(claim_of(newest), report->plan, clock_wall_s());
		if (applier_merge_status(applier, newest, patch, &written, err) == 0) {
			check_kept(field, claim_of(written), report->plan);
			return 0;
		}
		if (err->code != ERROR_CONFLICT)
			return -1;
		object_unref(TAKE(newest));
		if (kube_get(applier->client, &claim_kind, begun->namespace, begun->name, &newest,
			     err) < 0)
			return -1;
		if (strcmp(newest->uid, begun->uid) != 0)
			return error_set(err, ERROR_NOT_FOUND, "the claim was replaced");
	}
	return -1;
}

int health_apply(const struct applier *applier, struct health_field *field,
		 const struct health_report *report, struct error *err)
{
	if (!is_dropped(field) && health_differs(report->claim->health, report->plan->set) &&
	    write_status(applier, field, report, err) < 0)
		return err->code == ERROR_NOT_FOUND ? 0 : -1;
	if (is_dropped(field))
		announce(applier, report);
	return 0;
}
