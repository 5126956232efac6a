/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "test.h"

static char folder[] = "/tmp/kentledge-file-XXXXXX";
static int folder_fd;

static int make_folder(void **state)
{
	assert_non_null(mkdtemp(folder));
	folder_fd = open(folder, O_DIRECTORY | O_CLOEXEC);
	return folder_fd < 0;
}

static int remove_folder(void)
{
	static const char *const names[] = { "record", "first", "link", "record.new" };
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		unlinkat(folder_fd, names[i], 0);
	close(folder_fd);
	return rmdir(folder); /* fails if anything else was left */
}

static void replaces_a_file_whole_and_leaves_nothing_beside_it(void **state)
{
	struct error err = { 0 };
	assert_int_equal(file_replace_at(folder_fd, "record", "old", 3, 0600, &err), 0);
	assert_int_equal(file_replace_at(folder_fd, "record", "newer\0x", 7, 0600, &err), 0);
	CLEANUP_FREE char *data = NULL;
	size_t length;
	assert_int_equal(file_read_at(folder_fd, "record", 100, &data, &length, &err), 0);
	assert_int_equal(length, 7);
	assert_memory_equal(data, "newer\0x", 8);
	struct stat st;
	assert_int_equal(fstatat(folder_fd, "record", &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void writes_a_file_over_what_a_crash_left_of_it(void **state)
{
	struct error err = { 0 };
	CLEANUP_FREE char *data = NULL;
	size_t length;
	assert_int_equal(file_write_at(folder_fd, "first", "a longer half", 13, 0600, &err), 0);
	assert_int_equal(file_write_at(folder_fd, "first", "whole", 5, 0600, &err), 0);
	assert_int_equal(file_read_at(folder_fd, "first", 100, &data, &length, &err), 0);
	assert_int_equal(length, 5);
	assert_memory_equal(data, "whole", 5);
	assert_int_not_equal(faccessat(folder_fd, "first.new", F_OK, 0), 0);
	assert_int_equal(symlinkat("/tmp/kentledge-elsewhere", folder_fd, "link"), 0);
	assert_int_equal(file_write_at(folder_fd, "link", "x", 1, 0600, &err), -1);
	assert_int_not_equal(access("/tmp/kentledge-elsewhere", F_OK), 0);
}

static void says_which_file_is_missing_or_too_large(void **state)
{
	struct error err = { 0 };
	char *data = NULL;
	assert_int_equal(file_read("/nonexistent/record", 100, &data, NULL, &err), -1);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
	assert_non_null(strstr(err.text, "/nonexistent/record"));
	assert_int_equal(file_replace_at(folder_fd, "record", "12345", 5, 0600, &err), 0);
	assert_int_equal(file_read_at(folder_fd, "record", 4, &data, NULL, &err), -1);
	assert_int_equal(err.code, ERROR_EXHAUSTED);
	assert_null(data);
	assert_int_equal(file_read_at(folder_fd, "record", 5, &data, NULL, &err), 0);
	free(data);
}

static void does_not_follow_a_link_that_lies_in_its_way(void **state)
{
	struct error err = { 0 };
	assert_int_equal(symlinkat("/tmp/kentledge-elsewhere", folder_fd, "record.new"), 0);
	assert_int_equal(file_replace_at(folder_fd, "record", "x", 1, 0600, &err), -1);
	assert_int_not_equal(access("/tmp/kentledge-elsewhere", F_OK), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replaces_a_file_whole_and_leaves_nothing_beside_it),
		cmocka_unit_test(writes_a_file_over_what_a_crash_left_of_it),
		cmocka_unit_test(says_which_file_is_missing_or_too_large),
		cmocka_unit_test(does_not_follow_a_link_that_lies_in_its_way),
	};
	int outcome = cmocka_run_group_tests(tests, make_folder, NULL);
	/* As a group's teardown its outcome would not count. */
	return remove_folder() < 0 ? 1 : outcome;
}
