/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "set_scene.h"

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

static void a_plan_for_a_huge_parallel_set_is_cut_and_gone_on_with(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(1024);
	struct set_scene scene = { .spec = PARALLEL_SET ROLLING "'replicas':2147483647",
				   .pods = "0",
				   .claims = "" };
	struct plan plan = scene_plan(&scene, arena);
	assert_int_equal(plan.count, PLAN_DECISIONS_MAX);
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

static void a_name_that_only_parses_like_a_pods_name_is_nobodys(void **state)
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
		{ { .spec = ROLLING "'replicas':1", .pods = "", .claims = "www-web-0D" },
		  "create 0 [await www-web-0]" },
		{ { .spec = ROLLING "'replicas':1", .pods = "0P", .claims = "" },
		  "mend 0 [make www-web-0]" },
		{ { .spec = ROLLING "'replicas':1", .pods = "0P", .claims = "www-web-0D" },
		  "mend 0 [await www-web-0]" },
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

static void without_rolling_update_the_status_tells_who_is_still_old(void **state)
{
	static const struct row rows[] = {
		{ { .spec = "'updateStrategy':{'type':'RollingUpdate'},'replicas':3",
		    .status = "'currentReplicas':1",
		    .pods = "1 2" },
		  "create 0 (old)" },
		{ { .spec = "'updateStrategy':{'type':'RollingUpdate'},'replicas':3",
		    .status = "'currentReplicas':0",
		    .pods = "1 2" },
		  "create 0" },
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

static void a_pod_without_its_label_or_volume_is_put_right(void **state)
{
	static const struct row rows[] = {
		{ { .spec = ROLLING "'replicas':1", .pods = "0L" }, "update 0" },
		{ { .spec = ROLLING "'replicas':1", .pods = "0V" }, "update 0" },
		{ { .spec = ROLLING "'replicas':1", .pods = "0V", .claims = "" },
		  "update 0 [make www-web-0]" },
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
		  "create 0 [own www-web-0]" },
		{ { .spec = POLICY("Delete", "Retain") "'replicas':1",
		    .pods = "0P",
		    .claim_owner = OWNER("Backup", "example.com/v1", "b", "b-uid") },
		  "mend 0 [leave www-web-0!]" },
	};
	CHECK(rows);
}

static void a_claim_of_an_earlier_pod_blocks_the_new_one_until_it_is_gone(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(1024);
	struct set_scene scene = { .spec = POLICY("Retain", "Delete") "'replicas':1",
				   .pods = "",
				   .claim_owner = OWNER("Pod", "v1", "web-0", "earlier") };
	struct plan plan = scene_plan(&scene, arena);
	assert_int_equal(plan.count, 0);
	assert_int_not_equal(plan.look_again_ms, 0);
	scene.spec = POLICY("Retain", "Retain") "'replicas':1";
	assert_string_equal(scene_decisions(&scene, arena), "create 0");
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

static void the_plan_says_what_it_waits_for(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(1024);
	struct set_scene scene = { .spec = ROLLING "'replicas':2", .pods = "0U" };
	struct plan plan = scene_plan(&scene, arena);
	assert_string_equal(plan.waits_for, "the pod is not yet running and ready");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_ordered_set_makes_one_pod_and_waits_until_it_is_ready),
		cmocka_unit_test(a_parallel_set_makes_all_pods_at_once),
		cmocka_unit_test(a_plan_for_a_huge_parallel_set_is_cut_and_gone_on_with),
		cmocka_unit_test(ordinals_end_where_the_numbers_end),
		cmocka_unit_test(a_parallel_update_counts_missing_and_failed_pods),
		cmocka_unit_test(a_name_that_only_parses_like_a_pods_name_is_nobodys),
		cmocka_unit_test(a_failed_or_finished_pod_is_deleted_and_comes_back_later),
		cmocka_unit_test(missing_claims_are_made_before_the_pod),
		cmocka_unit_test(an_ordered_set_scales_down_from_the_top_one_at_a_time),
		cmocka_unit_test(a_parallel_set_scales_down_at_once),
		cmocka_unit_test(an_ordered_update_goes_from_the_top_and_waits_for_each_pod),
		cmocka_unit_test(an_ordered_update_may_take_several_pods_by_max_unavailable),
		cmocka_unit_test(pods_below_the_partition_stay_and_come_back_as_they_were),
		cmocka_unit_test(without_rolling_update_the_status_tells_who_is_still_old),
		cmocka_unit_test(on_delete_leaves_old_pods_and_makes_new_ones_new),
		cmocka_unit_test(broken_old_pods_never_use_up_the_budget_of_a_parallel_update),
		cmocka_unit_test(a_pod_without_its_label_or_volume_is_put_right),
		cmocka_unit_test(claims_are_owned_as_the_retention_policy_says),
		cmocka_unit_test(a_claim_of_an_earlier_pod_blocks_the_new_one_until_it_is_gone),
		cmocka_unit_test(a_set_that_is_being_deleted_gets_counts_and_nothing_else),
		cmocka_unit_test(counts_fit_together),
		cmocka_unit_test(a_pod_that_will_be_available_soon_is_looked_at_again_then),
		cmocka_unit_test(the_plan_says_what_it_waits_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
