/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/allowance.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "folder/copy.h"

#define PATIENCE_MS 5000
#define PAUSE_MS 20
#define SHARES_MAX 32 /* more than ALLOWANCE_MIB / PROCESS_MEMORY_MIB */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct allowance_share shares[SHARES_MAX];
static unsigned share_count;
static bool leaves_some;

int allowance_check_limit(const char *memory_max_file, struct error *err)
{
	CLEANUP_FREE char *text = NULL;
	const uint64_t least_mib = ALLOWANCE_MIB + ALLOWANCE_OF_PLUGIN_MIB;
	if (file_read(memory_max_file, 64, &text, NULL, &(struct error) { 0 }) < 0)
		return 0;
	char *end;
	uint64_t limit_mib = strtoull(text, &end, 10) >> 20;
	if (end == text || limit_mib >= least_mib)
		return 0;
	return error_set(err, ERROR_EXHAUSTED,
			 "the memory limit is %" PRIu64 " MiB, less than the %" PRIu64
			 " MiB that the plugin and the programs it runs may take: with a damaged "
			 "file system the kernel may end the plugin. Raise the container's memory "
			 "limit (node.resources.limits.memory of the chart) to %" PRIu64 "Mi",
			 limit_mib, least_mib, least_mib);
}

void allowance_leave_some(bool several_pools)
{
	pthread_mutex_lock(&mutex);
	leaves_some = several_pools;
	pthread_mutex_unlock(&mutex);
}

/* With the mutex held. */
static bool fits(const struct allowance_share *share)
{
	uint32_t of_all = share->mib, of_disk = share->mib;
	for (unsigned i = 0; i < share_count; i++) {
		of_all += shares[i].mib;
		of_disk += shares[i].disk == share->disk ? shares[i].mib : 0;
	}
	uint32_t disk_max = leaves_some ? ALLOWANCE_OF_DISK_MIB : ALLOWANCE_MIB;
	return share_count < SHARES_MAX && of_all <= ALLOWANCE_MIB && of_disk <= disk_max;
}

static bool take(const struct allowance_share *share)
{
	pthread_mutex_lock(&mutex);
	bool taken = fits(share);
	if (taken)
		shares[share_count++] = *share;
	pthread_mutex_unlock(&mutex);
	return taken;
}

int allowance_take(const struct allowance_share *share, const struct copy_watch *watch,
		   struct error *err)
{
	uint64_t give_up_ms = clock_monotonic_ms() + PATIENCE_MS;
	while (!take(share)) {
		if (watch && watch->look && watch->look(watch->context, 0, err) < 0)
			return -1;
		if (clock_monotonic_ms() >= give_up_ms)
			return error_set(err, ERROR_BUSY,
					 "as many programs as there is memory for are at work on "
					 "file systems of this node or of this disk; try again");
		nanosleep(&(struct timespec) { .tv_nsec = PAUSE_MS * 1000000L }, NULL);
	}
	return 0;
}

void allowance_give(const struct allowance_share *share)
{
	pthread_mutex_lock(&mutex);
	for (unsigned i = 0; i < share_count; i++)
		if (shares[i].disk == share->disk && shares[i].mib == share->mib) {
			shares[i] = shares[--share_count];
			break;
		}
	pthread_mutex_unlock(&mutex);
}
