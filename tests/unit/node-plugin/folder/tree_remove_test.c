/* SPDX-License-Identifier: Apache-2.0 */
#include "folder/tree_remove.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "assert_outcome.h"
#include "base/cleanup.h"
#include "folder/copy.h"
#include "folder/folder.h"
#include "node_scene.h"
#include "test.h"

static bool can_mount;

static char folder[64];
static int folder_fd = -1;

static int make_folder(void **state)
{
	strcpy(folder, "/tmp/kentledge-remove-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return folder_fd < 0;
}

static int remove_folder(void **state)
{
	close(folder_fd);
	return rmdir(folder); /* fails if a test left something */
}

static void make_file(int at_fd, const char *name)
{
	int fd = openat(at_fd, name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
}

/* Deeper than any path can name and any recursion would survive. */
static void make_deep(int at_fd, const char *name, int depth)
{
	int fd = dup(at_fd);
	for (int i = 0; i < depth; i++) {
		assert_int_equal(mkdirat(fd, name, 0700), 0);
		int next = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(next >= 0);
		close(fd);
		fd = next;
		make_file(fd, "file");
	}
	close(fd);
}

static void removes_a_tree_however_deep(void **state)
{
	struct error err = { 0 };
	char name[201];
	memset(name, 'd', 200);
	name[200] = '\0';
	assert_int_equal(mkdirat(folder_fd, "top", 0700), 0);
	CLEANUP_CLOSE int top = openat(folder_fd, "top", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	make_deep(top, name, 500);
	assert_int_equal(tree_remove(folder_fd, "top", &err), 0);
	assert_int_equal(faccessat(folder_fd, "top", F_OK, 0), -1);
}

static void removes_names_that_look_like_its_own(void **state)
{
	struct error err = { 0 };
	assert_int_equal(mkdirat(folder_fd, "top", 0700), 0);
	CLEANUP_CLOSE int top = openat(folder_fd, "top", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(top, ".moved-0", 0700), 0);
	make_deep(top, "a", 5);
	make_deep(top, "b", 5);
	CLEANUP_CLOSE int moved = openat(top, ".moved-0", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	make_deep(moved, ".moved-1", 3);
	assert_int_equal(tree_remove(folder_fd, "top", &err), 0);
	assert_int_equal(faccessat(folder_fd, "top", F_OK, 0), -1);
}

static void removes_links_and_not_what_they_point_at(void **state)
{
	struct error err = { 0 };
	assert_int_equal(mkdirat(folder_fd, "kept", 0700), 0);
	CLEANUP_CLOSE int kept = openat(folder_fd, "kept", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	make_file(kept, "file");
	assert_int_equal(mkdirat(folder_fd, "top", 0700), 0);
	CLEANUP_CLOSE int top = openat(folder_fd, "top", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(symlinkat("../kept", top, "link"), 0);
	assert_int_equal(symlinkat("/", top, "root"), 0);
	assert_int_equal(tree_remove(folder_fd, "top", &err), 0);
	assert_int_equal(faccessat(kept, "file", F_OK, 0), 0);
	assert_int_equal(tree_remove(folder_fd, "kept", &err), 0);
}

static void removing_what_is_not_there_is_done(void **state)
{
	struct error err = { 0 };
	assert_int_equal(tree_remove(folder_fd, "none", &err), 0);
}

static void does_not_remove_through_a_link_of_that_name(void **state)
{
	struct error err = { 0 };
	assert_int_equal(mkdirat(folder_fd, "kept", 0700), 0);
	assert_int_equal(symlinkat("kept", folder_fd, "top"), 0);
	assert_int_equal(tree_remove(folder_fd, "top", &err), -1);
	assert_int_equal(faccessat(folder_fd, "kept", F_OK, 0), 0);
	unlinkat(folder_fd, "top", 0);
	unlinkat(folder_fd, "kept", AT_REMOVEDIR);
}

static bool set_flags(int at_fd, const char *name, int flags)
{
	CLEANUP_CLOSE int fd = openat(at_fd, name, O_RDONLY | O_CLOEXEC);
	if (ioctl(fd, FS_IOC_SETFLAGS, &flags) == 0)
		return true;
	print_message("SKIPPED: the flags of a file cannot be set here\n");
	return false;
}

/* A pod's own, which it set to keep them. */
static void removes_what_is_immutable_or_append_only(void **state)
{
	struct error err = { 0 };
	CLEANUP_CLOSE int top = -1, locked = -1, inner = -1;
	assert_done(folder_make(folder_fd, "top", 0700, &top, &err), &err);
	assert_done(folder_make(top, "locked", 0700, &locked, &err), &err);
	assert_done(folder_make(locked, "inner", 0700, &inner, &err), &err);
	make_file(top, "immutable");
	make_file(locked, "append-only");
	make_file(inner, "file");
	if (!set_flags(top, "immutable", FS_IMMUTABLE_FL)) {
		tree_remove(folder_fd, "top", &err);
		skip();
	}
	assert_true(set_flags(locked, "append-only", FS_APPEND_FL));
	assert_true(set_flags(inner, ".", FS_IMMUTABLE_FL));
	assert_true(set_flags(locked, ".", FS_APPEND_FL));
	assert_true(set_flags(top, ".", FS_IMMUTABLE_FL));
	assert_done(tree_remove(folder_fd, "top", &err), &err);
	assert_int_equal(faccessat(folder_fd, "top", F_OK, 0), -1);
}

static bool mount_over(const char *name)
{
	char path[160];
	snprintf(path, sizeof(path), "%s/top/%s", folder, name);
	return mount("kentledge-test", path, "tmpfs", 0, NULL) == 0;
}

static void unmount(const char *name)
{
	char path[160];
	snprintf(path, sizeof(path), "%s/top/%s", folder, name);
	assert_int_equal(umount2(path, 0), 0);
}

static void make_mounts(int top)
{
	for (int i = 0; i < 4; i++) {
		char name[16];
		CLEANUP_CLOSE int fd = -1;
		snprintf(name, sizeof(name), "mount-%d", i);
		assert_int_equal(mkdirat(top, name, 0700), 0);
		assert_true(mount_over(name));
	}
}

static void goes_on_past_what_stays_and_says_what_that_is(void **state)
{
	struct error err = { 0 };
	CLEANUP_CLOSE int top = -1, below = -1;
	if (!can_mount)
		skip();
	assert_done(folder_make(folder_fd, "top", 0700, &top, &err), &err);
	make_mounts(top);
	for (int i = 0; i < 100; i++) {
		char name[16];
		snprintf(name, sizeof(name), "file-%d", i);
		make_file(top, name);
	}
	make_deep(top, "deep", 5);
	assert_done(folder_make(top, "below", 0700, &below, &err), &err);
	make_file(below, "file");
	assert_int_equal(mkdirat(below, "mount", 0700), 0);
	assert_true(mount_over("below/mount"));
	assert_refused(tree_remove(folder_fd, "top", &err), ERROR_IN_USE, &err,
		       "remove top: 5 entries stay (");
	assert_non_null(strstr(err.text, "mount"));
	assert_non_null(strstr(err.text, "busy"));
	assert_int_equal(faccessat(top, "file-0", F_OK, 0), -1);
	assert_int_equal(faccessat(top, "deep", F_OK, 0), -1);
	assert_int_equal(faccessat(below, "file", F_OK, 0), -1);
	for (int i = 0; i < 4; i++) {
		char name[16];
		snprintf(name, sizeof(name), "mount-%d", i);
		unmount(name);
	}
	unmount("below/mount");
	assert_done(tree_remove(folder_fd, "top", &err), &err);
}

static int look(void *context, uint64_t entries, struct error *err)
{
	uint64_t *most = context;
	return entries < *most ? 0 : error_set(err, ERROR_CANCELLED, "enough");
}

static void a_removal_that_is_ended_is_gone_on_with(void **state)
{
	struct error err = { 0 };
	uint64_t most = 3;
	const struct copy_watch watch = { .look = look, .context = &most };
	assert_int_equal(mkdirat(folder_fd, "top", 0700), 0);
	CLEANUP_CLOSE int top = openat(folder_fd, "top", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	make_deep(top, "deep", 20);
	assert_refused(tree_remove_watched(folder_fd, "top", &watch, &err), ERROR_CANCELLED, &err,
		       "enough");
	assert_int_equal(faccessat(folder_fd, "top", F_OK, 0), 0);
	most = 1000;
	assert_done(tree_remove_watched(folder_fd, "top", &watch, &err), &err);
	assert_int_equal(faccessat(folder_fd, "top", F_OK, 0), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(removes_a_tree_however_deep),
		cmocka_unit_test(removes_names_that_look_like_its_own),
		cmocka_unit_test(removes_links_and_not_what_they_point_at),
		cmocka_unit_test(removing_what_is_not_there_is_done),
		cmocka_unit_test(does_not_remove_through_a_link_of_that_name),
		cmocka_unit_test(removes_what_is_immutable_or_append_only),
		cmocka_unit_test(a_removal_that_is_ended_is_gone_on_with),
		cmocka_unit_test(goes_on_past_what_stays_and_says_what_that_is),
	};
	can_mount = node_scene_can_mount();
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
