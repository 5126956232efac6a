/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/trash.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ioprio.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "folder/folder.h"
#include "pool/pool.h"

/* What a call removes itself. */
#define SMALL_ENTRIES 500
#define SMALL_DEPTH 8
#define SMALL_BYTES (256ULL << 20)
#define STAT_BLOCK_BYTES 512
#define LEAST_PRIORITY 19

struct trash {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	pthread_t thread;
	bool has_thread; /* to be joined */
	bool working;
	bool again; /* something came meanwhile */
	bool stopping;
};

struct trash *trash_new(void)
{
	struct trash *trash = must_alloc(sizeof(*trash));
	pthread_mutex_init(&trash->mutex, NULL);
	pthread_cond_init(&trash->changed, NULL);
	return trash;
}

void trash_free(struct trash *trash)
{
	if (!trash)
		return;
	pthread_mutex_lock(&trash->mutex);
	trash->stopping = true;
	pthread_mutex_unlock(&trash->mutex);
	if (trash->has_thread)
		pthread_join(trash->thread, NULL);
	pthread_cond_destroy(&trash->changed);
	pthread_mutex_destroy(&trash->mutex);
	free(trash);
}

/* Of this thread alone: Linux has both by thread (setpriority(2), ioprio_set(2)). */
static void lower_priority(void)
{
	pid_t thread = (pid_t)syscall(SYS_gettid);
	setpriority(PRIO_PROCESS, (id_t)thread, LEAST_PRIORITY);
	syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, thread,
		IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 0));
}

static void empty(struct pool *pool)
{
	struct error err = { 0 };
	if (pool_empty_trash(pool, &err) < 0)
		log_warning("trash cannot be emptied; trying again later",
			    LOG_TEXT("pool", pool->site.name), LOG_ERR(&err));
}

/* With the mutex held. */
static bool goes_on(const struct trash *trash)
{
	return trash->again && !trash->stopping;
}

static void *run(void *context)
{
	struct pool *pool = context;
	struct trash *trash = pool->trash;
	lower_priority();
	pthread_mutex_lock(&trash->mutex);
	while (goes_on(trash)) {
		trash->again = false;
		pthread_mutex_unlock(&trash->mutex);
		empty(pool);
		pthread_mutex_lock(&trash->mutex);
	}
	trash->working = false;
	pthread_cond_broadcast(&trash->changed);
	pthread_mutex_unlock(&trash->mutex);
	return NULL;
}

/* With the mutex held. A thread that has done its work ends by itself, and is joined here. */
static void start(struct pool *pool)
{
	struct trash *trash = pool->trash;
	if (trash->has_thread)
		pthread_join(trash->thread, NULL);
	int failure = pthread_create(&trash->thread, NULL, run, pool);
	trash->has_thread = trash->working = failure == 0;
	struct error err = { 0 };
	if (failure) {
		error_errno(&err, failure, "start a thread");
		log_warning("trash cannot be emptied; trying again later",
			    LOG_TEXT("pool", pool->site.name), LOG_ERR(&err));
	}
}

static int is_entry(void *context, const char *name, struct error *err)
{
	return 1;
}

void trash_empty_soon(struct pool *pool)
{
	struct trash *trash = pool->trash;
	if (folder_visit(pool->trash_fd, is_entry, NULL, NULL) == 0)
		return;
	pthread_mutex_lock(&trash->mutex);
	trash->again = true;
	if (!trash->working && !trash->stopping)
		start(pool);
	pthread_mutex_unlock(&trash->mutex);
}

bool trash_is_busy(struct pool *pool)
{
	pthread_mutex_lock(&pool->trash->mutex);
	bool busy = pool->trash->working;
	pthread_mutex_unlock(&pool->trash->mutex);
	return busy;
}

bool trash_wait(struct pool *pool, uint64_t ms)
{
	struct trash *trash = pool->trash;
	struct timespec deadline = clock_deadline(clock_monotonic_ms() + ms);
	int outcome = 0;
	pthread_mutex_lock(&trash->mutex);
	while (trash->working && outcome != ETIMEDOUT)
		outcome = pthread_cond_clockwait(&trash->changed, &trash->mutex, CLOCK_MONOTONIC,
						 &deadline);
	bool over = !trash->working;
	pthread_mutex_unlock(&trash->mutex);
	return over;
}

struct count {
	int folder_fd;
	unsigned depth;
	unsigned *left;
	uint64_t *left_bytes;
};

/* False: it holds more than may be left. */
static bool count_bytes(const struct count *count, const char *name)
{
	struct stat st;
	if (fstatat(count->folder_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return true;
	uint64_t bytes = (uint64_t)st.st_blocks * STAT_BLOCK_BYTES;
	bool fits = bytes <= *count->left_bytes;
	*count->left_bytes -= fits ? bytes : 0;
	return fits;
}

/* 1: there are too many. What cannot be opened is no folder, or resists. */
static int count_entry(void *context, const char *name, struct error *err)
{
	const struct count *count = context;
	CLEANUP_CLOSE int fd = -1;
	if (*count->left == 0 || !count_bytes(count, name))
		return 1;
	*count->left -= 1;
	if (folder_open(count->folder_fd, name, &fd, NULL) < 0)
		return 0;
	struct count below = *count;
	below.folder_fd = fd;
	below.depth++;
	return below.depth == SMALL_DEPTH ? 1 : folder_visit(fd, count_entry, &below, err);
}

static bool is_small(struct pool *pool, const char *name)
{
	unsigned left = SMALL_ENTRIES;
	uint64_t left_bytes = SMALL_BYTES;
	struct count top = { .folder_fd = pool->trash_fd,
			     .left = &left,
			     .left_bytes = &left_bytes };
	return count_entry(&top, name, NULL) == 0;
}

/* While the thread is at work, it takes this too: a call does not wait for the same disk. */
void trash_remove(struct pool *pool, const char *name)
{
	struct error reason = { 0 };
	if (trash_is_busy(pool) || !is_small(pool, name)) {
		trash_empty_soon(pool);
		return;
	}
	if (pool_remove(pool, pool->trash_fd, name, &reason) < 0)
		log_warning("what was deleted stays in the trash for now",
			    LOG_TEXT("pool", pool->site.name), LOG_TEXT("name", name),
			    LOG_ERR(&reason));
}
