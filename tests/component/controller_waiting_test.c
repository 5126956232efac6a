/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/text.h"
#include "controller_bed.h"

static struct controller_bed *bed;

static int set_up(void **state)
{
	log_set_level(getenv("V") ? LOG_DEBUG : LOG_ERROR);
	bed = controller_bed_new();
	return 0;
}

static int tear_down(void **state)
{
	controller_bed_free(bed);
	return 0;
}

/* Waits longer than a wait that becomes a condition. */
static bool wait_for_condition(const char *text)
{
	for (int i = 0; i < 200; i++) {
		CLEANUP_FREE char *conditions = bed_set(bed, "status.conditions");
		if (conditions && strstr(conditions, text))
			return true;
		usleep(100000);
	}
	return false;
}

/* The condition comes once the wait is long, and goes with its cause. Conditions of others stay. */
static void what_holds_a_set_up_for_long_is_a_condition(void **state)
{
	fake_api_putf(
		bed_api(bed), &pod_kind,
		"{'metadata':{'name':'web-0','namespace':'default'},'spec':{'nodeName':'n1'}}");
	bed_put_set(bed, "", "nginx:1");
	fake_api_edit(bed_api(bed), &statefulset_apps_kind, "default", "web",
		      "{'status':{'conditions':[{'type':'Theirs','status':'True'}]}}");
	bed_start(bed, false);
	assert_true(bed_wait_set(bed, "status.observedGeneration", "1"));
	CLEANUP_FREE char *soon = bed_set(bed, "status.conditions");
	assert_null(strstr(soon, "Waiting"));
	assert_true(wait_for_condition("\"type\":\"Waiting\",\"status\":\"True\","
				       "\"reason\":\"ForeignPod\""));
	fake_api_remove(bed_api(bed), &pod_kind, "default", "web-0");
	assert_true(bed_wait_settled(bed, "2"));
	CLEANUP_FREE char *after = bed_set(bed, "status.conditions");
	assert_string_equal(after, "[{\"type\":\"Theirs\",\"status\":\"True\"}]");
}

/* A first start in which another writer (the binder of claims, a quota) is faster now and then. */
static void a_conflict_that_passes_is_no_event(void **state)
{
	fake_api_fail(bed_api(bed),
		      &(struct fake_api_failure) { .method = "POST",
						   .path_part = "persistentvolumeclaims",
						   .how = FAKE_API_STATUS,
						   .status = 409,
						   .times = 2 });
	bed_put_set(bed, "", "nginx:1");
	bed_start(bed, false);
	assert_true(bed_wait_settled(bed, "2"));
	assert_true(bed_wait_event(bed, "SuccessfulCreate",
				   "create Claim www-web-0 Pod web-0 in StatefulSet web success"));
	assert_int_equal(bed_count_events(bed, "Failed"), 0);
}

/* A webhook that refuses revisions. */
static void a_refused_revision_is_an_event_and_a_condition(void **state)
{
	fake_api_fail(bed_api(bed), &(struct fake_api_failure) { .method = "POST",
								 .path_part = "controllerrevisions",
								 .how = FAKE_API_STATUS,
								 .status = 403,
								 .times = 1000 });
	bed_set_backoff(bed, 300);
	bed_put_set(bed, "", "nginx:1");
	bed_start(bed, false);
	assert_true(wait_for_condition("\"reason\":\"RequestRefused\""));
	assert_int_equal(bed_count_events(bed, "FailedCreate"), 1);
}

int main(void)
{
#define with_bed(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		with_bed(what_holds_a_set_up_for_long_is_a_condition),
		with_bed(a_conflict_that_passes_is_no_event),
		with_bed(a_refused_revision_is_an_event_and_a_condition),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
