/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "set_scene.h"
#include "test.h"

#define ROLLING "'updateStrategy':{'type':'RollingUpdate','rollingUpdate':{'partition':0}},"
#define PARTITION(n)                                                                               \
	"'updateStrategy':{'type':'RollingUpdate','rollingUpdate':{'partition':" #n "}},"
#define ON_DELETE_STRATEGY "'updateStrategy':{'type':'OnDelete'},"
#define PARALLEL_SET "'podManagementPolicy':'Parallel',"

struct row {
	struct set_scene scene;
	const char *decisions;
};

static void check(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		CLEANUP(arena_freep) struct arena *arena = arena_new(1024);
		const char *decisions = scene_decisions(&rows[i].scene, arena);
		if (strcmp(decisions, rows[i].decisions) != 0)
			print_error("row %zu: %s pods \"%s\"\n", i, rows[i].scene.spec,
				    rows[i].scene.pods);
		assert_string_equal(decisions, rows[i].decisions);
	}
}

#define CHECK(rows) check(rows, sizeof(rows) / sizeof(rows[0]))

static void an_ordered_set_makes_one_pod_and_waits_until_it_is_ready(void **state)
{
	static const struct row rows[] = {
		{ { .spec = ROLLING "'replicas':3", .pods = "" }, "create 0" },
		{ { .spec = ROLLING "'replicas':3", .pods = "0P" }, "" },
		{ { .spec = ROLLING "'replicas':3", .pods = "0U" }, "" },
		{ { .spec = ROLLING "'replicas':3", .pods = "0T" }, "" },
		{ { .spec = ROLLING "'replicas':3", .pods = "0" }, "create 1" },
		{ { .spec = ROLLING "'replicas':3", .pods = "0 1" }, "create 2" },
		{ { .spec = ROLLING "'replicas':3", .pods = "0 1 2" }, "" },
		{ { .spec = ROLLING "'replicas':3,'minReadySeconds':30", .pods = "0M" }, "" },
		{ { .spec = ROLLING "'replicas':3,'minReadySeconds':30", .pods = "0" },
		  "create 1" },
		{ { .spec = ROLLING "'replicas':3", .pods = "1U 2U" }, "create 0" },
		{ { .spec = ROLLING "'replicas':3", .pods = "0 2" }, "create 1" },
		{ { .spec = ROLLING "'replicas':0", .pods = "" }, "" },
		{ { .spec = ROLLING "'replicas':2,'ordinals':{'start':5}", .pods = "5" },
		  "create 6" },
	};
	CHECK(rows);
}

static void a_parallel_set_makes_all_pods_at_once(void **state)
{
	static const struct row rows[] = {
		{ { .spec = PARALLEL_SET ROLLING "'replicas':3", .pods = "" },
		  "create 0, create 1, create 2" },
		{ { .spec = PARALLEL_SET ROLLING "'replicas':3", .pods = "0U 1T" }, "create 2" },
		{ { .spec = PARALLEL_SET ROLLING "'replicas':4", .pods = "1F 2P" },
		  "create 0, delete 1 (finished), create 3" },
	};
	CHECK(rows);
}

static void a_plan_for_a_huge_parallel_set_is_cut_and_continued(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(1024);
	struct set_scene scene = { .spec = PARALLEL_SET ROLLING "'replicas':2147483647",
				   .pods = "0",
				   .claims = "" };
	struct plan plan = scene_plan(&scene, arena);
	assert_int_equal(plan.count, PLAN_STAGE_MAX);
	assert_int_not_equal(plan.look_again_ms, 0);
}

static void ordinals_end_where_the_numbers_end(void **state)
{
	static const struct row rows[] = {
		{ { .spec = PARALLEL_SET ROLLING
		    "'replicas':2147483647,'ordinals':{'start':2147483646}",
		    .pods = "" },
		  "create 2147483646, create 2147483647" },
	};
	CHECK(rows);
}

static void a_parallel_update_counts_missing_and_failed_pods(void **state)
{
	static const struct row rows[] = {
		{ { .spec = PARALLEL_SET ROLLING "'replicas':3", .pods = "0o 1o" }, "create 2" },
		{ { .spec = PARALLEL_SET ROLLING "'replicas':2", .pods = "0o 1oF" },
		  "delete 1 (finished)" },
	};
	CHECK(rows);
}

static void a_name_that_only_parses_like_a_pods_name_is_ignored(void **state)
{
	static const struct row rows[] = {
		{ { .spec = ROLLING "'replicas':2", .pods = "0 1Z" }, "create 1" },
		{ { .spec = ROLLING "'replicas':1", .pods = "0 1Z" }, "" },
	};
	CHECK(rows);
}

static void a_failed_or_finished_pod_is_deleted_and_comes_back_later(void **state)
{
	static const struct row rows[] = {
		{ { .spec = ROLLING "'replicas':2", .pods = "0F 1" }, "delete 0 (finished)" },
		{ { .spec = ROLLING "'replicas':2", .pods = "0 1S" }, "delete 1 (finished)" },
		{ { .spec = ROLLING "'replicas':2", .pods = "0FT 1" }, "" },
		{ { .spec = PARALLEL_SET ROLLING "'replicas':3", .pods = "0F 1S 2" },
		  "delete 0 (finished), delete 1 (finished)" },
	};
	CHECK(rows);
}

static void missing_claims_are_made_before_the_pod(void **state)
{
	static const struct row rows[] = {
		{ { .spec = ROLLING "'replicas':1", .pods = "", .claims = "" },
		  "create 0 [make www-web-0]" },
		{ { .spec = ROLLING "'replicas':1", .pods = "", .claims = "www-web-0" },
		  "create 0" },
		{ { .spec = ROLLING "'replicas':1", .pods = "", .claims = "www-web-0D" }, "" },
		{ { .spec = ROLLING "'replicas':1", .pods = "0P", .claims = "" },
		  "mend 0 [make www-web-0]" },
		{ { .spec = ROLLING "'replicas':1", .pods = "0P", .claims = "www-web-0D" }, "" },
		{ { .spec = ROLLING "'replicas':1", .pods = "0", .claims = "" }, "" },
		{ { .spec = ROLLING "'replicas':1", .pods = "", .without_template = true },
		  "create 0" },
	};
	CHECK(rows);
}

static void an_ordered_set_scales_down_from_the_top_one_at_a_time(void **state)
{
	static const struct row rows[] = {
		{ { .spec = ROLLING "'replicas':1", .pods = "0 1 2" }, "delete 2 (scaled-down)" },
		{ { .spec = ROLLING "'replicas':1", .pods = "0 1 2T" }, "" },
		{ { .spec = ROLLING "'replicas':1", .pods = "0 1" }, "delete 1 (scaled-down)" },
		{ { .spec = ROLLING "'replicas':1", .pods = "0U 1 2" }, "" },
		{ { .spec = ROLLING "'replicas':0", .pods = "0" }, "delete 0 (scaled-down)" },
		/* The lowest pod in trouble may go; one above it that is in trouble too blocks. */
		{ { .spec = ROLLING "'replicas':1", .pods = "0 1 2U" }, "delete 2 (scaled-down)" },
		{ { .spec = ROLLING "'replicas':1", .pods = "0 1U 2" }, "delete 2 (scaled-down)" },
		{ { .spec = ROLLING "'replicas':1", .pods = "0 1U 2U" }, "" },
		{ { .spec = ROLLING "'replicas':1,'minReadySeconds':30", .pods = "0 1 2M" },
		  "delete 2 (scaled-down)" },
		/* A raised start condemns the low ordinals. */
		{ { .spec = ROLLING "'replicas':2,'ordinals':{'start':2}", .pods = "0 1 2 3" },
		  "delete 1 (scaled-down)" },
		{ { .spec = ROLLING "'replicas':2,'ordinals':{'start':0}", .pods = "2 3" },
		  "create 0" },
	};
	CHECK(rows);
}

static void a_parallel_set_scales_down_at_once(void **state)
{
	static const struct row rows[] = {
		{ { .spec = PARALLEL_SET ROLLING "'replicas':1", .pods = "0U 1 2T 3U" },
		  "delete 3 (scaled-down), delete 1 (scaled-down)" },
	};
	CHECK(rows);
}

static void an_ordered_update_goes_from_the_top_and_waits_for_each_pod(void **state)
{
	static const struct row rows[] = {
		{ { .spec = ROLLING "'replicas':3", .pods = "0o 1o 2o" }, "delete 2 (outdated)" },
		{ { .spec = ROLLING "'replicas':3", .pods = "0o 1o 2oT" }, "" },
		{ { .spec = ROLLING "'replicas':3", .pods = "0o 1o" }, "create 2" },
		{ { .spec = ROLLING "'replicas':3", .pods = "0o 1o 2U" }, "" },
		{ { .spec = ROLLING "'replicas':3", .pods = "0o 1o 2" }, "delete 1 (outdated)" },
		{ { .spec = ROLLING "'replicas':3", .pods = "0o 1 2" }, "delete 0 (outdated)" },
		{ { .spec = ROLLING "'replicas':3", .pods = "0o 1 2", .claims = "" },
		  "delete 0 (outdated)" },
		/* Scaling comes before updating. */
		{ { .spec = ROLLING "'replicas':2", .pods = "0o 1o 2o" },
		  "delete 2 (scaled-down)" },
		/* A broken update stops where it is. */
		{ { .spec = ROLLING "'replicas':3", .pods = "0oU 1o 2o" }, "" },
	};
	CHECK(rows);
}

static void an_ordered_update_may_take_several_pods_by_max_unavailable(void **state)
{
#define SEVERAL(n) "'updateStrategy':{'rollingUpdate':{'maxUnavailable':" n "}},"
	static const struct row rows[] = {
		{ { .spec = SEVERAL("2") "'replicas':5", .pods = "0o 1o 2o 3o 4o" },
		  "delete 4 (outdated), delete 3 (outdated)" },
		{ { .spec = SEVERAL("'50%'") "'replicas':5", .pods = "0o 1o 2o 3o 4o" },
		  "delete 4 (outdated), delete 3 (outdated)" },
		{ { .spec = SEVERAL("'10%'") "'replicas':5", .pods = "0o 1o 2o 3o 4o" },
		  "delete 4 (outdated)" },
		{ { .spec = SEVERAL("9") "'replicas':3", .pods = "0o 1 2o" },
		  "delete 2 (outdated), delete 0 (outdated)" },
	};
	CHECK(rows);
}

static void pods_below_the_partition_stay_and_come_back_as_they_were(void **state)
{
	static const struct row rows[] = {
		{ { .spec = PARTITION(2) "'replicas':3", .pods = "0o 1o 2o" },
		  "delete 2 (outdated)" },
		{ { .spec = PARTITION(2) "'replicas':3", .pods = "0o 1o 2" }, "" },
		{ { .spec = PARTITION(2) "'replicas':3", .pods = "0o 2" }, "create 1 (old)" },
		{ { .spec = PARTITION(2) "'replicas':3", .pods = "0o 1o" }, "create 2" },
		{ { .spec = PARTITION(3) "'replicas':3", .pods = "0o 1o 2o" }, "" },
		{ { .spec = PARTITION(9) "'replicas':3", .pods = "0o 1o" }, "create 2 (old)" },
		{ { .spec = PARTITION(1) "'replicas':2,'ordinals':{'start':4}", .pods = "4o 5o" },
		  "delete 5 (outdated)" },
		{ { .spec = PARTITION(1) "'replicas':2,'ordinals':{'start':4}", .pods = "5" },
		  "create 4 (old)" },
	};
	CHECK(rows);
}

/* A pod that is made with the old revision would be deleted by the next plan, for ever. */
static void without_a_rolling_update_block_the_partition_is_zero(void **state)
{
#define NO_BLOCK "'updateStrategy':{'type':'RollingUpdate'},"
	static const struct row rows[] = {
		{ { .spec = NO_BLOCK "'replicas':3",
		    .status = "'currentReplicas':3",
		    .pods = "1 2" },
		  "create 0" },
		{ { .spec = PARALLEL_SET NO_BLOCK "'replicas':3",
		    .status = "'currentReplicas':3",
		    .pods = "0oU 2oU" },
		  "create 1, delete 2 (outdated), delete 0 (outdated)" },
	};
	CHECK(rows);
}

static void on_delete_leaves_old_pods_and_makes_new_ones_new(void **state)
{
	static const struct row rows[] = {
		{ { .spec = ON_DELETE_STRATEGY "'replicas':3", .pods = "0o 1o 2o" }, "" },
		{ { .spec = ON_DELETE_STRATEGY "'replicas':3",
		    .status = "'currentReplicas':2",
		    .pods = "0o 2o" },
		  "create 1" },
		{ { .spec = ON_DELETE_STRATEGY "'replicas':2", .pods = "0o 1o 2o" },
		  "delete 2 (scaled-down)" },
	};
	CHECK(rows);
}

/* Kubernetes 1.37: a Parallel update deletes every unavailable pod of the old revision, and of the
 * available ones as many as maxUnavailable leaves room for; an OrderedReady set does not get to the
 * update before all its pods are well. M is with minReadySeconds 30. */
static void broken_old_pods_never_use_up_the_budget_of_a_parallel_update(void **state)
{
	static const struct {
		int replicas, partition, max_unavailable;
		const char *pods;
		const char *parallel;
		const char *ordered;
	} rows[] = {
		{ 1, 0, 1, "0oU", "0", "" },
		{ 3, 0, 1, "0o 1o 2oU", "2", "" },
		{ 5, 0, 2, "0o 1o 2o 3oU 4oU", "4 3", "" },
		{ 5, 0, 2, "0o 1o 2o 3o 4oU", "4 3", "" },
		{ 3, 0, 1, "0o 1o 2oT", "", "" },
		{ 5, 0, 3, "0o 1o 2o 3oU 4oT", "3 2", "" },
		{ 5, 0, 3, "0o 1o 2o 3oT 4oU", "4 2", "" },
		{ 3, 0, 1, "0o 1o 2oM", "2", "" },
		{ 5, 2, 1, "0o 1o 2o 3o 4oU", "4", "" },
		{ 5, 2, 1, "0o 1o 2oU 3o 4o", "2", "" },
		{ 5, 2, 1, "0o 1oU 2o 3o 4o", "", "" },
		{ 5, 3, 2, "0o 1o 2o 3oU 4oU", "4 3", "" },
		{ 5, 3, 2, "0o 1oU 2o 3o 4oU", "4", "" },
		{ 4, 0, 2, "0oU 1oU 2o 3o", "1 0", "" },
		{ 5, 0, 3, "0oU 1oU 2o 3o 4o", "1 0 4", "" },
		{ 5, 0, 2, "0o 1o 2o 3o 4o", "4 3", "4 3" },
		{ 5, 3, 9, "0o 1o 2o 3o 4o", "4 3", "4 3" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (int parallel = 0; parallel < 2; parallel++) {
			CLEANUP(arena_freep) struct arena *arena = arena_new(1024);
			struct set_scene scene = {
				.spec = arena_printf(
					arena,
					"%s'replicas':%d,'minReadySeconds':30,'updateStrategy':{"
					"'rollingUpdate':{'partition':%d,'maxUnavailable':%d}}",
					parallel ? PARALLEL_SET : "", rows[i].replicas,
					rows[i].partition, rows[i].max_unavailable),
				.pods = rows[i].pods,
			};
			CLEANUP_TEXT struct text wanted = TEXT_INIT;
			const char *ordinals = parallel ? rows[i].parallel : rows[i].ordered;
			for (const char *c = ordinals; *c; c++)
				if (*c != ' ')
					text_printf(&wanted, "%sdelete %c (outdated)",
						    wanted.length ? ", " : "", *c);
			if (strcmp(scene_decisions(&scene, arena), text_string(&wanted)) != 0)
				print_error("row %zu, parallel %d\n", i, parallel);
			assert_string_equal(scene_decisions(&scene, arena), text_string(&wanted));
		}
	}
}

static void a_pod_without_its_label_is_put_right(void **state)
{
	static const struct row rows[] = {
		{ { .spec = ROLLING "'replicas':1", .pods = "0L" }, "update 0" },
		{ { .spec = ROLLING "'replicas':1", .pods = "0UL" }, "" },
		{ { .spec = PARALLEL_SET ROLLING "'replicas':1", .pods = "0UL" }, "update 0" },
	};
	CHECK(rows);
}

#define POLICY(deleted, scaled)                                                                    \
	ROLLING "'persistentVolumeClaimRetentionPolicy':{'whenDeleted':'" deleted                  \
		"','whenScaled':'" scaled "'},"
#define OWNER(kind, api, name, uid)                                                                \
	"{'apiVersion':'" api "','kind':'" kind "','name':'" name "','uid':'" uid                  \
	"','controller':true,'blockOwnerDeletion':true}"
#define SET_OWNER OWNER("StatefulSet", "apps/v1", "web", "set-uid")
#define POD_OWNER(n) OWNER("Pod", "v1", "web-" n, "pod-uid-" n)

static void claims_are_owned_as_the_retention_policy_says(void **state)
{
	static const struct row rows[] = {
		{ { .spec = POLICY("Retain", "Retain") "'replicas':1", .pods = "0" }, "" },
		{ { .spec = POLICY("Delete", "Retain") "'replicas':1", .pods = "0" },
		  "mend 0 [own www-web-0]" },
		{ { .spec = POLICY("Delete", "Retain") "'replicas':1",
		    .pods = "0",
		    .claim_owner = SET_OWNER },
		  "" },
		{ { .spec = POLICY("Retain", "Retain") "'replicas':1",
		    .pods = "0",
		    .claim_owner = SET_OWNER },
		  "mend 0 [own www-web-0]" },
		{ { .spec = POLICY("Retain", "Delete") "'replicas':1", .pods = "0" }, "" },
		{ { .spec = POLICY("Retain", "Delete") "'replicas':0", .pods = "0" },
		  "mend 0 [own www-web-0], delete 0 (scaled-down)" },
		{ { .spec = POLICY("Retain", "Delete") "'replicas':0",
		    .pods = "0",
		    .claim_owner = POD_OWNER("0") },
		  "delete 0 (scaled-down)" },
		{ { .spec = POLICY("Delete", "Delete") "'replicas':0",
		    .pods = "0",
		    .claim_owner = SET_OWNER },
		  "mend 0 [own www-web-0], delete 0 (scaled-down)" },
		{ { .spec = POLICY("Delete", "Retain") "'replicas':1", .pods = "0P" },
		  "mend 0 [own www-web-0]" },
		{ { .spec = PARALLEL_SET POLICY("Delete", "Retain") "'replicas':1", .pods = "0P" },
		  "mend 0 [own www-web-0]" },
		{ { .spec = POLICY("Delete", "Retain") "'replicas':1", .pods = "" },
		  "mend 0 [own www-web-0], create 0" },
		{ { .spec = POLICY("Delete", "Retain") "'replicas':1",
		    .pods = "0P",
		    .claim_owner = OWNER("Backup", "example.com/v1", "b", "b-uid") },
		  "mend 0 [leave www-web-0!]" },
	};
	CHECK(rows);
}

/* The pod would take the claim of a wanted replica with it. */
static void owners_follow_the_spec_whatever_state_the_pod_is_in(void **state)
{
	static const char *const pods[] = { "0U", "0P", "0T", "0F", "0", "0L", "0V" };
	for (size_t i = 0; i < sizeof(pods) / sizeof(pods[0]); i++) {
		for (int parallel = 0; parallel < 2; parallel++) {
			CLEANUP(arena_freep) struct arena *arena = arena_new(1024);
			struct set_scene scene = {
				.spec = parallel ? PARALLEL_SET POLICY("Retain",
								       "Delete") "'replicas':1"
						 : POLICY("Retain", "Delete") "'replicas':1",
				.pods = pods[i],
				.claim_owner = POD_OWNER("0"),
			};
			const char *wanted = "mend 0 [own www-web-0]";
			assert_memory_equal(scene_decisions(&scene, arena), wanted, strlen(wanted));
		}
	}
}

static void an_unready_replica_keeps_no_claim_from_its_owner(void **state)
{
	static const struct row rows[] = {
		{ { .spec = POLICY("Delete", "Retain") "'replicas':3",
		    .pods = "0U 2",
		    .claims = "www-web-1B www-web-2" },
		  "mend 1 [own www-web-1], mend 2 [own www-web-2]" },
		{ { .spec = POLICY("Retain", "Delete") "'replicas':1", .pods = "0U 1 2U" },
		  "mend 2 [own www-web-2], mend 1 [own www-web-1]" },
	};
	CHECK(rows);
}

static void a_claim_without_a_pod_and_beyond_the_range_keeps_its_data(void **state)
{
	static const struct row rows[] = {
		/* It goes with the set while the policy says so … */
		{ { .spec = POLICY("Delete", "Retain") "'replicas':1",
		    .pods = "0",
		    .claims = "www-web-3B www-web-4",
		    .claim_owner = SET_OWNER },
		  "" },
		/* … and stays from the moment on when it does not. */
		{ { .spec = POLICY("Retain", "Retain") "'replicas':1",
		    .pods = "0",
		    .claims = "www-web-3B other-web-3B www-web-x",
		    .claim_owner = SET_OWNER },
		  "mend 3 [own www-web-3]" },
		{ { .spec = POLICY("Delete", "Delete") "'replicas':1",
		    .pods = "0",
		    .claims = "www-web-3B",
		    .claim_owner = SET_OWNER },
		  "" },
		/* No pod ever used it. */
		{ { .spec = POLICY("Delete", "Delete") "'replicas':1",
		    .pods = "0",
		    .claims = "www-web-3 www-web-4D",
		    .claim_owner = SET_OWNER },
		  "mend 3 [drop www-web-3]" },
		/* Made by hand: not touched. */
		{ { .spec = POLICY("Delete", "Delete") "'replicas':1",
		    .pods = "0",
		    .claims = "www-web-3" },
		  "" },
	};
	CHECK(rows);
}

static void check_holds(const struct set_scene *scene, const char *decisions, const char *holds)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(1024);
	assert_string_equal(scene_decisions(scene, arena), decisions);
	assert_string_equal(scene_holds(scene, arena), holds);
}

static void a_claim_of_an_earlier_pod_blocks_the_new_one_until_it_is_gone(void **state)
{
	struct set_scene scene = { .spec = POLICY("Retain", "Delete") "'replicas':1",
				   .pods = "",
				   .claim_owner = OWNER("Pod", "v1", "web-0", "earlier") };
	check_holds(&scene, "", "stale-claim web-0 www-web-0");
	/* Under Retain it is to be kept now, and must not go with the earlier pod. */
	scene.spec = POLICY("Retain", "Retain") "'replicas':1";
	check_holds(&scene, "mend 0 [own www-web-0], create 0", "pod-created web-0");
}

/* Whatever the policy says now: the garbage collector does not ask for it. */
static void a_claim_of_an_earlier_set_blocks_the_pod_until_it_is_gone(void **state)
{
	static const char *const specs[] = { POLICY("Retain", "Retain") "'replicas':1",
					     POLICY("Delete", "Retain") "'replicas':1",
					     POLICY("Retain", "Delete") "'replicas':1",
					     POLICY("Delete", "Delete") "'replicas':1" };
	struct set_scene scene = { .pods = "",
				   .claim_owner =
					   OWNER("StatefulSet", "apps/v1", "web", "earlier") };
	for (size_t i = 0; i < sizeof(specs) / sizeof(*specs); i++) {
		scene.spec = specs[i];
		scene.claims = "www-web-0B";
		check_holds(&scene, "", "earlier-claim web-0 www-web-0");
		scene.claims = "www-web-0D";
		check_holds(&scene, "", "claim-terminating web-0 www-web-0");
	}
	/* Another replica of a Parallel set goes on. */
	scene.spec = PARALLEL_SET ROLLING "'replicas':2";
	scene.claims = "www-web-0B";
	check_holds(&scene, "create 1 [make www-web-1]",
		    "earlier-claim web-0 www-web-0, pod-created web-1");
	/* Another API group's set of the name is another set. */
	scene.claim_owner = OWNER("StatefulSet", "apps.kruise.io/v1beta1", "web", "earlier");
	scene.claims = "www-web-0B www-web-1B";
	check_holds(&scene, "create 0, create 1", "pod-created web-0, pod-created web-1");
}

static void a_claim_on_its_way_out_holds_up_its_own_replica_alone(void **state)
{
	struct set_scene scene = { .spec = PARALLEL_SET ROLLING "'replicas':3",
				   .pods = "4",
				   .claims = "www-web-1D www-web-2" };
	check_holds(&scene, "create 0 [make www-web-0], create 2, delete 4 (scaled-down)",
		    "pod-created web-0, claim-terminating web-1 www-web-1, pod-created web-2");
	scene.spec = ROLLING "'replicas':3";
	scene.pods = "0";
	check_holds(&scene, "", "claim-terminating web-1 www-web-1");
	scene.pods = "0 1P";
	check_holds(&scene, "", "claim-terminating web-1 www-web-1, pod-unready web-1");
}

static void a_pod_of_another_owner_holds_up_its_own_replica_alone(void **state)
{
	struct set_scene scene = { .spec = PARALLEL_SET ROLLING "'replicas':2",
				   .pods = "",
				   .others = "0" };
	check_holds(&scene, "create 1", "foreign-pod web-0, pod-created web-1");
	scene.other_owner = OWNER("StatefulSet", "apps.kruise.io/v1beta1", "web", "u");
	check_holds(&scene, "create 1", "foreign-pod web-0, pod-created web-1");
	scene.other_owner = OWNER("StatefulSet", "apps/v1", "web", "u");
	check_holds(&scene, "create 1", "earlier-pod web-0, pod-created web-1");
	scene.others = "0T";
	check_holds(&scene, "create 1", "pod-terminating web-0, pod-created web-1");
}

static void a_pod_without_a_volume_of_its_claim_stays_and_the_set_goes_on(void **state)
{
	struct set_scene scene = { .spec = ROLLING "'replicas':2", .pods = "0V 1o" };
	check_holds(&scene, "delete 1 (outdated)", "pod-storage web-0");
	scene.pods = "0V";
	check_holds(&scene, "create 1", "pod-storage web-0, pod-created web-1");
}

static void a_pod_that_failed_before_waits_unless_its_template_changed(void **state)
{
	struct set_scene scene = { .spec = PARALLEL_SET ROLLING "'replicas':2",
				   .pods = "0F",
				   .wait_ms = 4000 };
	CLEANUP(arena_freep) struct arena *arena = arena_new(1024);
	check_holds(&scene, "create 1", "pod-backoff web-0, pod-created web-1");
	assert_int_equal(scene_plan(&scene, arena).look_again_ms, 4000);
	scene.pods = "0oS";
	check_holds(&scene, "delete 0 (finished), create 1",
		    "pod-deleted web-0, pod-created web-1");
}

static void a_pod_that_vanished_before_waits_and_holds_up_no_other_of_a_parallel_set(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(1024);
	struct set_scene scene = { .spec = PARALLEL_SET ROLLING "'replicas':2",
				   .pods = "1",
				   .claims = "www-web-1",
				   .missing_wait_ms = 4000 };
	check_holds(&scene, "", "pod-vanished web-0");
	assert_int_equal(scene_plan(&scene, arena).look_again_ms, 4000);
	scene.pods = "1F";
	check_holds(&scene, "delete 1 (finished)", "pod-vanished web-0, pod-deleted web-1");
	scene.spec = ROLLING "'replicas':2";
	check_holds(&scene, "", "pod-vanished web-0");
}

static void a_claim_that_vanished_before_waits_and_holds_up_no_other_of_a_parallel_set(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(1024);
	struct set_scene scene = { .spec = PARALLEL_SET ROLLING "'replicas':2",
				   .pods = "1F",
				   .claims = "www-web-1",
				   .claim_wait_ms = 4000 };
	check_holds(&scene, "delete 1 (finished)",
		    "claim-vanished web-0 www-web-0, pod-deleted web-1");
	assert_int_equal(scene_plan(&scene, arena).look_again_ms, 4000);
	/* A pod that waits for a node. */
	scene.pods = "0P 1";
	check_holds(&scene, "", "claim-vanished web-0 www-web-0");
	assert_int_equal(scene_plan(&scene, arena).look_again_ms, 4000);
	scene.claim_wait_ms = 0;
	check_holds(&scene, "mend 0 [make www-web-0]", "");
}

static void scaling_down_behind_an_unready_pod_says_so(void **state)
{
	struct set_scene scene = { .spec = ROLLING "'replicas':0", .pods = "0 1U 2U" };
	check_holds(&scene, "", "scale-down web-2");
}

static void a_set_that_is_being_deleted_gets_counts_and_nothing_else(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(1024);
	struct set_scene scene = { .spec = ROLLING "'replicas':3",
				   .pods = "0 1oT 7",
				   .being_deleted = true };
	assert_string_equal(scene_decisions(&scene, arena), "");
	assert_string_equal(scene_status(&scene, arena),
			    "replicas 3 ready 3 available 3 current 0 updated 2 "
			    "now web-old next web-new");
}

static void counts_fit_together(void **state)
{
	static const struct {
		const char *pods;
		const char *status;
	} rows[] = {
		{ "", "replicas 0 ready 0 available 0 current 0 updated 0" },
		{ "0 1 2", "replicas 3 ready 3 available 3 current 0 updated 3" },
		{ "0o 1oU 2", "replicas 3 ready 2 available 2 current 2 updated 1" },
		{ "0oT 1M 2P", "replicas 3 ready 2 available 1 current 0 updated 2" },
		{ "0F 1S 2", "replicas 3 ready 1 available 1 current 0 updated 3" },
		{ "0 1 2 3o", "replicas 4 ready 4 available 4 current 1 updated 3" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CLEANUP(arena_freep) struct arena *arena = arena_new(1024);
		struct set_scene scene = { .spec = ROLLING "'replicas':3,'minReadySeconds':30",
					   .pods = rows[i].pods };
		const char *wanted =
			arena_printf(arena, "%s now web-old next web-new", rows[i].status);
		assert_string_equal(scene_status(&scene, arena), wanted);
	}
}

static void a_pod_that_will_be_available_soon_is_looked_at_again_then(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(1024);
	struct set_scene scene = { .spec = ROLLING "'replicas':2,'minReadySeconds':30",
				   .pods = "0M 1" };
	assert_int_equal(scene_plan(&scene, arena).look_again_ms, 20000);
	scene.pods = "0 1";
	assert_int_equal(scene_plan(&scene, arena).look_again_ms, 0);
}

static void each_hold_has_a_sentence_that_names_its_objects(void **state)
{
	for (int reason = HOLD_POD_CREATED; reason <= HOLD_CLAIM_TERMINATING; reason++) {
		CLEANUP_TEXT struct text text = TEXT_INIT;
		struct hold hold = { .reason = (enum hold_reason)reason,
				     .pod = "web-0",
				     .claim = "www-web-0" };
		hold_describe(&hold, &text);
		assert_non_null(strstr(text_string(&text), "web-0"));
		assert_null(strchr(text_string(&text), '$'));
		assert_string_not_equal(hold_reason_text(hold.reason), "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_ordered_set_makes_one_pod_and_waits_until_it_is_ready),
		cmocka_unit_test(a_parallel_set_makes_all_pods_at_once),
		cmocka_unit_test(a_plan_for_a_huge_parallel_set_is_cut_and_continued),
		cmocka_unit_test(ordinals_end_where_the_numbers_end),
		cmocka_unit_test(a_parallel_update_counts_missing_and_failed_pods),
		cmocka_unit_test(a_name_that_only_parses_like_a_pods_name_is_ignored),
		cmocka_unit_test(a_failed_or_finished_pod_is_deleted_and_comes_back_later),
		cmocka_unit_test(missing_claims_are_made_before_the_pod),
		cmocka_unit_test(an_ordered_set_scales_down_from_the_top_one_at_a_time),
		cmocka_unit_test(a_parallel_set_scales_down_at_once),
		cmocka_unit_test(an_ordered_update_goes_from_the_top_and_waits_for_each_pod),
		cmocka_unit_test(an_ordered_update_may_take_several_pods_by_max_unavailable),
		cmocka_unit_test(pods_below_the_partition_stay_and_come_back_as_they_were),
		cmocka_unit_test(without_a_rolling_update_block_the_partition_is_zero),
		cmocka_unit_test(on_delete_leaves_old_pods_and_makes_new_ones_new),
		cmocka_unit_test(broken_old_pods_never_use_up_the_budget_of_a_parallel_update),
		cmocka_unit_test(a_pod_without_its_label_is_put_right),
		cmocka_unit_test(claims_are_owned_as_the_retention_policy_says),
		cmocka_unit_test(owners_follow_the_spec_whatever_state_the_pod_is_in),
		cmocka_unit_test(an_unready_replica_keeps_no_claim_from_its_owner),
		cmocka_unit_test(a_claim_without_a_pod_and_beyond_the_range_keeps_its_data),
		cmocka_unit_test(a_claim_of_an_earlier_set_blocks_the_pod_until_it_is_gone),
		cmocka_unit_test(a_claim_on_its_way_out_holds_up_its_own_replica_alone),
		cmocka_unit_test(a_pod_of_another_owner_holds_up_its_own_replica_alone),
		cmocka_unit_test(a_pod_without_a_volume_of_its_claim_stays_and_the_set_goes_on),
		cmocka_unit_test(a_pod_that_failed_before_waits_unless_its_template_changed),
		cmocka_unit_test(
			a_pod_that_vanished_before_waits_and_holds_up_no_other_of_a_parallel_set),
		cmocka_unit_test(
			a_claim_that_vanished_before_waits_and_holds_up_no_other_of_a_parallel_set),
		cmocka_unit_test(scaling_down_behind_an_unready_pod_says_so),
		cmocka_unit_test(a_claim_of_an_earlier_pod_blocks_the_new_one_until_it_is_gone),
		cmocka_unit_test(a_set_that_is_being_deleted_gets_counts_and_nothing_else),
		cmocka_unit_test(counts_fit_together),
		cmocka_unit_test(a_pod_that_will_be_available_soon_is_looked_at_again_then),
		cmocka_unit_test(each_hold_has_a_sentence_that_names_its_objects),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
