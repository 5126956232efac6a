/* SPDX-License-Identifier: Apache-2.0 */
#include "folder/project_quota.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/quota.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "fill.h"
#include "folder/folder.h"
#include "folder/quota.h"
#include "folder/tree_remove.h"
#include "loop_disk.h"
#include "node_scene.h"
#include "test.h"

#define MIB (1ULL << 20)

static bool can_mount;

static int open_folder(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static void where_it_is_off_the_reason_says_what_to_do(void **state)
{
	struct error err = { 0 };
	enum quota_kind kind = QUOTA_NONE;
	CLEANUP_CLOSE int fd = open_folder("/proc");
	assert_int_equal(project_quota_probe(fd, &err), -1);
	assert_int_equal(err.code, ERROR_UNSUPPORTED);
	assert_non_null(strstr(err.text, "prjquota"));
	assert_int_equal(quota_probe(fd, &kind, &err), -1);
	assert_int_equal(kind, QUOTA_NONE);
}

static void limits_inodes_with_the_bytes(void **state)
{
	static const struct {
		uint64_t bytes;
		uint64_t inodes;
	} cases[] = {
		{ 0, 0 },	    { MIB, 1024 },	   { 16 * MIB, 1024 },
		{ 32 * MIB, 2048 }, { 1024 * MIB, 65536 }, { 1024 * 1024 * MIB, 67108864 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct if_dqblk block;
		project_quota_block(cases[i].bytes, &block);
		assert_int_equal(block.dqb_bhardlimit * 1024, cases[i].bytes);
		assert_int_equal(block.dqb_ihardlimit, cases[i].inodes);
		assert_int_equal(block.dqb_valid, QIF_BLIMITS | QIF_ILIMITS);
	}
}

static void make_files(int fd, unsigned count, int *ret_reason)
{
	*ret_reason = 0;
	for (unsigned i = 0; i < count && !*ret_reason; i++) {
		char name[32];
		snprintf(name, sizeof(name), "empty-%u", i);
		if (mknodat(fd, name, S_IFREG | 0600, 0) < 0)
			*ret_reason = errno;
	}
}

static void check_folder(int root_fd, const char *name, uint64_t limit_bytes,
			 struct quota *ret_quota)
{
	struct error err = { 0 };
	struct quota_usage usage;
	int reason = 0;
	CLEANUP_CLOSE int fd = -1;
	assert_int_equal(folder_make(root_fd, name, 0755, &fd, &err), 0);
	if (quota_begin(fd, QUOTA_PROJECT, limit_bytes, ret_quota, &err) < 0)
		fail_msg("%s", err.text);
	uint64_t written = fill_file(fd, "file", 8 * limit_bytes, &reason);
	assert_true(reason == EDQUOT || reason == ENOSPC);
	assert_in_range(written, limit_bytes - MIB, limit_bytes);
	assert_int_equal(quota_read(fd, ret_quota, &usage, &err), 0);
	assert_int_equal(usage.limit_bytes, limit_bytes);
	assert_in_range(usage.used_bytes, written, limit_bytes);
	assert_int_equal(quota_limit(fd, ret_quota, 2 * limit_bytes, &err), 0);
	fill_file(fd, "more", MIB, &reason);
	assert_int_equal(reason, 0);
	make_files(fd, 2 * (unsigned)project_quota_inodes(2 * limit_bytes), &reason);
	assert_true(reason == EDQUOT || reason == ENOSPC);
}

static void check_disk(const struct loop_disk *disk)
{
	struct error err = { 0 };
	enum quota_kind kind = QUOTA_NONE;
	struct quota first, second, third;
	uint32_t project_id = 0;
	CLEANUP_CLOSE int root_fd = open_folder(disk->path);
	assert_int_equal(quota_probe(root_fd, &kind, &err), 0);
	assert_int_equal(kind, QUOTA_PROJECT);
	check_folder(root_fd, "first", 8 * MIB, &first);
	check_folder(root_fd, "second", 16 * MIB, &second);
	assert_int_not_equal(first.project_id, second.project_id);
	CLEANUP_CLOSE int fd = openat(root_fd, "first", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(project_quota_of(fd, &project_id, &err), 0);
	assert_int_equal(project_id, first.project_id);
	/* What is forgotten can be taken again once the folder is gone. */
	assert_int_equal(quota_forget(fd, &first, &err), 0);
	assert_int_equal(tree_remove(root_fd, "first", &err), 0);
	check_folder(root_fd, "third", 8 * MIB, &third);
	assert_int_not_equal(third.project_id, second.project_id);
}

static void holds_folders_of_xfs(void **state)
{
	struct loop_disk disk;
	if (!can_mount || !loop_disk_make(&disk, "xfs", "-s size=4096", 300 * MIB, "prjquota"))
		skip();
	check_disk(&disk);
	loop_disk_remove(&disk);
}

static void holds_folders_of_ext4(void **state)
{
	struct loop_disk disk;
	if (!can_mount ||
	    !loop_disk_make(&disk, "ext4", "-b 4096 -O project,quota -E quotatype=prjquota",
			    128 * MIB, "prjquota"))
		skip();
	check_disk(&disk);
	loop_disk_remove(&disk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(where_it_is_off_the_reason_says_what_to_do),
		cmocka_unit_test(limits_inodes_with_the_bytes),
		cmocka_unit_test(holds_folders_of_xfs),
		cmocka_unit_test(holds_folders_of_ext4),
	};
	can_mount = node_scene_can_mount();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
