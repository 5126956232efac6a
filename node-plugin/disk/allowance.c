/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/allowance.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

#include "base/clock.h"
#include "folder/copy.h"

#define PATIENCE_MS 5000
#define PAUSE_MS 20

static atomic_uint taken_mib;

static bool take(uint32_t mib)
{
	unsigned taken = atomic_load(&taken_mib);
	do {
		if (taken + mib > ALLOWANCE_MIB)
			return false;
	} while (!atomic_compare_exchange_weak(&taken_mib, &taken, taken + mib));
	return true;
}

int allowance_take(uint32_t mib, const struct copy_watch *watch, struct error *err)
{
	uint64_t give_up_ms = clock_monotonic_ms() + PATIENCE_MS;
	while (!take(mib)) {
		if (watch && watch->look && watch->look(watch->context, 0, err) < 0)
			return -1;
		if (clock_monotonic_ms() >= give_up_ms)
			return error_set(err, ERROR_BUSY,
					 "as many programs as there is memory for are at work on "
					 "file systems of this node; try again");
		nanosleep(&(struct timespec) { .tv_nsec = PAUSE_MS * 1000000L }, NULL);
	}
	return 0;
}

void allowance_give(uint32_t mib)
{
	atomic_fetch_sub(&taken_mib, mib);
}
