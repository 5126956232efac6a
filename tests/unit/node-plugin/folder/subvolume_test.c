/* SPDX-License-Identifier: Apache-2.0 */
#include "folder/subvolume.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "fill.h"
#include "folder/folder.h"
#include "folder/tree_remove.h"
#include "loop_disk.h"
#include "node_scene.h"
#include "test.h"

#define MIB (1ULL << 20)

static struct loop_disk disk;
static int root_fd = -1;

static int open_below(int at_fd, const char *name)
{
	int fd = openat(at_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static int make_subvolume(int at_fd, const char *name)
{
	struct error err = { 0 };
	if (subvolume_create(at_fd, name, &err) < 0)
		fail_msg("%s", err.text);
	return open_below(at_fd, name);
}

static bool is_there(int at_fd, const char *name)
{
	return faccessat(at_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void is_made_found_and_removed(void **state)
{
	struct error err = { 0 };
	int unused = 0;
	CLEANUP_CLOSE int fd = make_subvolume(root_fd, "one");
	assert_true(subvolume_is_possible(fd));
	assert_true(subvolume_is(fd));
	assert_int_equal(fill_file(fd, "file", MIB, &unused), MIB);
	assert_int_equal(subvolume_create(root_fd, "one", &err), -1);
	assert_int_equal(err.code, ERROR_EXISTS);
	assert_int_equal(subvolume_delete(root_fd, "one", &err), 0);
	assert_false(is_there(root_fd, "one"));
	assert_int_equal(syncfs(root_fd), 0);
}

static void only_a_subvolume_is_taken_for_one(void **state)
{
	struct error err = { 0 };
	CLEANUP_CLOSE int folder = -1;
	assert_int_equal(folder_make(root_fd, "plain", 0755, &folder, &err), 0);
	assert_false(subvolume_is(folder));
	assert_int_equal(subvolume_delete(root_fd, "plain", &err), 1);
	assert_int_equal(subvolume_delete(root_fd, "none", &err), 1);
	assert_true(is_there(root_fd, "plain"));
	CLEANUP_CLOSE int elsewhere = open_below(AT_FDCWD, "/proc");
	assert_false(subvolume_is(elsewhere));
	assert_int_equal(tree_remove(root_fd, "plain", &err), 0);
}

static void holds_to_the_limit_and_tells_what_is_used(void **state)
{
	struct error err = { 0 };
	struct quota_usage usage;
	int reason = 0;
	CLEANUP_CLOSE int fd = make_subvolume(root_fd, "held");
	assert_int_equal(subvolume_enable_quota(root_fd, &err), 0);
	assert_int_equal(subvolume_enable_quota(root_fd, &err), 0);
	assert_int_equal(subvolume_limit(fd, 16 * MIB, &err), 0);
	uint64_t written = fill_file(fd, "file", 64 * MIB, &reason);
	assert_int_equal(reason, EDQUOT);
	assert_in_range(written, 15 * MIB, 16 * MIB);
	assert_int_equal(syncfs(fd), 0);
	assert_int_equal(subvolume_usage(fd, &usage, &err), 0);
	assert_int_equal(usage.limit_bytes, 16 * MIB);
	assert_in_range(usage.used_bytes, written, 16 * MIB);

	assert_int_equal(subvolume_limit(fd, 32 * MIB, &err), 0);
	written = fill_file(fd, "more", 64 * MIB, &reason);
	assert_int_equal(reason, EDQUOT);
	assert_in_range(written, 15 * MIB, 17 * MIB);
	/* Full, it can still be emptied and removed. */
	assert_int_equal(unlinkat(fd, "more", 0), 0);
	assert_int_equal(subvolume_delete(root_fd, "held", &err), 0);
}

static int run_btrfs(const char *words)
{
	char command[256];
	snprintf(command, sizeof(command), "cd %s && btrfs %s >/dev/null 2>&1", disk.path, words);
	return system(command);
}

static void a_snapshot_keeps_what_was_there(void **state)
{
	struct error err = { 0 };
	int reason = 0;
	CLEANUP_CLOSE int fd = make_subvolume(root_fd, "source");
	fill_file(fd, "file", MIB, &reason);
	assert_int_equal(subvolume_snapshot(fd, root_fd, "copy", true, &err), 0);
	assert_int_equal(unlinkat(fd, "file", 0), 0);
	CLEANUP_CLOSE int copy = open_below(root_fd, "copy");
	assert_true(subvolume_is(copy));
	assert_true(is_there(copy, "file"));
	assert_int_equal(unlinkat(copy, "file", 0), -1);
	assert_int_equal(errno, EROFS);
	assert_int_equal(subvolume_snapshot(copy, root_fd, "writable", false, &err), 0);
	CLEANUP_CLOSE int writable = open_below(root_fd, "writable");
	assert_int_equal(unlinkat(writable, "file", 0), 0);
	assert_int_equal(subvolume_delete(root_fd, "source", &err), 0);
	assert_int_equal(subvolume_delete(root_fd, "copy", &err), 0);
	assert_int_equal(subvolume_delete(root_fd, "writable", &err), 0);
}

/* Putting a subvolume with shared data into a group makes the kernel lose count. */
static void rescans_the_quotas_when_they_are_wrong(void **state)
{
	struct error err = { 0 };
	int reason = 0;
	if (system("command -v btrfs >/dev/null") != 0) {
		print_message("SKIPPED: there is no program btrfs\n");
		skip();
	}
	CLEANUP_CLOSE int fd = make_subvolume(root_fd, "source");
	fill_file(fd, "file", MIB, &reason);
	assert_int_equal(subvolume_enable_quota(root_fd, &err), 0);
	assert_int_equal(run_btrfs("quota rescan -w ."), 0);
	assert_int_equal(subvolume_mend_quota(root_fd, &err), 0);
	assert_int_equal(run_btrfs("qgroup create 1/7 . && cd . && btrfs subvolume snapshot -i 1/7 "
				   "source copy"),
			 0);
	assert_int_equal(syncfs(root_fd), 0);
	assert_int_equal(subvolume_mend_quota(root_fd, &err), 1);
	assert_int_equal(run_btrfs("quota rescan -w . ; true"), 0);
	assert_int_equal(syncfs(root_fd), 0);
	assert_int_equal(subvolume_mend_quota(root_fd, &err), 0);
	assert_int_equal(subvolume_delete(root_fd, "source", &err), 0);
	assert_int_equal(subvolume_delete(root_fd, "copy", &err), 0);
}

static void make_read_only(int fd)
{
	uint64_t read_only = BTRFS_SUBVOL_RDONLY;
	assert_int_equal(ioctl(fd, BTRFS_IOC_SUBVOL_SETFLAGS, &read_only), 0);
}

/* As a pod can make them, without any right. */
static void is_removed_with_subvolumes_in_it_however_deep(void **state)
{
	struct error err = { 0 };
	int fd = make_subvolume(root_fd, "outer");
	for (int i = 0; i < 40; i++) {
		CLEANUP_CLOSE int folder = -1;
		CLEANUP_CLOSE int beside = make_subvolume(fd, "beside");
		assert_int_equal(folder_make(fd, "folder", 0755, &folder, &err), 0);
		int next = make_subvolume(folder, "inner");
		close(fd);
		fd = next;
	}
	close(fd);
	fd = open_below(root_fd, "outer");
	make_read_only(fd);
	close(fd);
	assert_int_equal(subvolume_delete(root_fd, "outer", &err), 0);
	assert_false(is_there(root_fd, "outer"));
}

static void set_flags(int fd, int flags)
{
	assert_int_equal(ioctl(fd, FS_IOC_SETFLAGS, &flags), 0);
}

/* In a folder whose path is longer than the kernel tells, too. */
static void is_removed_with_what_resists_in_it(void **state)
{
	struct error err = { 0 };
	char name[201];
	memset(name, 'd', 200);
	name[200] = '\0';
	CLEANUP_CLOSE int outer = make_subvolume(root_fd, "outer");
	int fd = dup(outer);
	for (int i = 0; i < 30; i++) {
		int next = -1;
		assert_int_equal(folder_make(fd, name, 0755, &next, &err), 0);
		close(fd);
		fd = next;
	}
	CLEANUP_CLOSE int middle = make_subvolume(fd, "middle");
	CLEANUP_CLOSE int inner = make_subvolume(middle, "inner");
	CLEANUP_CLOSE int innermost = make_subvolume(inner, "innermost");
	set_flags(innermost, FS_IMMUTABLE_FL);
	make_read_only(inner);
	make_read_only(middle);
	set_flags(fd, FS_APPEND_FL);
	close(fd);
	set_flags(outer, FS_IMMUTABLE_FL);
	if (subvolume_delete(root_fd, "outer", &err) != 0)
		fail_msg("%s", err.text);
	assert_false(is_there(root_fd, "outer"));
}

/* The default subvolume cannot be removed, and so neither can what it lies in. */
static void goes_on_past_a_subvolume_that_stays(void **state)
{
	struct error err = { 0 };
	CLEANUP_CLOSE int outer = make_subvolume(root_fd, "outer");
	CLEANUP_CLOSE int stays = make_subvolume(outer, "a-stays");
	CLEANUP_CLOSE int goes = make_subvolume(outer, "b-goes");
	if (run_btrfs("subvolume set-default outer/a-stays") != 0) {
		assert_int_equal(subvolume_delete(root_fd, "outer", &err), 0);
		print_message("SKIPPED: there is no program btrfs\n");
		skip();
	}
	assert_int_equal(subvolume_delete(root_fd, "outer", &err), -1);
	assert_non_null(strstr(err.text, "1 subvolumes in it stay"));
	assert_true(is_there(outer, "a-stays"));
	assert_false(is_there(outer, "b-goes"));
	assert_int_equal(run_btrfs("subvolume set-default 5 ."), 0);
	assert_int_equal(subvolume_delete(root_fd, "outer", &err), 0);
}

static void a_tree_with_subvolumes_is_removed_as_a_tree(void **state)
{
	struct error err = { 0 };
	int reason = 0;
	CLEANUP_CLOSE int top = -1, below = -1, far = -1;
	assert_int_equal(folder_make(root_fd, "top", 0755, &top, &err), 0);
	CLEANUP_CLOSE int data = make_subvolume(top, "data");
	assert_int_equal(folder_make(data, "below", 0755, &below, &err), 0);
	fill_file(below, "file", MIB, &reason);
	CLEANUP_CLOSE int inner = make_subvolume(below, "inner");
	fill_file(inner, "file", MIB, &reason);
	assert_int_equal(folder_make(top, "far", 0755, &far, &err), 0);
	CLEANUP_CLOSE int deep = make_subvolume(far, "deep");
	fill_file(deep, "file", MIB, &reason);
	assert_int_equal(tree_remove(root_fd, "top", &err), 0);
	assert_false(is_there(root_fd, "top"));

	CLEANUP_CLOSE int itself = make_subvolume(root_fd, "itself");
	fill_file(itself, "file", MIB, &reason);
	assert_int_equal(tree_remove(root_fd, "itself", &err), 0);
	assert_false(is_there(root_fd, "itself"));
}

/* What lies in the mount belongs to somebody else. */
static void a_mount_in_it_is_not_entered(void **state)
{
	struct error err = { 0 };
	int reason = 0;
	CLEANUP_CLOSE int kept = make_subvolume(root_fd, "kept");
	fill_file(kept, "file", MIB, &reason);
	CLEANUP_CLOSE int top = -1;
	assert_int_equal(folder_make(root_fd, "top", 0755, &top, &err), 0);
	CLEANUP_CLOSE int data = make_subvolume(top, "data");
	char kept_path[160], data_path[160];
	snprintf(kept_path, sizeof(kept_path), "%s/kept", disk.path);
	snprintf(data_path, sizeof(data_path), "%s/top/data", disk.path);
	assert_int_equal(mount(kept_path, data_path, NULL, MS_BIND, NULL), 0);
	assert_int_equal(tree_remove(root_fd, "top", &err), -1);
	assert_true(is_there(kept, "file"));
	assert_int_equal(umount2(data_path, 0), 0);

	CLEANUP_CLOSE int inside = -1;
	assert_int_equal(folder_make(data, "inside", 0755, &inside, &err), 0);
	snprintf(data_path, sizeof(data_path), "%s/top/data/inside", disk.path);
	assert_int_equal(mount(kept_path, data_path, NULL, MS_BIND, NULL), 0);
	err = (struct error) { 0 };
	tree_remove(root_fd, "top", &err);
	assert_true(is_there(kept, "file"));
	umount2(data_path, 0);
	assert_int_equal(tree_remove(root_fd, "top", &err), 0);
	assert_int_equal(subvolume_delete(root_fd, "kept", &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_made_found_and_removed),
		cmocka_unit_test(only_a_subvolume_is_taken_for_one),
		cmocka_unit_test(holds_to_the_limit_and_tells_what_is_used),
		cmocka_unit_test(a_snapshot_keeps_what_was_there),
		cmocka_unit_test(rescans_the_quotas_when_they_are_wrong),
		cmocka_unit_test(is_removed_with_subvolumes_in_it_however_deep),
		cmocka_unit_test(is_removed_with_what_resists_in_it),
		cmocka_unit_test(goes_on_past_a_subvolume_that_stays),
		cmocka_unit_test(a_tree_with_subvolumes_is_removed_as_a_tree),
		cmocka_unit_test(a_mount_in_it_is_not_entered),
	};
	if (!node_scene_can_mount() || !loop_disk_make(&disk, "btrfs", "", 256 * MIB, NULL))
		return 77;
	root_fd = open(disk.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int outcome = cmocka_run_group_tests(tests, NULL, NULL);
	close(root_fd);
	loop_disk_remove(&disk);
	return outcome;
}
