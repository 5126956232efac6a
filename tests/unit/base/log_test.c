/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "test.h"

static int pipe_fds[2];
static char line[4096];

static int catch_lines(void **state)
{
	assert_int_equal(pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK), 0);
	log_set_fd(pipe_fds[1]);
	return 0;
}

static int release_lines(void **state)
{
	log_set_fd(-1);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	return 0;
}

/* What was logged since the last call, without the time in front. */
static const char *logged(void)
{
	ssize_t n = read(pipe_fds[0], line, sizeof(line) - 1);
	line[n < 0 ? 0 : n] = '\0';
	const char *rest = strchr(line, ' ');
	return rest ? rest + 1 : "";
}

static void writes_one_line_of_fields_for_an_event(void **state)
{
	log_info("volume created", LOG_TEXT("volume", "pvc-1"), LOG_UINT("size_bytes", 1 << 30),
		 LOG_INT("delta", -3), LOG_NAME("claim", "default", "www-web-0"));
	assert_string_equal(logged(), "level=info event=\"volume created\" volume=pvc-1 "
				      "size_bytes=1073741824 delta=-3 claim=default/www-web-0\n");
}

static void leaves_out_a_field_without_a_value(void **state)
{
	log_warning("slow", LOG_TEXT("node", NULL), LOG_UINT("n", 0));
	assert_string_equal(logged(), "level=warning event=slow n=0\n");
}

static void no_value_can_forge_a_line_or_a_field(void **state)
{
	log_error("refused", LOG_TEXT("name", "a\nlevel=info event=\"x\" \x1b\\"),
		  LOG_TEXT("empty", ""));
	assert_string_equal(logged(),
			    "level=error event=refused "
			    "name=\"a\\nlevel=info event=\\\"x\\\" \\x1b\\\\\" empty=\"\"\n");
}

/* As of an annotation, which may have a quarter of a megabyte. */
static void a_value_of_any_length_gives_a_line_of_bounded_length(void **state)
{
	static char long_value[256 << 10];
	memset(long_value, 'x', sizeof(long_value) - 1);
	log_info("given up", LOG_TEXT("node", long_value), LOG_UINT("n", 1));
	const char *text = logged();
	assert_in_range(strlen(text), 2048, 2200);
	assert_string_equal(text + strlen(text) - strlen("x…\" n=1\n"), "x…\" n=1\n");
}

static void names_the_error(void **state)
{
	struct error err;
	error_set(&err, ERROR_EXHAUSTED, "pool is full");
	log_error("volume not created", LOG_TEXT("volume", "v"), LOG_ERR(&err));
	assert_string_equal(logged(), "level=error event=\"volume not created\" volume=v "
				      "code=EXHAUSTED error=\"pool is full\"\n");
}

static void keeps_quiet_below_its_level(void **state)
{
	log_debug("detail");
	assert_string_equal(logged(), "");
	enum log_level level;
	assert_int_equal(log_parse_level("debug", &level), 0);
	log_set_level(level);
	log_debug("detail");
	assert_string_equal(logged(), "level=debug event=detail\n");
	log_set_level(LOG_INFO);
	assert_int_equal(log_parse_level("loud", &level), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_one_line_of_fields_for_an_event),
		cmocka_unit_test(leaves_out_a_field_without_a_value),
		cmocka_unit_test(no_value_can_forge_a_line_or_a_field),
		cmocka_unit_test(a_value_of_any_length_gives_a_line_of_bounded_length),
		cmocka_unit_test(names_the_error),
		cmocka_unit_test(keeps_quiet_below_its_level),
	};
	return cmocka_run_group_tests(tests, catch_lines, release_lines);
}
