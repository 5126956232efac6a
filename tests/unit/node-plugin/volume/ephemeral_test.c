/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Ephemeral volumes that could not be removed when their pod went: their pool was missing, or their
 * record was damaged.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pool/pools_open.h"
#include "pool/room.h"
#include "pool_scene.h"
#include "pools_scene.h"
#include "test.h"
#include "volume/create.h"
#include "volume/ephemeral.h"
#include "volume/publish.h"

#define ID "csi-1"
#define GIB (1ULL << 30)
#define POD "/kubelet/pods/uid-1"
#define OTHER_POD "/kubelet/pods/uid-2"
#define PLACE POD "/volumes/scratch"

static struct pools_scene scene;
static char kubelet[96], target[192];

static void run(const char *verb, const char *below)
{
	char command[256];
	snprintf(command, sizeof(command), "%s %s%s", verb, scene.folder, below);
	assert_int_equal(system(command), 0);
}

static int set_up(void **state)
{
	pools_scene_init(&scene);
	snprintf(kubelet, sizeof(kubelet), "%s/kubelet", scene.folder);
	snprintf(target, sizeof(target), "%s" PLACE "/mount", scene.folder);
	run("mkdir -p", PLACE);
	run("mkdir -p", OTHER_POD);
	pools_scene_open_both(&scene, 2);
	return 0;
}

static int tear_down(void **state)
{
	pools_scene_done(&scene);
	return 0;
}

static void publish(void)
{
	struct error err = { 0 };
	struct volume_spec spec = pool_scene_spec(ID);
	spec.ephemeral = &pool_scene_ephemeral;
	spec.parameters.pool = "bulk";
	const struct volume_publication publication = { .target_path = target,
							.access = &pool_scene_writer };
	if (volume_ephemeral_publish(scene.pools, &spec, &publication, &err) < 0)
		fail_msg("%s", err.text);
}

static void unpublish(void)
{
	struct error err = { 0 };
	if (volume_unpublish(scene.pools, ID, target, &err) < 0)
		fail_msg("%s", err.text);
}

/* As after a restart of the node, until the kubelet publishes it again. */
static void lose_mount(void)
{
	struct error err = { 0 };
	assert_int_equal(scene.pools->host->unmount(scene.pools->host, target, &err), 0);
}

static void pod_goes(void)
{
	run("rm -r", POD);
}

static bool is_there(void)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/volumes/" ID, scene.bulk_path);
	return access(path, F_OK) == 0;
}

static uint64_t promised_bytes(void)
{
	struct capacity_space space;
	struct error err = { 0 };
	assert_int_equal(pool_space(pools_scene_pool(&scene, "bulk"), &space, &err), 0);
	return space.promised_bytes;
}

static void damage_record(void)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/volumes/" ID "/record", scene.bulk_path);
	assert_int_equal(truncate(path, 10), 0);
}

static void pull_out(void)
{
	pools_scene_pull_out(&scene, scene.bulk_disk);
	pools_scene_open_both(&scene, 1);
}

static void put_back(void)
{
	pools_scene_put_back(&scene, scene.bulk_disk);
	pools_look_again(scene.pools);
	assert_int_equal(scene.pools->count, 2);
}

static void remove_left(const char *kubelet_folder)
{
	for (size_t i = 0; i < scene.pools->count; i++)
		volume_ephemeral_remove_left(scene.pools, scene.pools->pools[i], kubelet_folder);
}

static void one_of_a_missing_pool_goes_when_the_pool_is_back(void **state)
{
	publish();
	pull_out();
	unpublish();
	pod_goes();
	put_back();
	assert_true(is_there());
	assert_int_equal(promised_bytes(), GIB);
	remove_left(kubelet);
	assert_false(is_there());
	assert_int_equal(promised_bytes(), 0);
}

static void one_of_a_pod_that_is_there_stays(void **state)
{
	publish();
	lose_mount();
	remove_left(kubelet);
	assert_true(is_there());
	publish();
	pod_goes();
	/* Whatever became of the pod's folder, it is mounted. */
	remove_left(kubelet);
	assert_true(is_there());
}

/* Then no pod seems to be there. */
static void where_the_kubelets_folder_is_not_to_be_seen_all_stay(void **state)
{
	publish();
	lose_mount();
	/* As before the disk of the folder is mounted. */
	run("rm -r", OTHER_POD);
	pod_goes();
	remove_left(kubelet);
	assert_true(is_there());
	run("rm -r", "/kubelet/pods");
	remove_left(kubelet);
	assert_true(is_there());
	remove_left(NULL);
	assert_true(is_there());
}

static void one_with_a_damaged_record_goes_with_its_pod(void **state)
{
	publish();
	damage_record();
	unpublish();
	assert_false(is_there());
	assert_int_equal(promised_bytes(), 0);
}

static void one_whose_record_was_damaged_while_its_pool_was_missing_goes_later(void **state)
{
	publish();
	damage_record();
	pull_out();
	unpublish();
	pod_goes();
	put_back();
	remove_left(kubelet);
	assert_false(is_there());
	assert_int_equal(promised_bytes(), 0);
}

static uint64_t ephemeral_bytes(void)
{
	return pools_scene_pool(&scene, "bulk")->ephemeral_bytes;
}

/* Or the others would get its part of the share a second time when it ends. */
static void one_with_a_damaged_record_is_counted_in_the_share_after_a_restart(void **state)
{
	publish();
	assert_int_equal(ephemeral_bytes(), GIB);
	damage_record();
	pull_out();
	put_back();
	assert_int_equal(ephemeral_bytes(), promised_bytes());
	assert_int_equal(ephemeral_bytes(), GIB);
}

static void a_persistent_volume_is_never_taken_for_one(void **state)
{
	struct error err = { 0 };
	struct volume_record record;
	struct volume_spec spec = pool_scene_spec(ID);
	spec.parameters.pool = "bulk";
	assert_int_equal(volume_create(scene.pools, &spec, &record, &err), 0);
	pod_goes();
	remove_left(kubelet);
	assert_int_equal(volume_unpublish(scene.pools, ID, target, &err), 1);
	damage_record();
	remove_left(kubelet);
	assert_int_equal(volume_unpublish(scene.pools, ID, target, &err), 1);
	assert_true(is_there());
}

static void one_whose_id_would_be_another_is_refused(void **state)
{
	static const char *const names[] = { "h-0123", "../csi-1", "CSI" };
	const struct volume_publication publication = { .target_path = target,
							.access = &pool_scene_writer };
	for (size_t i = 0; i < 3; i++) {
		struct error err = { 0 };
		struct volume_spec spec = pool_scene_spec(names[i]);
		spec.ephemeral = &pool_scene_ephemeral;
		assert_int_equal(volume_ephemeral_publish(scene.pools, &spec, &publication, &err),
				 -1);
		assert_int_equal(err.code, ERROR_INVALID);
		assert_non_null(strstr(err.text, "volume_id"));
	}
}

int main(void)
{
#define WITH_POOLS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		WITH_POOLS(one_of_a_missing_pool_goes_when_the_pool_is_back),
		WITH_POOLS(one_of_a_pod_that_is_there_stays),
		WITH_POOLS(where_the_kubelets_folder_is_not_to_be_seen_all_stay),
		WITH_POOLS(one_with_a_damaged_record_goes_with_its_pod),
		WITH_POOLS(one_whose_record_was_damaged_while_its_pool_was_missing_goes_later),
		WITH_POOLS(one_with_a_damaged_record_is_counted_in_the_share_after_a_restart),
		WITH_POOLS(a_persistent_volume_is_never_taken_for_one),
		WITH_POOLS(one_whose_id_would_be_another_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
