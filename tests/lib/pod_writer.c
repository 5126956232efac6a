/* SPDX-License-Identifier: Apache-2.0 */
#include "pod_writer.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

pid_t pod_writer_start(const char *path)
{
	static char block[65536];
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid)
		return pid;
	int fd = open(path, O_WRONLY | O_CREAT, 0600);
	for (unsigned i = 0; fd >= 0; i++) {
		memset(block, 'a' + i % 26, sizeof(block));
		if (pwrite(fd, block, sizeof(block), i % 64 * (off_t)sizeof(block)) !=
			    (ssize_t)sizeof(block) ||
		    fdatasync(fd) < 0)
			_exit(1);
	}
	_exit(1);
}

void pod_writer_stop(pid_t pid)
{
	int status = 0;
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}
