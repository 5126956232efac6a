/* SPDX-License-Identifier: Apache-2.0 */
#include "folder/folder.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"

static char folder[64];
static int folder_fd = -1;

static int make_folder(void **state)
{
	strcpy(folder, "/tmp/kentledge-folder-XXXXXX");
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

static void stays_below_the_folder_whatever_the_name_says(void **state)
{
	static const char *const names[] = { "../etc", "/etc", "link", "link/passwd", ".." };
	assert_int_equal(symlinkat("/etc", folder_fd, "link"), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct error err = { 0 };
		int fd = -1;
		assert_int_equal(folder_open(folder_fd, names[i], &fd, &err), -1);
		assert_int_equal(fd, -1);
	}
	unlinkat(folder_fd, "link", 0);
}

static void says_when_a_folder_is_not_there(void **state)
{
	struct error err = { 0 };
	int fd = -1;
	assert_int_equal(folder_open(folder_fd, "none", &fd, &err), -1);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
}

static void makes_a_folder_that_is_missing_and_opens_one_that_is_there(void **state)
{
	struct error err = { 0 };
	for (int i = 0; i < 2; i++) {
		CLEANUP_CLOSE int fd = -1;
		struct stat st;
		assert_int_equal(folder_make(folder_fd, "new", 0700, &fd, &err), 0);
		assert_int_equal(fstat(fd, &st), 0);
		assert_int_equal(st.st_mode & 0777, 0700);
	}
	assert_int_equal(folder_remove_tree(folder_fd, "new", &err), 0);
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
	assert_int_equal(folder_remove_tree(folder_fd, "top", &err), 0);
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
	assert_int_equal(folder_remove_tree(folder_fd, "top", &err), 0);
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
	assert_int_equal(folder_remove_tree(folder_fd, "top", &err), 0);
	assert_int_equal(faccessat(kept, "file", F_OK, 0), 0);
	assert_int_equal(folder_remove_tree(folder_fd, "kept", &err), 0);
}

static void removing_what_is_not_there_is_done(void **state)
{
	struct error err = { 0 };
	assert_int_equal(folder_remove_tree(folder_fd, "none", &err), 0);
}

static void does_not_remove_through_a_link_of_that_name(void **state)
{
	struct error err = { 0 };
	assert_int_equal(mkdirat(folder_fd, "kept", 0700), 0);
	assert_int_equal(symlinkat("kept", folder_fd, "top"), 0);
	assert_int_equal(folder_remove_tree(folder_fd, "top", &err), -1);
	assert_int_equal(faccessat(folder_fd, "kept", F_OK, 0), 0);
	unlinkat(folder_fd, "top", 0);
	unlinkat(folder_fd, "kept", AT_REMOVEDIR);
}

static void a_folder_that_is_open_is_there_gone_or_replaced(void **state)
{
	struct error err = { 0 };
	CLEANUP_CLOSE int fd = -1, other_fd = -1;
	assert_int_equal(folder_make(folder_fd, "a", 0700, &fd, &err), 0);
	assert_int_equal(folder_presence(folder_fd, "a", fd), FOLDER_THERE);
	assert_int_equal(renameat(folder_fd, "a", folder_fd, "b"), 0);
	assert_int_equal(folder_presence(folder_fd, "a", fd), FOLDER_GONE);
	assert_int_equal(folder_presence(folder_fd, "b", fd), FOLDER_THERE);
	assert_int_equal(folder_make(folder_fd, "a", 0700, &other_fd, &err), 0);
	assert_int_equal(folder_presence(folder_fd, "a", fd), FOLDER_REPLACED);
	assert_int_equal(unlinkat(folder_fd, "a", AT_REMOVEDIR), 0);
	assert_int_equal(unlinkat(folder_fd, "b", AT_REMOVEDIR), 0);
	assert_int_equal(folder_presence(folder_fd, "b", fd), FOLDER_GONE);
}

/* Or a volume on a disk that fails would be deleted already. */
static void a_folder_that_cannot_be_looked_for_is_not_gone(void **state)
{
	assert_int_equal(folder_presence(-1, "a", folder_fd), FOLDER_THERE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stays_below_the_folder_whatever_the_name_says),
		cmocka_unit_test(says_when_a_folder_is_not_there),
		cmocka_unit_test(makes_a_folder_that_is_missing_and_opens_one_that_is_there),
		cmocka_unit_test(removes_a_tree_however_deep),
		cmocka_unit_test(removes_names_that_look_like_its_own),
		cmocka_unit_test(removes_links_and_not_what_they_point_at),
		cmocka_unit_test(removing_what_is_not_there_is_done),
		cmocka_unit_test(does_not_remove_through_a_link_of_that_name),
		cmocka_unit_test(a_folder_that_is_open_is_there_gone_or_replaced),
		cmocka_unit_test(a_folder_that_cannot_be_looked_for_is_not_gone),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
