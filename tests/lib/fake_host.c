/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_host.h"

#include <assert.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake_parts.h"

#define KILLED_STATUS 137

struct fake_host *fake_of(struct host *host)
{
	return (struct fake_host *)host;
}

/* Begins a step: fails it, or ends the process before its effect. */
int fake_begin_step(struct fake_host *fake, const char *what, struct error *err)
{
	fake->steps++;
	if (fake->steps == fake->kill_at && fake->kill_moment == FAKE_BEFORE)
		_exit(KILLED_STATUS);
	if (fake->steps == fake->fail_at)
		return error_set(err, ERROR_INTERNAL, "%s: failed on purpose", what);
	return 0;
}

int fake_end_step(struct fake_host *fake)
{
	if (fake->steps == fake->kill_at && fake->kill_moment == FAKE_AFTER)
		_exit(KILLED_STATUS);
	return 0;
}

void fake_path_of(int fd, char path[static PATH_MAX])
{
	char link[64];
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t length = readlink(link, path, PATH_MAX - 1);
	assert(length > 0);
	path[length] = '\0';
}

static int check(struct host *host, struct error *err)
{
	return 0;
}

struct fake_host *fake_host_new(void)
{
	struct fake_host *fake = mmap(NULL, sizeof(*fake), PROT_READ | PROT_WRITE,
				      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert(fake != MAP_FAILED);
	fake_mounts_fill(&fake->host);
	fake_loops_fill(&fake->host);
	fake_filesystems_fill(&fake->host);
	fake_quotas_fill(&fake->host);
	fake->host.check = check;
	fake->usage = (struct host_usage) {
		.total_bytes = 100ULL << 30,
		.available_bytes = 100ULL << 30,
		.total_inodes = 1000000,
		.available_inodes = 1000000,
	};
	fake->mounts[0] = (struct fake_mount) {
		.id = 1,
		.major = 8,
		.minor = 1,
		.root = "/",
		.point = "/",
		.options = "rw",
		.type = "ext4",
		.source = "/dev/sda1",
	};
	fake->next_id = 2;
	return fake;
}

void fake_host_free(struct fake_host *fake)
{
	if (fake)
		munmap(fake, sizeof(*fake));
}

void fake_host_fail_at(struct fake_host *fake, unsigned step)
{
	fake->fail_at = step ? fake->steps + step : 0;
}

void fake_host_kill_at(struct fake_host *fake, unsigned step, enum fake_moment moment)
{
	fake->kill_at = step ? fake->steps + step : 0;
	fake->kill_moment = moment;
}

bool fake_host_run_child(struct fake_host *fake, int (*function)(void *context), void *context,
			 int *ret_outcome)
{
	fflush(NULL);
	pid_t pid = fork();
	assert(pid >= 0);
	if (pid == 0)
		_exit(function(context) & 0x7f);
	int status = 0;
	pid_t waited = waitpid(pid, &status, 0);
	assert(waited == pid && WIFEXITED(status));
	fake->kill_at = 0;
	*ret_outcome = WEXITSTATUS(status);
	return WEXITSTATUS(status) == KILLED_STATUS;
}
