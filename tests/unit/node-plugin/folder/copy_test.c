/* SPDX-License-Identifier: Apache-2.0 */
#include "folder/copy.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "assert_outcome.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "loop_disk.h"
#include "node_scene.h"
#include "test.h"

#define MIB (1 << 20)
#define SIZE (64LL * MIB)

static char folder[64];
static int source_fd = -1;
static int target_fd = -1;
static bool can_mount;

static int make_file(const char *name)
{
	char path[96];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
}

static int set_up(void **state)
{
	strcpy(folder, "/tmp/kentledge-copy-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	source_fd = make_file("source");
	target_fd = make_file("target");
	return source_fd < 0 || target_fd < 0 || ftruncate(source_fd, SIZE) < 0;
}

static int tear_down(void **state)
{
	char command[96];
	close(source_fd);
	close(target_fd);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static void fill(int fd, off_t offset, size_t length, char byte)
{
	CLEANUP_FREE char *data = must_alloc(length);
	memset(data, byte, length);
	assert_int_equal(pwrite(fd, data, length, offset), length);
}

static off_t held(int fd)
{
	struct stat st;
	fsync(fd);
	assert_int_equal(fstat(fd, &st), 0);
	return st.st_blocks * 512;
}

static void assert_same(void)
{
	CLEANUP_FREE char *a = must_alloc(MIB);
	CLEANUP_FREE char *b = must_alloc(MIB);
	assert_int_equal(lseek(source_fd, 0, SEEK_END), lseek(target_fd, 0, SEEK_END));
	for (off_t at = 0; at < SIZE; at += MIB) {
		ssize_t got = pread(source_fd, a, MIB, at);
		assert_int_equal(pread(target_fd, b, MIB, at), got);
		assert_memory_equal(a, b, (size_t)got);
	}
}

static uint64_t pass(void)
{
	struct error err = { 0 };
	uint64_t written = 0;
	assert_int_equal(copy_pass(source_fd, target_fd, NULL, &written, &err), 0);
	return written;
}

static void a_copy_has_the_content_and_the_holes_of_its_source(void **state)
{
	fill(source_fd, 0, 5000, 'a');
	fill(source_fd, 10 * MIB + 123, 3 * MIB, 'b');
	fill(source_fd, SIZE - 10, 10, 'c');
	pass();
	assert_same();
	assert_true(held(target_fd) <= held(source_fd) + 4 * 65536);
}

static void a_second_pass_writes_only_what_changed(void **state)
{
	fill(source_fd, 0, 8 * MIB, 'a');
	pass();
	assert_int_equal(pass(), 0);
	fill(source_fd, 3 * MIB + 5, 10, 'b');
	assert_int_equal(pass(), 65536);
	assert_same();
}

static void a_pass_frees_what_the_source_no_longer_holds(void **state)
{
	fill(source_fd, 0, 16 * MIB, 'a');
	pass();
	assert_int_equal(
		fallocate(source_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 2 * MIB, 12 * MIB),
		0);
	pass();
	assert_same();
	assert_true(held(target_fd) <= 4 * MIB + 65536);
}

static void zeros_that_are_written_out_in_the_source_take_no_room_in_the_copy(void **state)
{
	fill(source_fd, 0, 16 * MIB, 0);
	pass();
	assert_same();
	assert_int_equal(held(target_fd), 0);
}

static void whatever_the_target_held_before_the_copy_is_right(void **state)
{
	fill(source_fd, 4 * MIB, MIB, 'a');
	fill(target_fd, 0, 3 * MIB, 'x');
	fill(target_fd, SIZE - MIB, 2 * MIB, 'x');
	pass();
	assert_same();
}

static void a_source_that_was_cut_makes_a_shorter_copy(void **state)
{
	fill(source_fd, 0, 4 * MIB, 'a');
	pass();
	assert_int_equal(ftruncate(source_fd, MIB + 1), 0);
	pass();
	assert_same();
}

static int stop_at(void *context, uint64_t done_bytes, struct error *err)
{
	uint64_t *limit = context;
	return done_bytes >= *limit ? error_set(err, ERROR_CANCELLED, "enough") : 0;
}

static void a_pass_ends_when_its_watcher_says_so_and_another_goes_on_from_there(void **state)
{
	struct error err = { 0 };
	uint64_t limit = 5 * MIB;
	struct copy_watch watch = { .look = stop_at, .context = &limit };
	fill(source_fd, 0, 10 * MIB, 'a');
	assert_int_equal(copy_pass(source_fd, target_fd, &watch, NULL, &err), -1);
	assert_int_equal(err.code, ERROR_CANCELLED);
	assert_int_equal(pass(), 5 * MIB);
	assert_same();
}

static int die_at(void *context, uint64_t done_bytes, struct error *err)
{
	if (done_bytes >= *(uint64_t *)context)
		raise(SIGKILL);
	return 0;
}

static void what_a_killed_pass_left_is_taken_up(void **state)
{
	fill(source_fd, 0, 10 * MIB, 'a');
	fill(source_fd, 30 * MIB, 10 * MIB, 'b');
	for (uint64_t limit = MIB; limit <= 35 * MIB; limit += 17 * MIB) {
		pid_t pid = fork();
		if (pid == 0) {
			struct copy_watch watch = { .look = die_at, .context = &limit };
			copy_pass(source_fd, target_fd, &watch, NULL, NULL);
			_exit(0);
		}
		int status = 0;
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
	}
	assert_true(pass() < 8 * MIB);
	assert_same();
}

static void a_mark_shows_a_change_of_one_byte_and_nothing_else(void **state)
{
	struct copy_mark mark;
	struct error err = { 0 };
	fill(source_fd, 0, 10, 'a');
	nanosleep(&(struct timespec) { .tv_nsec = 50000000 }, NULL);
	assert_int_equal(copy_mark_take(source_fd, &mark, &err), 0);
	pass();
	assert_true(copy_mark_holds(source_fd, &mark));
	fill(source_fd, 5, 1, 'b');
	assert_false(copy_mark_holds(source_fd, &mark));
}

static void a_mark_that_is_taken_right_after_a_change_promises_nothing(void **state)
{
	struct copy_mark mark;
	struct error err = { 0 };
	fill(source_fd, 0, 10, 'a');
	assert_int_equal(copy_mark_take(source_fd, &mark, &err), 0);
	assert_false(copy_mark_holds(source_fd, &mark));
}

static int make_file_on(const struct loop_disk *disk, const char *name, off_t size)
{
	char path[160];
	snprintf(path, sizeof(path), "%s/%s", disk->path, name);
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, size), 0);
	return fd;
}

static void assert_equal_files(int fd, int other_fd)
{
	struct stat st, other;
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(fstat(other_fd, &other), 0);
	assert_int_equal(st.st_size, other.st_size);
	CLEANUP_FREE char *data = must_alloc((size_t)st.st_size);
	CLEANUP_FREE char *copy = must_alloc((size_t)st.st_size);
	assert_int_equal(pread(fd, data, (size_t)st.st_size, 0), st.st_size);
	assert_int_equal(pread(other_fd, copy, (size_t)st.st_size, 0), st.st_size);
	assert_memory_equal(data, copy, (size_t)st.st_size);
}

/* The kernel clones a last block that is not whole only to where a file ends (remap_range.c). */
static void clone_onto(const struct loop_disk *disk, off_t source_size, off_t target_size)
{
	struct error err = { 0 };
	char name[64];
	snprintf(name, sizeof(name), "source-%lld-%lld", (long long)source_size,
		 (long long)target_size);
	CLEANUP_CLOSE int source = make_file_on(disk, name, source_size);
	snprintf(name, sizeof(name), "target-%lld-%lld", (long long)source_size,
		 (long long)target_size);
	CLEANUP_CLOSE int target = make_file_on(disk, name, target_size);
	fill(source, source_size / 2, (size_t)(source_size - source_size / 2), 's');
	if (target_size)
		fill(target, 0, (size_t)target_size, 'x');
	assert_done(copy_clone(source, target, &err), &err);
	assert_equal_files(source, target);
	/* Again, as when the source was written to meanwhile, or grew. */
	fill(source, 0, 5000, 't');
	assert_done(copy_clone(source, target, &err), &err);
	assert_int_equal(ftruncate(source, source_size + 777), 0);
	assert_done(copy_clone(source, target, &err), &err);
	assert_equal_files(source, target);
}

static void clone_in(const char *type, const char *options)
{
	static const off_t sizes[] = { MIB, MIB + 1, MIB + 1000, 5000001 };
	static const off_t target_sizes[] = { 0, 100, MIB + 512, 2 * MIB, 2 * MIB + 3, 6 * MIB };
	struct loop_disk disk;
	if (!can_mount || !loop_disk_make(&disk, type, options, 512LL * MIB, NULL))
		skip();
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		for (size_t j = 0; j < sizeof(target_sizes) / sizeof(*target_sizes); j++)
			clone_onto(&disk, sizes[i], target_sizes[j]);
	loop_disk_remove(&disk);
}

static void xfs_clones_any_size_onto_whatever_was_there(void **state)
{
	clone_in("xfs", "-s size=4096");
}

static void btrfs_clones_any_size_onto_whatever_was_there(void **state)
{
	clone_in("btrfs", "");
}

/* Where blocks cannot be shared the caller copies them. */
static void ext4_says_that_it_does_not_clone(void **state)
{
	struct error err = { 0 };
	struct loop_disk disk;
	if (!can_mount || !loop_disk_make(&disk, "ext4", "-b 4096", 64LL * MIB, NULL))
		skip();
	int odd_fd = make_file_on(&disk, "odd", MIB + 1);
	int copy_fd = make_file_on(&disk, "copy", 2 * MIB);
	fill(odd_fd, MIB - 10, 11, 'o');
	assert_outcome(copy_clone(odd_fd, copy_fd, &err), 1, &err);
	assert_done(copy_pass(odd_fd, copy_fd, NULL, NULL, &err), &err);
	assert_equal_files(odd_fd, copy_fd);
	close(odd_fd);
	close(copy_fd);
	loop_disk_remove(&disk);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_copy_has_the_content_and_the_holes_of_its_source),
		TEST(a_second_pass_writes_only_what_changed),
		TEST(a_pass_frees_what_the_source_no_longer_holds),
		TEST(zeros_that_are_written_out_in_the_source_take_no_room_in_the_copy),
		TEST(whatever_the_target_held_before_the_copy_is_right),
		TEST(a_source_that_was_cut_makes_a_shorter_copy),
		TEST(a_pass_ends_when_its_watcher_says_so_and_another_goes_on_from_there),
		TEST(what_a_killed_pass_left_is_taken_up),
		TEST(a_mark_shows_a_change_of_one_byte_and_nothing_else),
		TEST(a_mark_that_is_taken_right_after_a_change_promises_nothing),
		TEST(xfs_clones_any_size_onto_whatever_was_there),
		TEST(btrfs_clones_any_size_onto_whatever_was_there),
		TEST(ext4_says_that_it_does_not_clone),
	};
	can_mount = node_scene_can_mount();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
