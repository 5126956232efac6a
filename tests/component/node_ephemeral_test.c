/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Inline ephemeral volumes on the real kernel: made and removed by the two calls of a node.
 */

#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "node_client.h"
#include "node_test.h"
#include "test.h"

#define ID "csi-0123456789abcdef"
#define MIB (1ULL << 20)

static int publish(const char *key, const char *value, struct error *err)
{
	return node_client_publish_ephemeral(scene.channel, ID, "64Mi", key, value, scene.target,
					     err);
}

static void restart(void)
{
	node_scene_restart(&scene, SIGKILL);
}

static void nothing_is_left(void)
{
	assert_int_equal(node_scene_mounts(&scene), 0);
	assert_int_equal(node_scene_loops(&scene), 0);
	assert_int_equal(node_scene_entries(&scene, "volumes"), 0);
	node_scene_expect_empty_trash(&scene);
	assert_int_equal(access(scene.target, F_OK), -1);
}

static void it_lives_from_publish_to_unpublish_and_has_its_size(void **state)
{
	struct error err = { 0 };
	struct statvfs vfs;
	for (int again = 0; again < 2; again++)
		assert_int_equal(publish("", "", &err), 0);
	assert_int_equal(node_scene_mounts(&scene), 1);
	assert_int_equal(statvfs(scene.target, &vfs), 0);
	assert_true(vfs.f_blocks * vfs.f_frsize <= 64 * MIB);
	assert_true(vfs.f_blocks * vfs.f_frsize > 32 * MIB);
	for (int again = 0; again < 2; again++)
		assert_int_equal(node_client_unpublish(scene.channel, ID, scene.target, &err), 0);
	nothing_is_left();
}

static void a_restarted_plugin_finds_it(void **state)
{
	struct error err = { 0 };
	assert_int_equal(publish("fsType", "ext4", &err), 0);
	restart();
	assert_int_equal(publish("fsType", "ext4", &err), 0);
	assert_int_equal(node_scene_mounts(&scene), 1);
	restart();
	assert_int_equal(node_client_unpublish(scene.channel, ID, scene.target, &err), 0);
	nothing_is_left();
}

static void what_it_does_not_know_is_refused_and_leaves_nothing(void **state)
{
	struct error err = { 0 };
	assert_int_equal(publish("sise", "1Gi", &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_non_null(
		strstr(err.text, "volumeAttributes: \"sise\" is unknown; known are size, "));
	/* As a class may call it: here the name is fsType. */
	assert_int_equal(publish("fstype", "ext4", &err), -1);
	assert_non_null(strstr(err.text, "fsType"));
	assert_int_equal(publish("backend", "zfs", &err), -1);
	assert_non_null(strstr(err.text, "volumeAttributes: parameter backend"));
	assert_int_equal(publish("fsType", "nosuchfs", &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_int_equal(publish("encryption", "fscrypt", &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_int_equal(node_client_publish_ephemeral(scene.channel, ID, "much", "", "",
						       scene.target, &err),
			 -1);
	assert_int_equal(err.code, ERROR_INVALID);
	nothing_is_left();
}

static void a_persistent_volume_is_not_taken_for_one(void **state)
{
	struct error err = { 0 };
	const struct node_volume volume = {
		.name = ID, .backend = "loop", .fs_type = "ext4", .size_bytes = 64 * MIB
	};
	assert_int_equal(node_client_create(scene.channel, &volume, &err), 0);
	assert_int_equal(publish("", "", &err), -1);
	assert_int_equal(err.code, ERROR_EXISTS);
	assert_int_equal(node_client_unpublish(scene.channel, ID, scene.target, &err), 0);
	assert_int_equal(node_scene_entries(&scene, "volumes"), 1);
	assert_int_equal(node_client_delete(scene.channel, ID, &err), 0);
	nothing_is_left();
}

static void what_the_administrator_does_not_allow_is_refused_and_leaves_nothing(void **state)
{
	struct error err = { 0 };
	scene.more_flags[0] = "--ephemeral-max-size=64Mi";
	scene.more_flags[1] = "--ephemeral-backends=loop";
	scene.more_flags[2] = "--ephemeral-provisioning=thin";
	restart();
	assert_int_equal(publish("backend", "directory", &err), -1);
	assert_int_equal(err.code, ERROR_FORBIDDEN);
	assert_non_null(strstr(err.text, "backend"));
	assert_int_equal(publish("provisioning", "thick", &err), -1);
	assert_int_equal(err.code, ERROR_FORBIDDEN);
	assert_int_equal(node_client_publish_ephemeral(scene.channel, ID, "65Mi", "", "",
						       scene.target, &err),
			 -1);
	assert_int_equal(err.code, ERROR_FORBIDDEN);
	nothing_is_left();
	assert_int_equal(publish("", "", &err), 0);
	assert_int_equal(node_client_unpublish(scene.channel, ID, scene.target, &err), 0);
}

/* Switching them off ends no pod, and keeps none from ending. */
static void one_that_exists_is_served_and_removed_where_they_are_switched_off(void **state)
{
	struct error err = { 0 };
	assert_int_equal(publish("", "", &err), 0);
	scene.more_flags[0] = "--ephemeral=false";
	restart();
	assert_int_equal(publish("", "", &err), 0);
	assert_int_equal(node_client_unpublish(scene.channel, ID, scene.target, &err), 0);
	nothing_is_left();
	assert_int_equal(publish("", "", &err), -1);
	assert_int_equal(err.code, ERROR_FORBIDDEN);
	assert_non_null(strstr(err.text, "switched off on this node"));
	nothing_is_left();
}

/* As after a restart of the node whose kubelet has forgotten the pod. */
static void one_whose_pod_is_gone_is_removed_at_the_next_start(void **state)
{
	struct error err = { 0 };
	node_scene_make_folder(&scene, "pods");
	node_scene_make_folder(&scene, "pods/uid-2");
	const char *pod = node_scene_make_folder(&scene, "pods/uid-1");
	const char *target = node_scene_path(&scene, "pods/uid-1/mount");
	assert_int_equal(
		node_client_publish_ephemeral(scene.channel, ID, "64Mi", "", "", target, &err), 0);
	node_scene_kill(&scene, SIGKILL);
	node_scene_wait(&scene);
	assert_int_equal(umount2(target, UMOUNT_NOFOLLOW), 0);
	assert_int_equal(rmdir(target), 0);
	assert_int_equal(rmdir(pod), 0);
	node_scene_start(&scene);
	for (unsigned i = 0; i < 500 && node_scene_entries(&scene, "volumes"); i++)
		usleep(10000);
	nothing_is_left();
}

int main(void)
{
	if (!node_scene_can_mount())
		return 77;
	const struct CMUnitTest tests[] = {
		NODE_TEST(it_lives_from_publish_to_unpublish_and_has_its_size),
		NODE_TEST(a_restarted_plugin_finds_it),
		NODE_TEST(what_it_does_not_know_is_refused_and_leaves_nothing),
		NODE_TEST(a_persistent_volume_is_not_taken_for_one),
		NODE_TEST(what_the_administrator_does_not_allow_is_refused_and_leaves_nothing),
		NODE_TEST(one_that_exists_is_served_and_removed_where_they_are_switched_off),
		NODE_TEST(one_whose_pod_is_gone_is_removed_at_the_next_start),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
