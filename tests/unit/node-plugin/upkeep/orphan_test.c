/* SPDX-License-Identifier: Apache-2.0 */
#include "upkeep/orphan.h"

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/metric.h"
#include "base/text.h"
#include "pool_scene.h"
#include "test.h"
#include "volume/create.h"
#include "volume/delete.h"
#include "volume/stage.h"

static struct pool_scene scene;

static const char *path_of(const char *name)
{
	static char path[PATH_MAX + 256];
	snprintf(path, sizeof(path), "%s/%s", scene.pool->site.path, name);
	return path;
}

static void make_folder(const char *name)
{
	assert_int_equal(mkdir(path_of(name), 0700), 0);
}

static void make_file(const char *name, const char *text)
{
	CLEANUP_CLOSE int fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static struct orphans find(int64_t started_s)
{
	struct orphan_search search = { .pools = scene.pools, .started_s = started_s };
	struct orphans orphans = { 0 };
	struct error err = { 0 };
	orphans_find_in(&search, scene.pool, &orphans);
	if (orphans_find_mounted(&search, &orphans, &err) < 0)
		fail_msg("%s", err.text);
	return orphans;
}

static bool has(const struct orphans *orphans, enum orphan_kind kind, const char *name)
{
	struct orphan orphan = { .kind = kind, .path = (char *)path_of(name) };
	return orphans_have(orphans, &orphan);
}

static void a_pool_in_order_has_none(void **state)
{
	pool_scene_create(&scene, "pvc-1");
	CLEANUP_ORPHANS struct orphans orphans = find(0);
	assert_int_equal(orphans.count, 0);
}

static void each_kind_is_found_and_left_where_it_is(void **state)
{
	pool_scene_create(&scene, "pvc-1");
	pool_scene_create(&scene, "pvc-2");
	make_folder("volumes/pvc-3");
	make_file("volumes/pvc-3/image", "data of somebody");
	make_file("volumes/pvc-1/record", "no record");
	assert_int_equal(unlink(path_of("volumes/pvc-2/image")), 0);
	make_file("volumes/stray", "");
	make_folder("volumes/Upper");
	make_folder("tmp/pvc-4.1");
	CLEANUP_ORPHANS struct orphans orphans = find(clock_wall_s() + 10);
	assert_true(has(&orphans, ORPHAN_NO_RECORD, "volumes/pvc-3"));
	assert_true(has(&orphans, ORPHAN_BAD_RECORD, "volumes/pvc-1"));
	assert_true(has(&orphans, ORPHAN_NO_DATA, "volumes/pvc-2"));
	assert_true(has(&orphans, ORPHAN_STRAY, "volumes/stray"));
	assert_true(has(&orphans, ORPHAN_STRAY, "volumes/Upper"));
	assert_true(has(&orphans, ORPHAN_HALF_MADE, "tmp/pvc-4.1"));
	assert_int_equal(orphans.count, 6);
	assert_int_equal(access(path_of("volumes/pvc-3/image"), F_OK), 0);
	assert_int_equal(rmdir(path_of("tmp/pvc-4.1")), 0);
}

static void what_this_process_makes_is_none(void **state)
{
	make_folder("tmp/pvc-4.1");
	CLEANUP_ORPHANS struct orphans orphans = find(clock_wall_s() - 10);
	assert_int_equal(orphans.count, 0);
	assert_int_equal(rmdir(path_of("tmp/pvc-4.1")), 0);
}

static struct fake_mount *mount_at(const char *point)
{
	for (size_t i = 0; i < FAKE_MOUNTS_MAX; i++)
		if (scene.fake->mounts[i].id && strcmp(scene.fake->mounts[i].point, point) == 0)
			return &scene.fake->mounts[i];
	fail_msg("nothing is mounted at %s", point);
	return NULL;
}

static bool has_mount(enum orphan_kind kind, const char *kubelet_folder)
{
	struct orphan_search search = { .pools = scene.pools, .kubelet_folder = kubelet_folder };
	struct orphan mount = { .kind = kind, .path = scene.staging };
	CLEANUP_ORPHANS struct orphans orphans = { 0 };
	struct error err = { 0 };
	assert_int_equal(orphans_find_mounted(&search, &orphans, &err), 0);
	return orphans_have(&orphans, &mount);
}

/* As the kernel shows a folder that was renamed, and one that was removed. */
static void mounts_of_directories_are_found_like_those_of_images(void **state)
{
	struct volume_spec spec = pool_scene_spec("pvc-1");
	struct volume_record record;
	struct error err = { 0 };
	char root[sizeof(mount_at(scene.staging)->root)];
	spec.parameters.backend = BACKEND_DIRECTORY;
	spec.parameters.enforce = false;
	assert_int_equal(volume_create(scene.pools, &spec, &record, &err), 0);
	assert_int_equal(
		volume_stage(scene.pools, "pvc-1", scene.staging, &pool_scene_writer, &err), 0);
	assert_false(has_mount(ORPHAN_MOUNT_OUTSIDE, scene.folder));
	assert_false(has_mount(ORPHAN_MOUNT_GONE, scene.folder));
	assert_true(has_mount(ORPHAN_MOUNT_OUTSIDE, "/var/lib/elsewhere"));
	struct fake_mount *mount = mount_at(scene.staging);
	strcpy(root, mount->root);
	strcat(mount->root, "//deleted");
	assert_true(has_mount(ORPHAN_MOUNT_GONE, scene.folder));
	strcpy(mount->root, scene.pool->site.path);
	strcat(mount->root, "/trash/pvc-1.7/data");
	assert_true(has_mount(ORPHAN_MOUNT_GONE, scene.folder));
	strcpy(mount->root, root);
	assert_int_equal(volume_unstage(scene.pools, "pvc-1", scene.staging, &err), 0);
}

static bool metrics_say(const char *line)
{
	CLEANUP_TEXT struct text text = TEXT_INIT;
	metric_render(&text);
	return strstr(text_string(&text), line) != NULL;
}

static void metrics_tell_how_many_there_are(void **state)
{
	make_folder("volumes/pvc-3");
	CLEANUP_ORPHANS struct orphans none = { 0 };
	CLEANUP_ORPHANS struct orphans orphans = find(0);
	orphans_report(&none, &orphans);
	assert_true(metrics_say("kentledge_orphans{kind=\"no_record\"} 1\n"));
	assert_true(metrics_say("kentledge_orphans{kind=\"loop\"} 0\n"));
	orphans_report(&orphans, &none);
	assert_true(metrics_say("kentledge_orphans{kind=\"no_record\"} 0\n"));
}

static atomic_bool is_over;

static void *make_and_delete(void *context)
{
	struct error *err = context;
	struct volume_record record;
	struct volume_spec spec = pool_scene_spec("pvc-1");
	for (unsigned round = 0; round < 500 && err->code == ERROR_NONE; round++)
		if (volume_create(scene.pools, &spec, &record, err) == 0)
			volume_delete(scene.pools, "pvc-1", err);
	is_over = true;
	return NULL;
}

static void what_is_just_being_deleted_is_none(void **state)
{
	pthread_t thread;
	struct error err = { 0 };
	CLEANUP_FREE char *found = NULL;
	is_over = false;
	assert_int_equal(pthread_create(&thread, NULL, make_and_delete, &err), 0);
	while (!is_over) {
		CLEANUP_ORPHANS struct orphans orphans = find(0);
		if (orphans.count && !found)
			found = must_printf("%d %s", orphans.items[0].kind, orphans.items[0].path);
	}
	pthread_join(thread, NULL);
	assert_string_equal(err.text, "");
	if (found)
		fail_msg("%s", found);
}

static int begin(void **state)
{
	pool_scene_init(&scene);
	return 0;
}

static int end(void **state)
{
	pool_scene_done(&scene);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_pool_in_order_has_none, begin, end),
		cmocka_unit_test_setup_teardown(each_kind_is_found_and_left_where_it_is, begin,
						end),
		cmocka_unit_test_setup_teardown(what_this_process_makes_is_none, begin, end),
		cmocka_unit_test_setup_teardown(what_is_just_being_deleted_is_none, begin, end),
		cmocka_unit_test_setup_teardown(
			mounts_of_directories_are_found_like_those_of_images, begin, end),
		cmocka_unit_test_setup_teardown(metrics_tell_how_many_there_are, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
