/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "set/identity.h"
#include "set/pod.h"
#include "set/statefulset.h"
#include "set_scene.h"
#include "test.h"

static void a_pods_name_tells_its_set_and_ordinal(void **state)
{
	static const struct {
		const char *name;
		const char *parent;
		int32_t ordinal;
	} rows[] = {
		{ "web-0", "web", 0 },
		{ "web-12", "web", 12 },
		{ "my-web-3", "my-web", 3 },
		{ "web-3-4", "web-3", 4 },
		{ "web-2147483647", "web", 2147483647 },
		{ "web-2147483648", "web", -1 },
		{ "web-99999999999999999999999", "web", -1 },
		{ "web-007", "web", 7 },
		{ "web--1", "web-", 1 },
		{ "-5", "", 5 },
		{ "web", "", -1 },
		{ "web-", "", -1 },
		{ "web-a", "", -1 },
		{ "web1", "", -1 },
		{ "5", "", -1 },
		{ "", "", -1 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CLEANUP(arena_freep) struct arena *arena = arena_new(64);
		const char *parent;
		assert_int_equal(pod_name_parse(arena, rows[i].name, &parent), rows[i].ordinal);
		assert_string_equal(parent, rows[i].parent);
	}
}

#define SET                                                                                        \
	"{'metadata':{'name':'web','namespace':'default','uid':'u'},'spec':{'replicas':2,"         \
	"'ordinals':{'start':3},'selector':{'matchLabels':{'app':'web'}},'template':{},"           \
	"'volumeClaimTemplates':[{'metadata':{'name':'www'}},{'metadata':{'name':'log'}}]}}"

static struct object *pod(const char *name, const char *namespace, const char *label,
			  const char *volumes)
{
	char json[1024];
	snprintf(json, sizeof(json),
		 "{'metadata':{'name':'%s','namespace':'%s','labels':"
		 "{'statefulset.kubernetes.io/pod-name':'%s'}},'spec':{'volumes':[%s]}}",
		 name, namespace, label, volumes);
	return scene_object(&pod_kind, json);
}

static void names_and_range_follow_from_the_set(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(64);
	CLEANUP(object_unrefp) struct object *object = scene_object(&statefulset_apps_kind, SET);
	struct statefulset *set = statefulset_of(object);
	assert_string_equal(identity_pod_name(arena, set, 3), "web-3");
	assert_string_equal(identity_claim_name(arena, set, "www", 3), "www-web-3");
	assert_int_equal(identity_end(set), 5);
	assert_false(identity_in_range(set, 2));
	assert_true(identity_in_range(set, 3));
	assert_true(identity_in_range(set, 4));
	assert_false(identity_in_range(set, 5));
	assert_false(identity_in_range(set, -1));
}

static void a_pod_is_itself_if_name_namespace_and_label_agree(void **state)
{
	CLEANUP(object_unrefp) struct object *set = scene_object(&statefulset_apps_kind, SET);
	CLEANUP(object_unrefp) struct object *good = pod("web-3", "default", "web-3", "");
	CLEANUP(object_unrefp) struct object *other = pod("db-3", "default", "db-3", "");
	CLEANUP(object_unrefp) struct object *labelled = pod("web-3", "default", "web-4", "");
	CLEANUP(object_unrefp) struct object *elsewhere = pod("web-3", "other", "web-3", "");
	assert_true(identity_matches(statefulset_of(set), pod_of(good)));
	assert_false(identity_matches(statefulset_of(set), pod_of(other)));
	assert_false(identity_matches(statefulset_of(set), pod_of(labelled)));
	assert_false(identity_matches(statefulset_of(set), pod_of(elsewhere)));
	assert_true(identity_is_member(statefulset_of(set), pod_of(elsewhere)));
	assert_false(identity_is_member(statefulset_of(set), pod_of(other)));
}

#define VOLUME(name, claim) "{'name':'" name "','persistentVolumeClaim':{'claimName':'" claim "'}}"

static void storage_is_right_if_each_template_has_its_claim(void **state)
{
	static const struct {
		const char *volumes;
		bool right;
	} rows[] = {
		{ VOLUME("www", "www-web-3") "," VOLUME("log", "log-web-3"), true },
		{ VOLUME("log", "log-web-3") ",{'name':'tmp','emptyDir':{}}," VOLUME("www",
										     "www-web-3"),
		  true },
		{ VOLUME("www", "www-web-3"), false },
		{ VOLUME("www", "www-web-4") "," VOLUME("log", "log-web-3"), false },
		{ "{'name':'www','emptyDir':{}}," VOLUME("log", "log-web-3"), false },
		{ "", false },
	};
	CLEANUP(object_unrefp) struct object *set = scene_object(&statefulset_apps_kind, SET);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CLEANUP(object_unrefp)
		struct object *object = pod("web-3", "default", "web-3", rows[i].volumes);
		assert_int_equal(identity_storage_matches(statefulset_of(set), pod_of(object)),
				 rows[i].right);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pods_name_tells_its_set_and_ordinal),
		cmocka_unit_test(names_and_range_follow_from_the_set),
		cmocka_unit_test(a_pod_is_itself_if_name_namespace_and_label_agree),
		cmocka_unit_test(storage_is_right_if_each_template_has_its_claim),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
