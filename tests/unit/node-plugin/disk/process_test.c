/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/process.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "assert_outcome.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "disk/allowance.h"
#include "folder/copy.h"
#include "test.h"

static int run_watched(const char *script, uint32_t timeout_ms, const struct copy_watch *watch,
		       struct error *err)
{
	const char *argv[] = { "sh", "-c", script, NULL };
	CLEANUP_CLOSE int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	const struct process process = {
		.argv = argv,
		.kept_fd = fd,
		.timeout_ms = timeout_ms,
		.watch = watch,
	};
	return process_run(&process, err);
}

static int run(const char *script, uint32_t timeout_ms, struct error *err)
{
	return run_watched(script, timeout_ms, NULL, err);
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

static void a_program_that_was_killed_differs_from_one_that_failed(void **state)
{
	struct error err = { 0 };
	assert_int_equal(run("kill -9 $$", 5000, &err), -1);
	assert_refused(-1, ERROR_UNAVAILABLE, &err, "signal 9");
	assert_true(process_was_cut_short(&err));
}

static void a_program_that_is_not_there_is_named(void **state)
{
	struct error err = { 0 };
	const char *argv[] = { "mkfs.nosuchfs", NULL };
	const struct process process = { .argv = argv, .timeout_ms = 1000 };
	assert_int_equal(process_run(&process, &err), -1);
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

/* dd has one buffer, of 100 MiB. */
static void a_program_that_wants_too_much_memory_ends_with_what_to_do(void **state)
{
	struct error err = { 0 };
	assert_refused(run("exec dd if=/dev/zero of=/dev/null bs=100M count=1", 5000, &err),
		       ERROR_EXHAUSTED, &err, "the 64 MiB that it may have");
	assert_non_null(strstr(err.text, "by hand on the node"));
	assert_false(process_was_cut_short(&err));
	/* What is given back is there for the next one. */
	assert_done(run("dd if=/dev/zero of=/dev/null bs=1M count=1", 5000, &err), &err);
}

/* As parts of e2fsck do: by the signal alone, with more than half of what it may have in use. */
static void a_program_that_breaks_off_for_want_of_memory_is_recognised(void **state)
{
	struct error err = { 0 };
	assert_refused(
		run("x=$(head -c 25000000 /dev/zero | tr '\\0' x); kill -ABRT $$", 20000, &err),
		ERROR_EXHAUSTED, &err, "more memory");
	const char *argv[] = { "sh", "-c", "kill -ABRT $$", NULL };
	const struct process process = {
		.argv = argv,
		.timeout_ms = 5000,
		.memory_mib = PROCESS_MEMORY_MUCH_MIB,
	};
	assert_refused(process_run(&process, &err), ERROR_INTERNAL, &err, "signal 6");
}

static void a_label_that_says_memory_is_no_want_of_memory(void **state)
{
	struct error err = { 0 };
	assert_refused(run("echo 'memory: UNEXPECTED INCONSISTENCY'; exit 4", 5000, &err),
		       ERROR_INTERNAL, &err, "UNEXPECTED INCONSISTENCY");
	assert_refused(run("echo 'data: Memory allocation failed'; exit 8", 5000, &err),
		       ERROR_EXHAUSTED, &err, "more memory");
}

static void the_bound_of_one_program_can_be_higher(void **state)
{
	struct error err = { 0 };
	const char *argv[] = { "dd", "if=/dev/zero", "of=/dev/null", "bs=100M", "count=1", NULL };
	const struct process process = {
		.argv = argv,
		.timeout_ms = 5000,
		.memory_mib = PROCESS_MEMORY_MUCH_MIB,
	};
	assert_done(process_run(&process, &err), &err);
}

static void the_kernel_would_end_the_program_before_us(void **state)
{
	struct error err = { 0 };
	assert_done(run("test $(cat /proc/self/oom_score_adj) = 1000", 5000, &err), &err);
	assert_done(run("test $(ulimit -c) = 0", 5000, &err), &err);
}

static dev_t disk_of(int fd)
{
	struct stat st;
	assert_int_equal(fstat(fd, &st), 0);
	return st.st_dev;
}

static void programs_share_an_allowance_of_memory(void **state)
{
	struct error err = { 0 };
	uint64_t begin_ms = clock_monotonic_ms();
	const struct allowance_share most = { .mib = ALLOWANCE_MIB - PROCESS_MEMORY_MIB };
	const struct allowance_share little = { .mib = 1 };
	assert_done(allowance_take(&most, NULL, &err), &err);
	assert_done(run("true", 5000, &err), &err);
	assert_done(allowance_take(&little, NULL, &err), &err);
	assert_refused(run("true", 5000, &err), ERROR_BUSY, &err, "try again");
	assert_true(clock_monotonic_ms() - begin_ms < 20000);
	allowance_give(&most);
	allowance_give(&little);
	assert_done(run("true", 5000, &err), &err);
}

/* As programs that wait for a disk which does not answer: they keep what they have. */
static void a_disk_leaves_memory_for_a_check_on_another_one(void **state)
{
	struct error err = { 0 };
	CLEANUP_CLOSE int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	const struct allowance_share check = { .mib = PROCESS_MEMORY_MUCH_MIB,
					       .disk = disk_of(null_fd) };
	const struct allowance_share make = { .mib = PROCESS_MEMORY_MIB, .disk = check.disk };
	const struct allowance_share other = { .mib = PROCESS_MEMORY_MUCH_MIB,
					       .disk = check.disk + 1 };
	allowance_leave_some(true);
	assert_done(allowance_take(&check, NULL, &err), &err);
	assert_done(allowance_take(&make, NULL, &err), &err);
	assert_refused(allowance_take(&check, NULL, &err), ERROR_BUSY, &err, "this disk");
	assert_refused(run("true", 5000, &err), ERROR_BUSY, &err, "this disk");
	assert_done(allowance_take(&other, NULL, &err), &err);
	allowance_give(&other);
	allowance_leave_some(false);
	assert_done(allowance_take(&check, NULL, &err), &err);
	allowance_give(&check);
	allowance_give(&check);
	allowance_give(&make);
}

static void what_a_program_wrote_is_reported_in_printable_ascii(void **state)
{
	struct error err = { 0 };
	assert_int_equal(run("printf 'a\\377\\177\\001\\303\\251z' >&2; exit 1", 5000, &err), -1);
	assert_non_null(strstr(err.text, "a?? ??z"));
}

struct wish {
	unsigned looks;
	unsigned looks_max;
};

static int look(void *context, uint64_t done_bytes, struct error *err)
{
	struct wish *wish = context;
	if (wish->looks++ < wish->looks_max)
		return 0;
	return error_set(err, ERROR_CANCELLED, "not wanted");
}

static void a_program_that_is_no_longer_wanted_is_ended(void **state)
{
	struct error err = { 0 };
	struct wish wish = { .looks_max = 3 };
	const struct copy_watch watch = { .look = look, .context = &wish };
	uint64_t begin_ms = clock_monotonic_ms();
	assert_refused(run_watched("sleep 30 & sleep 30", 60000, &watch, &err), ERROR_CANCELLED,
		       &err, "not wanted");
	assert_true(process_was_cut_short(&err));
	assert_true(clock_monotonic_ms() - begin_ms < 5000);
	/* Nor is it begun. */
	assert_refused(run_watched("exit 3", 60000, &watch, &err), ERROR_CANCELLED, &err,
		       "not wanted");
}

static void a_program_may_leave_things_in_order_before_it_ends(void **state)
{
	struct error err = { 0 };
	struct wish wish = { .looks_max = 3 };
	const struct copy_watch watch = { .look = look, .context = &wish };
	char path[] = "/tmp/kentledge-order-XXXXXX";
	char script[256];
	CLEANUP_CLOSE int fd = mkostemp(path, O_CLOEXEC);
	snprintf(script, sizeof(script),
		 "trap 'sleep 0.3; echo done >%s; exit' TERM; sleep 30 & wait", path);
	assert_refused(run_watched(script, 60000, &watch, &err), ERROR_CANCELLED, &err, "wanted");
	char word[8] = "";
	assert_int_equal(pread(fd, word, sizeof(word) - 1, 0), 5);
	assert_string_equal(word, "done\n");
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_program_that_ends_well_is_silent),
		cmocka_unit_test(what_a_failing_program_said_stands_in_the_error_on_one_line),
		cmocka_unit_test(a_program_that_says_too_much_is_cut_and_not_blocked),
		cmocka_unit_test(a_program_that_hangs_is_ended_with_its_children),
		cmocka_unit_test(a_program_that_was_killed_differs_from_one_that_failed),
		cmocka_unit_test(a_program_that_is_not_there_is_named),
		cmocka_unit_test(a_program_gets_the_kept_descriptor_and_no_other_of_ours),
		cmocka_unit_test(a_program_that_wants_too_much_memory_ends_with_what_to_do),
		cmocka_unit_test(a_program_that_breaks_off_for_want_of_memory_is_recognised),
		cmocka_unit_test(a_label_that_says_memory_is_no_want_of_memory),
		cmocka_unit_test(the_bound_of_one_program_can_be_higher),
		cmocka_unit_test(the_kernel_would_end_the_program_before_us),
		cmocka_unit_test(programs_share_an_allowance_of_memory),
		cmocka_unit_test(a_disk_leaves_memory_for_a_check_on_another_one),
		cmocka_unit_test(what_a_program_wrote_is_reported_in_printable_ascii),
		cmocka_unit_test(a_program_that_is_no_longer_wanted_is_ended),
		cmocka_unit_test(a_program_may_leave_things_in_order_before_it_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
