/* SPDX-License-Identifier: Apache-2.0 */
#include "volume/freeze.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "folder/folder.h"
#include "host/host.h"
#include "record/id.h"

#define INTENT_MODE 0600

enum freeze_state { FREEZING, FROZEN, THAWED };

struct freeze {
	struct freeze_target target;
	char id[ID_MAX + 1];
	uint64_t deadline_ms;
	bool noted_before; /* by one that could not be thawed; the sweep will */
	pthread_t guard;
	bool guarded;

	pthread_mutex_t mutex; /* for all below */
	pthread_cond_t changed;
	enum freeze_state state;
	bool late; /* the time was up before the end */
	bool ending;
	struct error thaw_error;
};

static int write_intent(struct freeze *freeze, struct error *err)
{
	freeze->noted_before =
		faccessat(freeze->target.intents_fd, freeze->id, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	int fd = openat(freeze->target.intents_fd, freeze->id,
			O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, INTENT_MODE);
	if (fd < 0)
		return error_errno(err, errno, "record that volume %s is frozen", freeze->id);
	/* No fsync: after a crash of the node nothing is frozen. */
	close(fd);
	return 0;
}

static void remove_intent(const struct freeze *freeze)
{
	unlinkat(freeze->target.intents_fd, freeze->id, 0);
}

/* With the mutex held. What cannot be thawed keeps its intent. */
static void thaw(struct freeze *freeze)
{
	struct host *host = freeze->target.host;
	int outcome = host->thaw(host, freeze->target.mount_fd, &freeze->thaw_error);
	freeze->late = freeze->late || outcome > 0;
	freeze->state = THAWED;
	if (outcome >= 0)
		remove_intent(freeze);
}

static void *guard(void *context)
{
	struct freeze *freeze = context;
	struct timespec deadline = clock_deadline(freeze->deadline_ms);
	pthread_mutex_lock(&freeze->mutex);
	int outcome = 0;
	while (!freeze->ending && outcome != ETIMEDOUT)
		outcome = pthread_cond_clockwait(&freeze->changed, &freeze->mutex, CLOCK_MONOTONIC,
						 &deadline);
	if (!freeze->ending) {
		freeze->late = true;
		/* While the kernel is still freezing it cannot be thawed: begin() will. */
		if (freeze->state == FROZEN)
			thaw(freeze);
	}
	pthread_mutex_unlock(&freeze->mutex);
	return NULL;
}

static int start_guard(struct freeze *freeze, struct error *err)
{
	int failure = pthread_create(&freeze->guard, NULL, guard, freeze);
	if (failure)
		return error_errno(err, failure, "start the thread that thaws");
	freeze->guarded = true;
	return 0;
}

static void stop_guard(struct freeze *freeze)
{
	if (!freeze->guarded)
		return;
	pthread_mutex_lock(&freeze->mutex);
	freeze->ending = true;
	pthread_cond_signal(&freeze->changed);
	pthread_mutex_unlock(&freeze->mutex);
	pthread_join(freeze->guard, NULL);
	freeze->guarded = false;
}

static int too_late(const struct freeze *freeze, struct error *err)
{
	return error_set(err, ERROR_TIMEOUT,
			 "volume %s could not be held still longer than %u ms; it goes on",
			 freeze->id, freeze->target.limit_ms);
}

static void free_freeze(struct freeze *freeze)
{
	pthread_cond_destroy(&freeze->changed);
	pthread_mutex_destroy(&freeze->mutex);
	free(freeze);
}

int freeze_end(struct freeze *freeze, struct error *err)
{
	stop_guard(freeze);
	pthread_mutex_lock(&freeze->mutex);
	if (freeze->state == FROZEN)
		thaw(freeze);
	pthread_mutex_unlock(&freeze->mutex);
	int outcome = 0;
	if (freeze->thaw_error.code != ERROR_NONE) {
		*err = freeze->thaw_error;
		outcome = error_prefix(err, "thaw volume %s", freeze->id);
	} else if (freeze->late) {
		outcome = too_late(freeze, err);
	}
	free_freeze(freeze);
	return outcome;
}

void freeze_abandon(struct freeze *freeze)
{
	struct error reason = { 0 };
	char id[ID_MAX + 1];
	if (!freeze)
		return;
	memcpy(id, freeze->id, sizeof(id));
	if (freeze_end(freeze, &reason) < 0 && reason.code != ERROR_TIMEOUT)
		log_error("volume may still be frozen; thawing it is tried again",
			  LOG_TEXT("volume", id), LOG_ERR(&reason));
}

static int freeze_now(struct freeze *freeze, struct error *err)
{
	struct host *host = freeze->target.host;
	int outcome = host->freeze(host, freeze->target.mount_fd, err);
	pthread_mutex_lock(&freeze->mutex);
	freeze->state = outcome == 0 ? FROZEN : THAWED;
	if (outcome == 0 && freeze->late)
		thaw(freeze);
	bool late = outcome == 0 && freeze->late;
	pthread_mutex_unlock(&freeze->mutex);
	if (outcome < 0)
		return error_prefix(err, "freeze volume %s", freeze->id);
	return late ? too_late(freeze, err) : 0;
}

int freeze_begin(const struct freeze_target *target, struct freeze **ret_freeze, struct error *err)
{
	struct freeze *freeze = must_alloc(sizeof(*freeze));
	freeze->target = *target;
	snprintf(freeze->id, sizeof(freeze->id), "%s", target->id);
	freeze->deadline_ms = clock_monotonic_ms() + target->limit_ms;
	pthread_mutex_init(&freeze->mutex, NULL);
	pthread_cond_init(&freeze->changed, NULL);
	int outcome = write_intent(freeze, err);
	if (outcome == 0)
		outcome = start_guard(freeze, err);
	if (outcome == 0)
		outcome = freeze_now(freeze, err);
	if (outcome == 0) {
		*ret_freeze = freeze;
		return 0;
	}
	stop_guard(freeze);
	if (freeze->thaw_error.code == ERROR_NONE && !freeze->noted_before)
		remove_intent(freeze);
	free_freeze(freeze);
	return -1;
}

struct recovery {
	struct host *host;
	int intents_fd;
	freeze_finder *find;
	void *context;
	unsigned thawed;
	struct error first;
};

static int thaw_left(struct recovery *recovery, const char *id, struct error *err)
{
	CLEANUP_CLOSE int mount_fd = -1;
	int outcome = recovery->find(recovery->context, id, &mount_fd, err);
	if (outcome)
		return outcome < 0 ? -1 : 0;
	outcome = recovery->host->thaw(recovery->host, mount_fd, err);
	if (outcome < 0)
		return -1;
	if (outcome == 0) {
		recovery->thawed++;
		log_warning("volume was left frozen; it is thawed", LOG_TEXT("volume", id));
	}
	return 0;
}

static int recover(void *context, const char *name, struct error *err)
{
	struct recovery *recovery = context;
	struct error reason = { 0 };
	if (thaw_left(recovery, name, &reason) == 0) {
		unlinkat(recovery->intents_fd, name, 0);
		return 0;
	}
	error_prefix(&reason, "thaw volume %s", name);
	if (recovery->first.code == ERROR_NONE || recovery->first.code == ERROR_BUSY)
		recovery->first = reason;
	return 0;
}

int freeze_recover(struct host *host, int intents_fd, freeze_finder *find, void *context,
		   unsigned *ret_thawed, struct error *err)
{
	struct recovery recovery = {
		.host = host,
		.intents_fd = intents_fd,
		.find = find,
		.context = context,
	};
	if (folder_visit(intents_fd, recover, &recovery, err) < 0)
		return -1;
	if (recovery.first.code != ERROR_NONE) {
		*err = recovery.first;
		return -1;
	}
	*ret_thawed = recovery.thawed;
	return 0;
}
