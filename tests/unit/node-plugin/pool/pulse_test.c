/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/pulse.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "assert_outcome.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "pool/opening.h"
#include "pool/pools_open.h"
#include "pools_scene.h"
#include "record/layout.h"
#include "test.h"
#include "volume/create.h"
#include "volume/volume.h"

#define GIB (1ULL << 30)
#define SOON_MS (PULSE_PATIENCE_MS / 2)
#define RECORD_MAX 4096

static struct pools_scene scene;
static char label[192], kept[224];

static int set_up(void **state)
{
	pools_scene_init(&scene);
	scene.visits_max = 4;
	pools_scene_open_both(&scene, 2);
	snprintf(label, sizeof(label), "%s/" LAYOUT_LABEL, scene.bulk_path);
	snprintf(kept, sizeof(kept), "%s.kept", label);
	return 0;
}

/* The label becomes a FIFO: open(2) for reading waits until a process opens it for writing. */
static void hang_bulk(void)
{
	assert_int_equal(rename(label, kept), 0);
	assert_int_equal(mkfifo(label, 0600), 0);
}

/* Who waits for the label gets it. */
static void answer(void)
{
	char text[RECORD_MAX];
	CLEANUP_CLOSE int kept_fd = open(kept, O_RDONLY | O_CLOEXEC);
	CLEANUP_CLOSE int fd = open(label, O_WRONLY | O_CLOEXEC);
	ssize_t length = read(kept_fd, text, sizeof(text));
	assert_true(length > 0 && fd >= 0);
	assert_int_equal(rename(kept, label), 0);
	/* The pulse does not wait for the text, once the label can be opened. */
	ssize_t written = write(fd, text, (size_t)length);
	(void)written;
}

static int tear_down(void **state)
{
	if (access(kept, F_OK) == 0)
		answer();
	pools_scene_done(&scene);
	return 0;
}

static int create(const char *name, const char *pool, struct error *err)
{
	struct volume_record record;
	struct volume_spec spec = {
		.name = name,
		.range = { .required_bytes = GIB },
		.parameters = { .backend = BACKEND_LOOP, .enforce = true, .pool = pool },
		.fs_type = "",
	};
	return volume_create(scene.pools, &spec, &record, err);
}

static void wait_until_the_last_answer_is_old(void)
{
	usleep(2 * PULSE_AGE_MS * 1000);
}

static void a_silent_disk_is_refused_at_once_until_it_answers(void **state)
{
	struct error err = { 0 };
	struct pool *bulk = pools_scene_pool(&scene, "bulk");
	assert_done(create("pvc-1", "bulk", &err), &err);
	hang_bulk();
	wait_until_the_last_answer_is_old();
	assert_refused(pool_pulse_ask(bulk->pulse, &err), ERROR_UNAVAILABLE, &err,
		       "pool bulk: its disk does not answer");
	assert_true(pool_pulse_is_silent(bulk->pulse));
	uint64_t begin_ms = clock_monotonic_ms();
	assert_refused(create("pvc-2", "bulk", &err), ERROR_UNAVAILABLE, &err, "pool bulk: ");
	assert_done(create("pvc-3", NULL, &err), &err);
	assert_refused(pools_check_missing(scene.pools, 2, NULL, &err), ERROR_UNAVAILABLE, &err,
		       "pool bulk: ");
	assert_done(pools_check(scene.pools, &err), &err);
	assert_true(clock_monotonic_ms() - begin_ms < SOON_MS);
	answer();
	for (unsigned i = 0; i < 1000 && pool_pulse_is_silent(bulk->pulse); i++)
		usleep(1000);
	assert_done(pool_pulse_ask(bulk->pulse, &err), &err);
	assert_done(create("pvc-2", "bulk", &err), &err);
	assert_done(pools_check_missing(scene.pools, 2, NULL, &err), &err);
}

static void volumes_of_the_other_pools_are_listed_meanwhile(void **state)
{
	struct error err = { 0 };
	size_t count = 0;
	bool more = false;
	CLEANUP_FREE struct volume_record *records = NULL;
	assert_done(create("pvc-1", "bulk", &err), &err);
	assert_done(create("pvc-2", "fast", &err), &err);
	hang_bulk();
	wait_until_the_last_answer_is_old();
	assert_done(volume_list(scene.pools, "", 10, &records, &count, &more, &err), &err);
	assert_int_equal(count, 1);
	assert_string_equal(records[0].id, "pvc-2");
}

/* The whole set is opened while the label of bulk cannot be read. */
static void a_pool_that_does_not_answer_at_start_is_missing_until_it_does(void **state)
{
	struct error err = { 0 };
	struct volume_record record;
	assert_done(create("pvc-1", "bulk", &err), &err);
	assert_done(create("pvc-2", "fast", &err), &err);
	pools_close(TAKE(scene.pools));
	hang_bulk();
	pools_scene_open_both(&scene, 1);
	assert_true(pools_are_opening(scene.pools));
	assert_done(volume_find(scene.pools, "pvc-2", &record, &err), &err);
	assert_refused(volume_find(scene.pools, "pvc-1", &record, &err), ERROR_UNAVAILABLE, &err,
		       "pool bulk is missing: its disk does not answer");
	assert_refused(create("pvc-3", "bulk", &err), ERROR_UNAVAILABLE, &err,
		       "pool bulk is missing");
	assert_int_equal(pools_look_again(scene.pools), 0);
	answer();
	for (unsigned i = 0; i < 10 && pools_are_opening(scene.pools); i++)
		pools_look_again(scene.pools);
	assert_int_equal(scene.pools->count, 2);
	assert_done(volume_find(scene.pools, "pvc-1", &record, &err), &err);
	assert_done(create("pvc-3", "bulk", &err), &err);
}

/* Another disk was mounted in its place, which only the answer tells. */
static void another_pool_that_answers_late_is_not_taken_for_it(void **state)
{
	struct error err = { 0 };
	char text[RECORD_MAX] = "", known[POOL_LABEL_ID_LENGTH + 1];
	strcpy(known, pools_scene_pool(&scene, "bulk")->label.id);
	pools_close(TAKE(scene.pools));
	CLEANUP_CLOSE int fd = open(label, O_RDWR | O_CLOEXEC);
	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	char *id = strstr(text, known);
	assert_non_null(id);
	id[0] = id[0] == '0' ? '1' : '0';
	assert_true(pwrite(fd, text, strlen(text), 0) > 0);
	hang_bulk();
	pools_scene_open_both(&scene, 1);
	answer();
	for (unsigned i = 0; i < 10 && pools_are_opening(scene.pools); i++)
		pools_look_again(scene.pools);
	assert_int_equal(pools_look_again(scene.pools), 0);
	assert_int_equal(scene.pools->count, 1);
	assert_refused(pools_check_missing(scene.pools, 1, "bulk", &err), ERROR_UNAVAILABLE, &err,
		       "pool bulk is missing");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	const struct CMUnitTest tests[] = {
		TEST(a_silent_disk_is_refused_at_once_until_it_answers),
		TEST(volumes_of_the_other_pools_are_listed_meanwhile),
		TEST(a_pool_that_does_not_answer_at_start_is_missing_until_it_does),
		TEST(another_pool_that_answers_late_is_not_taken_for_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
