/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/extent_map.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "node_scene.h"
#include "test.h"

#define UNIT 4096LL
#define SIZE (1024 * UNIT)
#define UNITS (SIZE / UNIT)

/* Two images in a folder, and what was told of them. */
struct scene {
	char folder[64];
	int base_fd;
	int target_fd;
	bool told[2 * UNITS];
	uint64_t count;
	uint64_t end_bytes; /* of the last part that was told */
	uint64_t stop_after;
};

static bool can_mount;

static int make_image(const struct scene *scene, const char *name, off_t size)
{
	CLEANUP_FREE char *path = must_printf("%s/%s", scene->folder, name);
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(ftruncate(fd, size), 0);
	return fd;
}

static struct scene *scene_in(const char *parent)
{
	struct scene *scene = must_alloc(sizeof(*scene));
	snprintf(scene->folder, sizeof(scene->folder), "%s/kentledge-extents-XXXXXX", parent);
	assert_non_null(mkdtemp(scene->folder));
	scene->base_fd = make_image(scene, "base", SIZE);
	scene->target_fd = make_image(scene, "target", SIZE);
	return scene;
}

static void scene_free(struct scene *scene)
{
	close(scene->base_fd);
	close(scene->target_fd);
	assert_int_equal(rmdir(scene->folder), 0);
	free(scene);
}

static int begin(void **state)
{
	*state = scene_in("/tmp");
	return 0;
}

static int end(void **state)
{
	scene_free(*state);
	return 0;
}

static void fill(int fd, long long unit, long long count, int byte)
{
	char bytes[UNIT];
	memset(bytes, byte, sizeof(bytes));
	for (long long i = 0; i < count; i++)
		assert_int_equal(pwrite(fd, bytes, UNIT, (unit + i) * UNIT), UNIT);
}

static void punch(int fd, long long unit, long long count)
{
	assert_int_equal(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, unit * UNIT,
				   count * UNIT),
			 0);
}

/* Ascending, none touching the next, whole units. */
static int mark(void *context, const struct extent *extent, struct error *err)
{
	struct scene *scene = context;
	assert_true(extent->size_bytes > 0);
	assert_int_equal(extent->offset_bytes % UNIT, 0);
	assert_int_equal(extent->size_bytes % UNIT, 0);
	if (scene->count)
		assert_true(extent->offset_bytes > scene->end_bytes);
	scene->end_bytes = extent->offset_bytes + extent->size_bytes;
	for (uint64_t at = extent->offset_bytes; at < scene->end_bytes; at += UNIT)
		scene->told[at / UNIT] = true;
	scene->count++;
	return scene->stop_after && scene->count == scene->stop_after ? 7 : 0;
}

static void forget(struct scene *scene)
{
	memset(scene->told, 0, sizeof(scene->told));
	scene->count = scene->end_bytes = 0;
}

static uint64_t ask_delta(struct scene *scene, uint64_t from_bytes)
{
	struct error err = { 0 };
	uint64_t compared;
	const struct extent_reader reader = { .visit = mark, .context = scene };
	forget(scene);
	if (extent_map_delta(scene->base_fd, scene->target_fd, from_bytes, &reader, &compared,
			     &err) != 0)
		fail_msg("%s", err.text);
	return compared;
}

static void ask_allocated(struct scene *scene, uint64_t from_bytes)
{
	struct error err = { 0 };
	const struct extent_reader reader = { .visit = mark, .context = scene };
	forget(scene);
	if (extent_map_allocated(scene->target_fd, from_bytes, &reader, &err) != 0)
		fail_msg("%s", err.text);
}

static void read_unit(int fd, long long unit, char bytes[static UNIT])
{
	memset(bytes, 0, UNIT);
	assert_true(pread(fd, bytes, UNIT, unit * UNIT) >= 0);
}

/* The oracle: all bytes of both, one by one. */
static void check_delta(struct scene *scene, long long from_unit)
{
	off_t units = lseek(scene->target_fd, 0, SEEK_END) / UNIT;
	for (long long unit = 0; unit < units; unit++) {
		char base[UNIT], target[UNIT];
		read_unit(scene->base_fd, unit, base);
		read_unit(scene->target_fd, unit, target);
		bool differs = memcmp(base, target, UNIT) != 0;
		if (scene->told[unit] != (differs && unit >= from_unit))
			fail_msg("unit %lld: %s, and was%s told", unit,
				 differs ? "differs" : "same", scene->told[unit] ? "" : " not");
	}
}

static void check_allocated(struct scene *scene, long long from_unit)
{
	static const char zeros[UNIT];
	for (long long unit = 0; unit < UNITS; unit++) {
		char bytes[UNIT];
		read_unit(scene->target_fd, unit, bytes);
		if (unit < from_unit)
			assert_false(scene->told[unit]);
		else if (memcmp(bytes, zeros, UNIT) != 0)
			assert_true(scene->told[unit]);
	}
}

static void an_empty_image_has_no_extents(void **state)
{
	ask_allocated(*state, 0);
	assert_int_equal(((struct scene *)*state)->count, 0);
}

static void written_parts_are_told_and_holes_are_not(void **state)
{
	struct scene *scene = *state;
	fill(scene->target_fd, 3, 2, 'a');
	fill(scene->target_fd, UNITS - 1, 1, 'b');
	ask_allocated(scene, 0);
	assert_int_equal(scene->count, 2);
	check_allocated(scene, 0);
	assert_false(scene->told[2]);
	assert_false(scene->told[5]);
}

static void an_extent_is_cut_where_the_question_begins(void **state)
{
	struct scene *scene = *state;
	fill(scene->target_fd, 10, 10, 'a');
	ask_allocated(scene, 15 * UNIT);
	assert_int_equal(scene->count, 1);
	check_allocated(scene, 15);
	ask_allocated(scene, 20 * UNIT);
	assert_int_equal(scene->count, 0);
	ask_allocated(scene, SIZE);
	assert_int_equal(scene->count, 0);
}

static void equal_images_do_not_differ(void **state)
{
	struct scene *scene = *state;
	fill(scene->base_fd, 100, 50, 'a');
	fill(scene->target_fd, 100, 50, 'a');
	ask_delta(scene, 0);
	assert_int_equal(scene->count, 0);
}

static void written_zeros_equal_a_hole(void **state)
{
	struct scene *scene = *state;
	fill(scene->target_fd, 100, 50, 0);
	ask_delta(scene, 0);
	assert_int_equal(scene->count, 0);
}

static void data_that_became_a_hole_is_reported(void **state)
{
	struct scene *scene = *state;
	fill(scene->base_fd, 100, 50, 'a');
	ask_delta(scene, 0);
	assert_int_equal(scene->count, 1);
	check_delta(scene, 0);
}

static void what_a_volume_grew_by_is_reported_if_it_holds_data(void **state)
{
	struct scene *scene = *state;
	assert_int_equal(ftruncate(scene->target_fd, 2 * SIZE), 0);
	fill(scene->base_fd, UNITS - 2, 2, 'a');
	fill(scene->target_fd, UNITS - 2, 4, 'a');
	ask_delta(scene, 0);
	assert_int_equal(scene->count, 1);
	check_delta(scene, 0);
}

static void of_a_shorter_target_nothing_is_reported_behind_its_end(void **state)
{
	struct scene *scene = *state;
	assert_int_equal(ftruncate(scene->base_fd, 2 * SIZE), 0);
	fill(scene->base_fd, UNITS - 2, 10, 'a');
	ask_delta(scene, 0);
	assert_int_equal(scene->end_bytes, SIZE);
	check_delta(scene, 0);
}

static void the_reader_ends_the_walk(void **state)
{
	struct scene *scene = *state;
	struct error err = { 0 };
	const struct extent_reader reader = { .visit = mark, .context = scene };
	for (long long unit = 0; unit < 20; unit += 2)
		fill(scene->target_fd, unit, 1, 'a');
	scene->stop_after = 3;
	assert_int_equal(extent_map_delta(scene->base_fd, scene->target_fd, 0, &reader, NULL, &err),
			 7);
	assert_int_equal(scene->count, 3);
	forget(scene);
	assert_int_equal(extent_map_allocated(scene->target_fd, 0, &reader, &err), 7);
	assert_int_equal(scene->count, 3);
}

static int refuse(void *context, struct error *err)
{
	return error_set(err, ERROR_CANCELLED, "enough");
}

static void a_watcher_ends_the_walk_though_nothing_differs(void **state)
{
	struct scene *scene = *state;
	struct error err = { 0 };
	const struct extent_reader reader = { .visit = mark, .look = refuse, .context = scene };
	fill(scene->base_fd, 100, 50, 'a');
	fill(scene->target_fd, 100, 50, 'a');
	assert_int_equal(extent_map_delta(scene->base_fd, scene->target_fd, 0, &reader, NULL, &err),
			 -1);
	assert_int_equal(err.code, ERROR_CANCELLED);
}

/* The images get what random writes and holes make of them, and all answers are compared. */
static void change_at_random(int fd, unsigned *seed, int changes)
{
	for (int i = 0; i < changes; i++) {
		long long unit = rand_r(seed) % UNITS;
		long long count = 1 + rand_r(seed) % 40;
		if (unit + count > UNITS)
			count = UNITS - unit;
		if (rand_r(seed) % 4 == 0)
			punch(fd, unit, count);
		else
			fill(fd, unit, count, rand_r(seed) % 3);
	}
}

static void check_random_writes(struct scene *scene, bool share)
{
	for (unsigned round = 0; round < 60; round++) {
		unsigned seed = round;
		close(scene->target_fd);
		scene->target_fd = make_image(scene, "target", SIZE);
		change_at_random(scene->base_fd, &seed, 10);
		if (share)
			assert_int_equal(ioctl(scene->target_fd, FICLONE, scene->base_fd), 0);
		change_at_random(scene->target_fd, &seed, 10);
		long long from = rand_r(&seed) % UNITS;
		ask_delta(scene, 0);
		check_delta(scene, 0);
		ask_delta(scene, (uint64_t)(from * UNIT));
		check_delta(scene, from);
		ask_allocated(scene, 0);
		check_allocated(scene, 0);
		ask_allocated(scene, (uint64_t)(from * UNIT));
		check_allocated(scene, from);
	}
}

static void random_writes_give_what_a_comparison_of_all_bytes_gives(void **state)
{
	check_random_writes(*state, false);
}

/* On file systems that share blocks: what is shared is not read. */
static void check_sharing(const char *type, const char *options)
{
	char disk[] = "/tmp/kentledge-disk-XXXXXX";
	char mount_point[] = "/tmp/kentledge-mount-XXXXXX";
	int fd = mkstemp(disk);
	assert_true(fd >= 0 && ftruncate(fd, 400LL << 20) == 0);
	close(fd);
	assert_non_null(mkdtemp(mount_point));
	CLEANUP_FREE char *command =
		must_printf("mkfs.%s -q %s %s >/dev/null 2>&1 && mount -o loop %s %s 2>/dev/null",
			    type, options, disk, disk, mount_point);
	bool can = can_mount && system(command) == 0;
	if (can) {
		struct scene *scene = scene_in(mount_point);
		fill(scene->base_fd, 0, UNITS, 'a');
		assert_int_equal(ioctl(scene->target_fd, FICLONE, scene->base_fd), 0);
		assert_int_equal(ask_delta(scene, 0), 0);
		assert_int_equal(scene->count, 0);
		fill(scene->target_fd, 500, 1, 'b');
		assert_true(ask_delta(scene, 0) < SIZE / 4);
		check_delta(scene, 0);
		assert_int_equal(scene->count, 1);
		check_random_writes(scene, true);
		scene_free(scene);
		assert_int_equal(umount(mount_point), 0);
	}
	assert_int_equal(rmdir(mount_point), 0);
	assert_int_equal(unlink(disk), 0);
	if (!can) {
		print_message("skipped: %s cannot be made and mounted here\n", type);
		skip();
	}
}

static void what_is_shared_on_xfs_is_not_compared(void **state)
{
	check_sharing("xfs", "");
}

static void what_is_shared_on_btrfs_is_not_compared(void **state)
{
	check_sharing("btrfs", "");
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, begin, end)
	const struct CMUnitTest tests[] = {
		WITH(an_empty_image_has_no_extents),
		WITH(written_parts_are_told_and_holes_are_not),
		WITH(an_extent_is_cut_where_the_question_begins),
		WITH(equal_images_do_not_differ),
		WITH(written_zeros_equal_a_hole),
		WITH(data_that_became_a_hole_is_reported),
		WITH(what_a_volume_grew_by_is_reported_if_it_holds_data),
		WITH(of_a_shorter_target_nothing_is_reported_behind_its_end),
		WITH(the_reader_ends_the_walk),
		WITH(a_watcher_ends_the_walk_though_nothing_differs),
		WITH(random_writes_give_what_a_comparison_of_all_bytes_gives),
		cmocka_unit_test(what_is_shared_on_xfs_is_not_compared),
		cmocka_unit_test(what_is_shared_on_btrfs_is_not_compared),
	};
	can_mount = node_scene_can_mount();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
