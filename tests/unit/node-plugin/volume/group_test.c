/* SPDX-License-Identifier: Apache-2.0 */
#include "volume/group.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

#define GROUP 4711

static char folder[64];

static int set_up(void **state)
{
	snprintf(folder, sizeof(folder), "/tmp/kentledge-group-XXXXXX");
	return mkdtemp(folder) && chmod(folder, 0755) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
	char command[128];
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static const char *in(const char *name)
{
	static char paths[4][128];
	static unsigned next;
	char *path = paths[next++ % 4];
	snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

static void make_file(const char *name, mode_t mode)
{
	int fd = open(in(name), O_WRONLY | O_CREAT | O_CLOEXEC, mode);
	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void check(const char *name, gid_t group, mode_t mode)
{
	struct stat there;
	assert_int_equal(lstat(in(name), &there), 0);
	assert_int_equal(there.st_gid, group);
	if (mode)
		assert_int_equal(there.st_mode & 07777, mode);
}

static void what_is_there_and_what_comes_later_has_the_group(void **state)
{
	struct error err = { 0 };
	assert_int_equal(mkdir(in("a"), 0755), 0);
	assert_int_equal(mkdir(in("a/b"), 0700), 0);
	make_file("a/b/file", 0600);
	make_file("a/tool", 04755);
	assert_int_equal(mkfifo(in("fifo"), 0600), 0);
	assert_int_equal(volume_group_apply(folder, GROUP, &err), 0);
	check("", GROUP, 02775);
	check("a", GROUP, 02775);
	check("a/b", GROUP, 02770);
	check("a/b/file", GROUP, 0660);
	check("a/tool", GROUP, 04775);
	check("fifo", GROUP, 0660);
	make_file("later", 0644);
	check("later", GROUP, 0);
	assert_int_equal(mkdir(in("a/later"), 0755), 0);
	check("a/later", GROUP, 0);
}

static void it_is_done_once(void **state)
{
	struct error err = { 0 };
	assert_int_equal(volume_group_apply(folder, GROUP, &err), 0);
	make_file("private", 0600);
	assert_int_equal(volume_group_apply(folder, GROUP, &err), 1);
	check("private", GROUP, 0600);
	assert_int_equal(volume_group_apply(folder, GROUP + 1, &err), 0);
	check("private", GROUP + 1, 0660);
}

static void a_link_leads_nowhere(void **state)
{
	struct error err = { 0 };
	char outside[] = "/tmp/kentledge-outside-XXXXXX";
	int fd = mkstemp(outside);
	assert_true(fd >= 0);
	assert_int_equal(symlink(outside, in("link")), 0);
	assert_int_equal(volume_group_apply(folder, GROUP, &err), 0);
	check("link", GROUP, 0);
	struct stat there;
	assert_int_equal(fstat(fd, &there), 0);
	close(fd);
	unlink(outside);
	assert_int_equal(there.st_gid, 0);
	assert_int_equal(there.st_mode & 0777, 0600);
}

static void limit_descriptors(rlim_t more)
{
	struct rlimit limit;
	int free_fd = dup(0);
	assert_true(free_fd >= 0);
	close(free_fd);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = more ? (rlim_t)free_fd + more : limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* Else the volume would belong to the group from then on, and the file never. */
static void a_file_that_cannot_be_opened_is_an_error_and_the_walk_is_made_again(void **state)
{
	struct error err = { 0 };
	make_file("file", 0600);
	limit_descriptors(2); /* for the folder, twice */
	assert_int_equal(volume_group_apply(folder, GROUP, &err), -1);
	limit_descriptors(0);
	assert_non_null(strstr(err.text, "file"));
	check("", 0, 0755);
	assert_int_equal(volume_group_apply(folder, GROUP, &err), 0);
	check("file", GROUP, 0660);
}

/* Of whoever has mounted it. */
static void a_mount_in_it_is_left_alone(void **state)
{
	struct error err = { 0 };
	assert_int_equal(mkdir(in("mount"), 0755), 0);
	make_file("behind", 0600);
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", in("mount"), "tmpfs", 0, "mode=0755") < 0)
		skip();
	assert_int_equal(volume_group_apply(folder, GROUP, &err), 0);
	check("mount", 0, 0755);
	check("behind", GROUP, 0660);
	assert_int_equal(umount(in("mount")), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_there_and_what_comes_later_has_the_group,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(it_is_done_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_link_leads_nowhere, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_file_that_cannot_be_opened_is_an_error_and_the_walk_is_made_again, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(a_mount_in_it_is_left_alone, set_up, tear_down),
	};
	if (geteuid() != 0) {
		printf("SKIPPED: only root can give files to a group it is not in\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
