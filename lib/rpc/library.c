/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/library.h"

#include <grpc/grpc.h>
#include <grpc/support/log.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

int rpc_log_rarely(unsigned *ret_dropped)
{
	static atomic_llong last_s = -1;
	static atomic_uint dropped;
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	long long before_s = atomic_load(&last_s);
	if (before_s == now.tv_sec ||
	    !atomic_compare_exchange_strong(&last_s, &before_s, now.tv_sec)) {
		atomic_fetch_add(&dropped, 1);
		return 0;
	}
	*ret_dropped = atomic_exchange(&dropped, 0);
	return 1;
}

static void log_for_grpc(gpr_log_func_args *args)
{
	unsigned dropped = 0;
	/* What it says before it ends the process must not be missed. */
	bool last_words = strncmp(args->message, "assertion failed", 16) == 0;
	if (!last_words && !rpc_log_rarely(&dropped))
		return;
	enum log_level level = args->severity == GPR_LOG_SEVERITY_ERROR ? LOG_WARNING : LOG_DEBUG;
	log_at(level, "grpc says", LOG_TEXT("text", args->message), LOG_UINT("dropped", dropped));
}

static void redirect_log(void)
{
	gpr_set_log_verbosity(GPR_LOG_SEVERITY_ERROR);
	gpr_set_log_function(log_for_grpc);
}

void rpc_library_hold(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, redirect_log);
	grpc_init();
}

void rpc_library_release(void)
{
	grpc_shutdown();
}
