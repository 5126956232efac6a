/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Whose processor time a run took. Client and server share the processors of the machine, so what
 * many callers get depends on the client as well.
 */

#include <sys/types.h>

struct cpu_time {
	double client_ms;   /* this process */
	double server_ms;   /* the plugin; 0 without one */
	double programs_ms; /* what either of them started and waited for: mkfs */
	double machine_ms;  /* all that the machine did, the kernel's own threads included */
};

/* Since their start. server 0: none. */
void cpu_time_read(pid_t server, struct cpu_time *ret_time);
void cpu_time_subtract(struct cpu_time *time, const struct cpu_time *begin);
