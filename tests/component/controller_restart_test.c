/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "controller_scene.h"
#include "test.h"

/* More requests than any of these scenarios makes. */
#define REQUESTS_MAX 60

static bool wait_died_or_settled(struct controller_scene *scene, const char *replicas)
{
	for (int i = 0; i < 5000; i++) {
		if (controller_scene_died(scene))
			return true;
		if (i % 10 == 0 && controller_scene_is_settled(scene, replicas) &&
		    controller_scene_is_quiet(scene))
			return true;
		usleep(1000);
	}
	return false;
}

static void check_claims(struct controller_scene *scene, char *const uids[static 2])
{
	for (int i = 0; i < 2; i++) {
		char name[16];
		snprintf(name, sizeof(name), "www-web-%d", i);
		CLEANUP_FREE char *uid = controller_scene_claim(scene, name, "metadata.uid");
		assert_non_null(uid);
		if (uids[i])
			assert_string_equal(uid, uids[i]);
	}
}

static void remember_claims(struct controller_scene *scene, char *uids[static 2])
{
	uids[0] = controller_scene_claim(scene, "www-web-0", "metadata.uid");
	uids[1] = controller_scene_claim(scene, "www-web-1", "metadata.uid");
}

struct scenario {
	void (*begin)(struct controller_scene *scene); /* what the user asks for */
	bool settled_first;			       /* a set of two pods stands before */
	const char *replicas;			       /* at the end */
	size_t revisions;
	size_t claims;
};

/* One run in which the controller dies at the nth request. False: it did not get that far. */
static bool run(const struct scenario *scenario, unsigned nth, bool after_effect)
{
	struct controller_scene *scene = controller_scene_new();
	char *uids[2] = { 0 };
	if (scenario->settled_first) {
		controller_scene_put_set(scene, "", "nginx:1");
		controller_scene_start(scene, false);
		assert_true(controller_scene_wait_settled(scene, "2"));
		remember_claims(scene, uids);
		controller_scene_kill(scene);
	}
	scenario->begin(scene);
	controller_scene_die_at(scene, nth, after_effect);
	controller_scene_start(scene, false);
	assert_true(wait_died_or_settled(scene, scenario->replicas));
	bool died = controller_scene_died(scene);
	if (!uids[0])
		remember_claims(scene, uids);
	controller_scene_kill(scene);
	controller_scene_die_at(scene, 0, false);
	controller_scene_start(scene, false);
	if (!controller_scene_wait_settled(scene, scenario->replicas)) {
		print_error("not settled after dying %s request %u\n",
			    after_effect ? "after" : "before", nth);
		fail();
	}
	check_claims(scene, uids);
	assert_int_equal(fake_api_count(controller_scene_api(scene), &claim_kind),
			 scenario->claims);
	assert_int_equal(fake_api_count(controller_scene_api(scene), &revision_kind),
			 scenario->revisions);
	assert_null(controller_scene_complaint(scene));
	free(uids[0]);
	free(uids[1]);
	controller_scene_free(scene);
	return died;
}

static void die_everywhere(const struct scenario *scenario, unsigned at_least)
{
	for (int after = 0; after < 2; after++) {
		unsigned nth = 1;
		while (run(scenario, nth, after)) {
			nth++;
			assert_in_range(nth, 1, REQUESTS_MAX);
		}
		/* The scenario did make requests to die at. */
		assert_in_range(nth - 1, at_least, REQUESTS_MAX);
	}
}

static void create_set(struct controller_scene *scene)
{
	controller_scene_put_set(scene, "", "nginx:1");
}

static void update_set(struct controller_scene *scene)
{
	controller_scene_set_image(scene, "nginx:2");
}

static void scale_set(struct controller_scene *scene)
{
	controller_scene_edit_set(scene, "{'replicas':4}");
}

static void shrink_set(struct controller_scene *scene)
{
	controller_scene_edit_set(scene, "{'replicas':0}");
}

static void delete_a_pod(struct controller_scene *scene)
{
	fake_api_remove(controller_scene_api(scene), &pod_kind, "default", "web-0");
}

static void killed_at_any_request_while_making_a_set_it_ends_right(void **state)
{
	const struct scenario scenario = { create_set, false, "2", 1, 2 };
	die_everywhere(&scenario, 7);
}

static void killed_at_any_request_of_an_update_it_ends_right(void **state)
{
	const struct scenario scenario = { update_set, true, "2", 2, 2 };
	die_everywhere(&scenario, 7);
}

static void killed_at_any_request_while_scaling_it_ends_right(void **state)
{
	const struct scenario up = { scale_set, true, "4", 1, 4 };
	const struct scenario down = { shrink_set, true, "0", 1, 2 };
	die_everywhere(&up, 6);
	die_everywhere(&down, 4);
}

static void killed_while_a_pod_is_made_again_it_keeps_the_claim(void **state)
{
	const struct scenario scenario = { delete_a_pod, true, "2", 1, 2 };
	die_everywhere(&scenario, 1);
}

/* The answer is lost but the program goes on. */
static void a_lost_answer_to_any_request_is_made_good(void **state)
{
	static const char *const requests[][2] = {
		{ "POST", "controllerrevisions" },
		{ "POST", "persistentvolumeclaims" },
		{ "POST", "/pods" },
		{ "PATCH", "statefulsets/web/status" },
		{ "DELETE", "/pods/web-1" },
	};
	static const enum fake_api_fault faults[] = { FAKE_API_LOST_REQUEST, FAKE_API_LOST_ANSWER,
						      FAKE_API_STATUS };
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		for (size_t j = 0; j < sizeof(faults) / sizeof(faults[0]); j++) {
			struct controller_scene *scene = controller_scene_new();
			fake_api_fail_next(controller_scene_api(scene), requests[i][0],
					   requests[i][1], faults[j], 500);
			controller_scene_put_set(scene, "", "nginx:1");
			controller_scene_start(scene, false);
			assert_true(controller_scene_wait_settled(scene, "2"));
			controller_scene_edit_set(scene, "{'replicas':1}");
			assert_true(controller_scene_wait_settled(scene, "1"));
			assert_int_equal(fake_api_count(controller_scene_api(scene), &claim_kind),
					 2);
			assert_int_equal(
				fake_api_count(controller_scene_api(scene), &revision_kind), 1);
			controller_scene_free(scene);
		}
	}
}

static int quiet(void **state)
{
	log_set_level(getenv("V") ? LOG_DEBUG : LOG_ERROR);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(killed_at_any_request_while_making_a_set_it_ends_right),
		cmocka_unit_test(killed_at_any_request_of_an_update_it_ends_right),
		cmocka_unit_test(killed_at_any_request_while_scaling_it_ends_right),
		cmocka_unit_test(killed_while_a_pod_is_made_again_it_keeps_the_claim),
		cmocka_unit_test(a_lost_answer_to_any_request_is_made_good),
	};
	return cmocka_run_group_tests(tests, quiet, NULL);
}
