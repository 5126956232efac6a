/* SPDX-License-Identifier: Apache-2.0 */
#include "base/stop.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

static atomic_bool requested;
static atomic_int status;
static sigset_t signals;

void stop_init(void)
{
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGUSR1); /* stop_request()'s own */
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
}

int stop_wait(void)
{
	int number;
	do {
		if (sigwait(&signals, &number) != 0)
			break;
	} while (number == SIGUSR1 && !requested);
	requested = true;
	return status;
}

bool stop_is_requested(void)
{
	sigset_t pending;
	if (requested)
		return true;
	return sigpending(&pending) == 0 &&
	       (sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1);
}

void stop_request(int exit_status)
{
	int none = 0;
	if (exit_status)
		atomic_compare_exchange_strong(&status, &none, exit_status);
	requested = true;
	kill(getpid(), SIGUSR1);
}
