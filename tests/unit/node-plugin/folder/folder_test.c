/* SPDX-License-Identifier: Apache-2.0 */
#include "folder/folder.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "test.h"

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
	assert_int_equal(unlinkat(folder_fd, "new", AT_REMOVEDIR), 0);
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

/* Opening a device node or a FIFO does something: to find it must not. */
static void a_file_is_found_without_being_opened_and_opened_again(void **state)
{
	struct error err = { 0 };
	char event[sizeof(struct inotify_event) + 256];
	CLEANUP_CLOSE int path_fd = -1, fd = -1;
	CLEANUP_CLOSE int watch_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	assert_int_equal(mkfifoat(folder_fd, "fifo", 0600), 0);
	char path[96];
	snprintf(path, sizeof(path), "%s/fifo", folder);
	assert_true(inotify_add_watch(watch_fd, path, IN_OPEN) >= 0);
	assert_int_equal(folder_open_file(folder_fd, "fifo", O_PATH, 0, &path_fd, &err), 0);
	assert_true(read(watch_fd, event, sizeof(event)) < 0);
	assert_int_equal(folder_reopen(path_fd, O_RDONLY | O_NONBLOCK, &fd, &err), 0);
	assert_true(read(watch_fd, event, sizeof(event)) > 0);
	assert_int_equal(unlinkat(folder_fd, "fifo", 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stays_below_the_folder_whatever_the_name_says),
		cmocka_unit_test(says_when_a_folder_is_not_there),
		cmocka_unit_test(makes_a_folder_that_is_missing_and_opens_one_that_is_there),
		cmocka_unit_test(a_folder_that_is_open_is_there_gone_or_replaced),
		cmocka_unit_test(a_folder_that_cannot_be_looked_for_is_not_gone),
		cmocka_unit_test(a_file_is_found_without_being_opened_and_opened_again),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
