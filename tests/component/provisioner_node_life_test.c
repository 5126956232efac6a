/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A node leaves the cluster: its volumes say so, released ones are forgotten when the time is up,
 * and a node that comes back in time loses nothing. A kill at any step leads to the same end.
 */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "kube/json.h"
#include "provision_scene.h"
#include "step_share.h"
#include "test.h"

#define STEPS_MAX 60
#define NOTE "kentledge.io/node-gone-since"
#define OURS "external-provisioner.volume.kubernetes.io/finalizer"

static struct provision_scene *scene_without_node_b(void)
{
	struct provision_scene *scene = scene_new();
	scene_set_roles(scene, "reclaim,nodes");
	fake_api_remove(scene_api(scene), &scene_nodes, "", "node-b");
	return scene;
}

static void bring_node_b(struct provision_scene *scene)
{
	fake_api_put(scene_api(scene), &scene_nodes,
		     "{\"metadata\":{\"name\":\"node-b\"},\"status\":{\"conditions\":["
		     "{\"type\":\"Ready\",\"status\":\"True\"}]}}");
}

struct sort {
	const char *policy;
	const char *phase;
	int noted_s; /* so long ago; 0: not noted */
};

/* pvc-www-uid of 1Gi on node-b, a day old; of the claim www, which is there if it is bound. */
static void put_volume(struct provision_scene *scene, const char *name, const struct sort *sort)
{
	char made[CLOCK_TEXT_MAX], noted[CLOCK_TEXT_MAX];
	clock_format_s(clock_wall_s() - 24 * 3600, made);
	clock_format_s(clock_wall_s() - sort->noted_s, noted);
	bool delete = strcmp(sort->policy, "Delete") == 0;
	if (strcmp(sort->phase, "Bound") == 0) {
		scene_put_claim(scene, "www",
				"{'spec':{'volumeName':'pvc-www-uid'},"
				"'status':{'phase':'Bound'}}");
	}
	if (!fake_node_has(scene_node_b(scene), "h1"))
		fake_node_add(scene_node_b(scene), "h1", 1 << 20);
	fake_api_putf(
		scene_api(scene), &scene_volumes,
		"{'metadata':{'name':'%s','creationTimestamp':'%s','annotations':{'%s':'%s'},"
		"'finalizers':[%s]},'spec':{'persistentVolumeReclaimPolicy':'%s',"
		"'csi':{'driver':'kentledge.io','volumeHandle':'h1'},"
		"'claimRef':{'namespace':'default','name':'www','uid':'www-uid'},"
		"'nodeAffinity':{'required':{'nodeSelectorTerms':[{'matchExpressions':[{"
		"'key':'topology.kentledge.io/node','operator':'In','values':['node-b']}]}]}}},"
		"'status':{'phase':'%s'}}",
		name, made, sort->noted_s ? NOTE : "x", noted, delete ? "'" OURS "'" : "",
		sort->policy, sort->phase);
}

static char *note_of(struct provision_scene *scene, const char *name)
{
	CLEANUP(json_object_putp)
	struct json_object *object = fake_api_read(scene_api(scene), &scene_volumes, "", name);
	struct json_object *annotations = json_find(object, "metadata.annotations");
	struct json_object *value = json_object_object_get(annotations, NOTE);
	return value ? must_strdup(json_object_get_string(value)) : NULL;
}

static bool is_noted(struct provision_scene *scene, const char *claim)
{
	CLEANUP_FREE char *note = note_of(scene, "pvc-www-uid");
	return note != NULL;
}

static bool is_not_noted(struct provision_scene *scene, const char *claim)
{
	return !is_noted(scene, claim);
}

static bool has_no_volume(struct provision_scene *scene, const char *claim)
{
	return !scene_has_volume(scene, claim);
}

static size_t writes(struct provision_scene *scene)
{
	return fake_api_requests(scene_api(scene), "PATCH", "persistentvolumes/") +
	       fake_api_requests(scene_api(scene), "DELETE", "persistentvolumes/");
}

static const struct sort released = { "Delete", "Released", 0 };
static const struct sort released_long = { "Delete", "Released", 2 * 3600 };
static const struct sort bound = { "Delete", "Bound", 0 };
static const struct sort bound_long = { "Delete", "Bound", 2 * 3600 };

static void a_released_volume_says_so_and_waits(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_without_node_b();
	put_volume(scene, "pvc-www-uid", &released);
	scene_start(scene);
	assert_true(scene_wait(scene, is_noted, "www"));
	assert_true(scene_wait_event(scene, "VolumeNodeGone", "cannot be deleted; if it stays"));
	assert_true(scene_wait_event(scene, "VolumeFailedDelete", "is not in the cluster"));
	usleep(100000);
	assert_true(scene_has_volume(scene, "www"));
	assert_int_equal(writes(scene), 1);
}

static void a_released_volume_is_forgotten_when_the_time_is_up(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_without_node_b();
	scene_set_gone_after(scene, 1, true);
	put_volume(scene, "pvc-www-uid", &released);
	scene_start(scene);
	assert_true(scene_wait(scene, has_no_volume, "www"));
	assert_true(scene_wait_event(scene, "VolumeNodeGone", "were left on the node"));
	assert_true(fake_node_has(scene_node_b(scene), "h1"));
	assert_int_equal(fake_node_calls(scene_node_b(scene), "DeleteVolume"), 0);
}

/* The API server was restored from a backup with an old note, or our clock was wrong when we began:
 * we have to miss the node ourselves first. */
static void a_note_alone_deletes_nothing(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_without_node_b();
	scene_set_sight(scene, 2);
	put_volume(scene, "pvc-www-uid", &released_long);
	scene_start(scene);
	usleep(1000000);
	assert_true(scene_has_volume(scene, "www"));
	assert_int_equal(writes(scene), 0);
	assert_true(scene_wait(scene, has_no_volume, "www"));
}

static bool bring_by_another_name(struct provision_scene *scene, void *context)
{
	fake_api_put(scene_api(scene), &scene_nodes,
		     "{\"metadata\":{\"name\":\"machine-7\",\"labels\":{"
		     "\"topology.kentledge.io/node\":\"node-b\"}}}");
	return true;
}

/* It is back when the record is about to be deleted, and our copy does not show it yet. */
static void a_node_that_the_api_server_has_is_not_gone(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_without_node_b();
	scene_set_roles(scene, "nodes");
	put_volume(scene, "pvc-www-uid", &released_long);
	scene_at_step(scene, 1, bring_by_another_name, NULL);
	scene_start(scene);
	assert_true(scene_wait(scene, is_not_noted, "www"));
	assert_true(scene_has_acted(scene));
	assert_true(scene_has_volume(scene, "www"));
	assert_int_equal(fake_api_requests(scene_api(scene), "DELETE", ""), 0);
}

static bool leave(struct provision_scene *scene, void *context)
{
	fake_api_remove(scene_api(scene), &scene_nodes, "", "node-b");
	return false;
}

/* The node is back, and leaves while the note is taken off. */
static void a_note_from_before_the_node_was_back_deletes_nothing(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	scene_set_roles(scene, "nodes");
	put_volume(scene, "pvc-www-uid", &released_long);
	CLEANUP_FREE char *before = note_of(scene, "pvc-www-uid");
	scene_at_step(scene, 1, leave, NULL);
	scene_start(scene);
	assert_true(scene_wait_event(scene, "VolumeNodeGone", "cannot be deleted"));
	usleep(200000);
	assert_true(scene_has_acted(scene));
	assert_true(scene_has_volume(scene, "www"));
	CLEANUP_FREE char *after = note_of(scene, "pvc-www-uid");
	assert_string_not_equal(after, before);
}

/* What was seen of the node ended with its last volume: the node may have been back since. */
static void a_node_without_volumes_is_not_missed(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_without_node_b();
	scene_set_roles(scene, "nodes");
	scene_set_sight(scene, 1);
	put_volume(scene, "pvc-www-uid", &bound);
	scene_start(scene);
	assert_true(scene_wait(scene, is_noted, "www"));
	fake_api_remove(scene_api(scene), &scene_volumes, "", "pvc-www-uid");
	usleep(1200000);
	put_volume(scene, "pvc-www-uid", &released_long);
	scene_delete(scene, &scene_claims, "www");
	usleep(500000);
	assert_true(scene_has_volume(scene, "www"));
	assert_true(scene_wait(scene, has_no_volume, "www"));
}

static bool retain(struct provision_scene *scene, void *context)
{
	fake_api_edit(scene_api(scene), &scene_volumes, "", "pvc-www-uid",
		      "{'spec':{'persistentVolumeReclaimPolicy':'Retain'}}");
	return true;
}

/* An administrator is faster at any step until the deletion has its effect. */
static void a_record_that_is_retained_meanwhile_stays(void **state)
{
	for (unsigned step = 1; step <= 5; step++) {
		CLEANUP(scene_freep) struct provision_scene *scene = scene_without_node_b();
		scene_set_roles(scene, "nodes");
		put_volume(scene, "pvc-www-uid", &released_long);
		scene_at_step(scene, step, retain, NULL);
		scene_start(scene);
		assert_true(scene_wait(scene, is_not_noted, "www"));
		assert_true(scene_has_acted(scene));
		if (!scene_has_volume(scene, "www"))
			fail_msg("step %u: the record was deleted", step);
	}
}

static void a_released_volume_is_kept_where_records_are(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_without_node_b();
	scene_set_gone_after(scene, 3600, false);
	put_volume(scene, "pvc-www-uid", &released_long);
	scene_start(scene);
	usleep(200000);
	assert_true(scene_has_volume(scene, "www"));
	assert_int_equal(writes(scene), 0);
}

/* The next leader continues: whatever was written, it ends without the record. */
static void is_forgotten_whatever_step_is_killed(void **state)
{
	unsigned step = step_first();
	for (bool acted = true; acted && step < STEPS_MAX; step = step_after(step)) {
		CLEANUP(scene_freep) struct provision_scene *scene = scene_without_node_b();
		put_volume(scene, "pvc-www-uid", &released_long);
		scene_at_step(scene, step, scene_kill, NULL);
		scene_start(scene);
		for (int i = 0; i < 300 && !scene_has_acted(scene); i++)
			usleep(scene_has_volume(scene, "www") ? 1000 : 200);
		acted = scene_has_acted(scene);
		scene_stop(scene);
		scene_at_step(scene, 0, NULL, NULL);
		scene_start(scene);
		if (!scene_wait(scene, has_no_volume, "www"))
			fail_msg("killed at step %u: the record is still there", step);
		assert_true(fake_node_has(scene_node_b(scene), "h1"));
	}
	assert_in_range(step, 8, STEPS_MAX - 1);
}

static void the_note_outlives_the_process(void **state)
{
	for (unsigned step = 1; step <= 2; step++) {
		CLEANUP(scene_freep) struct provision_scene *scene = scene_without_node_b();
		put_volume(scene, "pvc-www-uid", &bound);
		scene_at_step(scene, step, scene_kill, NULL);
		scene_start(scene);
		for (int i = 0; i < 2000 && !scene_has_acted(scene); i++)
			usleep(1000);
		assert_true(scene_has_acted(scene));
		CLEANUP_FREE char *before = note_of(scene, "pvc-www-uid");
		assert_int_equal(before != NULL, step == 2);
		scene_stop(scene);
		scene_at_step(scene, 0, NULL, NULL);
		usleep(before ? 1100000 : 0);
		scene_start(scene);
		assert_true(scene_wait(scene, is_noted, "www"));
		CLEANUP_FREE char *after = note_of(scene, "pvc-www-uid");
		if (before)
			assert_string_equal(before, after);
	}
}

static bool bring(struct provision_scene *scene, void *context)
{
	bring_node_b(scene);
	return true;
}

/* Bound: nothing is lost. Released: its data are deleted, as with a node that never left, or its
 * record was forgotten before. */
static void a_node_that_comes_back_at_any_step_loses_nothing(void **state)
{
	for (int is_released = 0; is_released < 2; is_released++) {
		unsigned step = step_first();
		for (bool acted = true; acted && step < STEPS_MAX; step = step_after(step)) {
			CLEANUP(scene_freep)
			struct provision_scene *scene = scene_without_node_b();
			put_volume(scene, "pvc-www-uid", is_released ? &released_long : &bound);
			scene_at_step(scene, step, bring, NULL);
			scene_start(scene);
			for (int i = 0; i < 300 && !scene_has_acted(scene); i++)
				usleep(1000);
			acted = scene_has_acted(scene);
			bring_node_b(scene);
			usleep(5000); /* for what is under way */
			assert_true(scene_wait(scene, is_released ? has_no_volume : is_not_noted,
					       "www"));
			if (is_released)
				continue;
			assert_true(scene_has_volume(scene, "www"));
			assert_true(fake_node_has(scene_node_b(scene), "h1"));
		}
		assert_in_range(step, 2, STEPS_MAX - 1);
	}
}

static void a_bound_claim_stays_and_is_told_the_ways_out(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_without_node_b();
	put_volume(scene, "pvc-www-uid", &bound_long);
	scene_start(scene);
	assert_true(scene_wait_event(scene, "VolumeNodeGone", "bring the node back"));
	assert_true(scene_has_event(scene, "VolumeNodeGone", "restore"));
	assert_true(scene_has_event(scene, "VolumeNodeGone", "delete this claim"));
	usleep(100000);
	assert_int_equal(writes(scene), 0);
	/* The third way out. */
	scene_delete(scene, &scene_claims, "www");
	assert_true(scene_wait(scene, has_no_volume, "www"));
}

static void a_retained_volume_is_not_written_to(void **state)
{
	static const struct sort sorts[] = { { "Retain", "Bound", 0 },
					     { "Retain", "Released", 0 } };
	for (size_t i = 0; i < 2; i++) {
		CLEANUP(scene_freep) struct provision_scene *scene = scene_without_node_b();
		scene_set_gone_after(scene, 1, true);
		put_volume(scene, "pvc-www-uid", &sorts[i]);
		scene_start(scene);
		usleep(1300000);
		assert_int_equal(writes(scene), 0);
		assert_true(scene_has_volume(scene, "www"));
		assert_int_equal(scene_has_event(scene, "VolumeNodeGone", "bring the node back"),
				 i == 0);
	}
}

/* Its plugin has no address and the driver is not registered, but the Node is there. */
static void a_node_that_is_away_is_not_gone(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	scene_set_roles(scene, "reclaim,nodes");
	scene_set_gone_after(scene, 1, true);
	fake_api_edit(scene_api(scene), &scene_nodes, "", "node-b",
		      "{'metadata':{'labels':{'topology.kentledge.io/node':'node-b'}}}");
	fake_api_edit(scene_api(scene), &scene_csi_nodes, "", "node-b", "{'spec':{'drivers':[]}}");
	fake_api_edit(scene_api(scene), &scene_slices, "kentledge", "node-b", "{'endpoints':[]}");
	put_volume(scene, "pvc-www-uid", &bound);
	scene_start(scene);
	usleep(300000);
	assert_int_equal(writes(scene), 0);
}

static void a_node_of_many_volumes_writes_at_a_bounded_pace(void **state)
{
	enum { VOLUMES = 1000, SECONDS = 2, BURST = 20, A_SECOND = 10, WORKERS = 4 };
	CLEANUP(scene_freep) struct provision_scene *scene = scene_without_node_b();
	scene_set_roles(scene, "nodes");
	for (int i = 0; i < VOLUMES; i++) {
		CLEANUP_FREE char *name = must_printf("pv-%d", i);
		put_volume(scene, name, &released);
	}
	scene_start(scene);
	uint64_t since_ms = clock_monotonic_ms();
	sleep(SECONDS);
	size_t written = writes(scene);
	uint64_t passed_ms = clock_monotonic_ms() - since_ms;
	assert_in_range(written, BURST / 2, BURST + WORKERS + passed_ms * A_SECOND / 1000);
	assert_int_equal(fake_api_requests(scene_api(scene), "DELETE", ""), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_released_volume_says_so_and_waits),
		cmocka_unit_test(a_released_volume_is_forgotten_when_the_time_is_up),
		cmocka_unit_test(a_note_alone_deletes_nothing),
		cmocka_unit_test(a_node_that_the_api_server_has_is_not_gone),
		cmocka_unit_test(a_note_from_before_the_node_was_back_deletes_nothing),
		cmocka_unit_test(a_node_without_volumes_is_not_missed),
		cmocka_unit_test(a_record_that_is_retained_meanwhile_stays),
		cmocka_unit_test(a_released_volume_is_kept_where_records_are),
		cmocka_unit_test(is_forgotten_whatever_step_is_killed),
		cmocka_unit_test(the_note_outlives_the_process),
		cmocka_unit_test(a_node_that_comes_back_at_any_step_loses_nothing),
		cmocka_unit_test(a_bound_claim_stays_and_is_told_the_ways_out),
		cmocka_unit_test(a_retained_volume_is_not_written_to),
		cmocka_unit_test(a_node_that_is_away_is_not_gone),
		cmocka_unit_test(a_node_of_many_volumes_writes_at_a_bounded_pace),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
