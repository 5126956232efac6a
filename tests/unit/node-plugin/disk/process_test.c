/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/process.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "test.h"

static int run(const char *script, uint32_t timeout_ms, struct error *err)
{
	const char *argv[] = { "sh", "-c", script, NULL };
	CLEANUP_CLOSE int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	return process_run(argv, fd, timeout_ms, err);
}

static void a_program_that_ends_well_is_silent(void **state)
{
	struct error err = { 0 };
	assert_int_equal(run("echo words; exit 0", 5000, &err), 0);
	assert_int_equal(err.code, ERROR_NONE);
}

static void what_a_failing_program_said_stands_in_the_error_on_one_line(void **state)
{
	struct error err = { 0 };
	assert_int_equal(run("echo one >&2; echo two; exit 3", 5000, &err), -1);
	assert_non_null(strstr(err.text, "status 3"));
	assert_non_null(strstr(err.text, "one two"));
	assert_null(strchr(err.text, '\n'));
}

static void a_program_that_says_too_much_is_cut_and_not_blocked(void **state)
{
	struct error err = { 0 };
	assert_int_equal(run("head -c 300000 /dev/zero | tr '\\0' x; exit 1", 10000, &err), -1);
	assert_non_null(strstr(err.text, "status 1"));
}

static void a_program_that_hangs_is_ended_with_its_children(void **state)
{
	struct error err = { 0 };
	uint64_t begin = clock_monotonic_ms();
	assert_int_equal(run("sleep 30 & sleep 30", 100, &err), -1);
	assert_int_equal(err.code, ERROR_TIMEOUT);
	assert_true(clock_monotonic_ms() - begin < 5000);
}

static void a_program_that_was_killed_is_told_from_one_that_failed(void **state)
{
	struct error err = { 0 };
	assert_int_equal(run("kill -9 $$", 5000, &err), -1);
	assert_non_null(strstr(err.text, "signal 9"));
}

static void a_program_that_is_not_there_is_named(void **state)
{
	struct error err = { 0 };
	const char *argv[] = { "mkfs.nosuchfs", NULL };
	assert_int_equal(process_run(argv, 0, 1000, &err), -1);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
	assert_non_null(strstr(err.text, "mkfs.nosuchfs"));
}

static void a_program_gets_the_kept_descriptor_and_no_other_of_ours(void **state)
{
	struct error err = { 0 };
	CLEANUP_CLOSE int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	CLEANUP_CLOSE int other = fcntl(null_fd, F_DUPFD_CLOEXEC, 200);
	assert_int_equal(other, 200);
	assert_int_equal(run("test -e /proc/$$/fd/3 || exit 1; test ! -e /proc/$$/fd/200 || exit 2",
			     5000, &err),
			 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_program_that_ends_well_is_silent),
		cmocka_unit_test(what_a_failing_program_said_stands_in_the_error_on_one_line),
		cmocka_unit_test(a_program_that_says_too_much_is_cut_and_not_blocked),
		cmocka_unit_test(a_program_that_hangs_is_ended_with_its_children),
		cmocka_unit_test(a_program_that_was_killed_is_told_from_one_that_failed),
		cmocka_unit_test(a_program_that_is_not_there_is_named),
		cmocka_unit_test(a_program_gets_the_kept_descriptor_and_no_other_of_ours),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
