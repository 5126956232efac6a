/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/trash.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "assert_outcome.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "folder/folder.h"
#include "pool/pool.h"
#include "pools_scene.h"
#include "test.h"

#define FILES 20000

static struct pools_scene scene;

static int set_up(void **state)
{
	pools_scene_init(&scene);
	pools_scene_open_both(&scene, 2);
	return 0;
}

static int tear_down(void **state)
{
	pools_scene_done(&scene);
	return 0;
}

static int count(void *context, const char *name, struct error *err)
{
	unsigned *found = context;
	*found += 1;
	return 0;
}

/* Of a folder in the trash; 0 if it is gone. */
static unsigned files_in(const struct pool *pool, const char *path)
{
	unsigned found = 0;
	CLEANUP_CLOSE int fd = openat(pool->trash_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		folder_visit(fd, count, &found, NULL);
	return found;
}

static void fill_trash(const struct pool *pool)
{
	assert_int_equal(mkdirat(pool->trash_fd, "pvc-1.7", 0700), 0);
	assert_int_equal(mkdirat(pool->trash_fd, "pvc-1.7/files", 0700), 0);
	for (unsigned i = 0; i < FILES; i++) {
		char name[64];
		snprintf(name, sizeof(name), "pvc-1.7/files/%u", i);
		CLEANUP_CLOSE int fd =
			openat(pool->trash_fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		assert_true(fd >= 0);
	}
}

static void a_plugin_that_stops_does_not_wait_for_the_rest_of_the_trash(void **state)
{
	fill_trash(pools_scene_pool(&scene, "bulk"));
	trash_empty_soon(pools_scene_pool(&scene, "bulk"));
	uint64_t begin_ms = clock_monotonic_ms();
	pools_scene_open_both(&scene, 2); /* after closing what was open */
	struct pool *pool = pools_scene_pool(&scene, "bulk");
	assert_true(clock_monotonic_ms() - begin_ms < 5000);
	assert_true(files_in(pool, "pvc-1.7/files") > FILES / 2);
	/* The next one goes on. */
	trash_empty_soon(pool);
	assert_true(trash_wait(pool, 60000));
	assert_int_equal(files_in(pool, "."), 0);
}

/* It rests as long as it works; a call that needs the room makes it go on without. */
static void the_trash_yields_unless_its_room_is_needed(void **state)
{
	struct pool *pool = pools_scene_pool(&scene, "bulk");
	fill_trash(pool);
	uint64_t begin_ms = clock_monotonic_ms();
	trash_empty_soon(pool);
	assert_true(trash_wait(pool, 60000));
	uint64_t hurried_ms = clock_monotonic_ms() - begin_ms;
	fill_trash(pool);
	begin_ms = clock_monotonic_ms();
	trash_empty_soon(pool);
	while (trash_is_busy(pool) && clock_monotonic_ms() - begin_ms < 60000)
		usleep(1000);
	assert_int_equal(files_in(pool, "."), 0);
	print_message("%d files: %llu ms in a hurry, %llu ms otherwise\n", FILES,
		      (unsigned long long)hurried_ms,
		      (unsigned long long)(clock_monotonic_ms() - begin_ms));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_plugin_that_stops_does_not_wait_for_the_rest_of_the_trash, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(the_trash_yields_unless_its_room_is_needed, set_up,
						tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
