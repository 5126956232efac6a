/* SPDX-License-Identifier: Apache-2.0 */
#include "folder/tree_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "folder/folder.h"
#include "folder/tree_remove.h"
#include "folder/tree_walk.h"
#include "test.h"
#include "text_file.h"

static char folder[64];
static int folder_fd = -1, source_fd = -1, target_fd = -1, links_fd = -1;

static int set_up(void **state)
{
	strcpy(folder, "/tmp/kentledge-tree-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return folder_make(folder_fd, "source", 0755, &source_fd, NULL) |
	       folder_make(folder_fd, "target", 0700, &target_fd, NULL) |
	       folder_make(folder_fd, "links", 0700, &links_fd, NULL);
}

static int tear_down(void **state)
{
	struct error err = { 0 };
	close(source_fd);
	close(target_fd);
	close(links_fd);
	if (tree_remove(folder_fd, "source", &err) < 0 ||
	    tree_remove(folder_fd, "target", &err) < 0 || tree_remove(folder_fd, "links", &err) < 0)
		fprintf(stderr, "%s\n", err.text);
	close(folder_fd);
	return rmdir(folder);
}

static struct stat stat_of(int at_fd, const char *name)
{
	struct stat st;
	assert_int_equal(fstatat(at_fd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st;
}

static struct tree_copy_result copy(void)
{
	struct error err = { 0 };
	struct tree_copy_result result = { 0 };
	if (tree_copy(source_fd, target_fd, links_fd, NULL, &result, &err) != 0)
		fail_msg("%s", err.text);
	return result;
}

static void assert_alike(const char *name)
{
	struct stat a = stat_of(source_fd, name);
	struct stat b = stat_of(target_fd, name);
	assert_int_equal(a.st_mode, b.st_mode);
	assert_int_equal(a.st_uid, b.st_uid);
	assert_int_equal(a.st_gid, b.st_gid);
	assert_int_equal(a.st_rdev, b.st_rdev);
	assert_int_equal(a.st_nlink, b.st_nlink);
	assert_int_equal(a.st_mtim.tv_sec, b.st_mtim.tv_sec);
	assert_int_equal(a.st_mtim.tv_nsec, b.st_mtim.tv_nsec);
	if (!S_ISDIR(a.st_mode))
		assert_int_equal(a.st_size, b.st_size);
}

static void copies_each_kind_of_entry_with_its_properties(void **state)
{
	static const char *const names[] = {
		"file", "folder", "folder/inner", "link", "fifo", "."
	};
	struct timespec times[2] = { { 1000, 1 }, { 2000, 123456789 } };
	text_file_write(source_fd, "file", "content");
	assert_int_equal(mkdirat(source_fd, "folder", 02770), 0);
	text_file_write(source_fd, "folder/inner", "inside");
	assert_int_equal(symlinkat("/etc/passwd", source_fd, "link"), 0);
	assert_int_equal(mkfifoat(source_fd, "fifo", 0604), 0);
	if (getuid() == 0) {
		assert_int_equal(fchownat(source_fd, "file", 1000, 1001, 0), 0);
		assert_int_equal(fchownat(source_fd, "link", 7, 8, AT_SYMLINK_NOFOLLOW), 0);
		assert_int_equal(fchownat(source_fd, "folder", 0, 2000, 0), 0);
	}
	assert_int_equal(fchmodat(source_fd, "file", 06751, 0), 0);
	assert_int_equal(fchmodat(source_fd, "folder", 03770, 0), 0);
	assert_int_equal(utimensat(source_fd, "file", times, 0), 0);
	assert_int_equal(utimensat(source_fd, "link", times, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(utimensat(source_fd, "folder", times, 0), 0);
	assert_int_equal(utimensat(source_fd, ".", times, 0), 0);
	struct tree_copy_result result = copy();
	assert_int_equal(result.entries, 5);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		assert_alike(names[i]);
	text_file_check(target_fd, "file", "content");
	text_file_check(target_fd, "folder/inner", "inside");
	char content[32] = "";
	assert_int_equal(readlinkat(target_fd, "link", content, sizeof(content) - 1), 11);
	assert_string_equal(content, "/etc/passwd");
}

static void copies_a_device_as_a_device(void **state)
{
	if (mknodat(source_fd, "null", S_IFCHR | 0666, makedev(1, 3)) < 0) {
		print_message("SKIPPED: cannot make a device: %s\n", strerror(errno));
		skip();
	}
	copy();
	assert_alike("null");
}

static void names_of_one_file_stay_names_of_one_file(void **state)
{
	assert_int_equal(mkdirat(source_fd, "a", 0700), 0);
	assert_int_equal(mkdirat(source_fd, "b", 0700), 0);
	text_file_write(source_fd, "a/one", "shared");
	assert_int_equal(linkat(source_fd, "a/one", source_fd, "b/two", 0), 0);
	assert_int_equal(linkat(source_fd, "a/one", source_fd, "three", 0), 0);
	copy();
	assert_int_equal(stat_of(target_fd, "a/one").st_ino, stat_of(target_fd, "b/two").st_ino);
	assert_int_equal(stat_of(target_fd, "a/one").st_ino, stat_of(target_fd, "three").st_ino);
	text_file_check(target_fd, "b/two", "shared");
	assert_int_not_equal(stat_of(target_fd, "three").st_ino,
			     stat_of(source_fd, "three").st_ino);
}

static void keeps_extended_attributes_and_acls(void **state)
{
	/* "user::rw-,user:1000:r--,group::r--,mask::r--,other::---" (acl(5), as the kernel has it)
	 */
	static const unsigned char acl[] = {
		2, 0,	0,   0,	  1,   0,   6,	0, 255, 255, 255, 255, 2,   0,	 4,
		0, 232, 3,   0,	  0,   4,   0,	4, 0,	255, 255, 255, 255, 16,	 0,
		4, 0,	255, 255, 255, 255, 32, 0, 0,	0,   255, 255, 255, 255,
	};
	char got[64];
	CLEANUP_CLOSE int fd = openat(source_fd, "file", O_CREAT | O_RDWR | O_CLOEXEC, 0640);
	CLEANUP_CLOSE int dir_fd = -1;
	assert_int_equal(folder_make(source_fd, "dir", 0750, &dir_fd, NULL), 0);
	assert_int_equal(fsetxattr(fd, "user.color", "blue", 4, 0), 0);
	assert_int_equal(fsetxattr(fd, "system.posix_acl_access", acl, sizeof(acl), 0), 0);
	assert_int_equal(fsetxattr(dir_fd, "system.posix_acl_default", acl, sizeof(acl), 0), 0);
	text_file_write(source_fd, "dir/plain", "");
	char plain[128];
	snprintf(plain, sizeof(plain), "%s/source/dir/plain", folder);
	removexattr(plain, "system.posix_acl_access");
	copy();
	CLEANUP_CLOSE int copied = openat(target_fd, "file", O_RDONLY | O_CLOEXEC);
	assert_int_equal(fgetxattr(copied, "user.color", got, sizeof(got)), 4);
	assert_memory_equal(got, "blue", 4);
	assert_int_equal(fgetxattr(copied, "system.posix_acl_access", got, sizeof(got)),
			 sizeof(acl));
	assert_memory_equal(got, acl, sizeof(acl));
	assert_alike("file");
	CLEANUP_CLOSE int copied_dir = openat(target_fd, "dir", O_RDONLY | O_CLOEXEC);
	assert_int_equal(fgetxattr(copied_dir, "system.posix_acl_default", got, sizeof(got)),
			 sizeof(acl));
	snprintf(plain, sizeof(plain), "%s/target/dir/plain", folder);
	assert_true(getxattr(plain, "system.posix_acl_access", got, sizeof(got)) < 0);
	assert_alike("dir/plain");
}

/* Deeper than any path, and than there are descriptors. */
static void copies_folders_however_deep(void **state)
{
	enum { DEPTH = 5000 };
	struct rlimit before, few;
	int fd = dup(source_fd);
	for (int i = 0; i < DEPTH; i++) {
		int next = -1;
		assert_int_equal(folder_make(fd, "deep", 0700, &next, NULL), 0);
		close(fd);
		fd = next;
	}
	text_file_write(fd, "bottom", "reached");
	close(fd);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = before;
	few.rlim_cur = 64;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	struct tree_copy_result result = copy();
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(result.entries, DEPTH + 1);
	fd = dup(target_fd);
	for (int i = 0; i < DEPTH; i++) {
		int next = -1;
		assert_int_equal(folder_open(fd, "deep", &next, NULL), 0);
		close(fd);
		fd = next;
	}
	text_file_check(fd, "bottom", "reached");
	close(fd);
}

static void a_link_leads_nowhere(void **state)
{
	assert_int_equal(symlinkat("/etc", source_fd, "etc"), 0);
	assert_int_equal(symlinkat("..", source_fd, "up"), 0);
	assert_int_equal(symlinkat("up", source_fd, "up2"), 0);
	assert_int_equal(copy().entries, 3);
	assert_true(S_ISLNK(stat_of(target_fd, "etc").st_mode));
}

static void holes_stay_holes(void **state)
{
	CLEANUP_CLOSE int fd = openat(source_fd, "sparse", O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	assert_int_equal(pwrite(fd, "x", 1, 100 << 20), 1);
	struct tree_copy_result result = copy();
	assert_int_equal(stat_of(target_fd, "sparse").st_size, (100 << 20) + 1);
	assert_true(stat_of(target_fd, "sparse").st_blocks * 512 <= 65536);
	assert_true(result.allocated_bytes <= 65536 && result.allocated_bytes > 0);
}

static void a_file_with_several_names_is_measured_once(void **state)
{
	static char block[1 << 20];
	struct error err = { 0 };
	uint64_t bytes = 0;
	CLEANUP_CLOSE int fd = openat(source_fd, "one", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	memset(block, 'x', sizeof(block));
	assert_int_equal(write(fd, block, sizeof(block)), sizeof(block));
	assert_int_equal(mkdirat(source_fd, "below", 0700), 0);
	for (int i = 0; i < 100; i++) {
		char name[32], below[64];
		snprintf(name, sizeof(name), "twin-%d", i);
		snprintf(below, sizeof(below), "below/%s", name);
		text_file_write(source_fd, name, "x");
		assert_int_equal(linkat(source_fd, name, source_fd, below, 0), 0);
		snprintf(below, sizeof(below), "below/%d", i);
		assert_int_equal(linkat(source_fd, "one", source_fd, below, 0), 0);
	}
	assert_int_equal(tree_copy_measure(source_fd, NULL, &bytes, &err), 0);
	assert_int_equal(bytes, copy().allocated_bytes);
	assert_in_range(bytes, sizeof(block), 2 * sizeof(block));
}

static int move_away(void *context, int at_fd, const char *name, struct error *err)
{
	if (strcmp(name, "inner") == 0)
		assert_int_equal(renameat(source_fd, "outer/inner", source_fd, "moved"), 0);
	return 0;
}

static int pass_over(void *context, int at_fd, const char *name, const struct stat *st,
		     struct error *err)
{
	return 0;
}

static void a_folder_that_is_moved_meanwhile_is_noticed(void **state)
{
	static const struct tree_visitor visitor = { .entry = pass_over, .enter = move_away };
	struct error err = { 0 };
	assert_int_equal(mkdirat(source_fd, "outer", 0700), 0);
	assert_int_equal(mkdirat(source_fd, "outer/inner", 0700), 0);
	assert_int_equal(tree_walk(source_fd, &visitor, NULL, &err), -1);
	assert_int_equal(err.code, ERROR_CONFLICT);
}

static int refuse(void *context, uint64_t done_bytes, struct error *err)
{
	return error_set(err, ERROR_CANCELLED, "enough");
}

/* Between the walk's look and the copy, the file becomes a FIFO. */
static int replace_by_a_fifo(void *context, uint64_t done_bytes, struct error *err)
{
	int *watch_fd = context;
	char path[96];
	snprintf(path, sizeof(path), "%s/source/swapped", folder);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	*watch_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	assert_true(inotify_add_watch(*watch_fd, path, IN_OPEN) >= 0);
	return 0;
}

static void opens_nothing_that_took_the_place_of_a_file(void **state)
{
	struct error err = { 0 };
	struct tree_copy_result result = { 0 };
	CLEANUP_CLOSE int watch_fd = -1;
	char event[sizeof(struct inotify_event) + 256];
	struct copy_watch watch = { .look = replace_by_a_fifo, .context = &watch_fd };
	text_file_write(source_fd, "swapped", "data");
	assert_int_equal(tree_copy(source_fd, target_fd, links_fd, &watch, &result, &err), -1);
	assert_int_equal(err.code, ERROR_CONFLICT);
	assert_non_null(strstr(err.text, "swapped was replaced"));
	assert_true(read(watch_fd, event, sizeof(event)) < 0);
}

static void ends_when_its_watcher_says_so(void **state)
{
	struct error err = { 0 };
	struct tree_copy_result result;
	struct copy_watch watch = { .look = refuse };
	text_file_write(source_fd, "file", "content");
	assert_int_equal(tree_copy(source_fd, target_fd, links_fd, &watch, &result, &err), -1);
	assert_int_equal(err.code, ERROR_CANCELLED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(copies_each_kind_of_entry_with_its_properties),
		TEST(copies_a_device_as_a_device),
		TEST(names_of_one_file_stay_names_of_one_file),
		TEST(keeps_extended_attributes_and_acls),
		TEST(copies_folders_however_deep),
		TEST(a_link_leads_nowhere),
		TEST(holes_stay_holes),
		TEST(a_file_with_several_names_is_measured_once),
		TEST(opens_nothing_that_took_the_place_of_a_file),
		TEST(a_folder_that_is_moved_meanwhile_is_noticed),
		TEST(ends_when_its_watcher_says_so),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
