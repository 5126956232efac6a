/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pause: the first process of every pod. It holds the pod's namespaces open and,
 * where they share process ids, buries the orphans of the other containers.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

static void wait_for_signals(const sigset_t *set)
{
	int got;

	while (sigwait(set, &got) == 0) {
		if (got != SIGCHLD)
			exit(0);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
}

int main(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	wait_for_signals(&set);
	return 1;
}
