/* SPDX-License-Identifier: Apache-2.0 */
#include "mount/path.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

static char folder[64];

static int make_folder(void **state)
{
	strcpy(folder, "/tmp/kentledge-path-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	return rmdir(folder); /* fails if a test left something */
}

static int resolve(const char *below, struct mount_path *ret_path, struct error *err)
{
	char path[256];
	snprintf(path, sizeof(path), "%s%s", folder, below);
	return mount_path_resolve(path, "target_path", ret_path, err);
}

static void takes_the_parent_without_links(void **state)
{
	struct mount_path path;
	struct error err = { 0 };
	char link[128], real[128], expected[160];
	snprintf(link, sizeof(link), "%s/link", folder);
	snprintf(real, sizeof(real), "%s/real", folder);
	snprintf(expected, sizeof(expected), "%s/real/mount", folder);
	assert_int_equal(mkdir(real, 0755), 0);
	assert_int_equal(symlink(real, link), 0);
	assert_int_equal(resolve("/link/../link//mount///", &path, &err), 0);
	assert_string_equal(path.text, expected);
	assert_string_equal(path.name, "mount");
	unlink(link);
	rmdir(real);
}

static void says_when_the_parent_is_not_there(void **state)
{
	struct mount_path path;
	struct error err = { 0 };
	assert_int_equal(resolve("/nowhere/mount", &path, &err), -1);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
}

static void finds_nothing_where_the_parent_is_not_there(void **state)
{
	struct mount_path path;
	struct error err = { 0 };
	assert_int_equal(mount_path_find("/nowhere/mount", "target_path", &path, &err), 1);
	assert_int_equal(mount_path_find("/tmp/mount", "target_path", &path, &err), 0);
	assert_int_equal(mount_path_find("mount", "target_path", &path, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
}

static void check_refused(const char *wrong)
{
	struct mount_path path;
	struct error err = { 0 };
	assert_int_equal(mount_path_resolve(wrong, "target_path", &path, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_non_null(strstr(err.text, "target_path"));
}

static void refuses_what_is_no_place_for_a_mount(void **state)
{
	char long_path[PATH_MAX + 10];
	memset(long_path, 'x', sizeof(long_path) - 1);
	long_path[0] = '/';
	long_path[sizeof(long_path) - 1] = '\0';
	const char *wrong[] = { "relative/path", "/",	      "//",	"/tmp/..",
				"/tmp/.",	 "/tmp/a\nb", long_path };
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		check_refused(wrong[i]);
}

static void what_cannot_be_a_folder_is_the_callers_mistake(void **state)
{
	char file[128], loop[128], in_file[160], in_loop[160], long_name[600], in_long[1300];
	snprintf(file, sizeof(file), "%s/file", folder);
	snprintf(loop, sizeof(loop), "%s/loop", folder);
	snprintf(in_file, sizeof(in_file), "%s/mount", file);
	snprintf(in_loop, sizeof(in_loop), "%s/mount", loop);
	snprintf(long_name, sizeof(long_name), "%s/%0300d", folder, 0);
	snprintf(in_long, sizeof(in_long), "%s/mount", long_name);
	close(open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	assert_int_equal(symlink(loop, loop), 0);
	const char *wrong[] = { in_file, in_loop, long_name, in_long };
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		check_refused(wrong[i]);
	unlink(file);
	unlink(loop);
}

static void a_place_needs_its_parent_and_a_folder_that_is_there(void **state)
{
	struct mount_path path;
	struct error err = { 0 };
	char place[128], nowhere[128];
	snprintf(place, sizeof(place), "%s/mount", folder);
	snprintf(nowhere, sizeof(nowhere), "%s/nowhere/mount", folder);
	assert_int_equal(mount_path_require(nowhere, "target_path", &path, &err), -1);
	assert_int_equal(err.code, ERROR_IN_USE);
	assert_int_equal(mount_path_require(place, "target_path", &path, &err), 0);
	assert_int_equal(mount_path_require_folder(place, "target_path", &path, &err), -1);
	assert_int_equal(err.code, ERROR_IN_USE);
	close(open(place, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	assert_int_equal(mount_path_require_folder(place, "target_path", &path, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	unlink(place);
	assert_int_equal(mkdir(place, 0700), 0);
	assert_int_equal(mount_path_require_folder(place, "target_path", &path, &err), 0);
	rmdir(place);
}

static void makes_only_the_last_folder_and_only_once(void **state)
{
	struct mount_path path;
	struct error err = { 0 };
	assert_int_equal(resolve("/mount", &path, &err), 0);
	assert_int_equal(mount_path_make(&path, &err), 0);
	assert_int_equal(mount_path_make(&path, &err), 1);
	assert_int_equal(mount_path_remove(&path, &err), 0);
	assert_int_equal(mount_path_remove(&path, &err), 0);
}

static void never_takes_a_link_or_a_file_for_the_target(void **state)
{
	struct mount_path path;
	struct error err = { 0 };
	assert_int_equal(resolve("/mount", &path, &err), 0);
	assert_int_equal(symlink("/etc", path.text), 0);
	assert_int_equal(mount_path_make(&path, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_int_equal(mount_path_remove(&path, &err), -1);
	unlink(path.text);
	close(open(path.text, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	assert_int_equal(mount_path_make(&path, &err), -1);
	unlink(path.text);
}

static void leaves_a_target_alone_that_holds_something(void **state)
{
	struct mount_path path;
	struct error err = { 0 };
	char file[PATH_MAX + 8];
	assert_int_equal(resolve("/mount", &path, &err), 0);
	assert_int_equal(mount_path_make(&path, &err), 0);
	snprintf(file, sizeof(file), "%s/data", path.text);
	close(open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	assert_int_equal(mount_path_remove(&path, &err), -1);
	assert_int_equal(err.code, ERROR_IN_USE);
	assert_non_null(strstr(err.text, "not empty"));
	assert_int_equal(access(file, F_OK), 0);
	unlink(file);
	assert_int_equal(mount_path_remove(&path, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_the_parent_without_links),
		cmocka_unit_test(says_when_the_parent_is_not_there),
		cmocka_unit_test(finds_nothing_where_the_parent_is_not_there),
		cmocka_unit_test(refuses_what_is_no_place_for_a_mount),
		cmocka_unit_test(what_cannot_be_a_folder_is_the_callers_mistake),
		cmocka_unit_test(a_place_needs_its_parent_and_a_folder_that_is_there),
		cmocka_unit_test(makes_only_the_last_folder_and_only_once),
		cmocka_unit_test(never_takes_a_link_or_a_file_for_the_target),
		cmocka_unit_test(leaves_a_target_alone_that_holds_something),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
