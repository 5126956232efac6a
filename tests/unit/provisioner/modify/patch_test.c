/* SPDX-License-Identifier: Apache-2.0 */
#include "modify/patch.h"

#include <string.h>

#include "fake_json.h"
#include "kube/json.h"
#include "sample.h"
#include "test.h"

/* Names another class than it has, grows at the same time, and bears a condition of another part of
 * Kubernetes. */
#define CLAIM                                                                                      \
	"{'metadata':{'name':'www','namespace':'default','uid':'u1','resourceVersion':'7'},"       \
	"'spec':{'volumeName':'pvc-u1','volumeAttributesClassName':'gold'},"                       \
	"'status':{'phase':'Bound','capacity':{'storage':'1Gi'},"                                  \
	"'currentVolumeAttributesClassName':'silver',"                                             \
	"'allocatedResources':{'storage':'2Gi'},"                                                  \
	"'allocatedResourceStatuses':{'storage':'ControllerResizeInProgress'},"                    \
	"'conditions':[{'type':'Unused','status':'True'},{'type':'Resizing','status':'True'}]}}"

#define UNDER_WAY                                                                                  \
	"{'status':{'modifyVolumeStatus':{'status':'InProgress',"                                  \
	"'targetVolumeAttributesClassName':'gold'},'conditions':["                                 \
	"{'type':'Unused','status':'True'},{'type':'Resizing','status':'True'},"                   \
	"{'type':'ModifyingVolume','status':'True'},"                                              \
	"{'type':'ModifyVolumeError','status':'True','reason':'Internal','message':'no',"          \
	"'lastTransitionTime':'2026-11-24T09:15:02Z'}]}}"

#define STATE "status.modifyVolumeStatus.status"
#define TARGET "status.modifyVolumeStatus.targetVolumeAttributesClassName"

/* A claim, and the JSON it came from. */
struct sample {
	struct object *object;
	struct json_object *json;
};

static struct sample sample_of(const char *patch)
{
	return (struct sample) { .object = sample_object(&claim_kind, CLAIM, patch),
				 .json = sample_json(CLAIM, patch) };
}

static void sample_done(struct sample *sample)
{
	object_unref(sample->object);
	json_object_put(sample->json);
}

static const char *field_of(const struct sample *sample, const char *path)
{
	struct json_object *field = json_find(sample->json, path);
	return field ? json_object_get_string(field) : "none";
}

static const char *condition_field(const struct sample *sample, const char *type, const char *field)
{
	struct json_object *list = json_find(sample->json, "status.conditions");
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *condition = json_object_array_get_idx(list, i);
		struct json_object *found = json_find(condition, field);
		if (strcmp(json_object_get_string(json_find(condition, "type")), type) == 0)
			return found ? json_object_get_string(found) : "none";
	}
	return NULL;
}

/* As the API server would apply it; what is growth's and others' stays (requirement B16). */
static void apply(struct sample *sample, struct json_object *patch)
{
	assert_non_null(patch);
	CLEANUP(json_object_putp) struct json_object *taken = patch;
	assert_string_equal(json_object_get_string(json_find(patch, "metadata.resourceVersion")),
			    "7");
	sample->json = fake_json_strategic(sample->json, patch);
	assert_non_null(condition_field(sample, "Unused", "status"));
	assert_non_null(condition_field(sample, "Resizing", "status"));
	assert_string_equal(field_of(sample, "status.allocatedResourceStatuses.storage"),
			    "ControllerResizeInProgress");
	assert_string_equal(field_of(sample, "status.allocatedResources.storage"), "2Gi");
}

static void begins_in_one_patch(void **state)
{
	CLEANUP(sample_done) struct sample sample = sample_of(NULL);
	apply(&sample, modify_patch_begin(claim_of(sample.object), "gold"));
	assert_string_equal(field_of(&sample, STATE), "InProgress");
	assert_string_equal(field_of(&sample, TARGET), "gold");
	assert_string_equal(condition_field(&sample, "ModifyingVolume", "status"), "True");
	assert_string_equal(field_of(&sample, "status.currentVolumeAttributesClassName"), "silver");
}

static void repeats_without_a_write(void **state)
{
	CLEANUP(sample_done) struct sample sample = sample_of(UNDER_WAY);
	assert_null(modify_patch_begin(claim_of(sample.object), "gold"));
}

static void drops_the_error_of_another_class(void **state)
{
	CLEANUP(sample_done) struct sample sample = sample_of(UNDER_WAY);
	apply(&sample, modify_patch_begin(claim_of(sample.object), "bronze"));
	assert_string_equal(field_of(&sample, TARGET), "bronze");
	assert_null(condition_field(&sample, "ModifyVolumeError", "status"));
	assert_non_null(condition_field(&sample, "ModifyingVolume", "status"));
}

static void ends_without_a_trace(void **state)
{
	CLEANUP(sample_done) struct sample sample = sample_of(UNDER_WAY);
	apply(&sample, modify_patch_done(claim_of(sample.object), "gold"));
	assert_string_equal(field_of(&sample, "status.currentVolumeAttributesClassName"), "gold");
	assert_string_equal(field_of(&sample, "status.modifyVolumeStatus"), "none");
	assert_null(condition_field(&sample, "ModifyVolumeError", "status"));
	assert_null(condition_field(&sample, "ModifyingVolume", "status"));
}

/* Requirement B8. */
static void dates_an_error_by_when_it_changed(void **state)
{
	CLEANUP(sample_done) struct sample sample = sample_of(UNDER_WAY);
	const struct claim *claim = claim_of(sample.object);
	apply(&sample, modify_patch_failed(claim, false, "Internal", "still no"));
	assert_string_equal(field_of(&sample, STATE), "InProgress");
	assert_string_equal(condition_field(&sample, "ModifyVolumeError", "message"), "still no");
	assert_string_not_equal(condition_field(&sample, "ModifyVolumeError", "lastProbeTime"),
				"none");
	assert_string_equal(condition_field(&sample, "ModifyVolumeError", "lastTransitionTime"),
			    "2026-11-24T09:15:02Z");
	apply(&sample, modify_patch_failed(claim, true, "InvalidArgument", "never"));
	assert_string_equal(field_of(&sample, STATE), "Infeasible");
	assert_string_equal(condition_field(&sample, "ModifyVolumeError", "reason"),
			    "InvalidArgument");
	assert_string_not_equal(condition_field(&sample, "ModifyVolumeError", "lastTransitionTime"),
				"2026-11-24T09:15:02Z");
}

static void waits_for_a_class_without_conditions(void **state)
{
	CLEANUP(sample_done) struct sample sample = sample_of(UNDER_WAY);
	apply(&sample, modify_patch_await(claim_of(sample.object), "bronze"));
	assert_string_equal(field_of(&sample, STATE), "Pending");
	assert_string_equal(field_of(&sample, TARGET), "bronze");
	assert_null(condition_field(&sample, "ModifyVolumeError", "status"));
	assert_null(condition_field(&sample, "ModifyingVolume", "status"));
	CLEANUP(sample_done)
	struct sample waiting = sample_of("{'status':{'modifyVolumeStatus':{'status':'Pending',"
					  "'targetVolumeAttributesClassName':'bronze'}}}");
	assert_null(modify_patch_await(claim_of(waiting.object), "bronze"));
}

/* Requirement Z9. */
static void rejects_a_class_once(void **state)
{
	CLEANUP(sample_done) struct sample sample = sample_of(NULL);
	apply(&sample, modify_patch_reject(claim_of(sample.object), "gold", "InvalidArgument",
					   "of another driver"));
	assert_string_equal(field_of(&sample, STATE), "Infeasible");
	assert_string_equal(condition_field(&sample, "ModifyVolumeError", "message"),
			    "of another driver");
	CLEANUP(object_unrefp) struct object *rejected = NULL;
	struct error err;
	assert_int_equal(object_parse(&claim_kind, sample.json, &rejected, &err), 0);
	assert_null(modify_patch_reject(claim_of(rejected), "gold", "InvalidArgument",
					"of another driver"));
}

/* Requirement B11. */
static void leaves_the_last_attempt_where_it_is_taken_back(void **state)
{
	CLEANUP(sample_done) struct sample sample = sample_of(UNDER_WAY);
	apply(&sample, modify_patch_cancel(claim_of(sample.object)));
	assert_null(condition_field(&sample, "ModifyingVolume", "status"));
	assert_string_equal(field_of(&sample, TARGET), "gold");
}

static void gives_the_volume_its_class(void **state)
{
	static const char volume[] = "{'metadata':{'name':'pvc-u1','resourceVersion':'7'}}";
	static const char with_class[] = "{'spec':{'volumeAttributesClassName':'gold'}}";
	CLEANUP(object_unrefp)
	struct object *without = sample_object(&persistent_volume_kind, volume, NULL);
	CLEANUP(json_object_putp)
	struct json_object *patch = modify_patch_volume(persistent_volume_of(without), "gold");
	assert_string_equal(
		json_object_get_string(json_find(patch, "spec.volumeAttributesClassName")), "gold");
	CLEANUP(object_unrefp)
	struct object *with = sample_object(&persistent_volume_kind, volume, with_class);
	assert_null(modify_patch_volume(persistent_volume_of(with), "gold"));
}

/* The API server refuses an object whose text is no UTF-8. */
static void repairs_the_text_of_a_node(void **state)
{
	CLEANUP(sample_done) struct sample sample = sample_of(UNDER_WAY);
	apply(&sample,
	      modify_patch_failed(claim_of(sample.object), true, "InvalidArgument", "cut in \xc3"));
	assert_null(strstr(condition_field(&sample, "ModifyVolumeError", "message"), "\xc3"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(begins_in_one_patch),
		cmocka_unit_test(repeats_without_a_write),
		cmocka_unit_test(drops_the_error_of_another_class),
		cmocka_unit_test(ends_without_a_trace),
		cmocka_unit_test(dates_an_error_by_when_it_changed),
		cmocka_unit_test(waits_for_a_class_without_conditions),
		cmocka_unit_test(rejects_a_class_once),
		cmocka_unit_test(leaves_the_last_attempt_where_it_is_taken_back),
		cmocka_unit_test(gives_the_volume_its_class),
		cmocka_unit_test(repairs_the_text_of_a_node),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
