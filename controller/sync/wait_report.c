/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/wait_report.h"

#include <ctype.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "sync/waits.h"

/* "stale-claim" becomes "StaleClaim": reasons of events and conditions are in camel case. */
static const char *camel_case(struct arena *arena, const char *word)
{
	char *reason = arena_strdup(arena, word);
	char *to = reason;
	bool begins = true;
	for (const char *from = word; *from; from++) {
		if (*from != '-')
			*to++ = begins ? (char)toupper((unsigned char)*from) : *from;
		begins = *from == '-';
	}
	*to = '\0';
	return reason;
}

static enum waiting_event event_of(const struct hold *hold)
{
	/* These are reported at once, as requests that were refused: set_sync.c. */
	if (hold_is_refusal(hold->reason))
		return WAITING_SILENT;
	/* Slow, perhaps, but in order. */
	if (hold->reason == HOLD_POD_UNREADY || hold->reason == HOLD_POD_TERMINATING)
		return WAITING_NORMAL;
	return WAITING_WARNING;
}

static struct waiting waiting_of_hold(const struct hold *hold, struct arena *arena)
{
	CLEANUP_TEXT struct text sentence = TEXT_INIT;
	hold_describe(hold, &sentence);
	const char *object = hold->claim ? hold->claim : hold->pod;
	return (struct waiting) {
		.event = event_of(hold),
		.reason = camel_case(arena, hold_reason_text(hold->reason)),
		.object = object ? object : "",
		.message = arena_strdup(arena, text_string(&sentence)),
	};
}

static struct waiting waiting_of_failure(const struct error *failure)
{
	bool conflict = failure->code == ERROR_CONFLICT;
	return (struct waiting) {
		.event = conflict ? WAITING_WARNING : WAITING_SILENT,
		.reason = conflict ? "Conflict" : "RequestRefused",
		.object = "",
		.message = failure->text,
	};
}

static size_t collect(const struct wait_report *report, struct waiting list[static WAITING_MAX])
{
	const struct plan *plan = report->plan;
	size_t count = 0;
	for (size_t i = 0; plan && i < plan->hold_count && count < WAITING_MAX; i++)
		if (hold_needs_attention(plan->holds[i].reason))
			list[count++] = waiting_of_hold(&plan->holds[i], report->arena);
	const struct error *failure = report->failure;
	if (failure && failure->code != ERROR_CANCELLED && count < WAITING_MAX)
		list[count++] = waiting_of_failure(failure);
	return count;
}

static void record(void *context, const struct waiting *waiting)
{
	const struct wait_report *report = context;
	if (waiting->event != WAITING_SILENT)
		event_record(report->applier->events, &report->set->object,
			     waiting->event == WAITING_NORMAL ? EVENT_NORMAL : EVENT_WARNING,
			     waiting->reason, "%s", waiting->message);
}

uint32_t wait_report(const struct wait_report *report, struct statefulset_status *status)
{
	const struct object *set = &report->set->object;
	struct waiting list[WAITING_MAX];
	const struct waiting *longest;
	const struct waits_look look = {
		.set = arena_printf(report->arena, "%s/%s", set->namespace, set->name),
		.list = list,
		.count = collect(report, list),
		.now_ms = clock_monotonic_ms(),
		.report = record,
		.context = (void *)report,
	};
	uint32_t again_ms = waits_note(report->applier->waits, &look, &longest);
	status->waiting_reason = longest ? longest->reason : NULL;
	status->waiting_message = longest ? arena_strdup(report->arena, longest->message) : NULL;
	return again_ms;
}
