/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/zeroes.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "loop_disk.h"
#include "node_scene.h"
#include "test.h"
#include "unwritten.h"

#define MIB (1ULL << 20)

static bool can_mount;

static void make_disk(struct loop_disk *disk, const char *type)
{
	/* The device has sectors of 4096 bytes. */
	const char *options = strcmp(type, "xfs") == 0 ? "-s size=4096" : "";
	if (!can_mount || !loop_disk_make(disk, type, options, 512 * MIB, NULL))
		skip();
}

static int make_file(const struct loop_disk *disk, uint64_t bytes)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/image", disk->path);
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(fallocate(fd, 0, 0, (off_t)bytes), 0);
	assert_true(unwritten_bytes(fd) >= bytes);
	return fd;
}

static void assert_zeroes(int fd, uint64_t bytes)
{
	char *data = must_alloc(MIB);
	char *zeroes = must_alloc(MIB);
	struct stat st;
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, bytes);
	memset(zeroes, 0, MIB);
	for (uint64_t at = 0; at < bytes; at += MIB) {
		ssize_t got = pread(fd, data, MIB, (off_t)at);
		assert_true(got > 0);
		assert_memory_equal(data, zeroes, (size_t)got);
	}
	free(data);
	free(zeroes);
}

static void writes_all(const char *type, uint64_t bytes, uint64_t unwritten)
{
	struct loop_disk disk;
	struct error err = { 0 };
	make_disk(&disk, type);
	int fd = make_file(&disk, bytes);
	assert_int_equal(zeroes_write(fd, bytes, NULL, &err), 0);
	assert_int_equal(unwritten_bytes(fd), unwritten);
	assert_zeroes(fd, bytes);
	close(fd);
	loop_disk_remove(&disk);
}

static void every_block_is_written_on_ext4(void **state)
{
	writes_all("ext4", 35 * MIB + 8192, 0);
}

static void every_block_is_written_on_xfs(void **state)
{
	writes_all("xfs", 35 * MIB, 0);
}

static void a_last_block_that_is_cut_stays_as_it_is(void **state)
{
	writes_all("ext4", 2 * MIB + 512, 4096);
}

static void what_is_set_aside_on_btrfs_is_not_spent(void **state)
{
	writes_all("btrfs", 32 * MIB, 32 * MIB);
}

static int end_at_16_mib(void *context, uint64_t done_bytes, struct error *err)
{
	*(uint64_t *)context = done_bytes;
	return done_bytes < 16 * MIB ? 0 : error_set(err, ERROR_BUSY, "that is enough");
}

static void the_watch_can_end_it(void **state)
{
	struct loop_disk disk;
	struct error err = { 0 };
	uint64_t done = 0;
	const struct copy_watch watch = { .look = end_at_16_mib, .context = &done };
	make_disk(&disk, "ext4");
	int fd = make_file(&disk, 64 * MIB);
	assert_int_equal(zeroes_write(fd, 64 * MIB, &watch, &err), -1);
	assert_int_equal(err.code, ERROR_BUSY);
	assert_int_equal(done, 16 * MIB);
	assert_int_equal(unwritten_bytes(fd), 48 * MIB);
	close(fd);
	loop_disk_remove(&disk);
}

static void a_full_disk_is_reported(void **state)
{
	struct loop_disk disk;
	struct error err = { 0 };
	make_disk(&disk, "ext4");
	int fd = make_file(&disk, 4096);
	/* Nothing is set aside behind the first block, and no disk of 512 MiB has a GiB. */
	assert_int_equal(zeroes_write(fd, 1024 * MIB, NULL, &err), -1);
	assert_non_null(strstr(err.text, "zeroes"));
	close(fd);
	loop_disk_remove(&disk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_block_is_written_on_ext4),
		cmocka_unit_test(every_block_is_written_on_xfs),
		cmocka_unit_test(a_last_block_that_is_cut_stays_as_it_is),
		cmocka_unit_test(what_is_set_aside_on_btrfs_is_not_spent),
		cmocka_unit_test(the_watch_can_end_it),
		cmocka_unit_test(a_full_disk_is_reported),
	};
	can_mount = node_scene_can_mount();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
