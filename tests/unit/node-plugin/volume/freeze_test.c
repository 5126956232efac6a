/* SPDX-License-Identifier: Apache-2.0 */
#include "volume/freeze.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "fake_host.h"
#include "folder/folder.h"
#include "test.h"

static char folder[64];
static int folder_fd = -1, intents_fd = -1, mount_fd = -1;
static struct fake_host *fake;

static int set_up(void **state)
{
	log_set_level(LOG_ERROR);
	strcpy(folder, "/tmp/kentledge-freeze-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	fake = fake_host_new();
	folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return folder_make(folder_fd, "freeze", 0700, &intents_fd, NULL) |
	       folder_make(folder_fd, "mount", 0700, &mount_fd, NULL);
}

static int tear_down(void **state)
{
	close(intents_fd);
	close(mount_fd);
	unlinkat(folder_fd, "freeze", AT_REMOVEDIR);
	unlinkat(folder_fd, "mount", AT_REMOVEDIR);
	close(folder_fd);
	fake_host_free(fake);
	return rmdir(folder); /* fails if an intent is left */
}

static struct freeze_target target(uint32_t limit_ms)
{
	return (struct freeze_target) {
		.host = &fake->host,
		.intents_fd = intents_fd,
		.id = "pvc-1",
		.mount_fd = mount_fd,
		.limit_ms = limit_ms,
	};
}

static bool is_noted(void)
{
	return faccessat(intents_fd, "pvc-1", F_OK, 0) == 0;
}

static void wait_ms(long ms)
{
	nanosleep(&(struct timespec) { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 }, NULL);
}

static void is_noted_while_frozen_and_forgotten_when_thawed(void **state)
{
	struct freeze_target t = target(10000);
	struct freeze *freeze = NULL;
	struct error err = { 0 };
	assert_int_equal(freeze_begin(&t, &freeze, &err), 0);
	assert_int_equal(fake_host_frozen_count(fake), 1);
	assert_true(is_noted());
	assert_int_equal(freeze_end(freeze, &err), 0);
	assert_int_equal(fake_host_frozen_count(fake), 0);
	assert_false(is_noted());
}

static void thaws_when_the_time_is_up_and_says_so_at_the_end(void **state)
{
	struct freeze_target t = target(30);
	struct freeze *freeze = NULL;
	struct error err = { 0 };
	assert_int_equal(freeze_begin(&t, &freeze, &err), 0);
	for (int i = 0; i < 500 && fake_host_frozen_count(fake); i++)
		wait_ms(10);
	assert_int_equal(fake_host_frozen_count(fake), 0);
	assert_int_equal(freeze_end(freeze, &err), -1);
	assert_int_equal(err.code, ERROR_TIMEOUT);
	assert_false(is_noted());
}

static void says_so_when_another_process_thawed_it(void **state)
{
	struct freeze_target t = target(10000);
	struct freeze *freeze = NULL;
	struct error err = { 0 };
	assert_int_equal(freeze_begin(&t, &freeze, &err), 0);
	assert_int_equal(fake->host.thaw(&fake->host, mount_fd, &err), 0);
	assert_int_equal(freeze_end(freeze, &err), -1);
	assert_int_equal(err.code, ERROR_TIMEOUT);
}

static void leaves_the_freeze_of_another_process_alone(void **state)
{
	struct freeze_target t = target(10000);
	struct freeze *freeze = NULL;
	struct error err = { 0 };
	assert_int_equal(fake->host.freeze(&fake->host, mount_fd, &err), 0);
	assert_int_equal(freeze_begin(&t, &freeze, &err), -1);
	assert_int_equal(err.code, ERROR_BUSY);
	assert_int_equal(fake_host_frozen_count(fake), 1);
	assert_false(is_noted());
	fake->host.thaw(&fake->host, mount_fd, &err);
}

static void a_freeze_that_fails_leaves_nothing(void **state)
{
	struct freeze_target t = target(10000);
	struct freeze *freeze = NULL;
	struct error err = { 0 };
	fake_host_fail_at(fake, 1);
	assert_int_equal(freeze_begin(&t, &freeze, &err), -1);
	assert_false(is_noted());
	assert_int_equal(fake_host_frozen_count(fake), 0);
}

static int find_mount(void *context, const char *id, int *ret_fd, struct error *err)
{
	assert_string_equal(id, "pvc-1");
	if (context)
		return 1;
	*ret_fd = dup(mount_fd);
	return 0;
}

static void fail_to_thaw(const struct freeze_target *t)
{
	struct freeze *freeze = NULL;
	struct error err = { 0 };
	assert_int_equal(freeze_begin(t, &freeze, &err), 0);
	fake_host_fail_at(fake, 1);
	assert_int_equal(freeze_end(freeze, &err), -1);
	assert_int_equal(err.code, ERROR_INTERNAL);
	assert_true(is_noted());
}

static void a_thaw_that_fails_is_done_at_the_next_start(void **state)
{
	struct freeze_target t = target(10000);
	struct error err = { 0 };
	unsigned thawed = 0;
	fail_to_thaw(&t);
	fake_host_fail_at(fake, 1);
	assert_int_equal(freeze_recover(&fake->host, intents_fd, find_mount, NULL, &thawed, &err),
			 -1);
	assert_true(is_noted());
	assert_int_equal(freeze_recover(&fake->host, intents_fd, find_mount, NULL, &thawed, &err),
			 0);
	assert_int_equal(thawed, 1);
	assert_int_equal(fake_host_frozen_count(fake), 0);
	assert_false(is_noted());
}

/* What is frozen then is not somebody else's. */
static void the_next_try_does_not_forget_what_was_not_thawed(void **state)
{
	struct freeze_target t = target(10000);
	struct freeze *freeze = NULL;
	struct error err = { 0 };
	unsigned thawed = 0;
	fail_to_thaw(&t);
	assert_int_equal(freeze_begin(&t, &freeze, &err), -1);
	assert_int_equal(err.code, ERROR_BUSY);
	assert_int_equal(freeze_recover(&fake->host, intents_fd, find_mount, NULL, &thawed, &err),
			 0);
	assert_int_equal(thawed, 1);
	assert_int_equal(fake_host_frozen_count(fake), 0);
	assert_false(is_noted());
}

static void an_intent_of_a_volume_that_is_not_mounted_is_forgotten(void **state)
{
	unsigned thawed = 0;
	struct error err = { 0 };
	close(openat(intents_fd, "pvc-1", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	assert_int_equal(freeze_recover(&fake->host, intents_fd, find_mount, folder, &thawed, &err),
			 0);
	assert_int_equal(thawed, 0);
	assert_false(is_noted());
}

static int freeze_and_end(void *context)
{
	struct freeze_target t = target(10000);
	struct freeze *freeze = NULL;
	struct error err = { 0 };
	return freeze_begin(&t, &freeze, &err) < 0 || freeze_end(freeze, &err) < 0;
}

static void a_process_that_is_killed_leaves_nothing_frozen_after_the_next_start(void **state)
{
	struct error err = { 0 };
	unsigned killed = 0;
	for (unsigned point = 0; point < 4; point++) {
		unsigned thawed = 0;
		int outcome = 0;
		fake_host_kill_at(fake, 1 + point / 2, point % 2 ? FAKE_AFTER : FAKE_BEFORE);
		killed += fake_host_run_child(fake, freeze_and_end, NULL, &outcome);
		assert_int_equal(
			freeze_recover(&fake->host, intents_fd, find_mount, NULL, &thawed, &err),
			0);
		assert_int_equal(fake_host_frozen_count(fake), 0);
		assert_false(is_noted());
	}
	assert_int_equal(killed, 4);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(is_noted_while_frozen_and_forgotten_when_thawed),
		TEST(thaws_when_the_time_is_up_and_says_so_at_the_end),
		TEST(says_so_when_another_process_thawed_it),
		TEST(leaves_the_freeze_of_another_process_alone),
		TEST(a_freeze_that_fails_leaves_nothing),
		TEST(a_thaw_that_fails_is_done_at_the_next_start),
		TEST(the_next_try_does_not_forget_what_was_not_thawed),
		TEST(an_intent_of_a_volume_that_is_not_mounted_is_forgotten),
		TEST(a_process_that_is_killed_leaves_nothing_frozen_after_the_next_start),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
