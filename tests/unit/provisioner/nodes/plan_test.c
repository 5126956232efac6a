/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/plan.h"

#include <string.h>

#include "base/clock.h"
#include "sample.h"
#include "test.h"

#define FINALIZER "external-provisioner.volume.kubernetes.io/finalizer"
#define OURS "topology.kentledge.io/node"

/* Bound, policy Delete, on node-a, made at 08:00. The node is noted as missing since 09:00. */
#define VOLUME                                                                                     \
	"{'metadata':{'name':'pvc-u1','uid':'v1','creationTimestamp':'2026-11-24T08:00:00Z',"      \
	"'finalizers':['" FINALIZER "'],"                                                          \
	"'annotations':{'kentledge.io/node-gone-since':'2026-11-24T09:00:00Z'}},"                  \
	"'spec':{'persistentVolumeReclaimPolicy':'Delete',"                                        \
	"'csi':{'driver':'kentledge.io','volumeHandle':'pvc-u1'},"                                 \
	"'claimRef':{'namespace':'default','name':'www','uid':'u1'},"                              \
	"'nodeAffinity':{'required':{'nodeSelectorTerms':[{'matchExpressions':["                   \
	"{'key':'" OURS "','operator':'In','values':['node-a']}]}]}}},"                            \
	"'status':{'phase':'Bound'}}"

#define CLAIM                                                                                      \
	"{'metadata':{'name':'www','namespace':'default','uid':'u1'},"                             \
	"'spec':{'accessModes':['ReadWriteOnce'],'volumeName':'pvc-u1'}}"

#define SINCE(time) "'annotations':{'kentledge.io/node-gone-since':" time "}"
#define NO_NOTE SINCE("null")
#define RETAIN "'spec':{'persistentVolumeReclaimPolicy':'Retain'}"
#define RELEASED "'status':{'phase':'Released'}"

struct row {
	const char *what;
	const char *volume; /* merge patch */
	const char *claim;  /* merge patch; NULL: no claim */
	bool there;
	const char *now; /* of that day; NULL: 09:30 */
	enum node_life_decision decision;
	uint32_t wait_s;
	bool keep; /* forget_released is off */
};

static void check(const struct row *row)
{
	CLEANUP(object_unrefp)
	struct object *volume = sample_object(&persistent_volume_kind, VOLUME, row->volume);
	CLEANUP(object_unrefp)
	struct object *claim = row->claim ? sample_object(&claim_kind, CLAIM, row->claim) : NULL;
	struct node_life_view view = {
		.volume = persistent_volume_of(volume),
		.claim = claim ? claim_of(claim) : NULL,
		.node_is_there = row->there,
		.gone_after_s = 3600,
		.forget_released = !row->keep,
	};
	struct node_life_plan plan;
	assert_true(clock_parse_s(row->now ? row->now : "2026-11-24T09:30:00Z", &view.now_s));
	node_life_plan(&view, &plan);
	if (plan.decision != row->decision || plan.wait_s != row->wait_s)
		fail_msg("%s: decision %d, wait %u instead of %d, %u", row->what, plan.decision,
			 plan.wait_s, row->decision, row->wait_s);
}

#define CHECK_ALL(rows)                                                                            \
	for (size_t i = 0; i < sizeof(rows) / sizeof(*(rows)); i++)                                \
	check(&(rows)[i])

#define TEN "2026-11-24T10:00:00Z"

static void counts_the_time_of_a_missing_node(void **state)
{
	static const struct row rows[] = {
		{ "there, no note", "{'metadata':{" NO_NOTE "}}", "{}", true, NULL,
		  NODE_LIFE_IGNORE, 0, false },
		{ "there again", NULL, "{}", true, NULL, NODE_LIFE_UNMARK, 0, false },
		{ "there again, after the time", NULL, "{}", true, TEN, NODE_LIFE_UNMARK, 0,
		  false },
		{ "missing, no note", "{'metadata':{" NO_NOTE "}}", "{}", false, NULL,
		  NODE_LIFE_MARK, 0, false },
		{ "missing, half the time", NULL, "{}", false, NULL, NODE_LIFE_WAIT, 1800, false },
		{ "missing, a second is left", NULL, "{}", false, "2026-11-24T09:59:59Z",
		  NODE_LIFE_WAIT, 1, false },
		{ "released, half the time", "{" RELEASED "}", NULL, false, NULL, NODE_LIFE_WAIT,
		  1800, false },
		{ "no affinity", "{'spec':{'nodeAffinity':null}}", "{}", false, TEN,
		  NODE_LIFE_UNMARK, 0, false },
		{ "no affinity, no note", "{'metadata':{" NO_NOTE "},'spec':{'nodeAffinity':null}}",
		  NULL, false, TEN, NODE_LIFE_IGNORE, 0, false },
		{ "another driver's", "{'spec':{'csi':{'driver':'other.io'}}," RELEASED "}", NULL,
		  false, TEN, NODE_LIFE_IGNORE, 0, false },
	};
	CHECK_ALL(rows);
}

/* The note says that the time is up. */
static void deletes_nothing_that_it_has_not_missed_itself(void **state)
{
	static const struct {
		const char *volume;
		const char *claim;
		int64_t gone_after_s, seen_s;
		enum node_life_decision decision;
		uint32_t wait_s;
	} rows[] = {
		{ "{" RELEASED "}", NULL, 3600, 0, NODE_LIFE_WAIT, 300 },
		{ "{" RELEASED "}", NULL, 3600, 299, NODE_LIFE_WAIT, 1 },
		{ "{" RELEASED "}", NULL, 3600, 300, NODE_LIFE_FORGET, 0 },
		{ "{" RELEASED "}", NULL, 10, 3, NODE_LIFE_WAIT, 7 },
		{ "{" RELEASED "}", NULL, 10, 10, NODE_LIFE_FORGET, 0 },
		{ NULL, "{}", 3600, 0, NODE_LIFE_TELL, 0 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEANUP(object_unrefp)
		struct object *volume =
			sample_object(&persistent_volume_kind, VOLUME, rows[i].volume);
		CLEANUP(object_unrefp)
		struct object *claim =
			rows[i].claim ? sample_object(&claim_kind, CLAIM, rows[i].claim) : NULL;
		struct node_life_view view = {
			.volume = persistent_volume_of(volume),
			.claim = claim ? claim_of(claim) : NULL,
			.gone_after_s = rows[i].gone_after_s,
			.seen_s = rows[i].seen_s,
			.sight_s = 300,
			.forget_released = true,
		};
		struct node_life_plan plan;
		assert_true(clock_parse_s(TEN, &view.now_s));
		node_life_plan(&view, &plan);
		assert_int_equal(plan.decision, rows[i].decision);
		assert_int_equal(plan.wait_s, rows[i].wait_s);
	}
}

static void acts_when_the_time_is_up(void **state)
{
	static const struct row rows[] = {
		{ "bound", NULL, "{}", false, TEN, NODE_LIFE_TELL, 0, false },
		{ "released", "{" RELEASED "}", NULL, false, TEN, NODE_LIFE_FORGET, 0, false },
		{ "released, being deleted",
		  "{'metadata':{'deletionTimestamp':'2026-11-24T09:15:02Z'}," RELEASED "}", NULL,
		  false, TEN, NODE_LIFE_FORGET, 0, false },
		{ "released, a claim of the same name is another", "{" RELEASED "}",
		  "{'metadata':{'uid':'u2'}}", false, TEN, NODE_LIFE_FORGET, 0, false },
		{ "released, its claim is there in our copy", "{" RELEASED "}", "{}", false, TEN,
		  NODE_LIFE_TELL, 0, false },
		{ "released, being deleted without our finalizer",
		  "{'metadata':{'finalizers':['x/y'],'deletionTimestamp':'2026-11-24T09:15:02Z'}"
		  "," RELEASED "}",
		  NULL, false, TEN, NODE_LIFE_IGNORE, 0, false },
		{ "released, and they are kept", "{" RELEASED "}", NULL, false, TEN,
		  NODE_LIFE_IGNORE, 0, true },
		{ "bound, its claim is not in our copy", NULL, NULL, false, TEN, NODE_LIFE_IGNORE,
		  0, false },
		{ "available", "{'status':{'phase':'Available'}}", NULL, false, TEN,
		  NODE_LIFE_IGNORE, 0, false },
	};
	CHECK_ALL(rows);
}

/* Requirement I7. */
static void writes_nothing_on_a_volume_that_is_retained(void **state)
{
	static const struct row rows[] = {
		{ "bound, no note", "{'metadata':{" NO_NOTE "}," RETAIN "}", "{}", false, TEN,
		  NODE_LIFE_TELL, 0, false },
		{ "released, no note", "{'metadata':{" NO_NOTE "}," RETAIN "," RELEASED "}", NULL,
		  false, TEN, NODE_LIFE_IGNORE, 0, false },
		{ "Retain since the note", "{" RETAIN "," RELEASED "}", NULL, false, TEN,
		  NODE_LIFE_UNMARK, 0, false },
		{ "there", "{'metadata':{" NO_NOTE "}," RETAIN "}", "{}", true, TEN,
		  NODE_LIFE_IGNORE, 0, false },
	};
	CHECK_ALL(rows);
}

static void does_not_trust_clocks_that_were_wrong(void **state)
{
	static const struct row rows[] = {
		{ "a note from before the volume",
		  "{'metadata':{" SINCE("'1970-01-01T00:10:00Z'") "}," RELEASED "}", NULL, false,
		  TEN, NODE_LIFE_MARK, 0, false },
		{ "a note from the future",
		  "{'metadata':{" SINCE("'2026-11-25T00:00:00Z'") "}," RELEASED "}", NULL, false,
		  TEN, NODE_LIFE_MARK, 0, false },
		{ "a note a little ahead of our clock",
		  "{'metadata':{" SINCE("'2026-11-24T10:04:00Z'") "}," RELEASED "}", NULL, false,
		  TEN, NODE_LIFE_WAIT, 3600, false },
		{ "a note that is no time", "{'metadata':{" SINCE("'yesterday'") "}," RELEASED "}",
		  NULL, false, TEN, NODE_LIFE_MARK, 0, false },
		{ "our clock is before the volume", "{" RELEASED "}", NULL, false,
		  "1970-01-02T00:00:00Z", NODE_LIFE_WAIT, 3600, false },
	};
	CHECK_ALL(rows);
}

static void takes_no_jump_of_the_clock_for_time_that_passed(void **state)
{
	static const struct {
		int64_t wall_s;
		uint64_t boot_ms;
		int64_t now_s;
	} rows[] = {
		{ 1000000, 5000, 1000000 },  /* at the start */
		{ 1000060, 65000, 1000060 }, /* a minute later */
		{ 9999999, 65000, 1000060 }, /* it has jumped ahead */
		{ 900000, 65000, 900000 },   /* it has jumped back: later is safe */
	};
	const struct node_life_time start = { .wall_s = 1000000, .boot_ms = 5000 };
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct node_life_time now = { rows[i].wall_s, rows[i].boot_ms };
		assert_int_equal(node_life_now_s(&start, &now), rows[i].now_s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_the_time_of_a_missing_node),
		cmocka_unit_test(deletes_nothing_that_it_has_not_missed_itself),
		cmocka_unit_test(acts_when_the_time_is_up),
		cmocka_unit_test(writes_nothing_on_a_volume_that_is_retained),
		cmocka_unit_test(does_not_trust_clocks_that_were_wrong),
		cmocka_unit_test(takes_no_jump_of_the_clock_for_time_that_passed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
