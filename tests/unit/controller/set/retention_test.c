/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "kube/json.h"
#include "set/retention.h"
#include "set_scene.h"
#include "test.h"

#define SET_REF(uid, more)                                                                         \
	"{'apiVersion':'apps/v1','kind':'StatefulSet','name':'web','uid':'" uid "'" more "}"
#define POD_REF(uid, more) "{'apiVersion':'v1','kind':'Pod','name':'web-0','uid':'" uid "'" more "}"
#define OTHER_REF(more)                                                                            \
	"{'apiVersion':'example.com/v1','kind':'Backup','name':'b','uid':'b-uid'" more "}"
#define CONTROLS ",'controller':true,'blockOwnerDeletion':true"

static struct object *set_with(const char *deleted, const char *scaled)
{
	CLEANUP_FREE char *json = must_printf(
		"{'metadata':{'name':'web','namespace':'default','uid':'set-uid'},'spec':{"
		"'selector':{'matchLabels':{'app':'web'}},'persistentVolumeClaimRetentionPolicy':"
		"{'whenDeleted':'%s','whenScaled':'%s'}}}",
		deleted, scaled);
	return scene_object(&statefulset_apps_kind, json);
}

static struct object *claim_with(const char *owners)
{
	CLEANUP_FREE char *json =
		must_printf("{'metadata':{'name':'www-web-0','namespace':'default',"
			    "'ownerReferences':[%s]},'spec':{'accessModes':['ReadWriteOnce'],"
			    "'resources':{'requests':{'storage':'1Gi'}}}}",
			    owners);
	return scene_object(&claim_kind, json);
}

/* The owners that a claim should have, as "set", "pod", "other", in a line. */
static const char *names(struct json_object *owners, char line[static 64])
{
	line[0] = '\0';
	for (size_t i = 0; i < json_object_array_length(owners); i++) {
		struct json_object *owner = json_object_array_get_idx(owners, i);
		const char *kind = json_object_get_string(json_find(owner, "kind"));
		strcat(line, i ? " " : "");
		strcat(line, strcmp(kind, "Pod") == 0		? "pod"
			     : strcmp(kind, "StatefulSet") == 0 ? "set"
								: "other");
	}
	return line;
}

static void the_table_of_owners_holds(void **state)
{
	static const struct {
		const char *deleted, *scaled;
		const char *in_range, *condemned;
	} rows[] = {
		{ "Retain", "Retain", "", "" },	   { "Delete", "Retain", "set", "set" },
		{ "Retain", "Delete", "", "pod" }, { "Delete", "Delete", "set", "pod" },
		{ "Nonsense", "", "", "" },
	};
	static const char *const before[] = { "", SET_REF("set-uid", CONTROLS),
					      POD_REF("pod-uid", CONTROLS), OTHER_REF("") };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (size_t j = 0; j < 2 * sizeof(before) / sizeof(before[0]); j++) {
			bool in_range = j % 2;
			struct retention_pod pod = { "web-0", "pod-uid", in_range };
			CLEANUP(object_unrefp)
			struct object *set = set_with(rows[i].deleted, rows[i].scaled);
			CLEANUP(object_unrefp) struct object *claim = claim_with(before[j / 2]);
			CLEANUP(json_object_putp)
			struct json_object *owners =
				retention_owners(statefulset_of(set), claim_of(claim), &pod);
			char line[64], wanted[64];
			const char *ours = in_range ? rows[i].in_range : rows[i].condemned;
			snprintf(wanted, sizeof(wanted), "%s%s%s", j / 2 == 3 ? "other" : "",
				 j / 2 == 3 && *ours ? " " : "", ours);
			assert_string_equal(names(owners, line), wanted);
			/* What was there fits exactly if it would not change. */
			bool same = strcmp(wanted, j / 2 == 1	? "set"
						   : j / 2 == 2 ? "pod"
						   : j / 2 == 3 ? "other"
								: "") == 0;
			assert_int_equal(retention_fits(statefulset_of(set), claim_of(claim), &pod),
					 same);
		}
	}
}

static void references_without_control_are_replaced(void **state)
{
	struct retention_pod pod = { "web-0", "pod-uid", true };
	CLEANUP(object_unrefp) struct object *set = set_with("Delete", "Retain");
	CLEANUP(object_unrefp) struct object *claim = claim_with(SET_REF("set-uid", ""));
	assert_false(retention_fits(statefulset_of(set), claim_of(claim), &pod));
}

static void references_of_an_earlier_set_or_pod_are_left_alone(void **state)
{
	struct retention_pod pod = { "web-0", "pod-uid", true };
	CLEANUP(object_unrefp) struct object *set = set_with("Delete", "Delete");
	CLEANUP(object_unrefp) struct object *of_set = claim_with(SET_REF("earlier", CONTROLS));
	CLEANUP(object_unrefp) struct object *of_pod = claim_with(POD_REF("earlier", CONTROLS));
	assert_true(retention_fits(statefulset_of(set), claim_of(of_set), &pod));
	assert_true(retention_fits(statefulset_of(set), claim_of(of_pod), &pod));
	assert_true(retention_claim_is_stale(statefulset_of(set), claim_of(of_pod), &pod));
	assert_true(retention_claim_is_of_earlier_set(statefulset_of(set), claim_of(of_set)));
	assert_false(retention_claim_is_of_earlier_set(statefulset_of(set), claim_of(of_pod)));
	/* The garbage collector keeps what a living owner has, and so do we. */
	CLEANUP(object_unrefp)
	struct object *of_both =
		claim_with(SET_REF("earlier", "") "," SET_REF("set-uid", CONTROLS));
	assert_false(retention_claim_is_of_earlier_set(statefulset_of(set), claim_of(of_both)));
	CLEANUP(object_unrefp) struct object *keeps = set_with("Delete", "Retain");
	assert_false(retention_claim_is_stale(statefulset_of(keeps), claim_of(of_pod), &pod));
	assert_false(retention_fits(statefulset_of(keeps), claim_of(of_pod), &pod));
	CLEANUP(json_object_putp)
	struct json_object *owners =
		retention_owners(statefulset_of(keeps), claim_of(of_pod), &pod);
	char line[64];
	assert_string_equal(names(owners, line), "set");
}

static void a_claim_that_another_object_controls_loses_our_references(void **state)
{
	struct retention_pod pod = { "web-0", "pod-uid", true };
	CLEANUP(object_unrefp) struct object *deletes = set_with("Delete", "Retain");
	CLEANUP(object_unrefp) struct object *retains = set_with("Retain", "Retain");
	CLEANUP(object_unrefp) struct object *claim = claim_with(OTHER_REF(CONTROLS));
	CLEANUP(object_unrefp)
	struct object *both = claim_with(OTHER_REF(CONTROLS) "," SET_REF("set-uid", ""));
	assert_true(retention_conflicts(statefulset_of(deletes), claim_of(claim), &pod));
	assert_true(retention_fits(statefulset_of(deletes), claim_of(claim), &pod));
	assert_false(retention_conflicts(statefulset_of(retains), claim_of(claim), &pod));
	assert_false(retention_fits(statefulset_of(deletes), claim_of(both), &pod));
	CLEANUP(json_object_putp)
	struct json_object *owners =
		retention_owners(statefulset_of(deletes), claim_of(both), &pod);
	char line[64];
	assert_string_equal(names(owners, line), "other");
	assert_true(json_object_get_boolean(
		json_find(json_object_array_get_idx(owners, 0), "controller")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_of_owners_holds),
		cmocka_unit_test(references_without_control_are_replaced),
		cmocka_unit_test(references_of_an_earlier_set_or_pod_are_left_alone),
		cmocka_unit_test(a_claim_that_another_object_controls_loses_our_references),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
