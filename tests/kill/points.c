/* SPDX-License-Identifier: Apache-2.0 */
#include "points.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum ending { RETRY, INSTEAD };

static const char *const ending_names[] = { "then the same call again", "then the opposite call" };

struct attempt {
	struct life life;
	const struct points_options *options;
	struct points_result result;
	unsigned long serial;

	size_t call;
	struct trace_point point;
	enum ending ending;
	bool in_child;
	struct change change;
};

static void complain(struct attempt *attempt, const char *when, const struct error *err)
{
	attempt->result.failures++;
	if (!attempt->point.number) {
		printf("FAILED: %s: %s: %s after its answer: %s%s\n", attempt->life.scenario->name,
		       life_call_name(&attempt->life, attempt->call),
		       attempt->options->power ? "power lost" : "nothing lost", when, err->text);
		return;
	}
	printf("FAILED: %s: %s: %s %s change %u of it (%s%s)%s, %s: %s%s\n",
	       attempt->life.scenario->name, life_call_name(&attempt->life, attempt->call),
	       attempt->options->power ? "power lost" : "killed",
	       attempt->point.side == TRACE_BEFORE ? "before" : "after", attempt->point.number,
	       attempt->in_child ? "in a child: " : "", attempt->change.text,
	       attempt->point.children_survive ? " (children live on)" : "",
	       ending_names[attempt->ending], when, err->text);
	fflush(stdout);
}

static int live_range(struct attempt *attempt, size_t begin, size_t end, struct error *err)
{
	for (size_t call = begin; call < end; call++)
		if (life_live(&attempt->life, call, err) < 0) {
			error_prefix(err, "%s", life_call_name(&attempt->life, call));
			return -1;
		}
	return 0;
}

static size_t call_count(const struct attempt *attempt)
{
	return 2 * attempt->life.scenario->step_count;
}

/* Where the life goes on after the kill. The opposite of the i-th step lies as far from the end of
 * the list as the step from its beginning. */
static size_t next_call(const struct attempt *attempt)
{
	return attempt->ending == RETRY ? attempt->call : call_count(attempt) - 1 - attempt->call;
}

/* Mounts are gone with the power. The node comes up, and pods that are to run get them again. */
static int repeat_lost(struct attempt *attempt, size_t call, struct error *err)
{
	size_t steps = attempt->life.scenario->step_count;
	size_t held = call < steps ? call : call_count(attempt) - call;
	for (size_t step = 0; step < held; step++)
		if (attempt->life.scenario->steps[step].lost_with_power &&
		    life_live(&attempt->life, step, err) < 0)
			return error_prefix(err, "%s once more",
					    life_call_name(&attempt->life, step));
	return 0;
}

static int go_on(struct attempt *attempt, struct error *err)
{
	if (attempt->options->power && repeat_lost(attempt, attempt->call, err) < 0)
		return -1;
	if (live_range(attempt, next_call(attempt), call_count(attempt), err) < 0)
		return -1;
	return life_check_nothing_left(&attempt->life, err);
}

static void keep_disk(void *context)
{
	struct attempt *attempt = context;
	disk_keep(&attempt->life.disk);
}

static bool strike(struct attempt *attempt)
{
	void *context;
	struct trace *trace = &attempt->life.trace;
	trace_rpc *rpc = life_rpc(&attempt->life, attempt->call, &context);
	trace->at_point = attempt->options->power ? keep_disk : NULL;
	trace->context = attempt;
	bool struck = trace_strike(trace, &attempt->point, rpc, context);
	trace->at_point = NULL;
	attempt->change = trace->change;
	attempt->in_child = trace->struck_in_child;
	if (struck && attempt->options->power) {
		trace_kill(trace);
		disk_lose_power(&attempt->life.disk);
	}
	if (struck)
		trace_start(trace);
	return struck;
}

/* False: the call has no such point. */
static bool try_point(struct attempt *attempt)
{
	struct error err = { 0 };
	if (live_range(attempt, 0, attempt->call, &err) < 0) {
		complain(attempt, "before the kill, ", &err);
		life_renew(&attempt->life);
		return true;
	}
	bool struck = strike(attempt);
	if (!struck)
		attempt->ending = RETRY;
	attempt->result.kills += struck;
	if (go_on(attempt, &err) < 0) {
		complain(attempt, "", &err);
		life_renew(&attempt->life);
	}
	return struck;
}

/* The power fails just when the answer is out: what it said holds. */
static int lose_answered(struct attempt *attempt, struct error *err)
{
	struct life *life = &attempt->life;
	size_t next = attempt->call + 1;
	if (live_range(attempt, 0, next, err) < 0)
		return -1;
	disk_keep(&life->disk);
	trace_kill(&life->trace);
	disk_lose_power(&life->disk);
	trace_start(&life->trace);
	if (repeat_lost(attempt, next, err) < 0 ||
	    live_range(attempt, next, call_count(attempt), err) < 0)
		return -1;
	return life_check_nothing_left(life, err);
}

static void try_answered(struct attempt *attempt)
{
	struct error err = { 0 };
	attempt->point = (struct trace_point) { 0 };
	attempt->result.points++;
	attempt->result.kills++;
	if (lose_answered(attempt, &err) == 0)
		return;
	complain(attempt, "", &err);
	life_renew(&attempt->life);
}

/* Of the points of children each scenario takes a part, and of all each run. */
static bool is_chosen(struct attempt *attempt)
{
	return attempt->serial++ % attempt->options->every == 0;
}

static bool may_stop(const struct attempt *attempt)
{
	return attempt->options->stop_after &&
	       attempt->result.failures >= attempt->options->stop_after;
}

static bool try_number(struct attempt *attempt, unsigned number, bool children_survive)
{
	bool there = true;
	for (int side = TRACE_BEFORE; side <= TRACE_AFTER; side++)
		for (int ending = RETRY; ending <= INSTEAD && there && !may_stop(attempt);
		     ending++) {
			attempt->point = (struct trace_point) { number, (enum trace_side)side,
								children_survive };
			attempt->ending = (enum ending)ending;
			if (is_chosen(attempt))
				there = try_point(attempt);
		}
	return there;
}

static int count_changes(struct attempt *attempt, unsigned *ret_changes, struct error *err)
{
	void *context;
	if (live_range(attempt, 0, attempt->call, err) < 0)
		return -1;
	trace_rpc *rpc = life_rpc(&attempt->life, attempt->call, &context);
	if (rpc && trace_call(&attempt->life.trace, rpc, context, ret_changes, err) < 0)
		return -1;
	if (live_range(attempt, attempt->call, call_count(attempt), err) < 0)
		return -1;
	return life_check_nothing_left(&attempt->life, err);
}

static void try_call(struct attempt *attempt)
{
	struct error err = { 0 };
	unsigned changes = 0;
	unsigned kills = attempt->result.kills;
	if (count_changes(attempt, &changes, &err) < 0) {
		complain(attempt, "without a kill, ", &err);
		life_renew(&attempt->life);
	}
	attempt->result.points += 2 * changes;
	if (attempt->options->power && changes)
		try_answered(attempt);
	for (unsigned number = 1; number <= changes && !may_stop(attempt); number++) {
		attempt->in_child = false;
		if (!try_number(attempt, number, false))
			break;
		if (attempt->in_child && !attempt->options->power)
			try_number(attempt, number, true);
		/* A child's own points are many and alike. */
		if (attempt->in_child)
			number += attempt->life.scenario->every - 1;
	}
	if (changes)
		printf("%s: %s: %u changes, %u points, %u tried\n", attempt->life.scenario->name,
		       life_call_name(&attempt->life, attempt->call), changes, 2 * changes,
		       attempt->result.kills - kills);
	fflush(stdout);
}

void points_try(const struct scenario *scenario, const struct points_options *options,
		struct points_result *ret_result)
{
	struct attempt *attempt = calloc(1, sizeof(*attempt));
	attempt->options = options;
	life_init(&attempt->life, scenario, options->preload);
	size_t end = call_count(attempt) - scenario->skipped;
	for (attempt->call = scenario->skipped; attempt->call < end && !may_stop(attempt);
	     attempt->call++)
		try_call(attempt);
	life_done(&attempt->life);
	*ret_result = attempt->result;
	free(attempt);
}
