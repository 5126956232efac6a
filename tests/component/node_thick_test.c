/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A thick volume keeps its blocks, whatever discards its pod or the node sends; and the devices
 * that refused them do not serve thin volumes later. On the real kernel.
 */

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/fs.h>

#include "assert_outcome.h"
#include "base/cleanup.h"
#include "disk/loop_device.h"
#include "disk/loop_discard.h"
#include "node_client.h"
#include "node_test.h"
#include "test.h"

#define MIB (1ULL << 20)
#define SIZE (64 * MIB)
#define STAT_BLOCK_BYTES 512

static const struct node_volume thick = {
	.name = "pvc-thick",
	.backend = "loop",
	.fs_type = "ext4",
	.size_bytes = SIZE,
	.provisioning = "thick",
};

static const struct node_volume reserved = {
	.name = "pvc-reserved",
	.backend = "loop",
	.fs_type = "ext4",
	.size_bytes = SIZE,
	.provisioning = "reserved",
};

static const struct node_volume thick_block = {
	.name = "pvc-thick-block",
	.backend = "loop",
	.fs_type = "",
	.size_bytes = SIZE,
	.provisioning = "thick",
	.block = true,
};

static const struct node_volume thin = {
	.name = "pvc-thin", .backend = "loop", .fs_type = "ext4", .size_bytes = SIZE
};

static const struct node_volume thin_block = {
	.name = "pvc-thin-block",
	.backend = "loop",
	.fs_type = "",
	.size_bytes = SIZE,
	.block = true,
};

static int set_up_on_a_disk(const char *type, const char *options, uint64_t bytes)
{
	if (!node_scene_init_on_disk(&scene, TEST_NODE_PROGRAM, type, options, bytes))
		return -1;
	node_scene_start(&scene);
	return 0;
}

static int set_up_on_a_small_disk(void **state)
{
	return set_up_on_a_disk("ext4", "-b 4096 -m 0", 256 * MIB);
}

static int set_up_on_a_disk_without_extents(void **state)
{
	return set_up_on_a_disk("ext4", "-b 4096 -m 0 -O ^extents,^64bit", 256 * MIB);
}

static int set_up_on_a_small_xfs(void **state)
{
	return set_up_on_a_disk("xfs", "-s size=4096", 512 * MIB);
}

static void image_path(const struct node_volume *volume, char path[static PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/volumes/%s/image", scene.pool, volume->name);
}

static int open_image(const struct node_volume *volume)
{
	char path[PATH_MAX];
	image_path(volume, path);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static uint64_t allocated_bytes(const struct node_volume *volume)
{
	char path[PATH_MAX];
	struct stat image;
	image_path(volume, path);
	assert_int_equal(stat(path, &image), 0);
	return (uint64_t)image.st_blocks * STAT_BLOCK_BYTES;
}

static void create_and_stage(const struct node_volume *volume)
{
	struct error err = { 0 };
	assert_done(node_client_create(scene.channel, volume, &err), &err);
	assert_done(node_client_stage(scene.channel, volume, scene.staging, &err), &err);
}

static void unstage(const struct node_volume *volume)
{
	struct error err = { 0 };
	assert_done(node_client_unstage(scene.channel, volume->name, scene.staging, &err), &err);
}

static void unstage_and_delete(const struct node_volume *volume)
{
	struct error err = { 0 };
	unstage(volume);
	assert_done(node_client_delete(scene.channel, volume->name, &err), &err);
}

static unsigned device_of(const struct node_volume *volume)
{
	struct error err = { 0 };
	struct loop_device device = { 0 };
	CLEANUP_CLOSE int image_fd = open_image(volume);
	assert_int_equal(loop_device_find(image_fd, &device, &err), 1);
	return device.number;
}

/* Free, and not able to discard. The kernel may need a moment, or another program has its number.
 */
static bool is_left_spent(unsigned number)
{
	char path[64];
	snprintf(path, sizeof(path), "/sys/block/loop%u/loop/backing_file", number);
	for (int tries = 0; tries < 50; tries++) {
		if (access(path, F_OK) == 0 || !loop_discard_is_spent(number))
			return false;
		usleep(20000);
	}
	return true;
}

/* What fstrim(8) does, and what the mount option "discard" amounts to. */
static int trim(const char *folder)
{
	struct fstrim_range all = { .len = UINT64_MAX };
	CLEANUP_CLOSE int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return ioctl(fd, FITRIM, &all);
}

/* What blkdiscard(8) does. */
static int discard(const char *device)
{
	uint64_t range[2] = { 0, SIZE };
	CLEANUP_CLOSE int fd = open(device, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	return ioctl(fd, BLKDISCARD, range);
}

/* Also what some programs do to clear a device: zeros of which nothing need be stored. */
static void punch(const char *device)
{
	CLEANUP_CLOSE int fd = open(device, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 8 * MIB) < 0)
		print_message("the device cannot be punched: that is right\n");
}

static void write_and_remove_a_file(void)
{
	char command[512];
	snprintf(command, sizeof(command),
		 "dd if=/dev/urandom of=%s/file bs=1M count=24 conv=fsync status=none && "
		 "rm %s/file && sync -f %s",
		 scene.staging, scene.staging, scene.staging);
	assert_int_equal(system(command), 0);
}

static void a_thick_volume_keeps_its_blocks_when_it_is_trimmed(void **state)
{
	create_and_stage(&thick);
	write_and_remove_a_file();
	trim(scene.staging);
	assert_true(allocated_bytes(&thick) >= SIZE);
	unstage_and_delete(&thick);
}

static void a_reserved_volume_keeps_its_blocks_when_it_is_trimmed(void **state)
{
	create_and_stage(&reserved);
	assert_true(allocated_bytes(&reserved) >= SIZE);
	write_and_remove_a_file();
	trim(scene.staging);
	assert_true(allocated_bytes(&reserved) >= SIZE);
	unstage_and_delete(&reserved);
}

static void a_thick_block_volume_keeps_its_blocks_when_it_is_discarded(void **state)
{
	struct error err = { 0 };
	create_and_stage(&thick_block);
	assert_done(node_client_publish(scene.channel, &thick_block, scene.staging, scene.target,
					false, &err),
		    &err);
	discard(scene.target);
	assert_true(allocated_bytes(&thick_block) >= SIZE);
	punch(scene.target);
	assert_true(allocated_bytes(&thick_block) >= SIZE);
	assert_done(node_client_unpublish(scene.channel, thick_block.name, scene.target, &err),
		    &err);
	unstage_and_delete(&thick_block);
}

/* The kernel keeps a device's setting when it gets another image. */
static void a_thin_volume_can_discard_on_whatever_device_comes_after_a_thick_one(void **state)
{
	struct error err = { 0 };
	create_and_stage(&thick);
	print_message("the thick volume had loop%u\n", device_of(&thick));
	unstage(&thick);
	create_and_stage(&thin);
	print_message("the thin volume has loop%u\n", device_of(&thin));
	write_and_remove_a_file();
	uint64_t before = allocated_bytes(&thin);
	assert_int_equal(trim(scene.staging), 0);
	assert_true(allocated_bytes(&thin) + 20 * MIB < before);
	unstage_and_delete(&thin);

	assert_done(node_client_stage(scene.channel, &thick, scene.staging, &err), &err);
	unstage_and_delete(&thick);
	create_and_stage(&thin_block);
	assert_done(node_client_publish(scene.channel, &thin_block, scene.staging, scene.target,
					false, &err),
		    &err);
	assert_int_equal(discard(scene.target), 0);
	assert_done(node_client_unpublish(scene.channel, thin_block.name, scene.target, &err),
		    &err);
	unstage_and_delete(&thin_block);
}

/* The next image that refuses discards has a use for it, other programs on the node have none. */
static void a_device_that_refuses_discards_is_kept_until_the_plugin_ends(void **state)
{
	struct error err = { 0 };
	create_and_stage(&thick);
	unsigned first = device_of(&thick);
	unstage(&thick);
	assert_true(is_left_spent(first));

	create_and_stage(&thick_block);
	unsigned second = device_of(&thick_block);
	unstage(&thick_block);
	node_scene_restart(&scene, SIGTERM);
	assert_false(is_left_spent(first));
	assert_false(is_left_spent(second));
	assert_done(node_client_delete(scene.channel, thick.name, &err), &err);
	assert_done(node_client_delete(scene.channel, thick_block.name, &err), &err);
}

static void lose_blocks(const struct node_volume *volume)
{
	CLEANUP_CLOSE int image_fd = open_image(volume);
	assert_int_equal(
		fallocate(image_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 40 * MIB, 16 * MIB),
		0);
	assert_true(allocated_bytes(volume) < SIZE);
}

static void blocks_that_a_thick_volume_lost_are_back_when_it_is_staged(void **state)
{
	static const struct node_volume *const volumes[] = { &thick, &thick_block };
	struct error err = { 0 };
	for (size_t i = 0; i < 2; i++) {
		assert_done(node_client_create(scene.channel, volumes[i], &err), &err);
		lose_blocks(volumes[i]);
		assert_done(node_client_stage(scene.channel, volumes[i], scene.staging, &err),
			    &err);
		assert_true(allocated_bytes(volumes[i]) >= SIZE);
		unstage_and_delete(volumes[i]);
	}
}

static void a_thick_volume_whose_blocks_do_not_come_back_is_not_staged(void **state)
{
	struct error err = { 0 };
	assert_done(node_client_create(scene.channel, &thick, &err), &err);
	lose_blocks(&thick);
	loop_disk_fill(&scene.disk);
	assert_int_equal(node_client_stage(scene.channel, &thick, scene.staging, &err), -1);
	assert_int_equal(err.code, ERROR_EXHAUSTED);
	assert_non_null(strstr(err.text, "volume pvc-thick: the pool's disk has no"));
	assert_int_equal(node_scene_mounts(&scene), 0);
	loop_disk_make_room(&scene.disk);
	assert_done(node_client_stage(scene.channel, &thick, scene.staging, &err), &err);
	assert_true(allocated_bytes(&thick) >= SIZE);
	unstage_and_delete(&thick);
}

/* xfs reserves room for all that it is asked to set aside, had or not. */
static void a_thick_volume_with_all_its_blocks_needs_no_room_for_them_again(void **state)
{
	static const struct node_volume large = {
		.name = "pvc-large",
		.backend = "loop",
		.fs_type = "ext4",
		.size_bytes = 280 * MIB,
		.provisioning = "thick",
	};
	struct error err = { 0 };
	uint64_t now = 0;
	bool node_too = false;
	create_and_stage(&large);
	assert_done(
		node_client_expand(scene.channel, large.name, 300 * MIB, 0, &now, &node_too, &err),
		&err);
	assert_int_equal(now, 300 * MIB);
	assert_true(allocated_bytes(&large) >= 300 * MIB);
	unstage(&large);
	assert_done(node_client_stage(scene.channel, &large, scene.staging, &err), &err);
	unstage_and_delete(&large);
}

/* A file system without extents cannot set blocks aside (ext4(5)). */
static void a_thick_copy_that_the_pool_cannot_make_is_refused_like_a_new_volume(void **state)
{
	struct error err = { 0 }, of_a_copy = { 0 };
	struct node_volume copy = thick;
	copy.source_volume = thin.name;
	assert_done(node_client_create(scene.channel, &thin, &err), &err);
	assert_int_equal(node_client_create(scene.channel, &thick, &err), -1);
	assert_int_equal(err.code, ERROR_EXHAUSTED);
	assert_non_null(strstr(err.text, "parameter provisioning"));
	assert_int_equal(node_client_create(scene.channel, &copy, &of_a_copy), -1);
	assert_int_equal(of_a_copy.code, err.code);
	assert_string_equal(of_a_copy.text, err.text);
	assert_int_equal(node_scene_entries(&scene, "volumes"), 1);
	assert_int_equal(node_scene_entries(&scene, "tmp"), 0);
	assert_done(node_client_delete(scene.channel, thin.name, &err), &err);
}

int main(void)
{
	if (!node_scene_can_mount())
		return 77;
	const struct CMUnitTest tests[] = {
		NODE_TEST(a_thick_block_volume_keeps_its_blocks_when_it_is_discarded),
		NODE_TEST(a_thick_volume_keeps_its_blocks_when_it_is_trimmed),
		NODE_TEST(a_reserved_volume_keeps_its_blocks_when_it_is_trimmed),
		NODE_TEST(a_thin_volume_can_discard_on_whatever_device_comes_after_a_thick_one),
		NODE_TEST(a_device_that_refuses_discards_is_kept_until_the_plugin_ends),
		NODE_TEST(blocks_that_a_thick_volume_lost_are_back_when_it_is_staged),
		cmocka_unit_test_setup_teardown(
			a_thick_volume_whose_blocks_do_not_come_back_is_not_staged,
			set_up_on_a_small_disk, node_test_tear_down),
		cmocka_unit_test_setup_teardown(
			a_thick_volume_with_all_its_blocks_needs_no_room_for_them_again,
			set_up_on_a_small_xfs, node_test_tear_down),
		cmocka_unit_test_setup_teardown(
			a_thick_copy_that_the_pool_cannot_make_is_refused_like_a_new_volume,
			set_up_on_a_disk_without_extents, node_test_tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
