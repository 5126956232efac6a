/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/library.h"

#include <grpc/grpc.h>
#include <grpc/support/log.h>
#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

#if defined(__SANITIZE_THREAD__)
char rpc_wire;
#endif

#define WINDOW_S 10
#define LINES_MAX 10

bool rpc_log_gate_passes(struct rpc_log_gate *gate, unsigned *ret_dropped)
{
	long long window = (long long)(clock_monotonic_ms() / 1000 / WINDOW_S);
	if (atomic_exchange(&gate->window, window) != window)
		atomic_store(&gate->lines, 0);
	if (atomic_fetch_add(&gate->lines, 1) >= LINES_MAX) {
		atomic_fetch_add(&gate->dropped, 1);
		return false;
	}
	*ret_dropped = atomic_exchange(&gate->dropped, 0);
	return true;
}

static void log_for_grpc(gpr_log_func_args *args)
{
	static struct rpc_log_gate gate;
	unsigned dropped = 0;
	/* A message before it ends the process must not be dropped. */
	bool last_words = strncmp(args->message, "assertion failed", 16) == 0;
	if (!last_words && !rpc_log_gate_passes(&gate, &dropped))
		return;
	enum log_level level = args->severity == GPR_LOG_SEVERITY_ERROR ? LOG_WARNING : LOG_DEBUG;
	log_at(level, "grpc says", LOG_TEXT("text", args->message), LOG_UINT("dropped", dropped));
}

/* absl::SetMutexDeadlockDetectionMode(), by the name that Debian's build gives it in C++; absent
 * (NULL) from another build. */
extern void set_deadlock_detection(int mode) __asm__(
	"_ZN4absl7debian329SetMutexDeadlockDetectionModeENS0_15OnDeadlockCycleE")
	__attribute__((weak));
#define DETECTION_OFF 0 /* absl::OnDeadlockCycle::kIgnore */

/* Debian builds absl without NDEBUG, so that each of gRPC's locks is looked up in a graph of all: a
 * search for deadlocks in gRPC itself, which is not our task. */
static void spare_detection(void)
{
	if (set_deadlock_detection)
		set_deadlock_detection(DETECTION_OFF);
}

static void prepare(void)
{
	spare_detection();
	gpr_set_log_verbosity(GPR_LOG_SEVERITY_ERROR);
	gpr_set_log_function(log_for_grpc);
}

void rpc_library_hold(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, prepare);
	grpc_init();
}

void rpc_library_release(void)
{
	grpc_shutdown();
}
