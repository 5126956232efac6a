/* SPDX-License-Identifier: Apache-2.0 */
#include "claim/plan.h"

#include <string.h>

#include "csi/names.h"
#include "sample.h"
#include "test.h"

#define CLAIM                                                                                      \
	"{'metadata':{'name':'www-web-0','namespace':'default','uid':'u1','resourceVersion':'7',"  \
	"'annotations':{'volume.kubernetes.io/storage-provisioner':'kentledge.io',"                \
	"'volume.kubernetes.io/selected-node':'node-a'}},"                                         \
	"'spec':{'storageClassName':'kentledge','accessModes':['ReadWriteOnce'],"                  \
	"'resources':{'requests':{'storage':'1Gi'}}},'status':{'phase':'Pending'}}"

#define CLASS                                                                                      \
	"{'metadata':{'name':'kentledge','uid':'u2'},'provisioner':'kentledge.io',"                \
	"'volumeBindingMode':'WaitForFirstConsumer','parameters':{'backend':'loop'}}"

#define INTENT                                                                                     \
	"'finalizers':['kubernetes.io/pvc-protection','kentledge.io/provisioning'],"               \
	"'annotations':{'kentledge.io/provisioning-node':'node-a'"

#define IMMEDIATE "{'volumeBindingMode':'Immediate'}"

/* Three nodes: a and b are well, c has no driver; d is in no view at all. */
struct scene {
	struct object *claim;
	struct object *class;
	struct object *attributes_class; /* what claims name that name one; NULL: not there */
	struct object *volume;
	struct object *nodes[3];
	struct object *csi_nodes[2];
	struct node_view views[3];
	struct arena *arena;
	struct claim_plan plan;
};

static const char *const node_json[] = {
	"{'metadata':{'name':'node-a','labels':{'zone':'1'}},"
	"'status':{'conditions':[{'type':'Ready','status':'True'}]}}",
	"{'metadata':{'name':'node-b','labels':{'zone':'2'}},"
	"'status':{'conditions':[{'type':'Ready','status':'True'}]}}",
	"{'metadata':{'name':'node-c','labels':{'zone':'2'}},"
	"'status':{'conditions':[{'type':'Ready','status':'True'}]}}",
};

static const char *const csi_node_json[] = {
	"{'metadata':{'name':'node-a'},'spec':{'drivers':[{'name':'other.io','nodeID':'x'},"
	"{'name':'kentledge.io','nodeID':'id-a','topologyKeys':['topology.kentledge.io/node']}]}}",
	"{'metadata':{'name':'node-b'},'spec':{'drivers':[{'name':'kentledge.io',"
	"'nodeID':'id-b'}]}}",
};

static void scene_init(struct scene *scene)
{
	*scene = (struct scene) { .arena = arena_new(1024) };
	for (size_t i = 0; i < 3; i++) {
		scene->nodes[i] = sample_object(&node_kind, node_json[i], NULL);
		scene->views[i].node = node_of(scene->nodes[i]);
	}
	for (size_t i = 0; i < 2; i++) {
		scene->csi_nodes[i] = sample_object(&csi_node_kind, csi_node_json[i], NULL);
		scene->views[i].csi_node = csi_node_of(scene->csi_nodes[i]);
	}
}

static void scene_done(struct scene *scene)
{
	object_unref(scene->claim);
	object_unref(scene->class);
	object_unref(scene->attributes_class);
	object_unref(scene->volume);
	for (size_t i = 0; i < 3; i++)
		object_unref(scene->nodes[i]);
	for (size_t i = 0; i < 2; i++)
		object_unref(scene->csi_nodes[i]);
	arena_free(scene->arena);
}

static void plan_scene(struct scene *scene)
{
	struct claim_view view = {
		.claim = claim_of(scene->claim),
		.class = scene->class ? class_of(scene->class) : NULL,
		.attributes_class = scene->attributes_class
					    ? attributes_class_of(scene->attributes_class)
					    : NULL,
		.volume = scene->volume ? persistent_volume_of(scene->volume) : NULL,
		.nodes = scene->views,
		.node_count = 3,
	};
	claim_plan(&view, scene->arena, &scene->plan);
}

/* class_patch "none": there is no class. volume_patch NULL: there is no volume. */
static void plan(struct scene *scene, const char *claim_patch, const char *class_patch,
		 const char *volume_patch)
{
	static const char volume[] = "{'metadata':{'name':'pvc-u1'},'spec':{}}";
	scene_init(scene);
	scene->claim = sample_object(&claim_kind, CLAIM, claim_patch);
	if (!class_patch || strcmp(class_patch, "none") != 0)
		scene->class = sample_object(&class_kind, CLASS, class_patch);
	if (volume_patch)
		scene->volume = sample_object(&persistent_volume_kind, volume, volume_patch);
	plan_scene(scene);
}

static void asks_the_selected_node_for_the_volume(void **state)
{
	CLEANUP(scene_done) struct scene scene;
	plan(&scene, NULL, "{'mountOptions':['noatime'],'parameters':{'fsType':'xfs'}}", NULL);
	const struct csi_create_volume_request *request = &scene.plan.request;
	assert_int_equal(scene.plan.decision, CLAIM_PROVISION);
	assert_false(scene.plan.has_intent);
	assert_string_equal(scene.plan.node, "node-a");
	assert_string_equal(request->name, "pvc-u1");
	assert_int_equal(request->required_bytes, 1 << 30);
	assert_int_equal(request->limit_bytes, 0);
	assert_int_equal(request->capability_count, 1);
	assert_int_equal(request->capabilities[0].access_mode, CSI_SINGLE_NODE_MULTI_WRITER);
	assert_string_equal(request->capabilities[0].fs_type, "xfs");
	assert_int_equal(request->capabilities[0].mount_flag_count, 1);
	assert_string_equal(request->capabilities[0].mount_flags[0], "noatime");
	assert_int_equal(request->parameters.count, 4);
	assert_string_equal(pairs_get(&request->parameters, "backend"), "loop");
	assert_string_equal(pairs_get(&request->parameters, CSI_PARAMETER_CLAIM_NAME), "www-web-0");
	assert_string_equal(pairs_get(&request->parameters, CSI_PARAMETER_CLAIM_NAMESPACE),
			    "default");
	assert_string_equal(pairs_get(&request->parameters, CSI_PARAMETER_VOLUME_NAME), "pvc-u1");
	assert_int_equal(request->segments.count, 1);
	assert_string_equal(pairs_get(&request->segments, CSI_TOPOLOGY_KEY), "id-a");
}

/* Requirement B13. */
static void sends_the_parameters_of_the_attributes_class(void **state)
{
	static const char gold[] = "{'metadata':{'name':'gold'},'driverName':'kentledge.io',"
				   "'parameters':{'readIops':'100'}}";
	CLEANUP(scene_done) struct scene scene;
	plan(&scene, "{'spec':{'volumeAttributesClassName':'gold'}}", NULL, NULL);
	assert_int_equal(scene.plan.decision, CLAIM_REFUSE);
	scene.attributes_class = sample_object(&attributes_class_kind, gold, NULL);
	plan_scene(&scene);
	assert_int_equal(scene.plan.decision, CLAIM_PROVISION);
	const struct pairs *sent = &scene.plan.request.mutable_parameters;
	assert_int_equal(sent->count, 1);
	assert_string_equal(pairs_get(sent, "readIops"), "100");
	object_unref(scene.attributes_class);
	scene.attributes_class =
		sample_object(&attributes_class_kind, gold, "{'driverName':'other.io'}");
	plan_scene(&scene);
	assert_int_equal(scene.plan.decision, CLAIM_REFUSE);
	assert_int_equal(scene.plan.reason.code, ERROR_INVALID);
	assert_non_null(strstr(scene.plan.reason.text, "driver other.io"));
}

static void maps_read_write_once_pod_to_a_single_writer(void **state)
{
	CLEANUP(scene_done) struct scene scene;
	plan(&scene, "{'spec':{'accessModes':['ReadWriteOncePod']}}", NULL, NULL);
	assert_int_equal(scene.plan.decision, CLAIM_PROVISION);
	assert_int_equal(scene.plan.request.capabilities[0].access_mode,
			 CSI_SINGLE_NODE_SINGLE_WRITER);
	assert_null(scene.plan.request.capabilities[0].fs_type);
}

static void gives_the_same_request_for_the_same_claim(void **state)
{
	CLEANUP(scene_done) struct scene first, second;
	plan(&first, NULL, NULL, NULL);
	plan(&second, NULL, NULL, NULL);
	assert_string_equal(first.plan.request.name, second.plan.request.name);
	assert_true(pairs_equal(&first.plan.request.parameters, &second.plan.request.parameters));
	assert_true(pairs_equal(&first.plan.request.segments, &second.plan.request.segments));
}

static void offers_all_fit_nodes_where_the_class_binds_at_once(void **state)
{
	CLEANUP(scene_done) struct scene scene;
	plan(&scene, NULL, IMMEDIATE, NULL);
	assert_int_equal(scene.plan.decision, CLAIM_CHOOSE);
	assert_int_equal(scene.plan.candidate_count, 2);
	assert_string_equal(scene.plan.candidates[1].node->object.name, "node-b");
	claim_plan_place(&scene.plan, &scene.plan.candidates[1], scene.arena);
	assert_int_equal(scene.plan.decision, CLAIM_PROVISION);
	assert_string_equal(scene.plan.node, "node-b");
	assert_string_equal(pairs_get(&scene.plan.request.segments, CSI_TOPOLOGY_KEY), "id-b");
}

static void offers_only_nodes_that_the_class_allows(void **state)
{
	CLEANUP(scene_done) struct scene scene;
	plan(&scene, NULL,
	     "{'volumeBindingMode':'Immediate','allowedTopologies':[{'matchLabelExpressions':["
	     "{'key':'zone','values':['2','3']}]}]}",
	     NULL);
	assert_int_equal(scene.plan.decision, CLAIM_CHOOSE);
	assert_int_equal(scene.plan.candidate_count, 1);
	assert_string_equal(scene.plan.candidates[0].node->object.name, "node-b");
}

struct row {
	const char *what;
	const char *claim; /* merge patches */
	const char *class;
	const char *volume;
	enum claim_decision decision;
	enum error_code code;
	const char *text; /* part of the reason */
};

static void check(const struct row *row)
{
	CLEANUP(scene_done) struct scene scene;
	plan(&scene, row->claim, row->class, row->volume);
	if (scene.plan.decision != row->decision)
		fail_msg("%s: decision %d instead of %d (%s)", row->what, scene.plan.decision,
			 row->decision, scene.plan.reason.text);
	if (scene.plan.reason.code != row->code)
		fail_msg("%s: code %s instead of %s (%s)", row->what,
			 error_code_name(scene.plan.reason.code), error_code_name(row->code),
			 scene.plan.reason.text);
	if (row->text && !strstr(scene.plan.reason.text, row->text))
		fail_msg("%s: \"%s\" does not say \"%s\"", row->what, scene.plan.reason.text,
			 row->text);
}

#define CHECK_ALL(rows)                                                                            \
	for (size_t i = 0; i < sizeof(rows) / sizeof(*(rows)); i++)                                \
	check(&(rows)[i])

static void leaves_alone_what_is_not_its_own(void **state)
{
	static const struct row rows[] = {
		{ "no provisioner named",
		  "{'metadata':{'annotations':{'volume.kubernetes.io/storage-provisioner':null}}}",
		  .decision = CLAIM_IGNORE },
		{ "another provisioner",
		  "{'metadata':{'annotations':{'volume.kubernetes.io/storage-provisioner':"
		  "'other.io'}}}",
		  .decision = CLAIM_IGNORE },
		{ "another provisioner; the beta annotation is old",
		  "{'metadata':{'annotations':{'volume.kubernetes.io/storage-provisioner':"
		  "'other.io','volume.beta.kubernetes.io/storage-provisioner':'kentledge.io'}}}",
		  .decision = CLAIM_IGNORE },
		{ "the class is another provisioner's", NULL, "{'provisioner':'other.io'}",
		  .decision = CLAIM_IGNORE },
		{ "bound", "{'spec':{'volumeName':'pvc-u1'}}", .decision = CLAIM_IGNORE },
		{ "being deleted", "{'metadata':{'deletionTimestamp':'2026-11-24T09:15:02Z'}}",
		  .decision = CLAIM_IGNORE },
		{ "no class", "{'spec':{'storageClassName':null}}", "none",
		  .decision = CLAIM_IGNORE },
		{ "explicitly no class", "{'spec':{'storageClassName':''}}", "none",
		  .decision = CLAIM_IGNORE },
		{ "its volume is written and waits for the binder", NULL, NULL,
		  "{'spec':{'claimRef':{'namespace':'default','name':'www-web-0','uid':'u1'}}}",
		  .decision = CLAIM_IGNORE },
		{ "a populator's", "{'spec':{'dataSourceRef':{'kind':'Import','name':'x'}}}",
		  .decision = CLAIM_LEAVE },
		{ "a populator's, which names a core kind of another group",
		  "{'spec':{'dataSourceRef':{'kind':'VolumeSnapshot','name':'x'}}}",
		  .decision = CLAIM_LEAVE },
		{ "no node selected yet",
		  "{'metadata':{'annotations':{'volume.kubernetes.io/selected-node':null}}}",
		  .decision = CLAIM_WAIT },
		{ "an empty node selected",
		  "{'metadata':{'annotations':{'volume.kubernetes.io/selected-node':''}}}",
		  .decision = CLAIM_WAIT },
	};
	CHECK_ALL(rows);
}

#define WITH_SECRET                                                                                \
	"'parameters':{'csi.storage.k8s.io/secret-name':'k',"                                      \
	"'csi.storage.k8s.io/secret-namespace':'keys'}"

static void plan_undo(struct scene *scene, const char *class_patch)
{
	plan(scene, "{'metadata':{'deletionTimestamp':'2026-01-01T00:00:00Z'," INTENT "}}}",
	     class_patch, NULL);
	assert_int_equal(scene->plan.decision, CLAIM_UNDO);
}

static void knows_the_secret_of_a_volume_that_it_undoes(void **state)
{
	CLEANUP(scene_done) struct scene scene;
	plan_undo(&scene, "{" WITH_SECRET "}");
	assert_string_equal(scene.plan.secrets.of[SECRET_PROVISIONER].name, "k");
}

static void reads_no_secret_of_another_drivers_class(void **state)
{
	CLEANUP(scene_done) struct scene scene;
	plan_undo(&scene, "{'provisioner':'other.io'," WITH_SECRET "}");
	assert_null(scene.plan.secrets.of[SECRET_PROVISIONER].name);
}

static void takes_the_beta_annotation_of_older_releases(void **state)
{
	static const struct row row = {
		"beta",
		"{'metadata':{'annotations':{'volume.kubernetes.io/storage-provisioner':null,"
		"'volume.beta.kubernetes.io/storage-provisioner':'kentledge.io'}}}",
		.decision = CLAIM_PROVISION,
	};
	check(&row);
}

static void refuses_what_it_cannot_serve_and_names_the_field(void **state)
{
	static const struct row rows[] = {
		{ "class missing", NULL, "none", NULL, CLAIM_REFUSE, ERROR_NOT_FOUND,
		  "storageclass.storage.k8s.io \"kentledge\" not found" },
		{ "selector", "{'spec':{'selector':{'matchLabels':{'a':'b'}}}}", NULL, NULL,
		  CLAIM_REFUSE, ERROR_UNSUPPORTED,
		  "spec.selector: claim Selector is not supported" },
		{ "attributes class", "{'spec':{'volumeAttributesClassName':'gold'}}", NULL, NULL,
		  CLAIM_REFUSE, ERROR_NOT_FOUND,
		  "spec.volumeAttributesClassName: volumeattributesclass.storage.k8s.io \"gold\" "
		  "not found" },
		{ "RWX", "{'spec':{'accessModes':['ReadWriteMany']}}", NULL, NULL, CLAIM_REFUSE,
		  ERROR_UNSUPPORTED, "spec.accessModes: ReadWriteMany" },
		{ "ROX", "{'spec':{'accessModes':['ReadWriteOnce','ReadOnlyMany']}}", NULL, NULL,
		  CLAIM_REFUSE, ERROR_UNSUPPORTED, "spec.accessModes: ReadOnlyMany" },
		{ "ROX alone, and empty", "{'spec':{'accessModes':['ReadOnlyMany']}}", NULL, NULL,
		  CLAIM_REFUSE, ERROR_UNSUPPORTED, "made from spec.dataSource" },
		{ "RWOP and RWO", "{'spec':{'accessModes':['ReadWriteOnce','ReadWriteOncePod']}}",
		  NULL, NULL, CLAIM_REFUSE, ERROR_INVALID, "spec.accessModes: ReadWriteOncePod" },
		{ "no access mode", "{'spec':{'accessModes':[]}}", NULL, NULL, CLAIM_REFUSE,
		  ERROR_INVALID, "spec.accessModes" },
		{ "size 0", "{'spec':{'resources':{'requests':{'storage':'0'}}}}", NULL, NULL,
		  CLAIM_REFUSE, ERROR_INVALID,
		  "spec.resources.requests.storage: must be more than 0" },
		{ "no size", "{'spec':{'resources':null}}", NULL, NULL, CLAIM_REFUSE, ERROR_INVALID,
		  "spec.resources.requests.storage" },
		{ "limit below request", "{'spec':{'resources':{'limits':{'storage':'1Mi'}}}}",
		  NULL, NULL, CLAIM_REFUSE, ERROR_INVALID, "spec.resources.limits.storage" },
		{ "half a secret", NULL,
		  "{'parameters':{'csi.storage.k8s.io/provisioner-secret-name':'x'}}", NULL,
		  CLAIM_REFUSE, ERROR_INVALID,
		  "StorageClass kentledge: parameters: "
		  "csi.storage.k8s.io/provisioner-secret-name stands alone" },
		{ "encryption without a secret for the key", NULL,
		  "{'parameters':{'encryption':'fscrypt'}}", NULL, CLAIM_REFUSE, ERROR_INVALID,
		  "csi.storage.k8s.io/node-stage-secret-name" },
		{ "unknown prefixed parameter", NULL,
		  "{'parameters':{'csi.storage.k8s.io/flavour':'x'}}", NULL, CLAIM_REFUSE,
		  ERROR_INVALID, "csi.storage.k8s.io/flavour is unknown" },
		{ "two fs types", NULL,
		  "{'parameters':{'csi.storage.k8s.io/fstype':'xfs','fsType':'ext4'}}", NULL,
		  CLAIM_REFUSE, ERROR_INVALID, "both name the file system" },
		{ "node of another zone", NULL,
		  "{'allowedTopologies':[{'matchLabelExpressions':[{'key':'zone','values':['2']}]}"
		  "]}",
		  NULL, CLAIM_RESCHEDULE, ERROR_INVALID,
		  "node \"node-a\" does not satisfy allowedTopologies" },
		{ "driver not there",
		  "{'metadata':{'annotations':{'volume.kubernetes.io/selected-node':'node-c'}}}",
		  NULL, NULL, CLAIM_RESCHEDULE, ERROR_UNAVAILABLE,
		  "node \"node-c\": driver kentledge.io is not registered" },
		{ "no node allowed", NULL,
		  "{'volumeBindingMode':'Immediate','allowedTopologies':[{'matchLabelExpressions':"
		  "[{'key':'zone','values':['9']}]}]}",
		  NULL, CLAIM_REFUSE, ERROR_UNAVAILABLE, "no node" },
		{ "name taken by another's volume", NULL, NULL,
		  "{'spec':{'claimRef':{'namespace':'default','name':'other','uid':'u9'}}}",
		  CLAIM_REFUSE, ERROR_EXISTS, "PersistentVolume \"pvc-u1\" exists" },
	};
	CHECK_ALL(rows);
}

static void lets_the_scheduler_choose_again_when_the_node_is_gone(void **state)
{
	static const struct row rows[] = {
		{ "node gone",
		  "{'metadata':{'annotations':{'volume.kubernetes.io/selected-node':'node-d'}}}",
		  NULL, NULL, CLAIM_RESCHEDULE, ERROR_NOT_FOUND,
		  "\"node-d\" is not in the cluster" },
		{ "node gone after the intent",
		  "{'metadata':{'finalizers':['kentledge.io/provisioning'],'annotations':{"
		  "'volume.kubernetes.io/selected-node':'node-d',"
		  "'kentledge.io/provisioning-node':'node-d'}}}",
		  NULL, NULL, CLAIM_RESCHEDULE, ERROR_NOT_FOUND,
		  "\"node-d\" is not in the cluster" },
	};
	CHECK_ALL(rows);
}

static void goes_on_where_the_intent_says(void **state)
{
	CLEANUP(scene_done) struct scene scene;
	plan(&scene, "{'metadata':{" INTENT "}}}", NULL, NULL);
	assert_int_equal(scene.plan.decision, CLAIM_PROVISION);
	assert_true(scene.plan.has_intent);
	assert_string_equal(scene.plan.node, "node-a");
}

static void keeps_to_the_intents_node_where_the_class_binds_at_once(void **state)
{
	CLEANUP(scene_done) struct scene scene;
	plan(&scene, "{'metadata':{" INTENT ",'volume.kubernetes.io/selected-node':null}}}",
	     IMMEDIATE, NULL);
	assert_int_equal(scene.plan.decision, CLAIM_PROVISION);
	assert_string_equal(scene.plan.node, "node-a");
}

static void clears_up_or_settles_what_an_intent_began(void **state)
{
	static const struct row rows[] = {
		{ "claim deleted",
		  "{'metadata':{" INTENT "},'deletionTimestamp':'2026-11-24T09:15:02Z'}}", NULL,
		  NULL, CLAIM_UNDO, ERROR_CANCELLED, "deleted" },
		{ "claim and class deleted",
		  "{'metadata':{" INTENT "},'deletionTimestamp':'2026-11-24T09:15:02Z'}}", "none",
		  NULL, CLAIM_UNDO, ERROR_CANCELLED, "deleted" },
		{ "bound elsewhere", "{'metadata':{" INTENT "}},'spec':{'volumeName':'mine'}}",
		  NULL, NULL, CLAIM_UNDO, ERROR_CANCELLED, "another volume" },
		{ "another node selected",
		  "{'metadata':{" INTENT ",'volume.kubernetes.io/selected-node':'node-b'}}}", NULL,
		  NULL, CLAIM_UNDO, ERROR_CANCELLED, "another node" },
		{ "selection taken back",
		  "{'metadata':{" INTENT ",'volume.kubernetes.io/selected-node':null}}}", NULL,
		  NULL, CLAIM_UNDO, ERROR_CANCELLED, "another node" },
		{ "node gone, class binds at once",
		  "{'metadata':{'finalizers':['kentledge.io/provisioning'],'annotations':{"
		  "'kentledge.io/provisioning-node':'node-d'}}}",
		  IMMEDIATE, NULL, CLAIM_UNDO, ERROR_CANCELLED, "left the cluster" },
		{ "volume written", "{'metadata':{" INTENT "}}}", NULL,
		  "{'spec':{'claimRef':{'uid':'u1'}}}", CLAIM_SETTLE, ERROR_NONE, NULL },
		{ "volume written, claim deleted",
		  "{'metadata':{" INTENT "},'deletionTimestamp':'2026-11-24T09:15:02Z'}}", NULL,
		  "{'spec':{'claimRef':{'uid':'u1'}}}", CLAIM_SETTLE, ERROR_NONE, NULL },
		{ "volume kept for another claim, ours deleted",
		  "{'metadata':{" INTENT "},'deletionTimestamp':'2026-11-24T09:15:02Z'}}", NULL,
		  "{'spec':{'claimRef':{'uid':'u9'}}}", CLAIM_SETTLE, ERROR_NONE, NULL },
		{ "bound, volume removed since",
		  "{'metadata':{" INTENT "}},'spec':{'volumeName':'pvc-u1'}}", NULL, NULL,
		  CLAIM_SETTLE, ERROR_NONE, NULL },
		{ "annotation taken away",
		  "{'metadata':{'finalizers':['kentledge.io/provisioning']}}", NULL, NULL,
		  CLAIM_SETTLE, ERROR_NONE, NULL },
		{ "class gone, outcome unknown", "{'metadata':{" INTENT "}}}", "none", NULL,
		  CLAIM_REFUSE, ERROR_NOT_FOUND, "not found" },
	};
	CHECK_ALL(rows);
}

static void gives_a_volume_up_with_its_node(void **state)
{
	CLEANUP(scene_done) struct scene scene;
	plan(&scene,
	     "{'metadata':{'finalizers':['kentledge.io/provisioning'],'annotations':{"
	     "'kentledge.io/provisioning-node':'node-d'},"
	     "'deletionTimestamp':'2026-11-24T09:15:02Z'}}",
	     NULL, NULL);
	assert_int_equal(scene.plan.decision, CLAIM_UNDO);
	assert_true(scene.plan.node_gone);
	assert_string_equal(scene.plan.node, "node-d");
}

static void knows_which_claims_concern_it(void **state)
{
	static const struct {
		const char *patch;
		bool concerns;
	} rows[] = {
		{ NULL, true },
		{ "{'spec':{'volumeName':'pvc-u1'}}", false },
		{ "{'metadata':{" INTENT "}},'spec':{'volumeName':'pvc-u1'}}", true },
		{ "{'metadata':{'deletionTimestamp':'2026-11-24T09:15:02Z'}}", false },
		{ "{'metadata':{'annotations':{'volume.kubernetes.io/storage-provisioner':'x'}}}",
		  false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEANUP(object_unrefp)
		struct object *claim = sample_object(&claim_kind, CLAIM, rows[i].patch);
		assert_int_equal(claim_concerns_us(claim_of(claim)), rows[i].concerns);
	}
}

static void sorts_errors_by_what_they_tell_of_the_volume(void **state)
{
	CLEANUP(object_unrefp) struct object *delayed = sample_object(&class_kind, CLASS, NULL);
	CLEANUP(object_unrefp)
	struct object *immediate = sample_object(&class_kind, CLASS, IMMEDIATE);
	static const enum error_code background[] = { ERROR_TIMEOUT, ERROR_UNAVAILABLE, ERROR_BUSY,
						      ERROR_CANCELLED, ERROR_IN_USE };
	static const enum error_code final[] = {
		ERROR_INVALID,	   ERROR_EXISTS,   ERROR_RANGE,
		ERROR_UNSUPPORTED, ERROR_INTERNAL, ERROR_FORBIDDEN
	};
	for (size_t i = 0; i < sizeof(background) / sizeof(*background); i++)
		assert_int_equal(claim_failure_of(background[i], class_of(delayed)),
				 CLAIM_FAILURE_BACKGROUND);
	for (size_t i = 0; i < sizeof(final) / sizeof(*final); i++)
		assert_int_equal(claim_failure_of(final[i], class_of(delayed)),
				 CLAIM_FAILURE_FINAL);
	assert_int_equal(claim_failure_of(ERROR_EXHAUSTED, class_of(delayed)),
			 CLAIM_FAILURE_RESCHEDULE);
	assert_int_equal(claim_failure_of(ERROR_EXHAUSTED, class_of(immediate)),
			 CLAIM_FAILURE_FINAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(asks_the_selected_node_for_the_volume),
		cmocka_unit_test(sends_the_parameters_of_the_attributes_class),
		cmocka_unit_test(maps_read_write_once_pod_to_a_single_writer),
		cmocka_unit_test(gives_the_same_request_for_the_same_claim),
		cmocka_unit_test(offers_all_fit_nodes_where_the_class_binds_at_once),
		cmocka_unit_test(offers_only_nodes_that_the_class_allows),
		cmocka_unit_test(leaves_alone_what_is_not_its_own),
		cmocka_unit_test(knows_the_secret_of_a_volume_that_it_undoes),
		cmocka_unit_test(reads_no_secret_of_another_drivers_class),
		cmocka_unit_test(takes_the_beta_annotation_of_older_releases),
		cmocka_unit_test(refuses_what_it_cannot_serve_and_names_the_field),
		cmocka_unit_test(lets_the_scheduler_choose_again_when_the_node_is_gone),
		cmocka_unit_test(goes_on_where_the_intent_says),
		cmocka_unit_test(keeps_to_the_intents_node_where_the_class_binds_at_once),
		cmocka_unit_test(clears_up_or_settles_what_an_intent_began),
		cmocka_unit_test(gives_a_volume_up_with_its_node),
		cmocka_unit_test(knows_which_claims_concern_it),
		cmocka_unit_test(sorts_errors_by_what_they_tell_of_the_volume),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
