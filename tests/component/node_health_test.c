/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The health of volumes and pools, on the real kernel: each condition of volume/condition.h is
 * provoked.
 */

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "assert_outcome.h"
#include "base/text.h"
#include "csi.pb-c.h"
#include "csi/health_client.h"
#include "csi/names.h"
#include "node_client.h"
#include "node_test.h"
#include "rpc/channel_call.h"
#include "test.h"

#define MIB (1ULL << 20)
#define TIMEOUT_MS 10000

static const struct node_volume one = {
	.name = "pvc-1", .backend = "loop", .fs_type = "ext4", .size_bytes = 64 * MIB
};

static int set_up_on_a_small_disk(void **state)
{
	if (!node_scene_init_on_disk(&scene, TEST_NODE_PROGRAM, "ext4", "-b 4096 -m 0", 256 * MIB))
		return -1;
	node_scene_start(&scene);
	return 0;
}

static const char *const statuses[] = { "?", "DEGRADED", "INACCESSIBLE", "DATA_LOSS" };

static void print_condition(struct text *text, int status, const char *reason)
{
	text_printf(text, "%s%s %s", text->length ? ", " : "", statuses[status], reason);
}

static void expect(const struct csi_volume_health *health, const char *id, const char *expected)
{
	CLEANUP_TEXT struct text text = TEXT_INIT;
	assert_string_equal(health->volume_id, id);
	for (size_t i = 0; i < health->count; i++) {
		assert_true(strlen(health->conditions[i].message) > 20);
		print_condition(&text, (int)health->conditions[i].status,
				health->conditions[i].reason);
	}
	assert_string_equal(text_string(&text), expected);
}

static int get(const char *id, const char *expected, struct error *err)
{
	CLEANUP(csi_health_page_freep) struct csi_health_page *page = NULL;
	if (csi_get_volume_health(scene.channel, id, TIMEOUT_MS, &page, err) < 0)
		return -1;
	expect(&page->volumes[0], id, expected);
	return 0;
}

/* What the kubelet is answered. */
static int get_on_node(const char *id, const char *path, const char *expected, struct error *err)
{
	CLEANUP_TEXT struct text text = TEXT_INIT;
	Csi__V1__NodeGetVolumeHealthRequest request = CSI__V1__NODE_GET_VOLUME_HEALTH_REQUEST__INIT;
	ProtobufCMessage *message = NULL;
	request.volume_id = (char *)(uintptr_t)id;
	request.volume_publish_path = (char *)(uintptr_t)path;
	if (rpc_channel_call(scene.channel, "csi.v1.Node", "NodeGetVolumeHealth", &request.base,
			     &csi__v1__node_get_volume_health_response__descriptor, TIMEOUT_MS,
			     &message, err) < 0)
		return -1;
	const Csi__V1__VolumeHealth *health =
		((Csi__V1__NodeGetVolumeHealthResponse *)message)->volume_health;
	for (size_t i = 0; i < health->n_health_statuses; i++)
		print_condition(&text, (int)health->health_statuses[i]->status,
				health->health_statuses[i]->reason);
	assert_string_equal(text_string(&text), expected);
	protobuf_c_message_free_unpacked(message, NULL);
	return 0;
}

/* "<status> <reason>, ..." of pvc-1, as each of the calls has it. */
static void look(const char *expected)
{
	struct error err = { 0 };
	CLEANUP(csi_health_page_freep) struct csi_health_page *page = NULL;
	assert_done(get("pvc-1", expected, &err), &err);
	assert_done(get_on_node("pvc-1", "", expected, &err), &err);
	assert_done(csi_list_volume_health(scene.channel, "", TIMEOUT_MS, &page, &err), &err);
	assert_int_equal(page->count, 1);
	assert_string_equal(page->next_token, "");
	expect(&page->volumes[0], "pvc-1", expected);
}

/* The same of the pools. */
static void look_at_pools(const char *expected)
{
	struct error err = { 0 };
	CLEANUP_TEXT struct text text = TEXT_INIT;
	Csi__V1__NodeGetStorageHealthRequest request =
		CSI__V1__NODE_GET_STORAGE_HEALTH_REQUEST__INIT;
	ProtobufCMessage *message = NULL;
	assert_done(rpc_channel_call(scene.channel, "csi.v1.Node", "NodeGetStorageHealth",
				     &request.base,
				     &csi__v1__node_get_storage_health_response__descriptor,
				     TIMEOUT_MS, &message, &err),
		    &err);
	const Csi__V1__NodeGetStorageHealthResponse *response = (void *)message;
	for (size_t i = 0; i < response->n_backend_health; i++)
		text_printf(&text, "%s%d %s", i ? ", " : "",
			    (int)response->backend_health[i]->status,
			    response->backend_health[i]->reason);
	assert_string_equal(text_string(&text), expected);
	protobuf_c_message_free_unpacked(message, NULL);
}

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void a_volume_whose_image_is_gone_or_cut_says_so(void **state)
{
	struct error err = { 0 };
	char image[192], away[192];
	snprintf(image, sizeof(image), "%s/volumes/pvc-1/image", scene.pool);
	snprintf(away, sizeof(away), "%s/volumes/pvc-1/image.away", scene.pool);
	assert_done(node_client_create(scene.channel, &one, &err), &err);
	look("");
	assert_int_equal(rename(image, away), 0);
	look("DATA_LOSS DataMissing");
	assert_int_equal(rename(away, image), 0);
	look("");
	assert_done(node_client_stage(scene.channel, &one, scene.staging, &err), &err);
	look("");
	assert_int_equal(truncate(image, 32 * MIB), 0);
	look("DEGRADED ImageShort");
	assert_int_equal(truncate(image, 64 * MIB), 0);
	assert_done(node_client_unstage(scene.channel, "pvc-1", scene.staging, &err), &err);
	assert_done(node_client_delete(scene.channel, "pvc-1", &err), &err);
}

/* They are set aside again when it is staged the next time. */
static void a_reserved_volume_that_lost_blocks_is_degraded(void **state)
{
	struct node_volume reserved = one;
	struct error err = { 0 };
	char image[192];
	reserved.provisioning = "reserved";
	snprintf(image, sizeof(image), "%s/volumes/pvc-1/image", scene.pool);
	assert_done(node_client_create(scene.channel, &reserved, &err), &err);
	look("");
	int fd = open(image, O_RDWR | O_CLOEXEC);
	assert_int_equal(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 60 * MIB, MIB),
			 0);
	close(fd);
	look("DEGRADED BlocksLost");
	assert_done(node_client_stage(scene.channel, &reserved, scene.staging, &err), &err);
	look("");
	assert_done(node_client_unstage(scene.channel, "pvc-1", scene.staging, &err), &err);
	assert_done(node_client_delete(scene.channel, "pvc-1", &err), &err);
}

static void a_volume_whose_record_is_damaged_is_inaccessible(void **state)
{
	struct error err = { 0 };
	char record[192], away[192];
	snprintf(record, sizeof(record), "%s/volumes/pvc-1/record", scene.pool);
	snprintf(away, sizeof(away), "%s/volumes/pvc-1/record.away", scene.pool);
	assert_done(node_client_create(scene.channel, &one, &err), &err);
	assert_int_equal(rename(record, away), 0);
	write_text(record, "kentledge-volume 1\nid=pvc-1\n");
	look("INACCESSIBLE RecordDamaged");
	assert_int_equal(rename(away, record), 0);
	look("");
	assert_done(node_client_delete(scene.channel, "pvc-1", &err), &err);
}

/* What is below a mounted file system is read past the page cache. */
static void a_volume_whose_image_ends_below_its_file_system_cannot_be_read(void **state)
{
	struct error err = { 0 };
	char image[192], away[192];
	snprintf(image, sizeof(image), "%s/volumes/pvc-1/image", scene.pool);
	snprintf(away, sizeof(away), "%s/volumes/pvc-1/image.away", scene.pool);
	assert_done(node_client_create(scene.channel, &one, &err), &err);
	assert_done(node_client_stage(scene.channel, &one, scene.staging, &err), &err);
	assert_int_equal(truncate(image, 0), 0);
	look("DEGRADED ImageShort, DEGRADED ReadError");
	assert_int_equal(truncate(image, 64 * MIB), 0);
	look("");
	node_scene_restart(&scene, SIGKILL);
	assert_done(node_client_unstage(scene.channel, "pvc-1", scene.staging, &err), &err);
	assert_done(node_client_delete(scene.channel, "pvc-1", &err), &err);
}

static void unknown_volumes_and_wrong_arguments_are_refused(void **state)
{
	struct error err = { 0 };
	CLEANUP(csi_health_page_freep) struct csi_health_page *page = NULL;
	assert_refused(get("pvc-9", "", &err), ERROR_NOT_FOUND, &err, "pvc-9");
	assert_refused(get("", "", &err), ERROR_INVALID, &err, "volume_id");
	assert_refused(get_on_node("pvc-9", "/there", "", &err), ERROR_NOT_FOUND, &err, "pvc-9");
	assert_refused(get_on_node("", "", "", &err), ERROR_INVALID, &err, "volume_id");
	assert_refused(csi_list_volume_health(scene.channel, "rubbish", TIMEOUT_MS, &page, &err),
		       ERROR_BUSY, &err, "starting_token");
}

/* A list has the volumes of the pools that are there; a volume of the other is asked for. */
static void while_a_pool_is_missing_its_volumes_are_inaccessible(void **state)
{
	struct error err = { 0 };
	assert_done(node_client_create(scene.channel, &one, &err), &err);
	look_at_pools("");
	node_scene_kill(&scene, SIGTERM);
	assert_int_equal(node_scene_wait(&scene), 0);
	char both[sizeof(scene.pool)], alone[sizeof(scene.pool)];
	strcpy(alone, scene.pool);
	assert_true(snprintf(both, sizeof(both), "%s,other=%s", alone,
			     node_scene_make_folder(&scene, "other")) < (int)sizeof(both));
	strcpy(scene.pool, both);
	node_scene_start(&scene);
	node_scene_kill(&scene, SIGTERM);
	assert_int_equal(node_scene_wait(&scene), 0);
	char away[192];
	snprintf(away, sizeof(away), "%s.away", alone);
	assert_int_equal(rename(alone, away), 0);
	node_scene_start(&scene);
	CLEANUP(csi_health_page_freep) struct csi_health_page *page = NULL;
	assert_done(csi_list_volume_health(scene.channel, "", TIMEOUT_MS, &page, &err), &err);
	assert_int_equal(page->count, 0);
	assert_done(get("pvc-1", "INACCESSIBLE PoolMissing", &err), &err);
	assert_done(get_on_node("pvc-1", scene.target, "INACCESSIBLE PoolMissing", &err), &err);
	look_at_pools("2 PoolMissing");
	node_scene_kill(&scene, SIGTERM);
	assert_int_equal(node_scene_wait(&scene), 0);
	assert_int_equal(rename(away, alone), 0);
	node_scene_start(&scene);
	look("");
	look_at_pools("");
	assert_done(node_client_delete(scene.channel, "pvc-1", &err), &err);
}

/* ext4 lets itself be told that it has an error (Documentation/admin-guide/ext4.rst). */
static void a_file_system_that_met_an_error_is_read_only_and_degraded(void **state)
{
	struct error err = { 0 };
	uint64_t bytes = 0, inodes = 0;
	char command[256];
	assert_done(node_client_create(scene.channel, &one, &err), &err);
	assert_done(node_client_stage(scene.channel, &one, scene.staging, &err), &err);
	snprintf(command, sizeof(command),
		 "echo test > /sys/fs/ext4/$(basename $(findmnt -no SOURCE %s))/trigger_fs_error",
		 scene.staging);
	assert_int_equal(system(command), 0);
	look("DEGRADED FileSystemReadOnly, DEGRADED FileSystemErrors");
	assert_done(node_client_stats(scene.channel, "pvc-1", scene.staging, &bytes, &inodes, &err),
		    &err);
	assert_true(bytes > 0);
	assert_done(node_client_unstage(scene.channel, "pvc-1", scene.staging, &err), &err);
	assert_done(node_client_delete(scene.channel, "pvc-1", &err), &err);
}

/* The file system alone, not its mounts: as it does itself after an error. */
static void make_read_only(const char *path, const char *flag)
{
	int fd = fspick(AT_FDCWD, path, FSPICK_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(fsconfig(fd, FSCONFIG_SET_FLAG, flag, NULL, 0), 0);
	assert_int_equal(fsconfig(fd, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0), 0);
	close(fd);
}

static void a_file_system_that_became_read_only_is_degraded(void **state)
{
	static const struct node_volume volumes[] = {
		{ .name = "pvc-1", .backend = "loop", .fs_type = "ext4", .size_bytes = 64 * MIB },
		{ .name = "pvc-1", .backend = "loop", .fs_type = "btrfs", .size_bytes = 256 * MIB },
	};
	struct error err = { 0 };
	for (size_t i = 0; i < 2; i++) {
		assert_done(node_client_create(scene.channel, &volumes[i], &err), &err);
		assert_done(node_client_stage(scene.channel, &volumes[i], scene.staging, &err),
			    &err);
		look("");
		make_read_only(scene.staging, "ro");
		look("DEGRADED FileSystemReadOnly");
		make_read_only(scene.staging, "rw");
		look("");
		assert_done(node_client_unstage(scene.channel, "pvc-1", scene.staging, &err), &err);
		assert_done(node_client_delete(scene.channel, "pvc-1", &err), &err);
	}
}

/* As the file system itself does it when its log cannot be written (xfs_fs.h: GOINGDOWN). */
static void a_file_system_that_was_shut_down_is_inaccessible(void **state)
{
	static const struct node_volume xfs = {
		.name = "pvc-1", .backend = "loop", .fs_type = "xfs", .size_bytes = 300 * MIB
	};
	struct error err = { 0 };
	uint32_t without_its_log = 2;
	assert_done(node_client_create(scene.channel, &xfs, &err), &err);
	assert_done(node_client_stage(scene.channel, &xfs, scene.staging, &err), &err);
	look("");
	int fd = open(scene.staging, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(ioctl(fd, _IOR('X', 125, uint32_t), &without_its_log), 0);
	close(fd);
	look("INACCESSIBLE FileSystemShutDown");
	assert_done(node_client_unstage(scene.channel, "pvc-1", scene.staging, &err), &err);
	assert_done(node_client_stage(scene.channel, &xfs, scene.staging, &err), &err);
	look("");
	assert_done(node_client_unstage(scene.channel, "pvc-1", scene.staging, &err), &err);
	assert_done(node_client_delete(scene.channel, "pvc-1", &err), &err);
}

static void a_thin_volume_on_a_full_disk_is_degraded_until_there_is_room(void **state)
{
	struct error err = { 0 };
	assert_done(node_client_create(scene.channel, &one, &err), &err);
	look("");
	loop_disk_fill(&scene.disk);
	look("DEGRADED PoolFull");
	look_at_pools("1 PoolFull");
	loop_disk_make_room(&scene.disk);
	look("");
	assert_done(node_client_delete(scene.channel, "pvc-1", &err), &err);
}

static int snapshot(const char *name, const char *node_id, struct error *err)
{
	Csi__V1__CreateSnapshotRequest request = CSI__V1__CREATE_SNAPSHOT_REQUEST__INIT;
	Csi__V1__TopologyRequirement requirement = CSI__V1__TOPOLOGY_REQUIREMENT__INIT;
	Csi__V1__Topology topology = CSI__V1__TOPOLOGY__INIT, *topologies[] = { &topology };
	Csi__V1__Topology__SegmentsEntry segment = CSI__V1__TOPOLOGY__SEGMENTS_ENTRY__INIT;
	Csi__V1__Topology__SegmentsEntry *segments[] = { &segment };
	ProtobufCMessage *message = NULL;
	segment.key = (char *)(uintptr_t)CSI_TOPOLOGY_KEY;
	segment.value = (char *)(uintptr_t)node_id;
	topology.segments = segments;
	topology.n_segments = 1;
	requirement.requisite = topologies;
	requirement.n_requisite = 1;
	request.name = (char *)(uintptr_t)name;
	request.source_volume_id = (char *)(uintptr_t) "pvc-1";
	request.accessibility_requirements = &requirement;
	if (rpc_channel_call(scene.channel, "csi.v1.Controller", "CreateSnapshot", &request.base,
			     &csi__v1__create_snapshot_response__descriptor, TIMEOUT_MS, &message,
			     err) < 0)
		return -1;
	const Csi__V1__Snapshot *made = ((Csi__V1__CreateSnapshotResponse *)message)->snapshot;
	assert_int_equal(made->n_accessible_topology, 1);
	assert_string_equal(made->accessible_topology[0]->segments[0]->key, CSI_TOPOLOGY_KEY);
	assert_string_equal(made->accessible_topology[0]->segments[0]->value, "node-1");
	int outcome = node_client_delete_snapshot(scene.channel, made->snapshot_id, err);
	protobuf_c_message_free_unpacked(message, NULL);
	return outcome;
}

static void a_snapshot_can_be_used_on_this_node_alone_and_says_so(void **state)
{
	struct error err = { 0 };
	assert_done(node_client_create(scene.channel, &one, &err), &err);
	assert_done(snapshot("snapshot-1", "node-1", &err), &err);
	assert_refused(snapshot("snapshot-2", "node-2", &err), ERROR_EXHAUSTED, &err,
		       "accessibility_requirements");
	size_t count = 1;
	assert_done(node_client_count_snapshots(scene.channel, &count, &err), &err);
	assert_int_equal(count, 0);
	assert_done(node_client_delete(scene.channel, "pvc-1", &err), &err);
}

int main(void)
{
	if (!node_scene_can_mount())
		return 77;
	const struct CMUnitTest tests[] = {
		NODE_TEST(a_volume_whose_image_is_gone_or_cut_says_so),
		NODE_TEST(a_volume_whose_image_ends_below_its_file_system_cannot_be_read),
		NODE_TEST(a_volume_whose_record_is_damaged_is_inaccessible),
		NODE_TEST(a_reserved_volume_that_lost_blocks_is_degraded),
		NODE_TEST(a_file_system_that_met_an_error_is_read_only_and_degraded),
		NODE_TEST(a_file_system_that_became_read_only_is_degraded),
		NODE_TEST(a_file_system_that_was_shut_down_is_inaccessible),
		NODE_TEST(unknown_volumes_and_wrong_arguments_are_refused),
		NODE_TEST(a_snapshot_can_be_used_on_this_node_alone_and_says_so),
		NODE_TEST(while_a_pool_is_missing_its_volumes_are_inaccessible),
		cmocka_unit_test_setup_teardown(
			a_thin_volume_on_a_full_disk_is_degraded_until_there_is_room,
			set_up_on_a_small_disk, node_test_tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
