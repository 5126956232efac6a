/* SPDX-License-Identifier: Apache-2.0 */
#include "volume/expand.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "pool/lock.h"
#include "pool/room.h"
#include "pool_scene.h"
#include "test.h"
#include "unwritten.h"
#include "volume/create.h"
#include "volume/delete.h"
#include "volume/stage.h"
#include "volume/volume.h"

/*
 * Growth: each system call that makes it last fails, or is the last thing that the plugin does; the
 * same call comes again, and then size, promise and file system are right.
 */

#define ID "pvc-1"
#define GIB (1ULL << 30)

static struct pool_scene scene;
static struct volume_spec spec;
static const struct volume_expansion doubled = { .id = ID, .range = { .required_bytes = 2 * GIB } };

/* The next calls of these kinds, counted together, are in our hands. */
static struct {
	unsigned calls;
	unsigned fail_at; /* 0: none */
	unsigned end_at;
} effects;

static int effect(void)
{
	effects.calls++;
	if (effects.calls == effects.end_at)
		_exit(137);
	if (effects.calls != effects.fail_at)
		return 0;
	errno = ENOSPC;
	return -1;
}

int fsync(int fd)
{
	return effect() < 0 ? -1 : (int)syscall(SYS_fsync, fd);
}

int ftruncate(int fd, off_t length)
{
	return effect() < 0 ? -1 : (int)syscall(SYS_ftruncate, fd, length);
}

int fallocate(int fd, int mode, off_t offset, off_t length)
{
	return effect() < 0 ? -1 : (int)syscall(SYS_fallocate, fd, mode, offset, length);
}

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	return effect() < 0 ? -1 : (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, 0);
}

static void begin(enum provisioning provisioning)
{
	struct volume_record record;
	struct error err = { 0 };
	memset(&effects, 0, sizeof(effects));
	pool_scene_init(&scene);
	spec = pool_scene_spec(ID);
	spec.parameters.provisioning = provisioning;
	spec.range.required_bytes = provisioning == PROVISIONING_THICK ? 64 << 20 : GIB;
	assert_int_equal(volume_create(scene.pools, &spec, &record, &err), 0);
	memset(&effects, 0, sizeof(effects));
}

static int set_up(void **state)
{
	begin(PROVISIONING_THIN);
	return 0;
}

static void end(void)
{
	struct error err = { 0 };
	memset(&effects, 0, sizeof(effects));
	assert_true(volume_unstage(scene.pools, ID, scene.staging, &err) >= 0);
	assert_int_equal(volume_delete(scene.pools, ID, &err), 0);
	struct capacity_space space;
	assert_int_equal(pool_space(scene.pool, &space, &err), 0);
	assert_int_equal(space.promised_bytes, 0);
	assert_int_equal(space.allocated_bytes, 0);
	pool_scene_done(&scene);
}

static int tear_down(void **state)
{
	end();
	return 0;
}

static const char *image(void)
{
	static char path[192];
	snprintf(path, sizeof(path), "%s/pool/volumes/" ID "/image", scene.folder);
	return path;
}

static uint64_t image_bytes(void)
{
	struct stat st;
	assert_int_equal(stat(image(), &st), 0);
	return (uint64_t)st.st_size;
}

static uint64_t promised(void)
{
	struct capacity_space space;
	struct error err = { 0 };
	assert_int_equal(pool_space(scene.pool, &space, &err), 0);
	return space.promised_bytes;
}

static uint64_t recorded(void)
{
	struct volume_record record;
	struct error err = { 0 };
	assert_int_equal(volume_find(scene.pools, ID, &record, &err), 0);
	return record.size_bytes;
}

static int expand(const struct volume_expansion *expansion, struct error *err)
{
	uint64_t bytes = 0;
	bool filesystem = false;
	int outcome = volume_expand(scene.pools, expansion, &bytes, &filesystem, err);
	if (outcome >= 0) {
		assert_true(filesystem);
		assert_int_equal(bytes, recorded());
	}
	return outcome;
}

static int expand_mounted(const char *path, struct error *err)
{
	uint64_t bytes = 0;
	int outcome = volume_expand_mounted(scene.pools, &doubled, path, &bytes, err);
	if (outcome >= 0)
		assert_int_equal(bytes, 2 * GIB);
	return outcome;
}

static void stage(void)
{
	struct error err = { 0 };
	int outcome = volume_stage(scene.pools, ID, scene.staging, &pool_scene_writer, &err);
	if (outcome < 0)
		print_error("%s\n", err.text);
	assert_true(outcome >= 0);
}

static void a_volume_grows_once_and_says_so_every_time(void **state)
{
	struct error err = { 0 };
	assert_int_equal(expand(&doubled, &err), 0);
	assert_int_equal(image_bytes(), 2 * GIB);
	assert_int_equal(promised(), 2 * GIB);
	assert_int_equal(expand(&doubled, &err), 1);
	struct volume_expansion less = { .id = ID, .range = { .required_bytes = GIB } };
	assert_int_equal(expand(&less, &err), 1);
	pool_scene_restart(&scene);
	assert_int_equal(promised(), 2 * GIB);
	assert_int_equal(pool_volume_count(scene.pool), 1);
}

static void what_cannot_be_is_refused_and_changes_nothing(void **state)
{
	static const struct access xfs = { .fs_type = "xfs" };
	static const struct {
		struct volume_expansion expansion;
		enum error_code code;
	} cases[] = {
		{ { .id = ID }, ERROR_INVALID },
		{ { .id = ID, .range = { .limit_bytes = GIB / 2 } }, ERROR_RANGE },
		{ { .id = ID, .range = { 3 * GIB, 2 * GIB } }, ERROR_RANGE },
		{ { .id = ID, .range = { .required_bytes = INT64_MAX } }, ERROR_RANGE },
		{ { .id = ID, .range = { .required_bytes = 1000 * GIB } }, ERROR_RANGE },
		{ { .id = "pvc-2", .range = { .required_bytes = 2 * GIB } }, ERROR_NOT_FOUND },
		{ { .id = ID, .range = { .required_bytes = 2 * GIB }, .access = &xfs },
		  ERROR_INVALID },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct error err = { 0 };
		assert_int_equal(expand(&cases[i].expansion, &err), -1);
		assert_int_equal(err.code, cases[i].code);
	}
	assert_int_equal(recorded(), GIB);
	assert_int_equal(image_bytes(), GIB);
	assert_int_equal(promised(), GIB);
}

static void a_full_disk_refuses_growth_until_there_is_room(void **state)
{
	struct error err = { 0 };
	uint64_t available = scene.fake->usage.available_bytes;
	scene.fake->usage.available_bytes = scene.fake->usage.total_bytes / 20 + GIB;
	assert_int_equal(expand(&doubled, &err), -1);
	assert_int_equal(err.code, ERROR_EXHAUSTED);
	assert_int_equal(promised(), GIB);
	scene.fake->usage.available_bytes = available;
	assert_int_equal(expand(&doubled, &err), 0);
}

static void another_call_on_the_volume_is_waited_for_by_the_caller(void **state)
{
	struct error err = { 0 };
	CLEANUP_LOCK struct lock lock = { 0 };
	assert_int_equal(lock_take(&scene.pools->locks, LOCK_VOLUME, ID, &lock, &err), 0);
	assert_int_equal(expand(&doubled, &err), -1);
	assert_int_equal(err.code, ERROR_BUSY);
	assert_int_equal(expand_mounted(scene.staging, &err), -1);
	assert_int_equal(err.code, ERROR_BUSY);
}

static void the_node_grows_what_is_mounted(void **state)
{
	struct error err = { 0 };
	scene.fake->has_resources = true;
	stage();
	assert_int_equal(expand_mounted(scene.staging, &err), -1);
	assert_int_equal(err.code, ERROR_RANGE);
	assert_int_equal(expand(&doubled, &err), 0);
	assert_int_equal(fake_host_filesystem_bytes(image()), GIB);
	assert_int_equal(expand_mounted(scene.target, &err), -1);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
	assert_int_equal(expand_mounted(scene.staging, &err), 0);
	assert_int_equal(fake_host_filesystem_bytes(image()), 2 * GIB);
	assert_int_equal(expand_mounted(scene.staging, &err), 0);
}

static void a_file_system_that_cannot_grow_mounted_grows_when_it_is_staged_again(void **state)
{
	struct error err = { 0 };
	stage();
	assert_int_equal(expand(&doubled, &err), 0);
	assert_int_equal(expand_mounted(scene.staging, &err), -1);
	assert_int_equal(err.code, ERROR_IN_USE);
	/* The kubelet repeats the staging of a volume that is in use: nothing is wrong with it. */
	stage();
	assert_int_equal(fake_host_filesystem_bytes(image()), GIB);
	assert_int_equal(volume_unstage(scene.pools, ID, scene.staging, &err), 0);
	stage();
	assert_int_equal(fake_host_filesystem_bytes(image()), 2 * GIB);
	assert_int_equal(expand_mounted(scene.staging, &err), 0);
}

/* Whatever was done, the same call again finishes it. False when there are fewer effects. */
static bool fails_once(enum provisioning provisioning, unsigned at)
{
	struct error err = { 0 };
	begin(provisioning);
	uint64_t before = recorded();
	effects.fail_at = at;
	bool failed = expand(&doubled, &err) < 0;
	unsigned calls = effects.calls;
	effects.fail_at = 0;
	/* Promise and record are one, and cover the image. */
	uint64_t size = recorded();
	assert_int_equal(promised(), size);
	assert_true(image_bytes() <= size);
	assert_true(size == before || size == 2 * GIB);
	pool_scene_restart(&scene);
	assert_int_equal(promised(), size);
	assert_true(expand(&doubled, &err) >= 0);
	assert_int_equal(image_bytes(), 2 * GIB);
	assert_int_equal(promised(), 2 * GIB);
	stage();
	assert_int_equal(fake_host_filesystem_bytes(image()), 2 * GIB);
	end();
	return failed || calls >= at;
}

static int expand_in_child(void *context)
{
	struct error err = { 0 };
	effects = (typeof(effects)) { .end_at = *(unsigned *)context };
	return expand(&doubled, &err) < 0;
}

static bool ends_once(enum provisioning provisioning, unsigned at)
{
	struct error err = { 0 };
	int outcome = 0;
	begin(provisioning);
	bool ended = fake_host_run_child(scene.fake, expand_in_child, &at, &outcome);
	pool_scene_restart(&scene);
	assert_int_equal(promised(), recorded());
	assert_true(image_bytes() <= recorded());
	stage();
	assert_true(expand(&doubled, &err) >= 0);
	assert_int_equal(image_bytes(), 2 * GIB);
	assert_int_equal(promised(), 2 * GIB);
	scene.fake->has_resources = true;
	assert_int_equal(expand_mounted(scene.staging, &err), 0);
	assert_int_equal(fake_host_filesystem_bytes(image()), 2 * GIB);
	end();
	return ended;
}

static void growth_survives_a_failure_of_each_effect(void **state)
{
	unsigned points = 0;
	for (unsigned at = 1; fails_once(PROVISIONING_THIN, at); at++)
		points++;
	for (unsigned at = 1; fails_once(PROVISIONING_THICK, at); at++)
		points++;
	print_message("failed at %u points\n", points);
	assert_true(points >= 11);
}

static void growth_survives_an_end_before_each_effect(void **state)
{
	unsigned points = 0;
	for (unsigned at = 1; ends_once(PROVISIONING_THIN, at); at++)
		points++;
	for (unsigned at = 1; ends_once(PROVISIONING_THICK, at); at++)
		points++;
	print_message("ended at %u points\n", points);
	assert_true(points >= 11);
}

static void growing_a_mounted_file_system_survives_a_failure_of_each_step(void **state)
{
	for (unsigned step = 1;; step++) {
		struct error err = { 0 };
		begin(PROVISIONING_THIN);
		scene.fake->has_resources = true;
		stage();
		assert_int_equal(expand(&doubled, &err), 0);
		fake_host_fail_at(scene.fake, step);
		bool failed = expand_mounted(scene.staging, &err) < 0;
		fake_host_fail_at(scene.fake, 0);
		assert_int_equal(expand_mounted(scene.staging, &err), 0);
		assert_int_equal(fake_host_filesystem_bytes(image()), 2 * GIB);
		end();
		if (!failed) {
			assert_int_equal(step, 3); /* device, file system */
			return;
		}
	}
}

/* Where that is of use (disk/zeroes.h). */
static void assert_written(const char *path)
{
	struct statfs info;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(fstatfs(fd, &info), 0);
	if (info.f_type == EXT4_SUPER_MAGIC)
		assert_int_equal(unwritten_bytes(fd), 0);
	close(fd);
}

static void a_thick_volume_has_its_blocks_and_one_that_gets_none_leaves_nothing(void **state)
{
	struct error err = { 0 };
	struct stat st;
	struct volume_record record;
	begin(PROVISIONING_THICK);
	assert_int_equal(stat(image(), &st), 0);
	assert_true((uint64_t)st.st_blocks * 512 >= 64 << 20);
	assert_written(image());
	stage();
	assert_true(scene.fake->loops[0].keeps_blocks);

	effects = (typeof(effects)) { .fail_at = 1 };
	spec.name = "pvc-2";
	assert_int_equal(volume_create(scene.pools, &spec, &record, &err), -1);
	assert_int_equal(err.code, ERROR_EXHAUSTED);
	assert_int_equal(pool_scene_count(&scene, "tmp"), 0);
	assert_int_equal(promised(), 64 << 20);

	spec.name = ID;
	spec.parameters.provisioning = PROVISIONING_THIN;
	assert_int_equal(volume_create(scene.pools, &spec, &record, &err), -1);
	assert_int_equal(err.code, ERROR_EXISTS);
	end();
}

int main(void)
{
#define WITH_VOLUME(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		WITH_VOLUME(a_volume_grows_once_and_says_so_every_time),
		WITH_VOLUME(what_cannot_be_is_refused_and_changes_nothing),
		WITH_VOLUME(a_full_disk_refuses_growth_until_there_is_room),
		WITH_VOLUME(another_call_on_the_volume_is_waited_for_by_the_caller),
		WITH_VOLUME(the_node_grows_what_is_mounted),
		WITH_VOLUME(a_file_system_that_cannot_grow_mounted_grows_when_it_is_staged_again),
		cmocka_unit_test(growth_survives_a_failure_of_each_effect),
		cmocka_unit_test(growth_survives_an_end_before_each_effect),
		cmocka_unit_test(growing_a_mounted_file_system_survives_a_failure_of_each_step),
		cmocka_unit_test(
			a_thick_volume_has_its_blocks_and_one_that_gets_none_leaves_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
