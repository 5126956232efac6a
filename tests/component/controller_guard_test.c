/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "controller_scene.h"
#include "guard.h"
#include "test.h"

static struct controller_scene *scene;

static int set_up(void **state)
{
	log_set_level(getenv("V") ? LOG_DEBUG : LOG_ERROR);
	scene = controller_scene_new();
	controller_scene_put_set(scene, "", "nginx:1");
	return 0;
}

static int tear_down(void **state)
{
	controller_scene_free(scene);
	return 0;
}

static bool wait_probe(const char *path, const char *value)
{
	return fake_api_wait_field(controller_scene_api(scene), &statefulset_apps_kind, "kentledge",
				   GUARD_PROBE_NAME, path, value);
}

static char *probe_uid(void)
{
	return fake_api_field(controller_scene_api(scene), &statefulset_apps_kind, "kentledge",
			      GUARD_PROBE_NAME, "metadata.uid");
}

/* What any StatefulSet controller does with a set that it finds. */
static void foreign_controller_writes(void)
{
	fake_api_edit(controller_scene_api(scene), &statefulset_apps_kind, "kentledge",
		      GUARD_PROBE_NAME, "{'status':{'observedGeneration':1,'replicas':0}}");
}

static const struct kind lease_kind = {
	.api_version = "coordination.k8s.io/v1",
	.name = "Lease",
	.plural = "leases",
	.namespaced = true,
	.size = sizeof(struct object),
};

/* kube-controller-manager's lease, taken so long ago. */
static void put_lease(const char *holder, int64_t held_s)
{
	char acquired[CLOCK_TEXT_MAX], renewed[CLOCK_TEXT_MAX];
	int64_t now_us = clock_wall_us();
	clock_format_us(now_us - held_s * 1000000, acquired);
	clock_format_us(now_us, renewed);
	fake_api_putf(controller_scene_api(scene), &lease_kind,
		      "{'apiVersion':'coordination.k8s.io/v1','kind':'Lease','metadata':{'name':"
		      "'kube-controller-manager','namespace':'kube-system'},'spec':{"
		      "'holderIdentity':'%s','acquireTime':'%s','renewTime':'%s'}}",
		      holder, acquired, renewed);
}

/* Renews it as its holder would, for so long. */
static void renew_lease(const char *holder, int64_t held_s, unsigned ms)
{
	for (unsigned i = 0; i < ms / 10; i++) {
		put_lease(holder, held_s);
		usleep(10000);
	}
}

/* Waits for the mode, up to 5 s. */
static bool wait_active(bool active)
{
	for (int i = 0; i < 5000 && controller_scene_is_active(scene) != active; i++)
		usleep(1000);
	return controller_scene_is_active(scene) == active;
}

static void alone_it_runs_sets_and_leaves_the_probe_untouched(void **state)
{
	controller_scene_start(scene, true);
	assert_true(controller_scene_wait_settled(scene, "2"));
	assert_true(controller_scene_is_active(scene));
	assert_true(wait_probe("spec.replicas", "0"));
	CLEANUP_FREE char *status =
		fake_api_field(controller_scene_api(scene), &statefulset_apps_kind, "kentledge",
			       GUARD_PROBE_NAME, "status");
	assert_null(status);
	assert_int_equal(fake_api_requests(controller_scene_api(scene), "PATCH", GUARD_PROBE_NAME),
			 0);
	assert_int_equal(fake_api_requests(controller_scene_api(scene), "POST", "kentledge/pods"),
			 0);
}

static void nothing_is_written_before_the_wait_is_over(void **state)
{
	controller_scene_start(scene, true);
	assert_true(wait_probe("spec.replicas", "0"));
	assert_false(controller_scene_is_active(scene));
	assert_int_equal(fake_api_count(controller_scene_api(scene), &pod_kind), 0);
	assert_true(controller_scene_wait_settled(scene, "2"));
}

/* The other one is gone when a set is changed and its status does not follow. */
static void beside_another_controller_it_stands_by_and_writes_nothing(void **state)
{
	controller_scene_start(scene, true);
	assert_true(wait_probe("spec.replicas", "0"));
	foreign_controller_writes();
	assert_true(wait_probe("metadata.name", NULL));
	assert_false(controller_scene_is_active(scene));
	assert_int_equal(fake_api_count(controller_scene_api(scene), &pod_kind), 0);
	assert_int_equal(fake_api_count(controller_scene_api(scene), &revision_kind), 0);
	controller_scene_edit_set(scene, "{'replicas':3}");
	assert_true(wait_probe("spec.replicas", "0"));
	assert_true(controller_scene_wait_settled(scene, "3"));
}

/* On a stock cluster nothing ever changes: one probe is all that it sees of us. */
static void standing_by_costs_a_look_at_the_lease_and_no_write(void **state)
{
	put_lease("kcm-a", 3600);
	controller_scene_set_guard_margin(scene, 2000);
	controller_scene_start(scene, true);
	assert_true(wait_probe("spec.replicas", "0"));
	foreign_controller_writes();
	assert_true(wait_probe("metadata.name", NULL));
	/* The other one follows what happens to sets. */
	controller_scene_edit_set(scene, "{'replicas':3}");
	fake_api_edit(controller_scene_api(scene), &statefulset_apps_kind, "default", "web",
		      "{'status':{'observedGeneration':9}}");
	renew_lease("kcm-a", 3600, 300);
	size_t writes = controller_scene_writes(scene);
	size_t gets = fake_api_requests(controller_scene_api(scene), "GET", NULL);
	size_t looks = fake_api_requests(controller_scene_api(scene), "GET", "kube-system/leases");
	uint64_t begun_ms = clock_monotonic_ms();
	renew_lease("kcm-a", 3600, 1000);
	uint64_t lasted_ms = clock_monotonic_ms() - begun_ms;
	assert_int_equal(controller_scene_writes(scene), writes);
	assert_int_equal(
		fake_api_requests(controller_scene_api(scene), "POST", "kentledge/statefulsets"),
		1);
	/* 50 ms stand for a minute: 60 requests an hour. */
	size_t more =
		fake_api_requests(controller_scene_api(scene), "GET", "kube-system/leases") - looks;
	assert_in_range(more, 3, lasted_ms / 50 + 1);
	assert_int_equal(fake_api_requests(controller_scene_api(scene), "GET", NULL) - gets, more);
	assert_false(controller_scene_is_active(scene));
}

/* The leader has died, and the next one takes the lease only when that of the dead one is over. */
static void a_change_of_leaders_is_no_sign_that_sets_are_not_run(void **state)
{
	put_lease("kcm-a", 3600);
	controller_scene_set_guard_margin(scene, 1500);
	controller_scene_start(scene, true);
	assert_true(wait_probe("spec.replicas", "0"));
	usleep(500000);
	assert_false(controller_scene_is_active(scene));
	renew_lease("kcm-b", 0, 500);
	assert_false(controller_scene_is_active(scene));
	foreign_controller_writes();
	assert_true(wait_probe("metadata.name", NULL));
	assert_false(controller_scene_is_active(scene));
	assert_int_equal(fake_api_count(controller_scene_api(scene), &pod_kind), 0);
}

static void beside_a_settled_leader_that_runs_no_sets_it_is_soon_active(void **state)
{
	put_lease("kcm-a", 3600);
	controller_scene_set_guard_margin(scene, 60000);
	controller_scene_start(scene, true);
	renew_lease("kcm-a", 3600, 1000);
	assert_true(wait_active(true));
}

/* An administrator restarts it without its controller of sets. */
static void another_leader_is_a_reason_to_probe_again(void **state)
{
	put_lease("kcm-a", 3600);
	controller_scene_set_guard_margin(scene, 1000);
	controller_scene_start(scene, true);
	assert_true(wait_probe("spec.replicas", "0"));
	foreign_controller_writes();
	assert_true(wait_probe("metadata.name", NULL));
	renew_lease("kcm-b", 3600, 1000);
	assert_true(wait_active(true));
	assert_true(controller_scene_wait_settled(scene, "2"));
}

static void it_stands_down_when_another_controller_appears(void **state)
{
	controller_scene_start(scene, true);
	assert_true(controller_scene_wait_settled(scene, "2"));
	foreign_controller_writes();
	assert_true(wait_active(false));
	controller_scene_edit_set(scene, "{'replicas':3}");
	usleep(50000);
	assert_int_equal(fake_api_count(controller_scene_api(scene), &pod_kind), 2);
	assert_true(controller_scene_wait_settled(scene, "3"));
	assert_true(controller_scene_is_active(scene));
}

/* Its informer does not show the probe, which is in its own namespace. */
static void one_that_runs_another_namespace_stands_down_too(void **state)
{
	controller_scene_confine(scene, "default");
	controller_scene_start(scene, true);
	assert_true(controller_scene_wait_settled(scene, "2"));
	foreign_controller_writes();
	assert_true(wait_active(false));
	controller_scene_edit_set(scene, "{'replicas':3}");
	assert_true(wait_active(true));
	CLEANUP_FREE char *before = probe_uid();
	fake_api_remove(controller_scene_api(scene), &statefulset_apps_kind, "kentledge",
			GUARD_PROBE_NAME);
	assert_true(wait_probe("spec.replicas", "0"));
	CLEANUP_FREE char *after = probe_uid();
	assert_string_not_equal(before, after);
}

static void a_probe_that_a_user_deletes_is_made_again(void **state)
{
	controller_scene_start(scene, true);
	assert_true(controller_scene_wait_settled(scene, "2"));
	CLEANUP_FREE char *before = probe_uid();
	fake_api_remove(controller_scene_api(scene), &statefulset_apps_kind, "kentledge",
			GUARD_PROBE_NAME);
	assert_true(wait_probe("spec.replicas", "0"));
	CLEANUP_FREE char *after = probe_uid();
	assert_string_not_equal(before, after);
	foreign_controller_writes();
	assert_true(wait_active(false));
}

/* As the garbage collector does when the pod that owns the probe is gone. */
static void a_probe_that_is_deleted_each_time_is_made_at_a_pace(void **state)
{
	controller_scene_start(scene, true);
	for (unsigned i = 0; i < 300; i++) {
		CLEANUP_FREE char *uid = probe_uid();
		if (uid)
			fake_api_remove(controller_scene_api(scene), &statefulset_apps_kind,
					"kentledge", GUARD_PROBE_NAME);
		usleep(5000);
	}
	size_t made =
		fake_api_requests(controller_scene_api(scene), "POST", "kentledge/statefulsets");
	assert_true(made >= 1);
	assert_true(made <= 5);
	assert_false(controller_scene_is_active(scene));
}

static void an_earlier_leaders_probe_proves_nothing(void **state)
{
	fake_api_putf(controller_scene_api(scene), &statefulset_apps_kind,
		      "{'apiVersion':'apps/v1','kind':'StatefulSet','metadata':{"
		      "'name':'kentledge-probe','namespace':'kentledge'},'spec':{'replicas':0,"
		      "'selector':{'matchLabels':{'a':'b'}}},'status':{'observedGeneration':1}}");
	CLEANUP_FREE char *before = probe_uid();
	controller_scene_start(scene, true);
	assert_true(controller_scene_wait_settled(scene, "2"));
	CLEANUP_FREE char *after = probe_uid();
	assert_string_not_equal(before, after);
}

/* An API server that does not answer is no sign of another controller, nor of there being none. */
static void a_probe_that_cannot_be_read_is_no_answer(void **state)
{
	fake_api_fail_next(controller_scene_api(scene), "GET", "statefulsets/kentledge-probe",
			   FAKE_API_STATUS, 500);
	fake_api_fail_next(controller_scene_api(scene), "POST", "kentledge/statefulsets",
			   FAKE_API_STATUS, 403);
	controller_scene_start(scene, true);
	assert_true(controller_scene_wait_settled(scene, "2"));
	assert_true(controller_scene_is_active(scene));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(alone_it_runs_sets_and_leaves_the_probe_untouched),
		TEST(nothing_is_written_before_the_wait_is_over),
		TEST(beside_another_controller_it_stands_by_and_writes_nothing),
		TEST(standing_by_costs_a_look_at_the_lease_and_no_write),
		TEST(a_change_of_leaders_is_no_sign_that_sets_are_not_run),
		TEST(beside_a_settled_leader_that_runs_no_sets_it_is_soon_active),
		TEST(another_leader_is_a_reason_to_probe_again),
		TEST(it_stands_down_when_another_controller_appears),
		TEST(one_that_runs_another_namespace_stands_down_too),
		TEST(a_probe_that_a_user_deletes_is_made_again),
		TEST(a_probe_that_is_deleted_each_time_is_made_at_a_pace),
		TEST(an_earlier_leaders_probe_proves_nothing),
		TEST(a_probe_that_cannot_be_read_is_no_answer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
