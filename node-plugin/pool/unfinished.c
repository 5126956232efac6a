/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/unfinished.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "folder/folder.h"
#include "pool/lock.h"
#include "record/layout.h"

#define FOLDER_MODE 0700
#define MARK '+' /* no id begins so */
#define KEPT_S (24 * 3600L)

void pool_unfinished_name(const char *kind, const char *id, char ret_name[static POOL_NAME_MAX])
{
	snprintf(ret_name, POOL_NAME_MAX, "%c%s.%s", MARK, kind, id);
}

bool pool_unfinished_parse(const char *name, char ret_kind[static POOL_NAME_MAX],
			   const char **ret_id)
{
	const char *dot = strchr(name, '.');
	if (name[0] != MARK || !dot || strlen(name) >= POOL_NAME_MAX || !id_is_valid(dot + 1))
		return false;
	snprintf(ret_kind, POOL_NAME_MAX, "%.*s", (int)(dot - name) - 1, name + 1);
	*ret_id = dot + 1;
	return true;
}

int pool_unfinished_open(struct pool *pool, const char *name, int *ret_fd, struct error *err)
{
	CLEANUP_CLOSE int fd = -1;
	if (folder_make(pool->tmp_fd, name, FOLDER_MODE, &fd, err) < 0)
		return -1;
	if (futimens(fd, NULL) < 0)
		return error_errno(err, errno, "touch %s", name);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* Of a folder or file in tmp/; 0 if it is not there. */
static int64_t changed_s(struct pool *pool, const char *path)
{
	struct stat st;
	return fstatat(pool->tmp_fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0 ? 0 : st.st_mtim.tv_sec;
}

bool pool_unfinished_is_old(struct pool *pool, const char *name)
{
	char image[POOL_NAME_MAX + 16];
	const int64_t then_s = clock_wall_s() - KEPT_S;
	snprintf(image, sizeof(image), "%s/%s", name, LAYOUT_IMAGE);
	return changed_s(pool, name) <= then_s && changed_s(pool, image) <= then_s;
}

static int discard(void *context, const char *name, struct error *err)
{
	struct pool *pool = context;
	struct error reason = { 0 };
	if (name[0] == MARK && !pool_unfinished_is_old(pool, name))
		return 0;
	if (pool_discard(pool, name, &reason) == 0)
		log_info("half-made volume discarded", LOG_TEXT("name", name));
	else
		log_warning("half-made volume stays until the next start", LOG_TEXT("name", name),
			    LOG_ERR(&reason));
	return 0;
}

int pool_unfinished_discard(struct pool *pool, struct error *err)
{
	return folder_visit(pool->tmp_fd, discard, pool, err);
}

void pool_unfinished_remove(struct pools *pools, const char *kind, const char *id)
{
	char name[POOL_NAME_MAX];
	pool_unfinished_name(kind, id, name);
	for (size_t i = 0; i < pools->count; i++) {
		struct pool *pool = pools->pools[i];
		struct error reason = { 0 };
		CLEANUP_POOL_VISIT struct pool_visit visit = { 0 };
		/* On a disk that does not answer now, the sweep removes it after a day. */
		if (pool_visit_begin(&pool->visits, pool->site.name, &visit, NULL) == 0 &&
		    pool_remove(pool, pool->tmp_fd, name, &reason) < 0)
			log_warning("half-made copy stays for now", LOG_TEXT("name", name),
				    LOG_ERR(&reason));
	}
}

struct tmp_visit {
	struct pools *pools;
	struct pool *pool;
};

/* As calls lock what they copy. */
static int lock_unfinished(struct pools *pools, const char *kind, const char *id, struct lock *lock)
{
	bool volume = strcmp(kind, "volume") == 0;
	return lock_take(&pools->locks, volume ? LOCK_VOLUME : LOCK_SNAPSHOT, id, lock, NULL);
}

static int remove_abandoned(void *context, const char *name, struct error *err)
{
	struct tmp_visit *visit = context;
	CLEANUP_LOCK struct lock lock = { 0 };
	char kind[POOL_NAME_MAX];
	const char *id;
	struct error reason = { 0 };
	if (!pool_unfinished_parse(name, kind, &id) ||
	    lock_unfinished(visit->pools, kind, id, &lock) < 0 ||
	    !pool_unfinished_is_old(visit->pool, name))
		return 0;
	if (pool_remove(visit->pool, visit->pool->tmp_fd, name, &reason) == 0)
		log_info("half-made copy removed, which no call continued", LOG_TEXT("name", name));
	else
		log_warning("half-made copy stays for now", LOG_TEXT("name", name),
			    LOG_ERR(&reason));
	return 0;
}

void pool_unfinished_remove_abandoned(struct pools *pools, struct pool *pool)
{
	struct tmp_visit visit = { .pools = pools, .pool = pool };
	struct error reason = { 0 };
	if (folder_visit(pool->tmp_fd, remove_abandoned, &visit, &reason) < 0)
		log_warning("half-made copies of a pool cannot be looked at",
			    LOG_TEXT("pool", pool->site.name), LOG_ERR(&reason));
}
