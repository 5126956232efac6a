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

#define LARGE_BYTES (2 << 20)

/* False: the file system gives the room of an emptied folder back. */
static bool make_emptied_folder(const struct pool *pool)
{
	struct stat after;
	char name[256];
	assert_int_equal(mkdirat(pool->trash_fd, "pvc-2.8", 0700), 0);
	CLEANUP_CLOSE int fd =
		openat(pool->trash_fd, "pvc-2.8", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	for (unsigned i = 0; i < LARGE_BYTES / 240; i++) {
		snprintf(name, sizeof(name), "%0240u", i);
		close(openat(fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	}
	for (unsigned i = 0; i < LARGE_BYTES / 240; i++) {
		snprintf(name, sizeof(name), "%0240u", i);
		assert_int_equal(unlinkat(fd, name, 0), 0);
	}
	assert_int_equal(fstat(fd, &after), 0);
	return after.st_size >= LARGE_BYTES;
}

/* ext4 reads each block of a folder that was large once, and a call must not wait for that. The
 * thread may be done before we look; not each time. */
static void an_emptied_folder_that_was_large_is_left_to_the_thread(void **state)
{
	struct pool *pool = pools_scene_pool(&scene, "bulk");
	bool was_busy = false;
	for (int i = 0; i < 5 && !was_busy; i++) {
		if (!make_emptied_folder(pool)) {
			print_message("the file system here shrinks folders\n");
			skip();
		}
		trash_remove(pool, "pvc-2.8");
		was_busy = trash_is_busy(pool);
		assert_true(trash_wait(pool, 60000));
		assert_int_equal(files_in(pool, "."), 0);
	}
	assert_true(was_busy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_plugin_that_stops_does_not_wait_for_the_rest_of_the_trash, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			an_emptied_folder_that_was_large_is_left_to_the_thread, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_trash_yields_unless_its_room_is_needed, set_up,
						tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
