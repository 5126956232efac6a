/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/snapshot.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "folder/folder.h"
#include "pool_scene.h"
#include "snapshot/create.h"
#include "snapshot/delete.h"
#include "test.h"
#include "volume/create.h"
#include "volume/delete.h"
#include "volume/expand.h"
#include "volume/stage.h"

static struct pool_scene scene;

static int set_up(void **state)
{
	pool_scene_init(&scene);
	return 0;
}

static int tear_down(void **state)
{
	pool_scene_done(&scene);
	return 0;
}

static int snap(const char *name, const char *volume, struct error *err)
{
	struct snapshot_record record;
	struct snapshot_spec spec = { .name = name, .source_volume = volume, .group = "" };
	return snapshot_create(scene.pools, &spec, NULL, &record, err);
}

static void write_image(const char *path, const char *text)
{
	int fd = -1;
	assert_int_equal(folder_open_file(scene.pool->site.root_fd, path, O_RDWR, 0, &fd, NULL), 0);
	assert_int_equal(pwrite(fd, text, strlen(text), 1 << 20), strlen(text));
	close(fd);
}

static void assert_image(const char *path, const char *text)
{
	char got[16] = "";
	int fd = -1;
	assert_int_equal(folder_open_file(scene.pool->site.root_fd, path, O_RDONLY, 0, &fd, NULL),
			 0);
	assert_int_equal(pread(fd, got, strlen(text), 1 << 20), strlen(text));
	assert_string_equal(got, text);
	close(fd);
}

static void a_snapshot_keeps_what_the_volume_held_and_outlives_it(void **state)
{
	struct error err = { 0 };
	pool_scene_create(&scene, "pvc-1");
	write_image("volumes/pvc-1/image", "before");
	assert_int_equal(snap("snap-1", "pvc-1", &err), 0);
	write_image("volumes/pvc-1/image", "after!");
	assert_int_equal(snap("snap-1", "pvc-1", &err), 1);
	assert_int_equal(volume_delete(scene.pools, "pvc-1", &err), 0);
	assert_image("snapshots/snap-1/image", "before");
	assert_int_equal(snapshot_delete(scene.pools, "snap-1", "", &err), 0);
	assert_int_equal(snapshot_delete(scene.pools, "snap-1", "", &err), 1);
	assert_int_equal(scene.pool->promised_bytes, 0);
}

static void names_and_sources_are_checked(void **state)
{
	struct error err = { 0 };
	pool_scene_create(&scene, "pvc-1");
	pool_scene_create(&scene, "pvc-2");
	assert_int_equal(snap("snap-1", "pvc-9", &err), -1);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
	assert_int_equal(snap("snap-1", "pvc-1", &err), 0);
	assert_int_equal(snap("snap-1", "pvc-2", &err), -1);
	assert_int_equal(err.code, ERROR_EXISTS);
}

static void a_mounted_volume_is_frozen_for_its_snapshot_and_goes_on(void **state)
{
	struct error err = { 0 };
	pool_scene_create(&scene, "pvc-1");
	assert_int_equal(
		volume_stage(scene.pools, "pvc-1", scene.staging, &pool_scene_writer, &err), 0);
	assert_int_equal(snap("snap-1", "pvc-1", &err), 0);
	assert_int_equal(scene.fake->freezes, 1);
	assert_int_equal(fake_host_frozen_count(scene.fake), 0);
	assert_int_equal(pool_scene_count(&scene, "freeze"), 0);
}

static void lists_by_pages_and_by_source(void **state)
{
	struct error err = { 0 };
	struct snapshot_record *records = NULL;
	size_t count = 0;
	bool more = false;
	pool_scene_create(&scene, "pvc-1");
	pool_scene_create(&scene, "pvc-2");
	assert_int_equal(snap("snap-a", "pvc-1", &err), 0);
	assert_int_equal(snap("snap-b", "pvc-2", &err), 0);
	assert_int_equal(snap("snap-c", "pvc-1", &err), 0);
	struct snapshot_filter filter = { .after = "", .source_volume = "pvc-1", .max = 1 };
	assert_int_equal(snapshot_list(scene.pools, &filter, &records, &count, &more, &err), 0);
	assert_int_equal(count, 1);
	assert_true(more);
	assert_string_equal(records[0].id, "snap-a");
	free(records);
	filter.after = "snap-a";
	assert_int_equal(snapshot_list(scene.pools, &filter, &records, &count, &more, &err), 0);
	assert_int_equal(count, 1);
	assert_false(more);
	assert_string_equal(records[0].id, "snap-c");
	free(records);
}

static int make_snapshot(void *context)
{
	struct error err = { 0 };
	return snap("snap-1", "pvc-1", &err) < 0;
}

static void whatever_fails_or_is_killed_a_retry_makes_it_and_nothing_is_left(void **state)
{
	struct error err = { 0 };
	pool_scene_create(&scene, "pvc-1");
	assert_int_equal(
		volume_stage(scene.pools, "pvc-1", scene.staging, &pool_scene_writer, &err), 0);
	uint64_t promised = scene.pool->promised_bytes;
	fake_host_fail_at(scene.fake, 1);
	assert_int_equal(snap("snap-1", "pvc-1", &err), -1);
	assert_int_equal(scene.pool->promised_bytes, promised);
	assert_int_equal(fake_host_frozen_count(scene.fake), 0);
	for (unsigned point = 0; point < 2; point++) {
		int outcome = 0;
		fake_host_kill_at(scene.fake, 1, point ? FAKE_AFTER : FAKE_BEFORE);
		assert_true(fake_host_run_child(scene.fake, make_snapshot, NULL, &outcome));
		memset(scene.fake->frozen, 0, sizeof(scene.fake->frozen));
		pool_scene_restart(&scene);
		assert_int_equal(snap("snap-1", "pvc-1", &err), 0);
		assert_int_equal(snapshot_delete(scene.pools, "snap-1", "", &err), 0);
		assert_int_equal(scene.pool->promised_bytes, promised);
	}
}

static void the_books_are_the_same_after_a_restart(void **state)
{
	struct error err = { 0 };
	pool_scene_create(&scene, "pvc-1");
	assert_int_equal(snap("snap-1", "pvc-1", &err), 0);
	uint64_t promised = scene.pool->promised_bytes;
	pool_scene_restart(&scene);
	assert_int_equal(scene.pool->promised_bytes, promised);
}

static int restore(const char *name, enum volume_source_kind kind, const char *id,
		   uint64_t size_bytes, struct volume_record *ret_record, struct error *err)
{
	struct volume_spec spec = pool_scene_spec(name);
	spec.range.required_bytes = size_bytes;
	spec.source.kind = kind;
	snprintf(spec.source.id, sizeof(spec.source.id), "%s", id);
	return volume_create(scene.pools, &spec, ret_record, err);
}

static void a_volume_is_made_of_a_snapshot_and_of_a_volume(void **state)
{
	struct error err = { 0 };
	struct volume_record record;
	pool_scene_create(&scene, "pvc-1");
	write_image("volumes/pvc-1/image", "before");
	assert_int_equal(snap("snap-1", "pvc-1", &err), 0);
	write_image("volumes/pvc-1/image", "after!");
	assert_int_equal(restore("pvc-2", SOURCE_SNAPSHOT, "snap-1", 2ULL << 30, &record, &err), 0);
	assert_int_equal(record.size_bytes, 2ULL << 30);
	assert_image("volumes/pvc-2/image", "before");
	assert_int_equal(restore("pvc-3", SOURCE_VOLUME, "pvc-1", 0, &record, &err), 0);
	assert_int_equal(record.size_bytes, 1ULL << 30);
	assert_image("volumes/pvc-3/image", "after!");
	assert_int_equal(restore("pvc-3", SOURCE_VOLUME, "pvc-1", 0, &record, &err), 1);
	assert_int_equal(record.source.kind, SOURCE_VOLUME);
	assert_string_equal(record.source.id, "pvc-1");
	assert_int_equal(restore("pvc-3", SOURCE_VOLUME, "pvc-2", 0, &record, &err), -1);
	assert_int_equal(err.code, ERROR_EXISTS);
	assert_int_equal(pool_scene_count(&scene, "tmp"), 0);
}

static void a_source_must_be_there_and_fit(void **state)
{
	struct error err = { 0 };
	struct volume_record record;
	struct volume_spec spec = pool_scene_spec("pvc-2");
	pool_scene_create(&scene, "pvc-1");
	uint64_t promised = scene.pool->promised_bytes;
	assert_int_equal(restore("pvc-2", SOURCE_SNAPSHOT, "none", 0, &record, &err), -1);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
	assert_int_equal(restore("pvc-2", SOURCE_VOLUME, "none", 0, &record, &err), -1);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
	spec.source.kind = SOURCE_VOLUME;
	strcpy(spec.source.id, "pvc-1");
	spec.fs_type = "xfs";
	assert_int_equal(volume_create(scene.pools, &spec, &record, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	spec.fs_type = "";
	spec.range.required_bytes = 0;
	spec.range.limit_bytes = 512 << 20;
	assert_int_equal(volume_create(scene.pools, &spec, &record, &err), -1);
	assert_int_equal(err.code, ERROR_RANGE);
	assert_int_equal(scene.pool->promised_bytes, promised);
}

static void directories_are_copied_and_restored(void **state)
{
	struct error err = { 0 };
	struct volume_record record;
	struct volume_spec spec = pool_scene_spec("pvc-1");
	int fd = -1;
	spec.parameters.backend = BACKEND_DIRECTORY;
	spec.parameters.enforce = false;
	assert_int_equal(volume_create(scene.pools, &spec, &record, &err), 0);
	assert_int_equal(folder_open_file(scene.pool->site.root_fd, "volumes/pvc-1/data/file",
					  O_RDWR | O_CREAT, 0600, &fd, &err),
			 0);
	close(fd);
	assert_int_equal(snap("snap-1", "pvc-1", &err), 0);
	spec.name = "pvc-2";
	spec.source.kind = SOURCE_SNAPSHOT;
	strcpy(spec.source.id, "snap-1");
	assert_int_equal(volume_create(scene.pools, &spec, &record, &err), 0);
	assert_int_equal(faccessat(scene.pool->site.root_fd, "volumes/pvc-2/data/file", F_OK, 0),
			 0);
	assert_int_not_equal(faccessat(scene.pool->site.root_fd, "volumes/pvc-2/links", F_OK, 0),
			     0);
	assert_int_equal(snapshot_delete(scene.pools, "snap-1", "", &err), 0);
}

#define COPY "tmp/+snapshot.snap-1/image"

static ino_t inode_of(const char *path)
{
	struct stat st;
	assert_int_equal(fstatat(scene.pool->site.root_fd, path, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_ino;
}

static int write_always(void *context, uint64_t done_bytes, struct error *err)
{
	write_image("volumes/pvc-1/image", ++*(unsigned *)context % 2 ? "one" : "two");
	return 0;
}

/* What was copied for hours is not copied again, but compared. */
static void a_copy_that_could_not_be_finished_is_the_base_of_the_next_try(void **state)
{
	struct error err = { 0 };
	struct snapshot_record record;
	struct volume_record volume;
	struct volume_spec block = pool_scene_spec("pvc-1");
	const struct access access = { .mode = ACCESS_MULTI_WRITER, .block = true, .fs_type = "" };
	const struct snapshot_spec spec = { .name = "snap-1",
					    .source_volume = "pvc-1",
					    .group = "" };
	unsigned times = 0;
	const struct copy_watch watch = { .look = write_always, .context = &times };
	block.block = true;
	assert_int_equal(volume_create(scene.pools, &block, &volume, &err), 0);
	assert_int_equal(volume_stage(scene.pools, "pvc-1", scene.staging, &access, &err), 0);
	write_image("volumes/pvc-1/image", "two");
	uint64_t promised = scene.pool->promised_bytes;
	assert_int_equal(snapshot_create(scene.pools, &spec, &watch, &record, &err), -1);
	assert_int_equal(err.code, ERROR_IN_USE);
	assert_int_equal(scene.pool->promised_bytes, promised);
	ino_t copied = inode_of(COPY);
	if (snap("snap-1", "pvc-1", &err) != 0)
		fail_msg("%s", err.text);
	assert_int_equal(inode_of("snapshots/snap-1/image"), copied);
	assert_int_equal(volume_unstage(scene.pools, "pvc-1", scene.staging, &err), 0);
}

#define BUSY_BYTES (24 << 20)

static void fill_image(char with)
{
	static char block[1 << 20];
	CLEANUP_CLOSE int fd = -1;
	assert_int_equal(folder_open_file(scene.pool->site.root_fd, "volumes/pvc-1/image", O_RDWR,
					  0, &fd, NULL),
			 0);
	memset(block, with, sizeof(block));
	for (off_t at = 2 << 20; at < BUSY_BYTES; at += (off_t)sizeof(block))
		assert_int_equal(pwrite(fd, block, sizeof(block), at), sizeof(block));
}

struct busy {
	bool changed;
	bool looked_while_held;
	unsigned char copied_before_held;
};

/* All is written again while it is copied; then nothing any more. */
static int change_once(void *context, uint64_t done_bytes, struct error *err)
{
	struct busy *busy = context;
	CLEANUP_CLOSE int fd = -1;
	if (!busy->changed && done_bytes > BUSY_BYTES / 2) {
		fill_image('b');
		busy->changed = true;
	}
	if (busy->copied_before_held || fake_host_frozen_count(scene.fake) == 0)
		return 0;
	assert_int_equal(folder_open_file(scene.pool->site.root_fd, COPY, O_RDONLY, 0, &fd, NULL),
			 0);
	assert_int_equal(pread(fd, &busy->copied_before_held, 1, 4 << 20), 1);
	busy->looked_while_held = true;
	return 0;
}

/* While it is held there is time for no more than a comparison. */
static void what_changed_much_while_it_was_copied_is_copied_before_it_is_held(void **state)
{
	struct error err = { 0 };
	struct snapshot_record record;
	const struct snapshot_spec spec = { .name = "snap-1",
					    .source_volume = "pvc-1",
					    .group = "" };
	struct busy busy = { 0 };
	const struct copy_watch watch = { .look = change_once, .context = &busy };
	pool_scene_create(&scene, "pvc-1");
	fill_image('a');
	assert_int_equal(
		volume_stage(scene.pools, "pvc-1", scene.staging, &pool_scene_writer, &err), 0);
	if (snapshot_create(scene.pools, &spec, &watch, &record, &err) != 0)
		fail_msg("%s", err.text);
	assert_true(busy.changed);
	/* Where the copy is slow, the file's times tell that nothing is left to do while it is
	 * held.
	 */
	if (busy.looked_while_held)
		assert_int_equal(busy.copied_before_held, 'b');
}

/* A watcher, while pvc-1 is copied and nobody holds it. */
static int grow_source(void *context, uint64_t done_bytes, struct error *err)
{
	struct volume_expansion larger = { .id = "pvc-1", .range.required_bytes = 2ULL << 30 };
	uint64_t bytes = 0;
	bool filesystem = false;
	unsigned *times = context;
	if ((*times)++ == 0 && volume_expand(scene.pools, &larger, &bytes, &filesystem, err) < 0)
		fail_msg("%s", err->text);
	return 0;
}

static void a_volume_that_grows_while_it_is_copied_makes_a_snapshot_of_the_new_size(void **state)
{
	struct error err = { 0 };
	struct snapshot_record record;
	struct volume_record restored;
	struct snapshot_spec spec = { .name = "snap-1", .source_volume = "pvc-1", .group = "" };
	unsigned times = 0;
	const struct copy_watch watch = { .look = grow_source, .context = &times };
	pool_scene_create(&scene, "pvc-1");
	assert_int_equal(snapshot_create(scene.pools, &spec, &watch, &record, &err), 0);
	assert_int_not_equal(times, 0);
	assert_int_equal(record.size_bytes, 2ULL << 30);
	assert_int_equal(restore("pvc-2", SOURCE_SNAPSHOT, "snap-1", 0, &restored, &err), 0);
	assert_int_equal(restored.size_bytes, 2ULL << 30);
}

static void a_volume_that_grows_while_it_is_cloned_is_not_cut_off(void **state)
{
	struct error err = { 0 };
	struct volume_record record;
	struct volume_spec spec = pool_scene_spec("pvc-2");
	unsigned times = 0;
	const struct copy_watch watch = { .look = grow_source, .context = &times };
	spec.range.required_bytes = 0;
	spec.source = (struct volume_source) { .kind = SOURCE_VOLUME, .id = "pvc-1" };
	spec.watch = &watch;
	pool_scene_create(&scene, "pvc-1");
	assert_int_equal(volume_create(scene.pools, &spec, &record, &err), -1);
	assert_int_not_equal(times, 0);
	assert_int_equal(err.code, ERROR_BUSY);
	assert_int_equal(volume_create(scene.pools, &spec, &record, &err), 0);
	assert_int_equal(record.size_bytes, 2ULL << 30);
}

static void a_restore_that_is_asked_for_again_is_found_when_its_snapshot_is_gone(void **state)
{
	struct error err = { 0 };
	struct volume_record record;
	struct volume_spec spec = pool_scene_spec("pvc-1");
	spec.fs_type = "xfs";
	assert_int_equal(volume_create(scene.pools, &spec, &record, &err), 0);
	assert_int_equal(snap("snap-1", "pvc-1", &err), 0);
	assert_int_equal(restore("pvc-2", SOURCE_SNAPSHOT, "snap-1", 0, &record, &err), 0);
	assert_string_equal(record.fs_type, "xfs");
	assert_int_equal(snapshot_delete(scene.pools, "snap-1", "", &err), 0);
	assert_int_equal(restore("pvc-2", SOURCE_SNAPSHOT, "snap-1", 0, &record, &err), 1);
}

static int open_image(const char *path)
{
	int fd = -1;
	assert_int_equal(folder_open_file(scene.pool->site.root_fd, path, O_RDWR, 0, &fd, NULL), 0);
	return fd;
}

/* By a program that outlived the plugin (disk/filesystem_grow.c). */
static void an_image_that_is_being_grown_is_not_copied(void **state)
{
	struct error err = { 0 };
	struct volume_record record;
	pool_scene_create(&scene, "pvc-1");
	int fd = open_image("volumes/pvc-1/image");
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(snap("snap-1", "pvc-1", &err), -1);
	assert_int_equal(err.code, ERROR_BUSY);
	assert_int_equal(restore("pvc-2", SOURCE_VOLUME, "pvc-1", 0, &record, &err), -1);
	assert_int_equal(err.code, ERROR_BUSY);
	close(fd);
	assert_int_equal(snap("snap-1", "pvc-1", &err), 0);
	assert_int_equal(restore("pvc-2", SOURCE_VOLUME, "pvc-1", 0, &record, &err), 0);
}

static void what_an_image_says_of_a_growth_that_was_killed_goes_with_its_copies(void **state)
{
	static const char mark[] = "trusted.kentledge.growing";
	struct error err = { 0 };
	struct volume_record record;
	pool_scene_create(&scene, "pvc-1");
	int fd = open_image("volumes/pvc-1/image");
	if (fsetxattr(fd, mark, "", 0, 0) < 0)
		skip(); /* a file system without, or nobody privileged */
	assert_int_equal(snap("snap-1", "pvc-1", &err), 0);
	assert_int_equal(restore("pvc-2", SOURCE_SNAPSHOT, "snap-1", 0, &record, &err), 0);
	assert_int_equal(fremovexattr(fd, mark), 0);
	close(fd);
	fd = open_image("volumes/pvc-2/image");
	assert_int_equal(fgetxattr(fd, mark, NULL, 0), 0);
	close(fd);
	assert_int_equal(restore("pvc-3", SOURCE_VOLUME, "pvc-1", 0, &record, &err), 0);
	fd = open_image("volumes/pvc-3/image");
	assert_true(fgetxattr(fd, mark, NULL, 0) < 0);
	close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_copy_that_could_not_be_finished_is_the_base_of_the_next_try),
		TEST(what_changed_much_while_it_was_copied_is_copied_before_it_is_held),
		TEST(a_snapshot_keeps_what_the_volume_held_and_outlives_it),
		TEST(names_and_sources_are_checked),
		TEST(a_mounted_volume_is_frozen_for_its_snapshot_and_goes_on),
		TEST(lists_by_pages_and_by_source),
		TEST(whatever_fails_or_is_killed_a_retry_makes_it_and_nothing_is_left),
		TEST(a_volume_is_made_of_a_snapshot_and_of_a_volume),
		TEST(a_source_must_be_there_and_fit),
		TEST(directories_are_copied_and_restored),
		TEST(the_books_are_the_same_after_a_restart),
		TEST(a_volume_that_grows_while_it_is_copied_makes_a_snapshot_of_the_new_size),
		TEST(a_volume_that_grows_while_it_is_cloned_is_not_cut_off),
		TEST(a_restore_that_is_asked_for_again_is_found_when_its_snapshot_is_gone),
		TEST(an_image_that_is_being_grown_is_not_copied),
		TEST(what_an_image_says_of_a_growth_that_was_killed_goes_with_its_copies),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
