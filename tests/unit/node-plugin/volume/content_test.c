/* SPDX-License-Identifier: Apache-2.0 */
#include "volume/content.h"

#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "assert_outcome.h"
#include "pool_scene.h"
#include "snapshot/create.h"
#include "snapshot/delete.h"
#include "test.h"

/* A disk that is slow, or fails between two looks, makes each opening of the source count. */
static struct pool_scene scene;
static int watch_fd;

static int set_up(void **state)
{
	pool_scene_init(&scene);
	watch_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	return watch_fd < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
	close(watch_fd);
	pool_scene_done(&scene);
	return 0;
}

static void watch(const char *folder)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/pool/%s", scene.folder, folder);
	assert_true(inotify_add_watch(watch_fd, path, IN_OPEN | IN_ONLYDIR) >= 0);
}

/* Of the watched folder itself: events of what lies in it carry a name. */
static unsigned count_openings(void)
{
	_Alignas(struct inotify_event) char data[65536];
	unsigned count = 0;
	ssize_t length = read(watch_fd, data, sizeof(data));
	for (ssize_t at = 0; at < length;) {
		struct inotify_event event;
		memcpy(&event, data + at, sizeof(event));
		assert_false(event.mask & IN_Q_OVERFLOW);
		count += event.len == 0;
		at += (ssize_t)(sizeof(event) + event.len);
	}
	return count;
}

static int make_of(enum volume_source_kind kind, const char *id)
{
	struct error err = { 0 };
	struct volume_record record;
	struct volume_spec spec = pool_scene_spec("pvc-2");
	spec.source.kind = kind;
	snprintf(spec.source.id, sizeof(spec.source.id), "%s", id);
	int outcome = volume_create(scene.pools, &spec, &record, &err);
	if (outcome < 0)
		fail_msg("%s", err.text);
	return outcome;
}

static void take_snapshot(void)
{
	struct error err = { 0 };
	struct snapshot_record record;
	const struct snapshot_spec spec = { .name = "snap-1",
					    .source_volume = "pvc-1",
					    .group = "" };
	assert_done(snapshot_create(scene.pools, &spec, NULL, &record, &err), &err);
}

static void the_volume_that_a_volume_is_made_of_is_opened_once(void **state)
{
	pool_scene_create(&scene, "pvc-1");
	watch("volumes/pvc-1");
	make_of(SOURCE_VOLUME, "pvc-1");
	assert_int_equal(count_openings(), 1);
}

static void the_snapshot_that_a_volume_is_made_of_is_opened_once(void **state)
{
	pool_scene_create(&scene, "pvc-1");
	take_snapshot();
	watch("snapshots/snap-1");
	make_of(SOURCE_SNAPSHOT, "snap-1");
	assert_int_equal(count_openings(), 1);
}

static void the_volume_that_a_snapshot_is_made_of_is_opened_once(void **state)
{
	pool_scene_create(&scene, "pvc-1");
	watch("volumes/pvc-1");
	take_snapshot();
	assert_int_equal(count_openings(), 1);
}

static void the_source_of_a_volume_that_is_there_is_not_opened(void **state)
{
	pool_scene_create(&scene, "pvc-1");
	make_of(SOURCE_VOLUME, "pvc-1");
	watch("volumes/pvc-1");
	assert_int_equal(make_of(SOURCE_VOLUME, "pvc-1"), 1);
	assert_int_equal(count_openings(), 0);
}

static void a_volume_that_is_there_is_opened_once_by_a_retry(void **state)
{
	pool_scene_create(&scene, "pvc-1");
	make_of(SOURCE_VOLUME, "pvc-1");
	watch("volumes/pvc-2");
	assert_int_equal(make_of(SOURCE_VOLUME, "pvc-1"), 1);
	assert_int_equal(count_openings(), 1);
}

/* Its file system is that of the source, which a retry can no longer ask. */
static void a_retry_finds_its_volume_when_the_source_is_gone(void **state)
{
	struct error err = { 0 };
	pool_scene_create(&scene, "pvc-1");
	take_snapshot();
	make_of(SOURCE_SNAPSHOT, "snap-1");
	assert_done(snapshot_delete(scene.pools, "snap-1", "", &err), &err);
	assert_int_equal(make_of(SOURCE_SNAPSHOT, "snap-1"), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(the_volume_that_a_volume_is_made_of_is_opened_once),
		TEST(the_snapshot_that_a_volume_is_made_of_is_opened_once),
		TEST(the_volume_that_a_snapshot_is_made_of_is_opened_once),
		TEST(the_source_of_a_volume_that_is_there_is_not_opened),
		TEST(a_volume_that_is_there_is_opened_once_by_a_retry),
		TEST(a_retry_finds_its_volume_when_the_source_is_gone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
