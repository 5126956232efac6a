/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What others undo as fast as the controller does it: pods that are deleted before they are ready,
 * and patches that a mutating webhook takes back while the API answers with success. No loop runs
 * hot.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "controller_scene.h"
#include "kube/json.h"
#include "kube/verbs.h"
#include "test.h"

static struct controller_scene *scene;

static int set_up(void **state)
{
	log_set_level(getenv("V") ? LOG_DEBUG : LOG_ERROR);
	scene = controller_scene_new();
	return 0;
}

static int tear_down(void **state)
{
	controller_scene_free(scene);
	return 0;
}

/* Another client, which deletes web-0 as soon as the scene has seen it. */
static void delete_as_fast_as_they_come(uint64_t duration_ms)
{
	CLEANUP(kube_client_freep)
	struct kube_client *client =
		kube_client_new_over(fake_api_connect(controller_scene_api(scene)));
	uint64_t end_ms = clock_monotonic_ms() + duration_ms;
	while (clock_monotonic_ms() < end_ms) {
		struct error err;
		CLEANUP_FREE char *seen =
			controller_scene_pod(scene, "web-0", "metadata.annotations.seen");
		if (seen)
			kube_delete(client, &pod_kind, "default", "web-0", NULL, NULL, &err);
		usleep(1000);
	}
}

static size_t count_posts(void)
{
	return fake_api_requests(controller_scene_api(scene), "POST", "/pods");
}

/* In ten seconds: at once, at once, after 1 s, 2 s, 4 s. */
static void pods_that_vanish_before_they_are_ready_are_made_ever_more_rarely(void **state)
{
	controller_scene_hold_kubelet(scene, true);
	controller_scene_put_set(scene, "{'replicas':1}", "nginx:1");
	controller_scene_start(scene, false);
	delete_as_fast_as_they_come(10000);
	assert_in_range(count_posts(), 4, 6);
}

/* Another client, which deletes web-0's claim as soon as it is there. Without finalizers, as the
 * API server sees it while no node runs the pod. Returns how often it did. */
static unsigned delete_claims_as_fast_as_they_come(uint64_t duration_ms)
{
	CLEANUP(kube_client_freep)
	struct kube_client *client =
		kube_client_new_over(fake_api_connect(controller_scene_api(scene)));
	uint64_t end_ms = clock_monotonic_ms() + duration_ms;
	unsigned deleted = 0;
	while (clock_monotonic_ms() < end_ms) {
		struct error err;
		if (kube_delete(client, &claim_kind, "default", "www-web-0", NULL, NULL, &err) == 0)
			deleted++;
		usleep(1000);
	}
	return deleted;
}

static size_t count_claim_posts(void)
{
	return fake_api_requests(controller_scene_api(scene), "POST", "/persistentvolumeclaims");
}

/* A quota refuses each pod. In ten seconds: at once, at once, after 1 s, 2 s, 4 s. */
static void claims_of_a_refused_pod_are_made_ever_more_rarely(void **state)
{
	const struct fake_api_failure quota = {
		.method = "POST", .path_part = "/pods", .status = 403, .times = 100000
	};
	fake_api_fail(controller_scene_api(scene), &quota);
	controller_scene_put_set(scene, "{'replicas':1}", "nginx:1");
	controller_scene_start(scene, false);
	assert_in_range(delete_claims_as_fast_as_they_come(10000), 4, 6);
	assert_in_range(count_claim_posts(), 4, 6);
}

/* What a user does to have a pod started again, as often as he likes. */
static void a_ready_pod_that_is_deleted_comes_back_at_once_each_time(void **state)
{
	controller_scene_put_set(scene, "{'replicas':1}", "nginx:1");
	controller_scene_start(scene, false);
	assert_true(controller_scene_wait_settled(scene, "1"));
	uint64_t since_ms = clock_monotonic_ms();
	for (int i = 0; i < 5; i++) {
		CLEANUP(kube_client_freep)
		struct kube_client *client =
			kube_client_new_over(fake_api_connect(controller_scene_api(scene)));
		CLEANUP_FREE char *uid = controller_scene_pod(scene, "web-0", "metadata.uid");
		struct error err;
		assert_int_equal(
			kube_delete(client, &pod_kind, "default", "web-0", NULL, NULL, &err), 0);
		assert_true(controller_scene_wait_new_pod(scene, "web-0", uid));
		assert_true(controller_scene_wait_settled(scene, "1"));
	}
	/* With the back-off of pods that vanish it were 15 s. */
	assert_in_range(clock_monotonic_ms() - since_ms, 0, 5000);
}

/* The webhook: takes a member of the metadata, or of what path names below it, away, and leaves
 * another change behind, so that each write is an event of the watch. */
struct webhook {
	const char *collection;
	const char *path;
	const char *member;
	int64_t calls;
};

static void undo(void *context, const char *collection, struct json_object *object)
{
	struct webhook *webhook = context;
	struct json_object *metadata = json_find(object, "metadata");
	if (strcmp(collection, webhook->collection) != 0)
		return;
	struct json_object *from = json_find(object, webhook->path);
	if (from)
		json_object_object_del(from, webhook->member);
	CLEANUP_FREE char *call = must_printf("%lld", (long long)++webhook->calls);
	json_set_string(json_child(metadata, "annotations"), "webhook", call);
}

static size_t count_patches(const char *part)
{
	return fake_api_requests(controller_scene_api(scene), "PATCH", part);
}

static void owners_of_pods_that_a_webhook_strips_are_patched_ever_more_rarely(void **state)
{
	struct webhook webhook = { .collection = "/api/v1/pods",
				   .path = "metadata",
				   .member = "ownerReferences" };
	fake_api_set_webhook(controller_scene_api(scene), undo, &webhook);
	controller_scene_put_set(scene, "{'replicas':2}", "nginx:1");
	controller_scene_start(scene, false);
	/* The pods are the set's all the same. */
	assert_true(controller_scene_wait_settled(scene, "2"));
	sleep(4);
	/* Two of the kubelet, and four or five of ours: at once, at once, after 1 s, 2 s. */
	assert_in_range(count_patches("/pods/web-0"), 5, 8);
	assert_true(controller_scene_wait_event(
		scene, "ChangeUndone",
		"ownerReferences of Pod web-0: written again and again, and undone each time, by a "
		"mutating webhook or another client; the next attempts are delayed"));
}

static void labels_of_pods_that_a_webhook_strips_are_patched_ever_more_rarely(void **state)
{
	struct webhook webhook = { .collection = "/api/v1/pods",
				   .path = "metadata.labels",
				   .member = POD_NAME_LABEL };
	fake_api_set_webhook(controller_scene_api(scene), undo, &webhook);
	controller_scene_put_set(scene, "{'replicas':2}", "nginx:1");
	controller_scene_start(scene, false);
	assert_true(controller_scene_wait_settled(scene, "2"));
	sleep(4);
	assert_in_range(count_patches("/pods/web-0"), 5, 8);
	assert_true(controller_scene_wait_event(
		scene, "ChangeUndone",
		"identity labels of Pod web-0: written again and again, and undone each time, by a "
		"mutating webhook or another client; the next attempts are delayed"));
}

/* Not woken by the claim, but by each change of the set. */
static void owners_of_claims_that_a_webhook_strips_are_patched_ever_more_rarely(void **state)
{
	struct webhook webhook = { .collection = "/api/v1/persistentvolumeclaims",
				   .path = "metadata",
				   .member = "ownerReferences" };
	fake_api_set_webhook(controller_scene_api(scene), undo, &webhook);
	controller_scene_put_set(
		scene,
		"{'replicas':1,'persistentVolumeClaimRetentionPolicy':{'whenDeleted':'Delete'}}",
		"nginx:1");
	controller_scene_start(scene, false);
	assert_true(controller_scene_wait_settled(scene, "1"));
	for (int i = 0; i < 100; i++) {
		fake_api_edit(controller_scene_api(scene), &statefulset_apps_kind, "default", "web",
			      "{'metadata':{'labels':{'edit':'%d'}}}", i);
		usleep(10000);
	}
	assert_in_range(count_patches("/persistentvolumeclaims/"), 2, 4);
	sleep(2);
	/* It is tried again without an event. */
	assert_in_range(count_patches("/persistentvolumeclaims/"), 3, 5);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(pods_that_vanish_before_they_are_ready_are_made_ever_more_rarely),
		TEST(claims_of_a_refused_pod_are_made_ever_more_rarely),
		TEST(a_ready_pod_that_is_deleted_comes_back_at_once_each_time),
		TEST(owners_of_pods_that_a_webhook_strips_are_patched_ever_more_rarely),
		TEST(labels_of_pods_that_a_webhook_strips_are_patched_ever_more_rarely),
		TEST(owners_of_claims_that_a_webhook_strips_are_patched_ever_more_rarely),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
