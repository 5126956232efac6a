/* SPDX-License-Identifier: Apache-2.0 */
#include "claim/provision.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "apply/node_channel.h"
#include "apply/node_gate.h"
#include "apply/rooms.h"
#include "base/clock.h"
#include "claim/intent.h"
#include "claim/node_choice.h"
#include "fake_api.h"
#include "fake_node.h"
#include "kube/event.h"
#include "kube/json.h"
#include "kube/verbs.h"
#include "rpc/channel.h"
#include "sample.h"
#include "test.h"

/* One claim that was planned, and what it takes to carry the plan out. */
struct scene {
	struct fake_api *api;
	struct fake_node *node;
	struct kube_client *client;
	struct applier applier;
	struct object *claim;
	struct object *class;
	struct arena *arena;
	struct csi_capability capability;
	struct claim_plan plan;
};

/* Which of "n0" to "n99" were asked for their address. */
static bool asked[100];

static int find_address(void *context, const char *node, struct text *address, struct error *err)
{
	unsigned number;
	if (sscanf(node, "n%u", &number) == 1 && number < 100)
		asked[number] = true;
	text_append_string(address, fake_node_socket(context));
	return 0;
}

static int dial(void *context, const char *address, struct rpc_channel **ret_channel,
		struct error *err)
{
	return rpc_channel_new_unix(address, ret_channel, err);
}

static void read_claim(struct scene *scene)
{
	struct error err;
	object_unref(scene->claim);
	assert_int_equal(
		kube_get(scene->client, &claim_kind, "default", "www", &scene->claim, &err), 0);
}

static void set_up(struct scene *scene)
{
	*scene = (struct scene) { .api = fake_api_new(),
				  .node = fake_node_new("node-a"),
				  .arena = arena_new(256) };
	fake_node_serve(scene->node);
	fake_api_put(scene->api, &claim_kind,
		     "{\"metadata\":{\"name\":\"www\",\"namespace\":\"default\",\"uid\":\"u1\"},"
		     "\"spec\":{\"accessModes\":[\"ReadWriteOnce\"]}}");
	scene->client = kube_client_new_over(fake_api_transport(scene->api));
	scene->class = sample_object(
		&class_kind, "{'metadata':{'name':'c'},'provisioner':'kentledge.io'}", NULL);
	scene->applier = (struct applier) {
		.client = scene->client,
		.events = event_recorder_new(scene->client, "test", "test"),
		.channels = node_channels_new(&(struct node_channels_options) {
			.find_address = find_address, .context = scene->node, .dial = dial }),
		.gates = node_gates_new(0, 0), /* no pause */
		.rooms = rooms_new(),
		.identity = "test",
		.call_timeout_ms = 5000,
	};
	scene->plan = (struct claim_plan) {
		.decision = CLAIM_PROVISION,
		.node = "node-a",
		.request = { .name = "pvc-u1",
			     .required_bytes = 4096,
			     .capabilities = &scene->capability,
			     .capability_count = 1 },
	};
	scene->capability.access_mode = CSI_SINGLE_NODE_MULTI_WRITER;
	pairs_set(&scene->plan.request.segments, scene->arena, "topology.kentledge.io/node",
		  "node-a");
	read_claim(scene);
}

static void tear_down(struct scene *scene)
{
	event_recorder_free(scene->applier.events);
	node_channels_free(scene->applier.channels);
	node_gates_free(scene->applier.gates);
	rooms_free(scene->applier.rooms);
	object_unref(scene->claim);
	object_unref(scene->class);
	kube_client_stop(scene->client);
	kube_client_free(scene->client);
	fake_node_free(scene->node);
	fake_api_free(scene->api);
	arena_free(scene->arena);
}

static int provision(struct scene *scene, struct error *err)
{
	return claim_provision(&scene->applier, claim_of(scene->claim), class_of(scene->class),
			       &scene->plan, err);
}

static int undo(struct scene *scene, struct error *err)
{
	scene->plan.decision = CLAIM_UNDO;
	return claim_undo(&scene->applier, claim_of(scene->claim), &scene->plan, err);
}

static void put_volume(struct scene *scene, const char *uid, const char *handle)
{
	fake_api_putf(scene->api, &persistent_volume_kind,
		      "{'metadata':{'name':'pvc-u1'},'spec':{'claimRef':{'uid':'%s'},"
		      "'csi':{'driver':'kentledge.io','volumeHandle':'%s'}}}",
		      uid, handle);
}

static bool has_intent(struct scene *scene)
{
	read_claim(scene);
	return claim_intent_node(claim_of(scene->claim)) != NULL;
}

static void notes_the_intent_before_it_asks_the_node(void **state)
{
	CLEANUP(tear_down) struct scene scene;
	set_up(&scene);
	fake_node_fail(scene.node, "CreateVolume", ERROR_TIMEOUT, false, 1);
	struct error err;
	assert_int_equal(provision(&scene, &err), -1);
	assert_int_equal(err.code, ERROR_TIMEOUT);
	read_claim(&scene);
	assert_string_equal(claim_intent_node(claim_of(scene.claim)), "node-a");
}

static void strip_finalizers(void *context, const char *collection, struct json_object *object)
{
	json_object_object_del(json_find(object, "metadata"), "finalizers");
}

static void strip_annotations(void *context, const char *collection, struct json_object *object)
{
	json_object_object_del(json_find(object, "metadata"), "annotations");
}

/* Without the intent the volume could be forgotten. */
static void asks_no_node_when_a_webhook_strips_the_intent(void **state)
{
	fake_api_webhook *const webhooks[] = { strip_finalizers, strip_annotations };
	for (size_t i = 0; i < 2; i++) {
		CLEANUP(tear_down) struct scene scene;
		set_up(&scene);
		fake_api_set_webhook(scene.api, webhooks[i], NULL);
		struct error err;
		assert_int_equal(provision(&scene, &err), -1);
		assert_int_equal(err.code, ERROR_FORBIDDEN);
		assert_non_null(strstr(err.text, CLAIM_INTENT_FINALIZER));
		assert_int_equal(fake_node_calls(scene.node, "CreateVolume"), 0);
	}
}

static void asks_no_node_when_the_claim_has_changed(void **state)
{
	CLEANUP(tear_down) struct scene scene;
	set_up(&scene);
	fake_api_edit(scene.api, &claim_kind, "default", "www",
		      "{'metadata':{'labels':{'a':'b'}}}");
	struct error err;
	assert_int_equal(provision(&scene, &err), 1);
	assert_int_equal(fake_node_calls(scene.node, "CreateVolume"), 0);
}

static void takes_its_own_record_for_success(void **state)
{
	CLEANUP(tear_down) struct scene scene;
	set_up(&scene);
	put_volume(&scene, "u1", "pvc-u1");
	struct error err;
	assert_int_equal(provision(&scene, &err), 0);
	assert_true(fake_node_has(scene.node, "pvc-u1"));
}

static void takes_no_other_record_for_success(void **state)
{
	static const char *const others[][2] = { { "u2", "pvc-u1" }, { "u1", "pvc-u2" } };
	for (size_t i = 0; i < 2; i++) {
		CLEANUP(tear_down) struct scene scene;
		set_up(&scene);
		put_volume(&scene, others[i][0], others[i][1]);
		struct error err;
		assert_int_equal(provision(&scene, &err), -1);
		assert_int_equal(err.code, ERROR_EXISTS);
		assert_true(has_intent(&scene));
	}
}

static void undoes_the_volume_and_the_intent(void **state)
{
	CLEANUP(tear_down) struct scene scene;
	set_up(&scene);
	struct error err;
	fake_node_fail(scene.node, "CreateVolume", ERROR_TIMEOUT, true, 1);
	assert_int_equal(provision(&scene, &err), -1);
	assert_true(has_intent(&scene));
	assert_int_equal(undo(&scene, &err), 0);
	assert_int_equal(fake_node_count(scene.node), 0);
	assert_false(has_intent(&scene));
}

static void never_undoes_a_volume_that_is_recorded(void **state)
{
	CLEANUP(tear_down) struct scene scene;
	set_up(&scene);
	struct error err;
	assert_int_equal(provision(&scene, &err), 0);
	assert_true(has_intent(&scene));
	assert_int_equal(undo(&scene, &err), 0);
	assert_true(fake_node_has(scene.node, "pvc-u1"));
	assert_int_equal(fake_node_calls(scene.node, "DeleteVolume"), 0);
	assert_false(has_intent(&scene));
}

static void keeps_the_intent_when_undoing_fails(void **state)
{
	CLEANUP(tear_down) struct scene scene;
	set_up(&scene);
	struct error err;
	fake_node_fail(scene.node, "CreateVolume", ERROR_INVALID, true, 1);
	fake_node_fail(scene.node, "DeleteVolume", ERROR_UNAVAILABLE, false, 1);
	assert_int_equal(provision(&scene, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_true(has_intent(&scene));
	assert_true(fake_node_has(scene.node, "pvc-u1"));
}

/* A clone of a volume that is written to all the time. */
static void keeps_the_part_of_a_copy_that_the_node_has_made(void **state)
{
	CLEANUP(tear_down) struct scene scene;
	set_up(&scene);
	struct error err;
	fake_node_fail(scene.node, "CreateVolume", ERROR_IN_USE, false, 1);
	assert_int_equal(provision(&scene, &err), -1);
	assert_int_equal(err.code, ERROR_IN_USE);
	assert_int_equal(fake_node_calls(scene.node, "DeleteVolume"), 0);
	assert_true(has_intent(&scene));
	read_claim(&scene);
	assert_int_equal(undo(&scene, &err), 0);
	assert_int_equal(fake_node_calls(scene.node, "DeleteVolume"), 1);
	assert_false(has_intent(&scene));
}

static uint32_t lead_is_lost(void *context)
{
	return 0;
}

static void undoes_nothing_without_the_lead(void **state)
{
	CLEANUP(tear_down) struct scene scene;
	set_up(&scene);
	struct error err;
	fake_node_fail(scene.node, "CreateVolume", ERROR_TIMEOUT, true, 1);
	assert_int_equal(provision(&scene, &err), -1);
	scene.applier.lead.time_left_ms = lead_is_lost;
	assert_int_equal(undo(&scene, &err), -1);
	assert_int_equal(err.code, ERROR_CANCELLED);
	assert_int_equal(fake_node_calls(scene.node, "DeleteVolume"), 0);
	assert_true(has_intent(&scene));
}

static uint32_t lead_is_short(void *context)
{
	return 50;
}

static bool stall(void *context, const char *method, bool after)
{
	usleep(1500000);
	return true;
}

static void ends_a_call_with_the_lead(void **state)
{
	CLEANUP(tear_down) struct scene scene;
	set_up(&scene);
	struct error err;
	scene.applier.lead.time_left_ms = lead_is_short;
	fake_node_set_hook(scene.node, stall, NULL);
	uint64_t since_ms = clock_monotonic_ms();
	assert_int_equal(provision(&scene, &err), -1);
	assert_int_equal(err.code, ERROR_TIMEOUT);
	assert_in_range(clock_monotonic_ms() - since_ms, 0, 1499);
	assert_true(has_intent(&scene));
}

static void asks_every_candidate_for_room_in_the_end(void **state)
{
	enum { COUNT = 100 };
	CLEANUP(tear_down) struct scene scene;
	set_up(&scene);
	struct node_view views[COUNT];
	struct error err;
	const struct node_view *chosen;
	for (int i = 0; i < COUNT; i++) {
		CLEANUP_FREE char *json = must_printf("{'metadata':{'name':'n%d'}}", i);
		CLEANUP_FREE char *csi_json =
			must_printf("{'metadata':{'name':'n%d'},'spec':{'drivers':[{'name':"
				    "'kentledge.io','nodeID':'n%d','topologyKeys':[]}]}}",
				    i, i);
		views[i] = (struct node_view) {
			.node = node_of(sample_object(&node_kind, json, NULL)),
			.csi_node = csi_node_of(sample_object(&csi_node_kind, csi_json, NULL)),
		};
	}
	scene.plan.candidates = views;
	scene.plan.candidate_count = COUNT;
	fake_node_set_room(scene.node, 1);
	memset(asked, 0, sizeof(asked));
	for (int i = 0; i < 3000 && memchr(asked, false, COUNT); i++) {
		assert_int_equal(node_choice(&scene.applier, claim_of(scene.claim), &scene.plan,
					     &chosen, &err),
				 -1);
		assert_int_equal(err.code, ERROR_EXHAUSTED);
	}
	assert_null(memchr(asked, false, COUNT));
	for (int i = 0; i < COUNT; i++) {
		object_unref((struct object *)views[i].node);
		object_unref((struct object *)views[i].csi_node);
	}
}

static void gives_the_volume_up_when_its_node_is_gone(void **state)
{
	CLEANUP(tear_down) struct scene scene;
	set_up(&scene);
	struct error err;
	fake_node_fail(scene.node, "CreateVolume", ERROR_TIMEOUT, false, 1);
	assert_int_equal(provision(&scene, &err), -1);
	assert_true(has_intent(&scene));
	scene.plan.node_gone = true;
	assert_int_equal(undo(&scene, &err), 0);
	assert_int_equal(fake_node_calls(scene.node, "DeleteVolume"), 0);
	assert_false(has_intent(&scene));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(notes_the_intent_before_it_asks_the_node),
		cmocka_unit_test(asks_no_node_when_the_claim_has_changed),
		cmocka_unit_test(asks_no_node_when_a_webhook_strips_the_intent),
		cmocka_unit_test(takes_its_own_record_for_success),
		cmocka_unit_test(takes_no_other_record_for_success),
		cmocka_unit_test(undoes_the_volume_and_the_intent),
		cmocka_unit_test(never_undoes_a_volume_that_is_recorded),
		cmocka_unit_test(keeps_the_intent_when_undoing_fails),
		cmocka_unit_test(keeps_the_part_of_a_copy_that_the_node_has_made),
		cmocka_unit_test(undoes_nothing_without_the_lead),
		cmocka_unit_test(ends_a_call_with_the_lead),
		cmocka_unit_test(asks_every_candidate_for_room_in_the_end),
		cmocka_unit_test(gives_the_volume_up_when_its_node_is_gone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
