/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu_time.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"

#define STAT_BYTES_MAX (1 << 20)

static double of_usage(int who)
{
	struct rusage usage;
	if (getrusage(who, &usage) < 0)
		return 0;
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
}

static double of_ticks(unsigned long long ticks)
{
	return (double)ticks * 1e3 / (double)sysconf(_SC_CLK_TCK);
}

/* The fields 14 to 17 of proc(5), /proc/PID/stat; they are counted from the end of the name. */
static void add_server(pid_t server, struct cpu_time *time)
{
	char path[64];
	CLEANUP_FREE char *text = NULL;
	unsigned long long user, system, user_waited, system_waited;
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)server);
	if (file_read(path, STAT_BYTES_MAX, &text, NULL, NULL) < 0)
		return;
	const char *rest = strrchr(text, ')');
	if (!rest ||
	    sscanf(rest + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %llu %llu",
		   &user, &system, &user_waited, &system_waited) != 4)
		return;
	time->server_ms = of_ticks(user + system);
	time->programs_ms += of_ticks(user_waited + system_waited);
}

/* user, nice, system, then idle and iowait, then irq and softirq. */
static double of_machine(void)
{
	CLEANUP_FREE char *text = NULL;
	unsigned long long user, nice, system, irq, softirq;
	if (file_read("/proc/stat", STAT_BYTES_MAX, &text, NULL, NULL) < 0 ||
	    sscanf(text, "cpu %llu %llu %llu %*u %*u %llu %llu", &user, &nice, &system, &irq,
		   &softirq) != 5)
		return 0;
	return of_ticks(user + nice + system + irq + softirq);
}

void cpu_time_read(pid_t server, struct cpu_time *ret_time)
{
	*ret_time = (struct cpu_time) {
		.client_ms = of_usage(RUSAGE_SELF),
		.programs_ms = of_usage(RUSAGE_CHILDREN),
		.machine_ms = of_machine(),
	};
	if (server)
		add_server(server, ret_time);
}

void cpu_time_subtract(struct cpu_time *time, const struct cpu_time *begin)
{
	time->client_ms -= begin->client_ms;
	time->server_ms -= begin->server_ms;
	time->programs_ms -= begin->programs_ms;
	time->machine_ms -= begin->machine_ms;
}
