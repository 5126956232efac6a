/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/filesystem_check.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "assert_outcome.h"
#include "base/cleanup.h"
#include "disk/filesystem.h"
#include "folder/copy.h"
#include "run_program.h"
#include "test.h"

#define MIB (1ULL << 20)
#define SUPERBLOCK "trusted.kentledge.superblock"

static int make_image(const char *type)
{
	struct error err = { 0 };
	char path[] = "/tmp/kentledge-check-XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC);
	assert_true(fd >= 0);
	unlink(path);
	assert_int_equal(ftruncate(fd, 300 * MIB), 0);
	assert_done(filesystem_make(type, fd, NULL, &err), &err);
	return fd;
}

static void damage(int fd, const char *request)
{
	struct error err = { 0 };
	const char *const argv[] = { "debugfs", "-w", "-R", request, "/proc/self/fd/3", NULL };
	assert_done(run_program(argv, fd, &err), &err);
}

static void assert_whole(int fd)
{
	static const char *const check[] = { "e2fsck", "-fn", "/proc/self/fd/3", NULL };
	struct error err = { 0 };
	assert_done(run_program(check, fd, &err), &err);
	assert_true(fgetxattr(fd, SUPERBLOCK, NULL, 0) < 0);
}

static void a_clean_file_system_is_left_alone(void **state)
{
	static const char *const types[] = { "ext4", "xfs", "btrfs" };
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		struct error err = { 0 };
		CLEANUP_CLOSE int fd = make_image(types[i]);
		assert_done(filesystem_check(types[i], fd, false, NULL, &err), &err);
	}
}

static void one_that_had_errors_is_checked(void **state)
{
	struct error err = { 0 };
	CLEANUP_CLOSE int fd = make_image("ext4");
	damage(fd, "ssv state 2");
	assert_outcome(filesystem_check("ext4", fd, false, NULL, &err), 1, &err);
	assert_whole(fd);
	assert_done(filesystem_check("ext4", fd, false, NULL, &err), &err);
}

static void one_that_the_kernel_refuses_is_repaired(void **state)
{
	struct error err = { 0 };
	CLEANUP_CLOSE int fd = make_image("ext4");
	damage(fd, "set_bg 0 checksum 0x1234");
	assert_outcome(filesystem_check("ext4", fd, true, NULL, &err), 1, &err);
	assert_whole(fd);
}

static void what_needs_a_person_is_refused_with_the_words_of_e2fsck(void **state)
{
	struct error err = { 0 };
	CLEANUP_CLOSE int fd = make_image("ext4");
	damage(fd, "clri <2>");
	assert_refused(filesystem_check("ext4", fd, true, NULL, &err), ERROR_INTERNAL, &err,
		       "MANUALLY");
	assert_true(fgetxattr(fd, SUPERBLOCK, NULL, 0) < 0);
	assert_string_equal(filesystem_check_command("ext4"), "e2fsck -f");
}

/* While it wrote the superblock, which has a wrong checksum then. */
static void a_check_that_was_killed_is_made_again(void **state)
{
	struct error err = { 0 };
	char superblock[1024];
	CLEANUP_CLOSE int fd = make_image("ext4");
	assert_int_equal(pread(fd, superblock, sizeof(superblock), 1024), sizeof(superblock));
	if (fsetxattr(fd, SUPERBLOCK, superblock, sizeof(superblock), 0) < 0) {
		print_message("SKIPPED: /tmp takes no trusted extended attributes\n");
		skip();
	}
	memset(superblock + 0x88, 'x', 64);
	assert_int_equal(pwrite(fd, superblock, sizeof(superblock), 1024), sizeof(superblock));
	assert_outcome(filesystem_check("ext4", fd, false, NULL, &err), 1, &err);
	assert_whole(fd);
}

static int refuse_later(void *context, uint64_t done_bytes, struct error *err)
{
	unsigned *looks = context;
	return (*looks)++ < 3 ? 0 : error_set(err, ERROR_CANCELLED, "not wanted");
}

/* An e2fsck that takes long stands in for ours on PATH. */
static void put_slow_check_on_path(char folder[static 32])
{
	char path[64], paths[512];
	strcpy(folder, "/tmp/kentledge-slow-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/e2fsck", folder);
	CLEANUP_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
	assert_true(dprintf(fd, "#!/bin/sh\nexec sleep 30\n") > 0);
	snprintf(paths, sizeof(paths), "%s:%s", folder, getenv("PATH"));
	setenv("PATH", paths, 1);
}

static void remove_slow_check(const char *folder)
{
	char path[64];
	snprintf(path, sizeof(path), "%s/e2fsck", folder);
	unlink(path);
	rmdir(folder);
}

static void a_check_that_is_not_wanted_ends_and_the_next_one_goes_over_all(void **state)
{
	struct error err = { 0 };
	unsigned looks = 0;
	char folder[32];
	const struct copy_watch watch = { .look = refuse_later, .context = &looks };
	CLEANUP_CLOSE int fd = make_image("ext4");
	damage(fd, "ssv state 2");
	put_slow_check_on_path(folder);
	assert_refused(filesystem_check("ext4", fd, false, &watch, &err), ERROR_CANCELLED, &err,
		       "not wanted");
	remove_slow_check(folder);
	assert_outcome(filesystem_check("ext4", fd, false, NULL, &err), 1, &err);
	assert_whole(fd);
}

static void xfs_and_btrfs_are_for_a_person(void **state)
{
	struct error err = { 0 };
	CLEANUP_CLOSE int fd = make_image("xfs");
	assert_refused(filesystem_check("xfs", fd, true, NULL, &err), ERROR_INTERNAL, &err,
		       "damaged");
	assert_string_equal(filesystem_check_command("xfs"), "xfs_repair -n");
	assert_string_equal(filesystem_check_command("btrfs"), "btrfs check --readonly");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_clean_file_system_is_left_alone),
		cmocka_unit_test(one_that_had_errors_is_checked),
		cmocka_unit_test(one_that_the_kernel_refuses_is_repaired),
		cmocka_unit_test(what_needs_a_person_is_refused_with_the_words_of_e2fsck),
		cmocka_unit_test(a_check_that_was_killed_is_made_again),
		cmocka_unit_test(a_check_that_is_not_wanted_ends_and_the_next_one_goes_over_all),
		cmocka_unit_test(xfs_and_btrfs_are_for_a_person),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
