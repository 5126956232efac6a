/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Limits of a volume on the real kernel: fio in a cgroup that is named like a pod's, limited and
 * not. Figures are compared with one another and with the limit, never with a time.
 */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "assert_outcome.h"
#include "csi.pb-c.h"
#include "node_client.h"
#include "node_test.h"
#include "rpc/channel_call.h"
#include "test.h"

#define MIB (1ULL << 20)
#define TIMEOUT_MS 10000
#define POD "0d1f2e3c-aaaa-bbbb-cccc-0123456789ab"
#define BLKIO "/sys/fs/cgroup/blkio"
#define WRITE_IOPS 100

static char top[64], pod[128], container[160];

static const struct node_volume ext4 = {
	.name = "pvc-1", .backend = "loop", .fs_type = "ext4", .size_bytes = 64 * MIB
};
static const struct node_volume btrfs = {
	.name = "pvc-1", .backend = "loop", .fs_type = "btrfs", .size_bytes = 256 * MIB
};
static const struct node_volume directory = {
	.name = "pvc-2", .backend = "directory", .fs_type = "", .size_bytes = 64 * MIB
};

static void make_target(void)
{
	static const char *const below[] = { "pods", "pods/" POD, "pods/" POD "/volumes" };
	for (size_t i = 0; i < 3; i++)
		node_scene_make_folder(&scene, below[i]);
	snprintf(scene.target, sizeof(scene.target), "%s/mount",
		 node_scene_path(&scene, "pods/" POD "/volumes"));
}

static void make_cgroups(void)
{
	snprintf(top, sizeof(top), BLKIO "/kentledge-test-%d", getpid());
	snprintf(pod, sizeof(pod), "%s/pod" POD, top);
	snprintf(container, sizeof(container), "%s/container", pod);
	assert_int_equal(mkdir(top, 0755), 0);
	assert_int_equal(mkdir(pod, 0755), 0);
}

static void start(void)
{
	node_scene_start(&scene);
	make_target();
	make_cgroups();
}

static int set_up(void **state)
{
	node_scene_init(&scene, TEST_NODE_PROGRAM);
	start();
	return 0;
}

static int set_up_in_a_folder_of_images(void **state)
{
	node_scene_init(&scene, TEST_NODE_PROGRAM);
	node_scene_make_folder(&scene, "images");
	snprintf(scene.pool, sizeof(scene.pool), "%.100s/images/pool", scene.folder);
	start();
	return 0;
}

static int tear_down(void **state)
{
	rmdir(container);
	rmdir(pod);
	rmdir(top);
	node_scene_done(&scene);
	return access(top, F_OK) == 0 ? -1 : 0;
}

static int modify(const char *id, const char *key, const char *value, struct error *err)
{
	Csi__V1__ControllerModifyVolumeRequest request;
	Csi__V1__ControllerModifyVolumeRequest__MutableParametersEntry entry, *entries = &entry;
	ProtobufCMessage *response = NULL;
	csi__v1__controller_modify_volume_request__init(&request);
	csi__v1__controller_modify_volume_request__mutable_parameters_entry__init(&entry);
	entry.key = (char *)(uintptr_t)key;
	entry.value = (char *)(uintptr_t)value;
	request.volume_id = (char *)(uintptr_t)id;
	request.n_mutable_parameters = key ? 1 : 0;
	request.mutable_parameters = &entries;
	int outcome = rpc_channel_call(scene.channel, "csi.v1.Controller", "ControllerModifyVolume",
				       &request.base,
				       &csi__v1__controller_modify_volume_response__descriptor,
				       TIMEOUT_MS, &response, err);
	protobuf_c_message_free_unpacked(response, NULL);
	return outcome;
}

static void publish(const struct node_volume *volume)
{
	struct error err = { 0 };
	assert_done(node_scene_bring_up(&scene, volume, &err), &err);
}

static void unpublish(void)
{
	struct error err = { 0 };
	assert_done(node_scene_take_down(&scene, "pvc-1", &err), &err);
}

/* What is set for some device in this cgroup; 0: nothing. */
static unsigned limit_in(const char *cgroup)
{
	char path[256];
	unsigned major_number, minor_number, limit = 0;
	snprintf(path, sizeof(path), "%s/blkio.throttle.write_iops_device", cgroup);
	FILE *file = fopen(path, "r");
	if (!file)
		return 0;
	if (fscanf(file, "%u:%u %u", &major_number, &minor_number, &limit) != 3)
		limit = 0;
	fclose(file);
	return limit;
}

static unsigned limit_soon(const char *cgroup, unsigned wanted)
{
	for (int i = 0; i < 800 && limit_in(cgroup) != wanted; i++)
		nanosleep(&(struct timespec) { .tv_nsec = 10000000 }, NULL);
	return limit_in(cgroup);
}

/* Direct writes of 4 KiB in a second, by a process of the pod's container. */
static double write_iops(void)
{
	char command[1024];
	double iops = 0;
	snprintf(command, sizeof(command),
		 "echo $$ > %s/cgroup.procs && exec fio --name=write --filename=%s/file "
		 "--size=16M --rw=randwrite --bs=4k --direct=1 --runtime=2 --time_based "
		 "--output-format=terse --terse-version=3 | cut -d';' -f49",
		 container, scene.target);
	FILE *output = popen(command, "r");
	assert_non_null(output);
	assert_int_equal(fscanf(output, "%lf", &iops), 1);
	assert_int_equal(pclose(output), 0);
	return iops;
}

static void a_pod_writes_no_faster_than_its_volume_may(void **state)
{
	struct error err = { 0 };
	publish(&ext4);
	assert_int_equal(mkdir(container, 0755), 0);
	double free_iops = write_iops();
	assert_done(modify("pvc-1", "writeIops", "100", &err), &err);
	assert_int_equal(limit_in(container), WRITE_IOPS);
	double limited_iops = write_iops();
	assert_done(modify("pvc-1", NULL, NULL, &err), &err);
	assert_int_equal(limit_in(container), 0);
	double again_iops = write_iops();
	print_message("write IOPS: %.0f, limited to %d: %.0f, unlimited again: %.0f\n", free_iops,
		      WRITE_IOPS, limited_iops, again_iops);
	assert_true(limited_iops < 1.2 * WRITE_IOPS);
	assert_true(again_iops > 2 * limited_iops);
	unpublish();
}

static void a_container_that_comes_later_is_limited_and_unpublishing_lifts_it(void **state)
{
	struct error err = { 0 };
	publish(&ext4);
	assert_done(modify("pvc-1", "writeIops", "100", &err), &err);
	assert_int_equal(limit_in(pod), WRITE_IOPS);
	assert_int_equal(mkdir(container, 0755), 0);
	assert_int_equal(limit_soon(container, WRITE_IOPS), WRITE_IOPS);
	assert_done(node_client_unpublish(scene.channel, "pvc-1", scene.target, &err), &err);
	assert_int_equal(limit_in(container), 0);
	assert_int_equal(limit_in(pod), 0);
	assert_done(
		node_client_publish(scene.channel, &ext4, scene.staging, scene.target, false, &err),
		&err);
	assert_int_equal(limit_in(container), WRITE_IOPS);
	unpublish();
	assert_int_equal(limit_in(container), 0);
}

static void a_restarted_plugin_finds_what_was_not_set(void **state)
{
	struct error err = { 0 };
	char command[256];
	publish(&ext4);
	assert_done(modify("pvc-1", "writeIops", "100", &err), &err);
	node_scene_kill(&scene, SIGKILL);
	node_scene_wait(&scene);
	/* as if it had died between the record and the cgroup */
	snprintf(command, sizeof(command),
		 "f=%s/blkio.throttle.write_iops_device; echo $(cut -d' ' -f1 $f) 0 > $f", pod);
	assert_int_equal(system(command), 0);
	assert_int_equal(limit_in(pod), 0);
	node_scene_start(&scene);
	assert_int_equal(limit_soon(pod, WRITE_IOPS), WRITE_IOPS);
	assert_done(modify("pvc-1", "writeIops", "100", &err), &err);
	unpublish();
}

/* The kernel shows btrfs under a device number that is not the loop device's. */
static void a_volume_with_btrfs_is_limited_like_any_other(void **state)
{
	struct error err = { 0 };
	publish(&btrfs);
	assert_done(modify("pvc-1", "writeIops", "100", &err), &err);
	assert_int_equal(limit_in(pod), WRITE_IOPS);
	assert_done(node_client_unpublish(scene.channel, "pvc-1", scene.target, &err), &err);
	assert_int_equal(limit_in(pod), 0);
	assert_done(node_client_publish(scene.channel, &btrfs, scene.staging, scene.target, false,
					&err),
		    &err);
	assert_int_equal(limit_in(pod), WRITE_IOPS);
	unpublish();
}

/* The volume is known by its place in the pool, wherever that lies. */
static void limits_hold_in_a_pool_in_a_folder_of_images(void **state)
{
	struct error err = { 0 };
	publish(&ext4);
	assert_done(modify("pvc-1", "writeIops", "100", &err), &err);
	assert_int_equal(limit_in(pod), WRITE_IOPS);
	unpublish();
	assert_int_equal(limit_in(pod), 0);
}

static void what_cannot_be_limited_is_refused_with_the_reason(void **state)
{
	struct error err = { 0 };
	assert_done(node_client_create(scene.channel, &directory, &err), &err);
	assert_refused(modify("pvc-2", "writeIops", "100", &err), ERROR_INVALID, &err,
		       "directory volume");
	assert_refused(modify("pvc-2", "speed", "100", &err), ERROR_INVALID, &err, "speed");
	assert_int_equal(modify("pvc-9", "writeIops", "100", &err), -1);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
	assert_int_equal(modify("", "writeIops", "100", &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_done(modify("pvc-2", NULL, NULL, &err), &err);
	assert_done(node_client_delete(scene.channel, "pvc-2", &err), &err);
}

#define LIMITS_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	if (!node_scene_can_mount())
		return 77;
	if (access(BLKIO "/blkio.throttle.write_iops_device", W_OK) < 0) {
		fprintf(stderr, "skipped: no blkio controller of cgroup v1 at " BLKIO "\n");
		return 77;
	}
	if (system("command -v fio >/dev/null") != 0) {
		fprintf(stderr, "skipped: fio is not installed\n");
		return 77;
	}
	const struct CMUnitTest tests[] = {
		LIMITS_TEST(a_pod_writes_no_faster_than_its_volume_may),
		LIMITS_TEST(a_container_that_comes_later_is_limited_and_unpublishing_lifts_it),
		LIMITS_TEST(a_restarted_plugin_finds_what_was_not_set),
		LIMITS_TEST(a_volume_with_btrfs_is_limited_like_any_other),
		cmocka_unit_test_setup_teardown(limits_hold_in_a_pool_in_a_folder_of_images,
						set_up_in_a_folder_of_images, tear_down),
		LIMITS_TEST(what_cannot_be_limited_is_refused_with_the_reason),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
