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
#include "folder/copy.h"
#include "folder/folder.h"
#include "pool/pool.h"

/* What a call removes itself. */
#define SMALL_ENTRIES 500
#define SMALL_DEPTH 8
#define SMALL_BYTES (256ULL << 20)
#define SMALL_FOLDER_BYTES (1 << 20) /* of its own: a look at an emptied one reads all of it */
#define STAT_BLOCK_BYTES 512
#define LEAST_PRIORITY 19

/* How the thread yields. */
#define BATCH_ENTRIES 128
#define PAUSE_MS_MIN 2 /* of what took less, nothing waited for the disk */
#define PAUSE_MS_MAX 500

struct trash {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	pthread_t thread;
	bool has_thread; /* to be joined */
	bool working;
	bool again; /* something came meanwhile */
	bool stopping;
	unsigned waiting; /* calls that need the room */
	uint64_t batch_begin_ms;
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
	pthread_cond_broadcast(&trash->changed);
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

/* With the mutex held. The priorities are hints, which not every disk's scheduler takes. So the
 * thread also rests as long as it worked, and takes half of a busy disk's time at most; but not
 * while a call waits for the room. */
static void rest(struct trash *trash)
{
	uint64_t now_ms = clock_monotonic_ms();
	uint64_t worked_ms = now_ms - trash->batch_begin_ms;
	uint64_t rest_ms = worked_ms < PAUSE_MS_MAX ? worked_ms : PAUSE_MS_MAX;
	struct timespec deadline = clock_deadline(now_ms + rest_ms);
	int outcome = worked_ms < PAUSE_MS_MIN ? ETIMEDOUT : 0;
	while (!trash->stopping && !trash->waiting && outcome != ETIMEDOUT)
		outcome = pthread_cond_clockwait(&trash->changed, &trash->mutex, CLOCK_MONOTONIC,
						 &deadline);
	trash->batch_begin_ms = clock_monotonic_ms();
}

/* Before each entry: the plugin does not wait for the rest when it stops. */
static int look(void *context, uint64_t entries, struct error *err)
{
	struct trash *trash = context;
	pthread_mutex_lock(&trash->mutex);
	if (entries && entries % BATCH_ENTRIES == 0)
		rest(trash);
	bool stopping = trash->stopping;
	pthread_mutex_unlock(&trash->mutex);
	return stopping ? error_set(err, ERROR_CANCELLED, "the plugin stops") : 0;
}

static void empty(struct pool *pool)
{
	struct error err = { 0 };
	const struct copy_watch watch = { .look = look, .context = pool->trash };
	pool->trash->batch_begin_ms = clock_monotonic_ms();
	if (pool_empty_trash(pool, &watch, &err) < 0 && err.code != ERROR_CANCELLED)
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
	trash->waiting++;
	pthread_cond_broadcast(&trash->changed);
	while (trash->working && outcome != ETIMEDOUT)
		outcome = pthread_cond_clockwait(&trash->changed, &trash->mutex, CLOCK_MONOTONIC,
						 &deadline);
	trash->waiting--;
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
	bool fits = bytes <= *count->left_bytes &&
		    !(S_ISDIR(st.st_mode) && st.st_size > SMALL_FOLDER_BYTES);
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
