/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The role "capacity": for each node and each class that binds late there is one object with what
 * the node answers, soon after anything changes, and without writes when nothing does.
 */

#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "capacity/plan.h"
#include "cluster/storage_capacity.h"
#include "provision_scene.h"
#include "test.h"

#define OBJECTS "csistoragecapacities"
#define NAMESPACE "kentledge"

static const struct kind deployments = {
	.api_version = "apps/v1",
	.name = "Deployment",
	.plural = "deployments",
	.namespaced = true,
	.size = sizeof(struct object),
};

static void label_node(struct provision_scene *scene, const char *node)
{
	fake_api_edit(scene_api(scene), &scene_nodes, "", node,
		      "{'metadata':{'labels':{'topology.kentledge.io/node':'%s'}}}", node);
}

static struct provision_scene *new_scene(const char *roles)
{
	struct provision_scene *scene = scene_new();
	label_node(scene, "node-a");
	label_node(scene, "node-b");
	fake_api_putf(scene_api(scene), &deployments,
		      "{'metadata':{'name':'kentledge-provisioner','namespace':'kentledge',"
		      "'uid':'d1'}}");
	fake_node_set_room(scene_node_a(scene), 10 << 20);
	fake_node_set_room(scene_node_b(scene), 20 << 20);
	scene_set_roles(scene, roles);
	return scene;
}

/* Of class "kentledge" on the node; until the next call. */
static const char *object_of(const char *node)
{
	static struct arena *arena;
	arena_free(arena);
	arena = arena_new(256);
	return capacity_object_name("kentledge", node, arena);
}

static bool has_room(struct provision_scene *scene, const char *node, const char *capacity)
{
	return fake_api_wait_field(scene_api(scene), &storage_capacity_kind, NAMESPACE,
				   object_of(node), "capacity", capacity);
}

static bool has_objects(struct provision_scene *scene, size_t count)
{
	return fake_api_wait_count(scene_api(scene), &storage_capacity_kind, count);
}

static size_t writes(struct provision_scene *scene)
{
	struct fake_api *api = scene_api(scene);
	return fake_api_requests(api, "POST", OBJECTS) + fake_api_requests(api, "PATCH", OBJECTS) +
	       fake_api_requests(api, "DELETE", OBJECTS);
}

static void assert_field(struct provision_scene *scene, const char *path, const char *value)
{
	CLEANUP_FREE char *found = fake_api_field(scene_api(scene), &storage_capacity_kind,
						  NAMESPACE, object_of("node-a"), path);
	assert_non_null(found);
	assert_string_equal(found, value);
}

static void writes_one_object_for_each_node_and_late_class(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = new_scene("capacity");
	scene_start(scene);
	assert_true(has_objects(scene, 2));
	assert_true(has_room(scene, "node-a", "10Mi"));
	assert_true(has_room(scene, "node-b", "20Mi"));
	assert_field(scene, "storageClassName", "kentledge");
	assert_field(scene, "metadata.generateName", "csisc-");
	assert_field(scene, "nodeTopology",
		     "{\"matchLabels\":{\"topology.kentledge.io/node\":"
		     "\"node-a\"}}");
	assert_field(scene, "metadata.labels",
		     "{\"csi.storage.k8s.io/drivername\":\"kentledge.io\","
		     "\"csi.storage.k8s.io/managed-by\":\"kentledge-provisioner\"}");
	assert_field(scene, "metadata.ownerReferences",
		     "[{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\","
		     "\"name\":\"kentledge-provisioner\",\"uid\":\"d1\",\"controller\":true}]");
}

static void follows_nodes_classes_and_registrations(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = new_scene("capacity");
	struct fake_api *api = scene_api(scene);
	scene_start(scene);
	assert_true(has_objects(scene, 2));
	fake_api_remove(api, &scene_nodes, "", "node-a");
	assert_true(has_objects(scene, 1));
	fake_api_putf(api, &scene_nodes,
		      "{'metadata':{'name':'node-a',"
		      "'labels':{'topology.kentledge.io/node':'node-a'}}}");
	assert_true(has_objects(scene, 2));
	fake_api_edit(api, &scene_csi_nodes, "", "node-b", "{'spec':{'drivers':[]}}");
	assert_true(has_objects(scene, 1));
	fake_api_putf(api, &scene_classes,
		      "{'metadata':{'name':'more'},'provisioner':'kentledge.io',"
		      "'volumeBindingMode':'WaitForFirstConsumer'}");
	assert_true(has_objects(scene, 2));
	scene_delete(scene, &scene_classes, "kentledge");
	scene_delete(scene, &scene_classes, "more");
	assert_true(has_objects(scene, 0));
}

static void follows_the_volumes_that_are_made_and_deleted(void **state)
{
	CLEANUP(scene_freep)
	struct provision_scene *scene = new_scene("provision,reclaim,capacity");
	fake_node_set_room(scene_node_a(scene), UINT64_C(4) << 30);
	scene_start(scene);
	assert_true(has_room(scene, "node-a", "4Gi"));
	usleep(100000);
	fake_node_set_room(scene_node_a(scene), 0);
	fake_node_add(scene_node_a(scene), "pvc-www-uid", UINT64_C(1) << 30);
	scene_put_claim(scene, "www", NULL);
	assert_true(scene_wait(scene, scene_is_bound, "www"));
	assert_true(has_room(scene, "node-a", "0"));
	fake_node_set_room(scene_node_a(scene), UINT64_C(4) << 30);
	scene_delete(scene, &scene_claims, "www");
	assert_true(scene_wait(scene, scene_is_gone, "www"));
	assert_true(has_room(scene, "node-a", "4Gi"));
}

static void polls_and_writes_only_what_changed(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = new_scene("capacity");
	scene_set_poll(scene, 20);
	scene_start(scene);
	assert_true(has_objects(scene, 2));
	usleep(100000);
	size_t before = writes(scene);
	size_t asked = fake_node_calls(scene_node_a(scene), "GetCapacity");
	usleep(1000000);
	size_t polled = fake_node_calls(scene_node_a(scene), "GetCapacity") - asked;
	assert_int_equal(writes(scene), before);
	assert_in_range(polled, 10, 60);
	/* Room that is gone is written at once. */
	fake_node_set_room(scene_node_a(scene), 0);
	assert_true(has_room(scene, "node-a", "0"));
	assert_int_equal(writes(scene), before + 1);
}

static void asks_no_faster_than_the_poll_and_writes_a_burst_once(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = new_scene("capacity");
	scene_set_poll(scene, 20);
	scene_start(scene);
	assert_true(has_objects(scene, 2));
	usleep(50000);
	size_t before = writes(scene);
	for (uint64_t mib = 9; mib > 0; mib--) {
		fake_node_set_room(scene_node_a(scene), mib << 20);
		usleep(60000);
	}
	/* All of it within CAPACITY_HOLD_MS of the first write. */
	assert_in_range(writes(scene) - before, 0, 1);
}

static void asks_again_only_after_the_poll(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = new_scene("capacity");
	scene_start(scene);
	assert_true(has_objects(scene, 2));
	usleep(1000000);
	assert_in_range(fake_node_calls(scene_node_a(scene), "GetCapacity"), 1, 3);
	assert_int_equal(writes(scene), 2);
}

static void a_restart_adopts_what_is_there(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = new_scene("capacity");
	scene_start(scene);
	assert_true(has_objects(scene, 2));
	usleep(50000);
	scene_stop(scene);
	size_t before = writes(scene);
	size_t asked = fake_node_calls(scene_node_b(scene), "GetCapacity");
	scene_start(scene);
	for (int i = 0; i < 500 && fake_node_calls(scene_node_b(scene), "GetCapacity") == asked;
	     i++)
		usleep(10000);
	usleep(200000);
	assert_true(fake_node_calls(scene_node_b(scene), "GetCapacity") > asked);
	assert_int_equal(writes(scene), before);
}

static void restores_its_objects_and_leaves_those_of_others(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = new_scene("capacity");
	struct fake_api *api = scene_api(scene);
	static const char other[] =
		"{'metadata':{'name':'%s','namespace':'kentledge','labels':{"
		"'csi.storage.k8s.io/drivername':'kentledge.io',"
		"'csi.storage.k8s.io/managed-by':'%s'}},'storageClassName':'kentledge',"
		"'nodeTopology':{'matchLabels':{'topology.kentledge.io/node':'%s'}},"
		"'capacity':'1Gi'}";
	fake_api_putf(api, &storage_capacity_kind, other, "theirs", "other", "node-a");
	fake_api_putf(api, &storage_capacity_kind, other, "double", STORAGE_CAPACITY_MANAGER,
		      "node-a");
	fake_api_putf(api, &storage_capacity_kind, other, "stray", STORAGE_CAPACITY_MANAGER,
		      "node-x");
	scene_start(scene);
	/* "double" is adopted. */
	assert_true(fake_api_wait_field(api, &storage_capacity_kind, NAMESPACE, "double",
					"capacity", "10Mi"));
	assert_true(fake_api_wait_field(api, &storage_capacity_kind, NAMESPACE, "stray",
					"metadata.name", NULL));
	assert_true(has_room(scene, "node-b", "20Mi"));
	assert_true(has_objects(scene, 3));
	fake_api_remove(api, &storage_capacity_kind, NAMESPACE, "double");
	assert_true(has_room(scene, "node-a", "10Mi"));
	fake_api_edit(api, &storage_capacity_kind, NAMESPACE, object_of("node-b"),
		      "{'capacity':'0'}");
	assert_true(has_room(scene, "node-b", "20Mi"));
	assert_true(fake_api_wait_field(api, &storage_capacity_kind, NAMESPACE, "theirs",
					"capacity", "1Gi"));
}

/* Each GetCapacity takes as long as the flag stands. */
static bool hang(void *context, const char *method, bool after)
{
	atomic_bool *hangs = context;
	while (atomic_load(hangs))
		usleep(1000);
	return true;
}

static void a_hung_node_delays_no_other(void **state)
{
	atomic_bool hangs = true;
	CLEANUP(scene_freep) struct provision_scene *scene = new_scene("capacity");
	fake_node_set_hook(scene_node_a(scene), hang, &hangs);
	scene_start(scene);
	uint64_t since_ms = clock_monotonic_ms();
	assert_true(has_room(scene, "node-b", "20Mi"));
	assert_in_range(clock_monotonic_ms() - since_ms, 0, 1500);
	assert_true(has_objects(scene, 1));
	atomic_store(&hangs, false);
	assert_true(has_room(scene, "node-a", "10Mi"));
}

/* Of the write that gives the node up: what the object of node-a says then. */
struct departure {
	struct provision_scene *scene;
	atomic_bool seen; /* by a thread of the provisioner's; the capacity before it */
	char *capacity;
};

static bool watch_departure(void *context, const char *method, const char *path, bool after)
{
	struct departure *departure = context;
	if (strcmp(method, "PATCH") != 0 || !strstr(path, "persistentvolumeclaims") || !after ||
	    departure->seen)
		return true;
	CLEANUP_FREE char *node = fake_api_field(scene_api(departure->scene), &scene_claims,
						 "default", "www", "metadata.annotations");
	if (node && strstr(node, "selected-node"))
		return true;
	departure->capacity = fake_api_field(scene_api(departure->scene), &storage_capacity_kind,
					     NAMESPACE, object_of("node-a"), "capacity");
	departure->seen = true;
	return true;
}

static void a_refusal_is_published_before_the_claim_leaves(void **state)
{
	CLEANUP(scene_freep)
	struct provision_scene *scene = new_scene("provision,reclaim,capacity");
	struct departure departure = { .scene = scene };
	fake_node_set_room(scene_node_a(scene), UINT64_C(4) << 30);
	scene_start(scene);
	assert_true(has_room(scene, "node-a", "4Gi"));
	fake_api_set_hook(scene_api(scene), watch_departure, &departure);
	/* Less than the claim's 1Gi; not 0, and within the time that changes are held back. */
	fake_node_set_room(scene_node_a(scene), UINT64_C(512) << 20);
	scene_put_claim(scene, "www", NULL);
	assert_true(has_room(scene, "node-a", "512Mi"));
	for (int i = 0; i < 500 && !departure.seen; i++)
		usleep(10000);
	scene_stop(scene);
	assert_true(departure.seen);
	assert_string_equal(departure.capacity, "512Mi");
	free(departure.capacity);
}

static void a_class_that_is_refused_keeps_no_pod_waiting_without_a_word(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = new_scene("capacity");
	fake_node_fail(scene_node_a(scene), "GetCapacity", ERROR_INVALID, false, 1000);
	scene_start(scene);
	assert_true(has_room(scene, "node-a", "9223372036854775807"));
	assert_true(has_room(scene, "node-b", "20Mi"));
}

static void without_the_lead_nothing_is_written(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = new_scene("capacity");
	scene_set_poll(scene, 20);
	scene_start(scene);
	assert_true(has_objects(scene, 2));
	usleep(50000);
	size_t before = writes(scene);
	scene_depose(scene, NULL);
	fake_node_set_room(scene_node_a(scene), 0);
	fake_api_remove(scene_api(scene), &scene_nodes, "", "node-b");
	usleep(300000);
	assert_int_equal(writes(scene), before);
}

static void ends_the_same_wherever_it_is_killed(void **state)
{
	for (unsigned at = 1; at <= 12; at++) {
		CLEANUP(scene_freep) struct provision_scene *scene = new_scene("capacity");
		scene_at_step(scene, at, scene_kill, NULL);
		scene_start(scene);
		for (int i = 0; i < 100 && !scene_has_acted(scene); i++)
			usleep(2000);
		scene_stop(scene);
		scene_at_step(scene, 0, NULL, NULL);
		scene_start(scene);
		assert_true(has_room(scene, "node-a", "10Mi"));
		assert_true(has_room(scene, "node-b", "20Mi"));
		assert_true(has_objects(scene, 2));
	}
}

static void switched_off_it_watches_and_writes_nothing(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = new_scene("provision,reclaim");
	scene_start(scene);
	scene_put_claim(scene, "www", NULL);
	assert_true(fake_api_wait_count(scene_api(scene), &scene_claims, 1));
	usleep(100000);
	assert_int_equal(fake_api_requests(scene_api(scene), NULL, OBJECTS), 0);
	assert_int_equal(fake_api_requests(scene_api(scene), NULL, "deployments"), 0);
	assert_int_equal(fake_node_calls(scene_node_a(scene), "GetCapacity"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_one_object_for_each_node_and_late_class),
		cmocka_unit_test(follows_nodes_classes_and_registrations),
		cmocka_unit_test(follows_the_volumes_that_are_made_and_deleted),
		cmocka_unit_test(polls_and_writes_only_what_changed),
		cmocka_unit_test(asks_no_faster_than_the_poll_and_writes_a_burst_once),
		cmocka_unit_test(asks_again_only_after_the_poll),
		cmocka_unit_test(a_restart_adopts_what_is_there),
		cmocka_unit_test(restores_its_objects_and_leaves_those_of_others),
		cmocka_unit_test(a_hung_node_delays_no_other),
		cmocka_unit_test(a_refusal_is_published_before_the_claim_leaves),
		cmocka_unit_test(a_class_that_is_refused_keeps_no_pod_waiting_without_a_word),
		cmocka_unit_test(without_the_lead_nothing_is_written),
		cmocka_unit_test(ends_the_same_wherever_it_is_killed),
		cmocka_unit_test(switched_off_it_watches_and_writes_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
