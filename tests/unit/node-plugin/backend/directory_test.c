/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/directory.h"
#include "backend/directory_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "fill.h"
#include "folder/folder.h"
#include "folder/subvolume.h"
#include "loop_disk.h"
#include "node_scene.h"
#include "pool/pools.h"
#include "pool/pools_open.h"
#include "pool/room.h"
#include "pool/volume_folder.h"
#include "snapshot/create.h"
#include "snapshot/delete.h"
#include "test.h"
#include "volume/create.h"
#include "volume/delete.h"

/* On btrfs and the real kernel: what a fake one cannot show. */

#define MIB (1ULL << 20)
#define ID "pvc-1"

static struct loop_disk disk;
static char pool_path[128];
static struct pools *pools;

static int set_up(void **state)
{
	struct error err = { 0 };
	const struct pool_place place = { .name = "default", .path = pool_path };
	const struct pools_setup setup = { .places = &place, .count = 1, .host = host_linux() };
	log_set_level(LOG_ERROR);
	if (pools_open(&setup, &pools, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		return -1;
	}
	return 0;
}

static int tear_down(void **state)
{
	pools_close(pools);
	return 0;
}

static int open_below(int at_fd, const char *name)
{
	int fd = openat(at_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static void create(bool enforce, uint64_t size_bytes, struct volume_folder *ret_folder)
{
	struct error err = { 0 };
	struct volume_record record;
	struct volume_spec spec = {
		.name = ID,
		.range = { .required_bytes = size_bytes },
		.parameters = { .backend = BACKEND_DIRECTORY, .enforce = enforce },
		.fs_type = "",
	};
	if (volume_create(pools, &spec, &record, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(record.quota, enforce ? QUOTA_BTRFS : QUOTA_NONE);
	assert_int_equal(volume_folder_open(pools, ID, ret_folder, &err), 0);
}

static void delete_volume(void)
{
	struct error err = { 0 };
	assert_int_equal(volume_delete(pools, ID, &err), 0);
	assert_int_equal(pool_empty_trash(pools->pools[0], NULL, &err), 0);
}

static void looks_like_a_new_file_system_and_is_a_subvolume(void **state)
{
	CLEANUP_VOLUME_FOLDER struct volume_folder folder = VOLUME_FOLDER_INIT;
	struct stat data;
	umask(077);
	create(true, 16 * MIB, &folder);
	umask(022);
	CLEANUP_CLOSE int data_fd = open_below(folder.fd, "data");
	assert_true(subvolume_is(data_fd));
	assert_int_equal(fstat(data_fd, &data), 0);
	assert_int_equal(data.st_mode & 07777, 0755);
	delete_volume();
}

static void grows_as_its_quota_does(void **state)
{
	CLEANUP_VOLUME_FOLDER struct volume_folder folder = VOLUME_FOLDER_INIT;
	struct error err = { 0 };
	int reason = 0;
	create(true, 16 * MIB, &folder);
	CLEANUP_CLOSE int data_fd = open_below(folder.fd, "data");
	assert_in_range(fill_file(data_fd, "file", 64 * MIB, &reason), 15 * MIB, 16 * MIB);
	assert_int_equal(reason, EDQUOT);
	struct volume_record larger = folder.record;
	larger.size_bytes = 32 * MIB;
	assert_int_equal(backend_directory.grow(&folder.pool->site, folder.fd, &larger, &err), 0);
	assert_in_range(fill_file(data_fd, "more", 64 * MIB, &reason), 15 * MIB, 17 * MIB);
	assert_int_equal(reason, EDQUOT);
	struct host_usage usage = { .available_bytes = 1000 * MIB, .total_inodes = 7 };
	assert_int_equal(syncfs(data_fd), 0);
	assert_int_equal(backend_directory.usage(&folder.pool->site, folder.fd, &folder.record,
						 &usage, &err),
			 0);
	assert_int_equal(usage.total_bytes, 32 * MIB);
	assert_in_range(usage.used_bytes, 31 * MIB, 32 * MIB);
	assert_int_equal(usage.used_bytes + usage.available_bytes, 32 * MIB);
	assert_int_equal(usage.total_inodes, 7);
	delete_volume();
}

/* What is written is missing from the disk, and was promised to the volume already. */
static void what_it_holds_is_not_counted_twice(void **state)
{
	CLEANUP_VOLUME_FOLDER struct volume_folder folder = VOLUME_FOLDER_INIT;
	struct error err = { 0 };
	struct capacity_space space;
	int reason = 0;
	create(true, 64 * MIB, &folder);
	CLEANUP_CLOSE int data_fd = open_below(folder.fd, "data");
	assert_int_equal(fill_file(data_fd, "file", 32 * MIB, &reason), 32 * MIB);
	assert_int_equal(syncfs(data_fd), 0);
	assert_int_equal(pool_space(pools->pools[0], &space, &err), 0);
	assert_int_equal(space.promised_bytes, 64 * MIB);
	assert_in_range(space.allocated_bytes, 32 * MIB, 33 * MIB);
	delete_volume();
	assert_int_equal(pool_space(pools->pools[0], &space, &err), 0);
	assert_int_equal(space.promised_bytes, 0);
	assert_int_equal(space.allocated_bytes, 0);
}

static void is_copied_at_once_and_the_copy_is_held_by_itself(void **state)
{
	CLEANUP_VOLUME_FOLDER struct volume_folder folder = VOLUME_FOLDER_INIT;
	struct error err = { 0 };
	struct pool *pool = pools->pools[0];
	int reason = 0;
	CLEANUP_CLOSE int copy_fd = -1;
	create(true, 16 * MIB, &folder);
	CLEANUP_CLOSE int data_fd = open_below(folder.fd, "data");
	fill_file(data_fd, "file", 8 * MIB, &reason);
	assert_int_equal(folder_make(pool->tmp_fd, "copy", 0700, &copy_fd, &err), 0);
	assert_int_equal(backend_directory_copy_at_once(folder.fd, copy_fd, false, &err), 0);
	struct volume_record record = folder.record;
	record.size_bytes = 32 * MIB;
	assert_int_equal(backend_directory.fit_copy(&pool->site, copy_fd, &record, &err), 0);
	assert_int_equal(record.quota, QUOTA_BTRFS);
	CLEANUP_CLOSE int copied_fd = open_below(copy_fd, "data");
	assert_int_equal(faccessat(copied_fd, "file", F_OK, 0), 0);
	/* What it shares counts in it, too: it is as large as it says. */
	assert_in_range(fill_file(copied_fd, "more", 64 * MIB, &reason), 22 * MIB, 24 * MIB);
	assert_int_equal(reason, EDQUOT);
	assert_int_equal(pool_remove(pool, pool->tmp_fd, "copy", &err), 0);
	assert_int_equal(faccessat(data_fd, "file", F_OK, 0), 0);
	delete_volume();
}

/* btrfs shows the subvolumes in a copied one as empty folders. */
static void one_with_subvolumes_of_the_pod_in_it_is_not_copied_without_them(void **state)
{
	CLEANUP_VOLUME_FOLDER struct volume_folder folder = VOLUME_FOLDER_INIT;
	struct error err = { 0 };
	struct snapshot_record record;
	const struct snapshot_spec snapshot = { .name = "snap-1",
						.source_volume = ID,
						.group = "" };
	create(true, 16 * MIB, &folder);
	CLEANUP_CLOSE int data_fd = open_below(folder.fd, "data");
	assert_int_equal(mkdirat(data_fd, "below", 0755), 0);
	CLEANUP_CLOSE int below_fd = open_below(data_fd, "below");
	assert_int_equal(subvolume_create(below_fd, "inner", &err), 0);
	assert_int_equal(snapshot_create(pools, &snapshot, NULL, &record, &err), -1);
	assert_int_equal(err.code, ERROR_IN_USE);
	assert_non_null(strstr(err.text, "below/inner"));

	assert_int_equal(subvolume_delete(below_fd, "inner", &err), 0);
	if (snapshot_create(pools, &snapshot, NULL, &record, &err) != 0)
		fail_msg("%s", err.text);
	assert_int_equal(snapshot_delete(pools, "snap-1", "", &err), 0);
	delete_volume();
}

static void what_is_no_subvolume_is_not_copied_at_once(void **state)
{
	struct error err = { 0 };
	struct pool *pool = pools->pools[0];
	CLEANUP_CLOSE int plain_fd = -1, data_fd = -1, copy_fd = -1;
	assert_int_equal(folder_make(pool->tmp_fd, "plain", 0700, &plain_fd, &err), 0);
	assert_int_equal(folder_make(plain_fd, "data", 0700, &data_fd, &err), 0);
	assert_int_equal(folder_make(pool->tmp_fd, "copy", 0700, &copy_fd, &err), 0);
	assert_int_equal(backend_directory_copy_at_once(plain_fd, copy_fd, false, &err), 1);
	assert_int_equal(faccessat(copy_fd, "data", F_OK, 0), -1);
	assert_int_equal(pool_remove(pool, pool->tmp_fd, "plain", &err), 0);
	assert_int_equal(pool_remove(pool, pool->tmp_fd, "copy", &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(looks_like_a_new_file_system_and_is_a_subvolume),
		cmocka_unit_test(grows_as_its_quota_does),
		cmocka_unit_test(what_it_holds_is_not_counted_twice),
		cmocka_unit_test(is_copied_at_once_and_the_copy_is_held_by_itself),
		cmocka_unit_test(one_with_subvolumes_of_the_pod_in_it_is_not_copied_without_them),
		cmocka_unit_test(what_is_no_subvolume_is_not_copied_at_once),
	};
	if (!node_scene_can_mount() || !loop_disk_make(&disk, "btrfs", "", 512 * MIB, NULL))
		return 77;
	snprintf(pool_path, sizeof(pool_path), "%s/pool", disk.path);
	int outcome = cmocka_run_group_tests(tests, set_up, tear_down);
	loop_disk_remove(&disk);
	return outcome;
}
