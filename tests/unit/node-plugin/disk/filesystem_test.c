/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/filesystem.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "run_program.h"
#include "test.h"

static int make_image(uint64_t bytes)
{
	char path[] = "/tmp/kentledge-image-XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC);
	assert_true(fd >= 0);
	unlink(path);
	assert_int_equal(ftruncate(fd, (off_t)bytes), 0);
	return fd;
}

static void each_type_can_be_made_in_its_smallest_image_and_is_recognised(void **state)
{
	static const char *const types[] = { "ext4", "xfs", "btrfs" };
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		struct error err = { 0 };
		const struct filesystem *filesystem = NULL;
		char found[FILESYSTEM_TYPE_MAX];
		assert_int_equal(filesystem_find(types[i], &filesystem, &err), 0);
		CLEANUP_CLOSE int fd = make_image(filesystem->minimum_bytes);
		assert_int_equal(filesystem_make(types[i], fd, NULL, &err), 0);
		assert_int_equal(filesystem_probe(fd, types[i], found, &err), 0);
		assert_string_equal(found, types[i]);
		for (size_t other = 0; other < sizeof(types) / sizeof(*types); other++) {
			assert_int_equal(filesystem_probe(fd, types[other], found, &err), 0);
			assert_string_equal(found, types[i]);
		}
	}
}

static void a_new_file_system_holds_little_of_the_disk(void **state)
{
	struct error err = { 0 };
	struct stat st;
	CLEANUP_CLOSE int fd = make_image(1ULL << 30);
	assert_int_equal(filesystem_make("ext4", fd, NULL, &err), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, 1 << 30);
	assert_true(st.st_blocks * 512 < 4 << 20);
}

/* Small images are drafted in memory, large ones are not. */
static void ext4_is_whole_and_has_an_identity_of_its_own_in_images_of_any_size(void **state)
{
	static const uint64_t sizes[] = { 16ULL << 20, 1ULL << 30, 64ULL << 30, 65ULL << 30 };
	static const char *const check[] = { "e2fsck", "-fn", "/proc/self/fd/3", NULL };
	const off_t uuid_place = 1024 + 0x68; /* ext4(5) */
	char uuids[4][16];
	for (size_t i = 0; i < 4; i++) {
		struct error err = { 0 };
		struct stat st;
		CLEANUP_CLOSE int fd = make_image(sizes[i]);
		assert_int_equal(filesystem_make("ext4", fd, NULL, &err), 0);
		assert_int_equal(fstat(fd, &st), 0);
		assert_int_equal(st.st_size, sizes[i]);
		assert_int_equal(run_program(check, fd, &err), 0);
		assert_int_equal(pread(fd, uuids[i], 16, uuid_place), 16);
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal(uuids[i], uuids[j], 16);
	}
}

static void a_thick_image_keeps_its_blocks(void **state)
{
	struct error err = { 0 };
	struct stat st;
	const off_t bytes = 64 << 20;
	CLEANUP_CLOSE int fd = make_image((uint64_t)bytes);
	assert_int_equal(fallocate(fd, 0, 0, bytes), 0);
	assert_int_equal(filesystem_make("ext4", fd, NULL, &err), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(st.st_blocks * 512 >= bytes);
}

static void an_image_of_zeros_holds_no_file_system(void **state)
{
	struct error err = { 0 };
	char found[FILESYSTEM_TYPE_MAX] = "x";
	CLEANUP_CLOSE int fd = make_image(1 << 20);
	assert_int_equal(filesystem_probe(fd, "ext4", found, &err), 0);
	assert_string_equal(found, "");
}

/* The last blocks of a file system belong to whichever file comes to lie there. Here it is one that
 * ends as a disk of a Linux RAID does: its superblock of version 1.0, 8 KiB before the end. */
static void what_files_hold_does_not_hide_the_file_system(void **state)
{
	const off_t image_bytes = 64 << 20, place = image_bytes - 8192;
	struct error err = { 0 };
	char found[FILESYSTEM_TYPE_MAX];
	CLEANUP_CLOSE int fd = make_image(image_bytes);
	assert_int_equal(filesystem_make("ext4", fd, NULL, &err), 0);
	const uint32_t magic_and_version[] = { 0xa92b4efc, 1 };
	const uint64_t place_sectors = (uint64_t)place / 512;
	assert_int_equal(pwrite(fd, magic_and_version, 8, place), 8);
	assert_int_equal(pwrite(fd, &place_sectors, 8, place + 144), 8);
	assert_int_equal(filesystem_probe(fd, "ext4", found, &err), 0);
	assert_string_equal(found, "ext4");
}

/* In a small ext4 the journal lies where btrfs has its superblock. A pod gets a block of its own
 * making into the journal by data=journal, and by the extended attributes and links of its files.
 */
static void what_the_journal_holds_does_not_hide_the_file_system(void **state)
{
	struct error err = { 0 };
	char found[FILESYSTEM_TYPE_MAX];
	CLEANUP_CLOSE int fd = make_image(16 << 20);
	assert_int_equal(filesystem_make("ext4", fd, NULL, &err), 0);
	assert_int_equal(pwrite(fd, "_BHRfS_M", 8, 65600), 8);
	assert_int_equal(filesystem_probe(fd, "ext4", found, &err), 0);
	assert_string_equal(found, "ext4");
	assert_int_equal(filesystem_probe(fd, "xfs", found, &err), -1);
	assert_non_null(strstr(err.text, "more than one"));
}

static struct superblock {
	uint32_t inodes;
	uint32_t blocks;
	uint32_t reserved_blocks;
	uint32_t free_blocks;
} read_superblock(int fd)
{
	struct superblock superblock;
	assert_int_equal(pread(fd, &superblock, sizeof(superblock), 1024), sizeof(superblock));
	return superblock;
}

static void ext4_leaves_most_of_the_volume_to_files(void **state)
{
	static const struct {
		uint64_t mib;
		uint64_t least_free_mib;
	} sizes[] = { { 16, 11 }, { 32, 27 }, { 128, 109 }, { 256, 235 }, { 1024, 973 } };
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct error err = { 0 };
		CLEANUP_CLOSE int fd = make_image(sizes[i].mib << 20);
		assert_int_equal(filesystem_make("ext4", fd, NULL, &err), 0);
		struct superblock superblock = read_superblock(fd);
		uint64_t free_mib = (uint64_t)superblock.free_blocks * 4096 >> 20;
		print_message("ext4 of %llu MiB: %llu MiB are free, %u inodes\n",
			      (unsigned long long)sizes[i].mib, (unsigned long long)free_mib,
			      superblock.inodes);
		assert_true(free_mib >= sizes[i].least_free_mib);
		assert_int_equal(superblock.reserved_blocks, 0);
	}
}

static void ext4_stops_writing_after_an_error(void **state)
{
	struct error err = { 0 };
	uint16_t errors = 0;
	CLEANUP_CLOSE int fd = make_image(16 << 20);
	assert_int_equal(filesystem_make("ext4", fd, NULL, &err), 0);
	assert_int_equal(pread(fd, &errors, 2, 1024 + 0x3c), 2); /* s_errors: ext4(5) */
	assert_int_equal(errors, 2);				 /* EXT4_ERRORS_RO */
}

static void an_empty_type_stands_for_ext4_and_an_unknown_one_is_refused(void **state)
{
	struct error err = { 0 };
	const struct filesystem *filesystem = NULL;
	assert_int_equal(filesystem_find("", &filesystem, &err), 0);
	assert_string_equal(filesystem->type, "ext4");
	assert_int_equal(filesystem_find("ntfs", &filesystem, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_non_null(strstr(err.text, "fs_type \"ntfs\""));
}

static void the_reason_of_mkfs_is_reported(void **state)
{
	struct error err = { 0 };
	CLEANUP_CLOSE int fd = make_image(4096);
	assert_int_equal(filesystem_make("xfs", fd, NULL, &err), -1);
	assert_non_null(strstr(err.text, "mkfs.xfs failed"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_type_can_be_made_in_its_smallest_image_and_is_recognised),
		cmocka_unit_test(a_new_file_system_holds_little_of_the_disk),
		cmocka_unit_test(
			ext4_is_whole_and_has_an_identity_of_its_own_in_images_of_any_size),
		cmocka_unit_test(a_thick_image_keeps_its_blocks),
		cmocka_unit_test(an_image_of_zeros_holds_no_file_system),
		cmocka_unit_test(what_files_hold_does_not_hide_the_file_system),
		cmocka_unit_test(what_the_journal_holds_does_not_hide_the_file_system),
		cmocka_unit_test(ext4_leaves_most_of_the_volume_to_files),
		cmocka_unit_test(ext4_stops_writing_after_an_error),
		cmocka_unit_test(an_empty_type_stands_for_ext4_and_an_unknown_one_is_refused),
		cmocka_unit_test(the_reason_of_mkfs_is_reported),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
