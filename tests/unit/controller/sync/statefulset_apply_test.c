/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unistd.h>

#include "set/pod.h"
#include "set_scene.h"
#include "sync/absence.h"
#include "sync/applier.h"
#include "sync/ownership.h"
#include "sync/statefulset_apply.h"
#include "test.h"

static void an_absence_is_measured_once(void **state)
{
	CLEANUP(absence_freep) struct absence *absence = absence_new();
	uint64_t lag_ms = 99;
	assert_false(absence_ends(absence, "default", "web-0", &lag_ms));
	absence_begins(absence, "default", "web-0");
	usleep(3000);
	assert_false(absence_ends(absence, "other", "web-0", &lag_ms));
	assert_true(absence_ends(absence, "default", "web-0", &lag_ms));
	assert_in_range(lag_ms, 2, 2000);
	assert_false(absence_ends(absence, "default", "web-0", &lag_ms));
}

static void of_very_many_absences_the_oldest_are_forgotten(void **state)
{
	CLEANUP(absence_freep) struct absence *absence = absence_new();
	uint64_t lag_ms;
	for (int i = 0; i < 5000; i++) {
		char name[16];
		snprintf(name, sizeof(name), "web-%d", i);
		absence_begins(absence, "default", name);
	}
	assert_false(absence_ends(absence, "default", "web-0", &lag_ms));
	assert_true(absence_ends(absence, "default", "web-4999", &lag_ms));
}

static void several_errors_are_told_in_one(void **state)
{
	struct error all = { 0 }, one = { 0 };
	error_set(&one, ERROR_BUSY, "a");
	errors_add(&all, &one);
	assert_string_equal(all.text, "a");
	assert_int_equal(all.code, ERROR_BUSY);
	error_set(&one, ERROR_FORBIDDEN, "b");
	errors_add(&all, &one);
	assert_string_equal(all.text, "[a, b]");
	error_set(&one, ERROR_FORBIDDEN, "c");
	errors_add(&all, &one);
	assert_string_equal(all.text, "[a, b, c]");
	assert_int_equal(all.code, ERROR_BUSY);
}

static void very_many_errors_are_cut(void **state)
{
	struct error all = { 0 }, one = { 0 };
	error_set(&one, ERROR_BUSY, "a rather long text that says something about a claim");
	for (int i = 0; i < 100; i++)
		errors_add(&all, &one);
	assert_in_range(strlen(all.text), 500, ERROR_TEXT_MAX - 1);
}

static void who_owns_a_pod_decides_what_becomes_of_it(void **state)
{
#define OWNED(uid)                                                                                 \
	"'ownerReferences':[{'apiVersion':'apps/v1','kind':'StatefulSet',"                         \
	"'name':'web','uid':'" uid "','controller':true}],"
#define GONE "'deletionTimestamp':'2026-01-01T00:00:00Z',"
	static const struct {
		const char *pod; /* members of its metadata */
		enum ownership wanted;
		enum ownership wanted_while_the_set_goes;
	} rows[] = {
		{ "'name':'web-0','labels':{'app':'web'}," OWNED("set-uid"), OWNERSHIP_KEEP,
		  OWNERSHIP_KEEP },
		{ "'name':'web-0','labels':{'app':'web'}," GONE OWNED("set-uid"), OWNERSHIP_KEEP,
		  OWNERSHIP_KEEP },
		{ "'name':'web-0','labels':{'app':'web'}," OWNED("other"), OWNERSHIP_IGNORE,
		  OWNERSHIP_IGNORE },
		{ "'name':'web-0','labels':{'app':'db'}," OWNED("set-uid"), OWNERSHIP_RELEASE,
		  OWNERSHIP_IGNORE },
		{ "'name':'db-0','labels':{'app':'web'}," OWNED("set-uid"), OWNERSHIP_RELEASE,
		  OWNERSHIP_IGNORE },
		{ "'name':'web-0','labels':{'app':'web'},", OWNERSHIP_ADOPT, OWNERSHIP_IGNORE },
		{ "'name':'web-0','labels':{'app':'web'}," GONE, OWNERSHIP_IGNORE,
		  OWNERSHIP_IGNORE },
		{ "'name':'web-0','labels':{'app':'db'},", OWNERSHIP_IGNORE, OWNERSHIP_IGNORE },
		{ "'name':'web-x','labels':{'app':'web'},", OWNERSHIP_IGNORE, OWNERSHIP_IGNORE },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (int going = 0; going < 2; going++) {
			char json[1024];
			snprintf(json, sizeof(json),
				 "{'metadata':{%s'name':'web','namespace':'default',"
				 "'uid':'set-uid'},'spec':{'selector':{'matchLabels':"
				 "{'app':'web'}}}}",
				 going ? GONE : "");
			CLEANUP(object_unrefp)
			struct object *set = scene_object(&statefulset_apps_kind, json);
			snprintf(json, sizeof(json), "{'metadata':{%s'namespace':'default'}}",
				 rows[i].pod);
			CLEANUP(object_unrefp) struct object *pod = scene_object(&pod_kind, json);
			assert_int_equal(ownership_of(statefulset_of(set), pod),
					 going ? rows[i].wanted_while_the_set_goes
					       : rows[i].wanted);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_absence_is_measured_once),
		cmocka_unit_test(of_very_many_absences_the_oldest_are_forgotten),
		cmocka_unit_test(several_errors_are_told_in_one),
		cmocka_unit_test(very_many_errors_are_cut),
		cmocka_unit_test(who_owns_a_pod_decides_what_becomes_of_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
