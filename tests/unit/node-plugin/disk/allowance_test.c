/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/allowance.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test.h"

static int check(const char *text, struct error *err)
{
	char path[] = "/tmp/memory-max-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	int outcome = allowance_check_limit(path, err);
	unlink(path);
	return outcome;
}

static void a_limit_that_leaves_too_little_is_named(void **state)
{
	struct error err = { 0 };
	assert_int_equal(check("134217728\n", &err), -1); /* 128 MiB, as before 0.1.0 */
	assert_int_equal(err.code, ERROR_EXHAUSTED);
	assert_non_null(strstr(err.text, "128 MiB"));
	assert_non_null(strstr(err.text, "704Mi"));
}

static void a_limit_that_is_large_enough_and_none_are_fine(void **state)
{
	struct error err = { 0 };
	assert_int_equal(check("738197504\n", &err), 0); /* 704 MiB */
	assert_int_equal(check("max\n", &err), 0);
	assert_int_equal(allowance_check_limit("/nonexistent/memory.max", &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_limit_that_leaves_too_little_is_named),
		cmocka_unit_test(a_limit_that_is_large_enough_and_none_are_fine),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
