/* SPDX-License-Identifier: Apache-2.0 */
#include "base/stop.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

/* The exit status of a child that waits to be stopped while `thread` runs in it. */
static int stopped_by(void *(*thread)(void *))
{
	pid_t pid = fork();
	if (pid == 0) {
		stop_init();
		pthread_t id;
		pthread_create(&id, NULL, thread, NULL);
		_exit(stop_wait());
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void *send_sigterm(void *unused)
{
	kill(getpid(), SIGTERM);
	return unused;
}

static void *request_with_a_reason(void *unused)
{
	stop_request(3);
	stop_request(4);
	return unused;
}

static void a_signal_ends_the_program_in_good_order(void **state)
{
	assert_int_equal(stopped_by(send_sigterm), 0);
}

static void the_first_reason_to_stop_becomes_the_exit_status(void **state)
{
	assert_int_equal(stopped_by(request_with_a_reason), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_signal_ends_the_program_in_good_order),
		cmocka_unit_test(the_first_reason_to_stop_becomes_the_exit_status),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
