/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Ephemeral volumes that could not be removed when their pod went: their pool was missing, or their
 * record was damaged.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "fake_host.h"
#include "pool_scene.h"
#include "volume.h"

#define ID "csi-1"
#define GIB (1ULL << 30)
#define POD "/kubelet/pods/uid-1"
#define OTHER_POD "/kubelet/pods/uid-2"
#define PLACE POD "/volumes/scratch"

static char folder[64];
static char disk[96], pulled[96], fast_path[128], bulk_path[128], kubelet[96], target[192];
static struct fake_host *fake;
static struct pools *pools;

static void run(const char *verb, const char *below)
{
	char command[256];
	snprintf(command, sizeof(command), "%s %s%s", verb, folder, below);
	assert_int_equal(system(command), 0);
}

static void open_pools(void)
{
	struct error err = { 0 };
	const struct pool_place places[] = {
		{ .name = "fast", .path = fast_path, .order = 0 },
		{ .name = "bulk", .path = bulk_path, .order = 1 },
	};
	pools_close(pools);
	pools = NULL;
	const struct pools_setup setup = {
		.places = places, .count = 2, .host = &fake->host, .policy = POOL_POLICY_FIRST
	};
	if (pools_open(&setup, &pools, &err) < 0)
		fail_msg("%s", err.text);
}

static int set_up(void **state)
{
	strcpy(folder, "/tmp/kentledge-ephemeral-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	log_set_level(LOG_ERROR + 1);
	snprintf(disk, sizeof(disk), "%s/disk", folder);
	snprintf(pulled, sizeof(pulled), "%s/pulled", folder);
	snprintf(fast_path, sizeof(fast_path), "%s/fast", folder);
	snprintf(bulk_path, sizeof(bulk_path), "%s/pool", disk);
	snprintf(kubelet, sizeof(kubelet), "%s/kubelet", folder);
	snprintf(target, sizeof(target), "%s" PLACE "/mount", folder);
	assert_int_equal(mkdir(disk, 0755), 0);
	run("mkdir -p", PLACE);
	run("mkdir -p", OTHER_POD);
	fake = fake_host_new();
	open_pools();
	return 0;
}

static int tear_down(void **state)
{
	pools_close(pools);
	pools = NULL;
	fake_host_free(fake);
	run("rm -rf", "");
	return 0;
}

static void publish(void)
{
	struct error err = { 0 };
	struct volume_spec spec = pool_scene_spec(ID);
	spec.ephemeral = true;
	spec.parameters.pool = "bulk";
	const struct volume_publication publication = { .target_path = target,
							.access = &pool_scene_writer };
	if (volume_publish_ephemeral(pools, &spec, &publication, &err) < 0)
		fail_msg("%s", err.text);
}

static void unpublish(void)
{
	struct error err = { 0 };
	if (volume_unpublish(pools, ID, target, &err) < 0)
		fail_msg("%s", err.text);
}

/* As after a restart of the node, until the kubelet publishes it again. */
static void lose_mount(void)
{
	struct error err = { 0 };
	assert_int_equal(pools->host->unmount(pools->host, target, &err), 0);
}

static void pod_goes(void)
{
	run("rm -r", POD);
}

static bool is_there(void)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/volumes/" ID, bulk_path);
	return access(path, F_OK) == 0;
}

static struct pool *bulk(void)
{
	size_t i = 0;
	while (strcmp(pools->pools[i]->name, "bulk") != 0)
		i++;
	return pools->pools[i];
}

static uint64_t promised_bytes(void)
{
	struct capacity_space space;
	struct error err = { 0 };
	assert_int_equal(pool_space(bulk(), &space, &err), 0);
	return space.promised_bytes;
}

static void damage_record(void)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/volumes/" ID "/record", bulk_path);
	assert_int_equal(truncate(path, 10), 0);
}

static void pull_out(void)
{
	assert_int_equal(rename(disk, pulled), 0);
	assert_int_equal(mkdir(disk, 0755), 0);
	open_pools();
	assert_int_equal(pools->count, 1);
}

static void put_back(void)
{
	assert_int_equal(rmdir(disk), 0);
	assert_int_equal(rename(pulled, disk), 0);
	pools_look_again(pools);
	assert_int_equal(pools->count, 2);
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
	volume_remove_left_ephemeral(pools, kubelet);
	assert_false(is_there());
	assert_int_equal(promised_bytes(), 0);
}

static void one_of_a_pod_that_is_there_stays(void **state)
{
	publish();
	lose_mount();
	volume_remove_left_ephemeral(pools, kubelet);
	assert_true(is_there());
	publish();
	pod_goes();
	/* Whatever became of the pod's folder, it is mounted. */
	volume_remove_left_ephemeral(pools, kubelet);
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
	volume_remove_left_ephemeral(pools, kubelet);
	assert_true(is_there());
	run("rm -r", "/kubelet/pods");
	volume_remove_left_ephemeral(pools, kubelet);
	assert_true(is_there());
	volume_remove_left_ephemeral(pools, NULL);
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
	volume_remove_left_ephemeral(pools, kubelet);
	assert_false(is_there());
	assert_int_equal(promised_bytes(), 0);
}

static void a_persistent_volume_is_never_taken_for_one(void **state)
{
	struct error err = { 0 };
	struct volume_record record;
	struct volume_spec spec = pool_scene_spec(ID);
	spec.parameters.pool = "bulk";
	assert_int_equal(volume_create(pools, &spec, &record, &err), 0);
	pod_goes();
	volume_remove_left_ephemeral(pools, kubelet);
	assert_int_equal(volume_unpublish(pools, ID, target, &err), 1);
	damage_record();
	volume_remove_left_ephemeral(pools, kubelet);
	assert_int_equal(volume_unpublish(pools, ID, target, &err), 1);
	assert_true(is_there());
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
		WITH_POOLS(a_persistent_volume_is_never_taken_for_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
