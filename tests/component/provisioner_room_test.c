/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The roles "provision" and "capacity" together, and a scheduler that knows the capacity objects: a
 * node is asked for no volume that cannot fit, claims of one pod are judged together, and a claim
 * that binds at once finds its node with few calls.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "capacity/plan.h"
#include "fake_scheduler.h"
#include "step_share.h"
#include "test.h"

#define GIB (UINT64_C(1) << 30)
/* No program has looked at it: kube-controller-manager names the provisioner after the scheduler
 * has selected a node. */
#define UNSELECTED                                                                                 \
	"'annotations':{'volume.kubernetes.io/selected-node':null,"                                \
	"'volume.kubernetes.io/storage-provisioner':null}"

static void label_node(struct provision_scene *scene, const char *node)
{
	fake_api_edit(scene_api(scene), &scene_nodes, "", node,
		      "{'metadata':{'labels':{'topology.kentledge.io/node':'%s'}}}", node);
}

static struct provision_scene *new_scene(void)
{
	struct provision_scene *scene = scene_new();
	label_node(scene, "node-a");
	label_node(scene, "node-b");
	fake_node_set_disk(scene_node_a(scene), 10 * GIB);
	fake_node_set_disk(scene_node_b(scene), 20 * GIB);
	scene_set_roles(scene, "provision,reclaim,capacity");
	return scene;
}

static bool wait_room(struct provision_scene *scene, const char *class, const char *node,
		      const char *capacity)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(256);
	return fake_api_wait_field(scene_api(scene), &storage_capacity_kind, "kentledge",
				   capacity_object_name(class, node, arena), "capacity", capacity);
}

static void start(struct provision_scene *scene)
{
	scene_start(scene);
	assert_true(wait_room(scene, "kentledge", "node-a", "10Gi"));
	assert_true(wait_room(scene, "kentledge", "node-b", "20Gi"));
}

/* patch: of metadata, ended by a comma; or "". */
static void put_claim(struct provision_scene *scene, const char *name, unsigned gib,
		      const char *patch)
{
	CLEANUP_FREE char *all =
		must_printf("{'metadata':{%s" UNSELECTED "},'spec':{'resources':{'requests':{"
			    "'storage':'%uGi'}}}}",
			    patch, gib);
	scene_put_claim(scene, name, all);
}

static size_t made_on(struct fake_node *node)
{
	return fake_node_calls(node, "CreateVolume");
}

static struct fake_pod pod_of(const char *one, const char *other)
{
	return (struct fake_pod) { .claims = { one, other },
				   .nodes = { "node-a", "node-b" },
				   .class_name = "kentledge" };
}

/* The room went without a notice, so the node itself says it. */
static void a_claim_leaves_a_full_node_exactly_once(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = new_scene();
	struct fake_pod pod = pod_of("www", NULL);
	start(scene);
	usleep(200000); /* an object that appears has its node asked again */
	fake_node_set_disk(scene_node_a(scene), GIB / 2);
	put_claim(scene, "www", 1, "");
	assert_true(fake_scheduler_run(scene, &pod, 1));
	/* Or it was asked meanwhile, on a slow machine, and not selected at all. */
	assert_in_range(pod.selections, 1, 2);
	assert_in_range(made_on(scene_node_a(scene)), 0, 1);
	assert_int_equal(fake_node_count(scene_node_b(scene)), 1);
}

/* The scheduler's own copy is behind; ours is not. */
static void a_node_is_not_asked_for_what_cannot_fit(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = new_scene();
	struct fake_pod pod = pod_of("www", NULL);
	start(scene);
	scene_put_claim(scene, "www", "{'spec':{'resources':{'requests':{'storage':'11Gi'}}}}");
	assert_true(scene_wait_event(scene, "ProvisioningFailed",
				     "node \"node-a\" has no room for 11Gi; about 10Gi is left"));
	assert_true(fake_scheduler_run(scene, &pod, 1));
	assert_int_equal(pod.selections, 1);
	assert_int_equal(made_on(scene_node_a(scene)), 0);
	assert_int_equal(fake_node_count(scene_node_b(scene)), 1);
}

/* Each fits on node-a, and both do not. */
static void the_claims_of_a_pod_that_do_not_fit_together_leave_together(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = new_scene();
	struct fake_pod pod = pod_of("data", "log");
	start(scene);
	put_claim(scene, "data", 6, "");
	put_claim(scene, "log", 6, "");
	assert_true(fake_scheduler_run(scene, &pod, 1));
	assert_int_equal(pod.selections, 2);
	assert_int_equal(made_on(scene_node_a(scene)), 0);
	assert_int_equal(fake_node_count(scene_node_b(scene)), 2);
	assert_true(scene_has_event(scene, "ProvisioningFailed",
				    "has room for this claim, but not for all that were sent"));
}

static void claims_that_fit_together_stay(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = new_scene();
	struct fake_pod pod = pod_of("data", "log");
	start(scene);
	put_claim(scene, "data", 6, "");
	put_claim(scene, "log", 4, "");
	assert_true(fake_scheduler_run(scene, &pod, 1));
	assert_int_equal(pod.selections, 1);
	assert_int_equal(fake_node_count(scene_node_a(scene)), 2);
}

static void replicas_of_a_set_are_judged_one_by_one(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = new_scene();
	struct fake_pod pods[] = { pod_of("www-web-0", NULL), pod_of("www-web-1", NULL),
				   pod_of("www-web-2", NULL) };
	start(scene);
	for (size_t i = 0; i < 3; i++)
		put_claim(scene, pods[i].claims[0], 4, "'labels':{'app':'web'},");
	assert_true(fake_scheduler_run(scene, pods, 3));
	assert_int_equal(fake_node_count(scene_node_a(scene)), 2);
	assert_int_equal(fake_node_count(scene_node_b(scene)), 1);
	assert_int_equal(pods[0].selections + pods[1].selections + pods[2].selections, 4);
	assert_int_equal(made_on(scene_node_a(scene)), 2);
}

/* Generic ephemeral volumes name their pod. */
static void a_burst_gets_what_there_is_and_no_call_more(void **state)
{
	enum { COUNT = 6 };
	CLEANUP(scene_freep) struct provision_scene *scene = new_scene();
	struct fake_pod pods[COUNT];
	char names[COUNT][8];
	size_t selections = 0;
	start(scene);
	for (int i = 0; i < COUNT; i++) {
		CLEANUP_FREE char *owner = must_printf(
			"'ownerReferences':[{'apiVersion':'v1','kind':'Pod','name':'p','uid':'%d',"
			"'controller':true}],",
			i);
		snprintf(names[i], sizeof(names[i]), "tmp%d", i);
		put_claim(scene, names[i], 3, owner);
		pods[i] = pod_of(names[i], NULL);
	}
	assert_true(fake_scheduler_run(scene, pods, COUNT));
	for (int i = 0; i < COUNT; i++)
		selections += pods[i].selections;
	assert_int_equal(fake_node_count(scene_node_a(scene)), 3);
	assert_int_equal(made_on(scene_node_a(scene)), 3);
	assert_int_equal(fake_node_count(scene_node_b(scene)), 3);
	assert_in_range(selections, COUNT, COUNT + 3);
}

/* One with an access mode, and one with a class, that no volume can have. */
static void a_claim_that_cannot_be_made_holds_no_room(void **state)
{
	static const char *const bad[] = {
		"{'spec':{'accessModes':['ReadWriteMany'],"
		"'resources':{'requests':{'storage':'6Gi'}}}}",
		"{'spec':{'selector':{'matchLabels':{'a':'b'}},"
		"'resources':{'requests':{'storage':'6Gi'}}}}",
		"{'spec':{'volumeAttributesClassName':'missing',"
		"'resources':{'requests':{'storage':'6Gi'}}}}",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		CLEANUP(scene_freep) struct provision_scene *scene = new_scene();
		struct fake_pod pod = pod_of("data", NULL);
		start(scene);
		scene_put_claim(scene, "bad", bad[i]);
		assert_true(scene_wait_event(scene, "ProvisioningFailed", ""));
		put_claim(scene, "data", 6, "");
		assert_true(fake_scheduler_run(scene, &pod, 1));
		assert_int_equal(pod.selections, 1);
		assert_int_equal(fake_node_count(scene_node_a(scene)), 1);
	}
}

static void a_full_pool_lowers_no_other_pool(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = new_scene();
	fake_api_putf(scene_api(scene), &scene_classes,
		      "{'metadata':{'name':'full'},'provisioner':'kentledge.io',"
		      "'parameters':{'pool':'full'},'reclaimPolicy':'Delete',"
		      "'volumeBindingMode':'WaitForFirstConsumer'}");
	fake_node_set_pool(scene_node_a(scene), GIB / 2);
	start(scene);
	assert_true(wait_room(scene, "full", "node-a", "512Mi"));
	scene_put_claim(scene, "tiny", "{'spec':{'storageClassName':'full'}}");
	assert_true(scene_wait_event(scene, "ProvisioningFailed", "no room for 1Gi"));
	CLEANUP(arena_freep) struct arena *arena = arena_new(256);
	CLEANUP_FREE char *room =
		fake_api_field(scene_api(scene), &storage_capacity_kind, "kentledge",
			       capacity_object_name("kentledge", "node-a", arena), "capacity");
	assert_string_equal(room, "10Gi");
}

static void put_ephemeral(struct provision_scene *scene, int number)
{
	CLEANUP_FREE char *name = must_printf("big%d", number);
	CLEANUP_FREE char *patch = must_printf(
		"{'metadata':{'ownerReferences':[{'apiVersion':'v1','kind':'Pod','name':'p',"
		"'uid':'%d','controller':true}]},"
		"'spec':{'resources':{'requests':{'storage':'%dGi'}}}}",
		number, 40 - number);
	scene_put_claim(scene, name, patch);
}

static void a_node_is_not_asked_for_each_claim_that_it_has_no_room_for(void **state)
{
	enum { COUNT = 16 };
	CLEANUP(scene_freep) struct provision_scene *scene = new_scene();
	start(scene);
	usleep(200000); /* an object that appears has its node asked again */
	size_t asked = fake_node_calls(scene_node_a(scene), "GetCapacity");
	uint64_t since_ms = clock_monotonic_ms();
	for (int i = 0; i < COUNT; i++)
		put_ephemeral(scene, i);
	for (int i = 0; i < COUNT; i++) {
		CLEANUP_FREE char *text = must_printf("no room for %dGi", 40 - i);
		assert_true(scene_wait_event(scene, "ProvisioningFailed", text));
	}
	size_t seconds = (size_t)(clock_monotonic_ms() - since_ms) / 1000;
	assert_in_range(fake_node_calls(scene_node_a(scene), "GetCapacity") - asked, 0,
			4 + 2 * seconds);
	assert_int_equal(made_on(scene_node_a(scene)), 0);
}

static void select_both(struct provision_scene *scene, const char *node)
{
	static const char *const claims[] = { "data", "log" };
	for (size_t i = 0; i < 2; i++)
		fake_api_edit(scene_api(scene), &scene_claims, "default", claims[i],
			      "{'metadata':{'annotations':{"
			      "'volume.kubernetes.io/selected-node':'%s',"
			      "'volume.kubernetes.io/storage-provisioner':'kentledge.io'}}}",
			      node);
}

static bool both_left(struct provision_scene *scene, const char *unused)
{
	static const char *const claims[] = { "data", "log" };
	bool left = true;
	for (size_t i = 0; i < 2 && left; i++) {
		CLEANUP_FREE char *text = fake_api_field(scene_api(scene), &scene_claims, "default",
							 claims[i], "metadata.annotations");
		left = text && !strstr(text, "selected-node");
	}
	return left;
}

/* They may be of two pods: then the one that fits must not wait for ever. */
static void claims_that_come_back_are_judged_one_by_one(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = new_scene();
	scene_set_backoff(scene, 1000); /* they may leave again after 20 s, not after 0.1 s */
	start(scene);
	put_claim(scene, "data", 6, "");
	put_claim(scene, "log", 6, "");
	select_both(scene, "node-a");
	assert_true(scene_wait(scene, both_left, NULL));
	assert_int_equal(made_on(scene_node_a(scene)), 0);
	usleep(200000); /* no scheduler is back before the workers have noted that they left */
	select_both(scene, "node-a");
	for (int i = 0; i < 500 && fake_node_count(scene_node_a(scene)) == 0; i++)
		usleep(10000);
	usleep(200000);
	assert_int_equal(fake_node_count(scene_node_a(scene)), 1);
	assert_int_equal(made_on(scene_node_a(scene)), 1);
}

static void killed_anywhere_no_pod_is_torn_apart(void **state)
{
	unsigned step = step_first(), points = 0;
	for (bool acted = true; acted; step = step_after(step)) {
		CLEANUP(scene_freep) struct provision_scene *scene = new_scene();
		struct fake_pod pod = pod_of("data", "log");
		scene_set_grace(scene,
				5000); /* how long the next process waits for the other claim */
		start(scene);
		put_claim(scene, "data", 6, "");
		put_claim(scene, "log", 6, "");
		scene_at_step(scene, step, scene_kill, NULL);
		for (int i = 0; i < 60 && !scene_has_acted(scene); i++) {
			fake_scheduler_look(scene, &pod);
			scene_bind(scene, "data");
			scene_bind(scene, "log");
			usleep(10000);
		}
		acted = scene_has_acted(scene);
		points = step - !acted;
		scene_stop(scene);
		scene_at_step(scene, 0, NULL, NULL);
		scene_start(scene);
		if (!fake_scheduler_run(scene, &pod, 1) || made_on(scene_node_a(scene)) > 0 ||
		    fake_node_count(scene_node_b(scene)) != 2)
			fail_msg("killed at step %u: %zu on node-a, %zu on node-b", step,
				 fake_node_count(scene_node_a(scene)),
				 fake_node_count(scene_node_b(scene)));
	}
	step_tell("a pod of two claims", points);
	assert_true(points >= 10);
}

static void put_immediate(struct provision_scene *scene, const char *name)
{
	scene_put_claim(scene, name,
			"{'metadata':{'annotations':{'volume.kubernetes.io/selected-node':null}},"
			"'spec':{'storageClassName':'now'}}");
}

static size_t calls(struct provision_scene *scene, const char *method)
{
	return fake_node_calls(scene_node_a(scene), method) +
	       fake_node_calls(scene_node_b(scene), method);
}

static void an_immediate_claim_goes_to_the_best_node_with_two_calls(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = new_scene();
	start(scene);
	usleep(50000);
	size_t asked = fake_node_calls(scene_node_a(scene), "GetCapacity");
	put_immediate(scene, "www");
	assert_true(scene_wait(scene, scene_is_bound, "www"));
	assert_int_equal(fake_node_count(scene_node_b(scene)), 1);
	assert_int_equal(fake_node_calls(scene_node_a(scene), "GetCapacity"), asked);
	assert_int_equal(calls(scene, "CreateVolume"), 1);
}

static void an_immediate_claim_passes_over_a_node_that_is_gone_or_full(void **state)
{
	for (int i = 0; i < 2; i++) {
		CLEANUP(scene_freep) struct provision_scene *scene = new_scene();
		start(scene);
		if (i == 0)
			fake_node_stop(scene_node_b(scene));
		else
			fake_node_set_disk(scene_node_b(scene), 0);
		put_immediate(scene, "www");
		assert_true(scene_wait(scene, scene_is_bound, "www"));
		assert_int_equal(fake_node_count(scene_node_a(scene)), 1);
		assert_int_equal(made_on(scene_node_b(scene)), 0);
		assert_false(scene_has_event(scene, "ProvisioningFailed", ""));
	}
}

static void immediate_claims_of_a_set_take_turns(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = new_scene();
	start(scene);
	for (int i = 0; i < 6; i++) {
		CLEANUP_FREE char *name = must_printf("www-%d", i);
		put_immediate(scene, name);
		assert_true(scene_wait(scene, scene_is_bound, name));
		assert_int_equal(fake_node_count(scene_node_a(scene)) +
					 fake_node_count(scene_node_b(scene)),
				 i + 1);
		if (i % 2)
			assert_int_equal(fake_node_count(scene_node_a(scene)), (i + 1) / 2);
	}
}

static void room_for_immediate_classes_is_published_by_a_flag(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = new_scene();
	scene_publish_immediate(scene);
	start(scene);
	assert_true(wait_room(scene, "now", "node-a", "10Gi"));
	assert_true(fake_api_wait_count(scene_api(scene), &storage_capacity_kind, 4));
	/* Both classes have the same parameters. */
	assert_in_range(fake_node_calls(scene_node_a(scene), "GetCapacity"), 1, 3);
}

static void a_node_that_is_silent_for_long_has_no_room(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = new_scene();
	scene_set_poll(scene, 20);
	scene_set_silence(scene, 300);
	start(scene);
	fake_node_fail(scene_node_a(scene), "GetCapacity", ERROR_UNAVAILABLE, false, 1000000);
	uint64_t since_ms = clock_monotonic_ms();
	assert_true(wait_room(scene, "kentledge", "node-a", "0"));
	assert_true(clock_monotonic_ms() - since_ms >= 250);
	fake_node_fail(scene_node_a(scene), "GetCapacity", ERROR_UNAVAILABLE, false, 0);
	assert_true(wait_room(scene, "kentledge", "node-a", "10Gi"));
	assert_true(wait_room(scene, "kentledge", "node-b", "20Gi"));
}

static void what_a_node_refuses_is_retried_rarely_or_with_a_new_class(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = new_scene();
	scene_set_backoff(scene, 100); /* at most 2 s */
	start(scene);
	fake_node_fail(scene_node_b(scene), "CreateVolume", ERROR_INVALID, false, 1);
	put_immediate(scene, "www");
	assert_true(scene_wait_event(scene, "ProvisioningFailed",
				     "retries are delayed: it is tried again in 2 s"));
	usleep(600000);
	assert_int_equal(calls(scene, "CreateVolume"), 1);
	scene_delete(scene, &scene_classes, "now");
	fake_api_putf(scene_api(scene), &scene_classes,
		      "{'metadata':{'name':'now','uid':'another'},'provisioner':'kentledge.io',"
		      "'reclaimPolicy':'Delete','volumeBindingMode':'Immediate'}");
	uint64_t since_ms = clock_monotonic_ms();
	assert_true(scene_wait(scene, scene_is_bound, "www"));
	assert_in_range(clock_monotonic_ms() - since_ms, 0, 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_claim_leaves_a_full_node_exactly_once),
		cmocka_unit_test(a_node_is_not_asked_for_what_cannot_fit),
		cmocka_unit_test(the_claims_of_a_pod_that_do_not_fit_together_leave_together),
		cmocka_unit_test(claims_that_fit_together_stay),
		cmocka_unit_test(replicas_of_a_set_are_judged_one_by_one),
		cmocka_unit_test(a_burst_gets_what_there_is_and_no_call_more),
		cmocka_unit_test(a_claim_that_cannot_be_made_holds_no_room),
		cmocka_unit_test(a_full_pool_lowers_no_other_pool),
		cmocka_unit_test(a_node_is_not_asked_for_each_claim_that_it_has_no_room_for),
		cmocka_unit_test(claims_that_come_back_are_judged_one_by_one),
		cmocka_unit_test(killed_anywhere_no_pod_is_torn_apart),
		cmocka_unit_test(an_immediate_claim_goes_to_the_best_node_with_two_calls),
		cmocka_unit_test(an_immediate_claim_passes_over_a_node_that_is_gone_or_full),
		cmocka_unit_test(immediate_claims_of_a_set_take_turns),
		cmocka_unit_test(room_for_immediate_classes_is_published_by_a_flag),
		cmocka_unit_test(a_node_that_is_silent_for_long_has_no_room),
		cmocka_unit_test(what_a_node_refuses_is_retried_rarely_or_with_a_new_class),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
