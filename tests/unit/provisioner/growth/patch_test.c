/* SPDX-License-Identifier: Apache-2.0 */
#include "growth/patch.h"

#include <stdlib.h>
#include <string.h>

#include "fake_json.h"
#include "kube/json.h"
#include "sample.h"
#include "test.h"

/* Asks for 2Gi, has 1Gi, and bears a condition of another part of Kubernetes. */
#define CLAIM                                                                                      \
	"{'metadata':{'name':'www','namespace':'default','uid':'u1','resourceVersion':'7'},"       \
	"'spec':{'accessModes':['ReadWriteOnce'],'volumeName':'pvc-u1',"                           \
	"'resources':{'requests':{'storage':'2Gi'}}},"                                             \
	"'status':{'phase':'Bound','capacity':{'storage':'1Gi'},"                                  \
	"'allocatedResources':{'example.com/iops':'7'},"                                           \
	"'allocatedResourceStatuses':{'example.com/iops':'Something'},"                            \
	"'conditions':[{'type':'Unused','status':'True'}]}}"

#define UNDER_WAY                                                                                  \
	"{'status':{'allocatedResources':{'storage':'2Gi'},"                                       \
	"'allocatedResourceStatuses':{'storage':'ControllerResizeInProgress'},"                    \
	"'conditions':[{'type':'Unused','status':'True'},"                                         \
	"{'type':'Resizing','status':'True','lastTransitionTime':'2026-11-24T09:15:02Z'}]}}"

#define REFUSED                                                                                    \
	"{'status':{'allocatedResources':{'storage':'9Gi'},"                                       \
	"'allocatedResourceStatuses':{'storage':'ControllerResizeInProgress'},"                    \
	"'conditions':[{'type':'Unused','status':'True'},{'type':'Resizing','status':'True'},"     \
	"{'type':'ControllerResizeError','status':'True','message':'no room'}]}}"

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

/* As the API server would apply it. */
static void apply(struct sample *sample, struct json_object *patch)
{
	assert_non_null(patch);
	CLEANUP(json_object_putp) struct json_object *taken = patch;
	assert_string_equal(json_object_get_string(json_find(patch, "metadata.resourceVersion")),
			    "7");
	sample->json = fake_json_strategic(sample->json, patch);
}

static void assert_field(const struct sample *sample, const char *path, const char *expected)
{
	struct json_object *field = json_find(sample->json, path);
	if (!expected) {
		if (field)
			fail_msg("%s: %s", path, json_object_to_json_string(field));
		return;
	}
	if (!field)
		fail_msg("%s is missing", path);
	assert_string_equal(json_object_get_string(field), expected);
}

static struct json_object *condition_of(const struct sample *sample, const char *type)
{
	struct json_object *list = json_find(sample->json, "status.conditions");
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *condition = json_object_array_get_idx(list, i);
		if (strcmp(json_object_get_string(json_find(condition, "type")), type) == 0)
			return condition;
	}
	return NULL;
}

/* What others have written survives every patch. */
static void assert_foreign_fields(const struct sample *sample)
{
	struct json_object *sizes = json_find(sample->json, "status.allocatedResources");
	struct json_object *states = json_find(sample->json, "status.allocatedResourceStatuses");
	assert_non_null(condition_of(sample, "Unused"));
	assert_string_equal(
		json_object_get_string(json_object_object_get(sizes, "example.com/iops")), "7");
	assert_string_equal(
		json_object_get_string(json_object_object_get(states, "example.com/iops")),
		"Something");
}

static void begins_with_the_size_that_is_asked_for(void **state)
{
	CLEANUP(sample_done)
	struct sample sample = sample_of(
		"{'metadata':{'annotations':{"
		"'volume.kubernetes.io/node-expansion-not-required':'true','other':'x'}}}");
	apply(&sample, growth_patch_begin(claim_of(sample.object), UINT64_C(2) << 30, false));
	assert_field(&sample, "status.allocatedResources.storage", "2Gi");
	assert_field(&sample, "status.allocatedResourceStatuses.storage",
		     "ControllerResizeInProgress");
	assert_field(&sample, "status.capacity.storage", "1Gi");
	assert_field(&sample, "metadata.annotations.other", "x");
	struct json_object *annotations = json_find(sample.json, "metadata.annotations");
	assert_false(json_object_object_get_ex(
		annotations, "volume.kubernetes.io/node-expansion-not-required", NULL));
	assert_non_null(condition_of(&sample, "Resizing"));
	assert_non_null(json_find(condition_of(&sample, "Resizing"), "lastTransitionTime"));
	assert_foreign_fields(&sample);
}

static void another_size_takes_the_old_refusal_away(void **state)
{
	CLEANUP(sample_done) struct sample sample = sample_of(REFUSED);
	apply(&sample, growth_patch_begin(claim_of(sample.object), UINT64_C(2) << 30, false));
	assert_field(&sample, "status.allocatedResources.storage", "2Gi");
	assert_null(condition_of(&sample, "ControllerResizeError"));
	assert_non_null(condition_of(&sample, "Resizing"));
	assert_foreign_fields(&sample);
}

static void the_same_size_again_needs_no_write(void **state)
{
	CLEANUP(sample_done) struct sample under_way = sample_of(UNDER_WAY);
	assert_null(growth_patch_begin(claim_of(under_way.object), UINT64_C(2) << 30, true));
}

/* Intent before effect: a process that dies while the node works leaves no old refusal behind. */
static void the_same_size_again_takes_the_refusal_away_first(void **state)
{
	CLEANUP(sample_done) struct sample refused = sample_of(REFUSED);
	apply(&refused, growth_patch_begin(claim_of(refused.object), UINT64_C(9) << 30, true));
	assert_null(condition_of(&refused, "ControllerResizeError"));
	assert_non_null(condition_of(&refused, "Resizing"));
	assert_field(&refused, "status.allocatedResources.storage", "9Gi");
	assert_foreign_fields(&refused);
}

static void hands_over_to_the_kubelet(void **state)
{
	CLEANUP(sample_done) struct sample sample = sample_of(UNDER_WAY);
	apply(&sample, growth_patch_pending(claim_of(sample.object)));
	assert_field(&sample, "status.allocatedResourceStatuses.storage", "NodeResizePending");
	assert_field(&sample, "status.allocatedResources.storage", "2Gi");
	assert_field(&sample, "status.capacity.storage", "1Gi");
	assert_null(condition_of(&sample, "Resizing"));
	assert_non_null(condition_of(&sample, "FileSystemResizePending"));
	assert_foreign_fields(&sample);
}

static void ends_with_the_new_capacity(void **state)
{
	CLEANUP(sample_done) struct sample sample = sample_of(UNDER_WAY);
	apply(&sample, growth_patch_done(claim_of(sample.object), UINT64_C(2) << 30));
	assert_field(&sample, "status.capacity.storage", "2Gi");
	assert_field(&sample, "status.allocatedResources.storage", "2Gi");
	assert_field(&sample, "status.allocatedResourceStatuses.storage", NULL);
	assert_null(condition_of(&sample, "Resizing"));
	struct json_object *annotations = json_find(sample.json, "metadata.annotations");
	assert_string_equal(
		json_object_get_string(json_object_object_get(
			annotations, "volume.kubernetes.io/node-expansion-not-required")),
		"true");
	assert_foreign_fields(&sample);
}

static void says_why_it_failed_once(void **state)
{
	CLEANUP(sample_done) struct sample sample = sample_of(UNDER_WAY);
	apply(&sample, growth_patch_failed(claim_of(sample.object), false, "no room"));
	struct json_object *condition = condition_of(&sample, "ControllerResizeError");
	assert_string_equal(json_object_get_string(json_find(condition, "message")), "no room");
	assert_field(&sample, "status.allocatedResourceStatuses.storage",
		     "ControllerResizeInProgress");
	assert_foreign_fields(&sample);
	CLEANUP(sample_done) struct sample refused = sample_of(REFUSED);
	assert_null(growth_patch_failed(claim_of(refused.object), false, "no room"));
	apply(&refused, growth_patch_failed(claim_of(refused.object), false, "another reason"));
	condition = condition_of(&refused, "ControllerResizeError");
	assert_string_equal(json_object_get_string(json_find(condition, "message")),
			    "another reason");
}

static void out_of_range_makes_the_claim_infeasible(void **state)
{
	CLEANUP(sample_done) struct sample sample = sample_of(REFUSED);
	apply(&sample, growth_patch_failed(claim_of(sample.object), true, "no room"));
	assert_field(&sample, "status.allocatedResourceStatuses.storage",
		     "ControllerResizeInfeasible");
	CLEANUP(sample_done)
	struct sample again = sample_of(
		"{'status':{'allocatedResourceStatuses':{'storage':'ControllerResizeInfeasible'},"
		"'conditions':[{'type':'ControllerResizeError','status':'True',"
		"'message':'no room'}]}}");
	assert_null(growth_patch_failed(claim_of(again.object), true, "no room"));
}

/* So that the same size is asked for again, whatever the request is by then. */
static void an_unknown_outcome_is_no_refusal(void **state)
{
	CLEANUP(sample_done) struct sample sample = sample_of(REFUSED);
	apply(&sample, growth_patch_unknown(claim_of(sample.object)));
	assert_null(condition_of(&sample, "ControllerResizeError"));
	assert_foreign_fields(&sample);
	CLEANUP(sample_done) struct sample fresh = sample_of(UNDER_WAY);
	assert_null(growth_patch_unknown(claim_of(fresh.object)));
}

#define VOLUME                                                                                     \
	"{'metadata':{'name':'pvc-u1','uid':'v1','resourceVersion':'7'},"                          \
	"'spec':{'capacity':{'storage':'2Gi'},"                                                    \
	"'csi':{'driver':'kentledge.io','volumeHandle':'pvc-u1'}}}"

static void assert_volume(uint64_t capacity_bytes, uint64_t previous_bytes, const char *capacity,
			  const char *previous)
{
	CLEANUP(object_unrefp)
	struct object *object = sample_object(&persistent_volume_kind, VOLUME, NULL);
	CLEANUP(json_object_putp)
	struct json_object *patch =
		growth_patch_volume(persistent_volume_of(object), capacity_bytes, previous_bytes);
	assert_true((patch != NULL) == (capacity || previous));
	struct json_object *size = json_find(patch, "spec.capacity.storage");
	struct json_object *annotations = json_find(patch, "metadata.annotations");
	struct json_object *noted = json_object_object_get(
		annotations, "volume.alpha.kubernetes.io/pre-resize-capacity");
	assert_true((size != NULL) == (capacity != NULL));
	assert_true((noted != NULL) == (previous != NULL));
	if (capacity)
		assert_string_equal(json_object_get_string(size), capacity);
	if (previous)
		assert_string_equal(json_object_get_string(noted), previous);
}

static void a_volume_never_shrinks(void **state)
{
	assert_volume(UINT64_C(3) << 30, 0, "3Gi", NULL);
	assert_volume(UINT64_C(3) << 30, UINT64_C(1) << 30, "3Gi", "1Gi");
	assert_volume(UINT64_C(2) << 30, UINT64_C(1) << 30, NULL, "1Gi");
	assert_volume(UINT64_C(2) << 30, 0, NULL, NULL);
	assert_volume(UINT64_C(1) << 30, 0, NULL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(begins_with_the_size_that_is_asked_for),
		cmocka_unit_test(another_size_takes_the_old_refusal_away),
		cmocka_unit_test(the_same_size_again_needs_no_write),
		cmocka_unit_test(the_same_size_again_takes_the_refusal_away_first),
		cmocka_unit_test(hands_over_to_the_kubelet),
		cmocka_unit_test(ends_with_the_new_capacity),
		cmocka_unit_test(says_why_it_failed_once),
		cmocka_unit_test(out_of_range_makes_the_claim_infeasible),
		cmocka_unit_test(an_unknown_outcome_is_no_refusal),
		cmocka_unit_test(a_volume_never_shrinks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
