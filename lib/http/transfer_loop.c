/* SPDX-License-Identifier: Apache-2.0 */
#include "http/transfer_loop.h"

#include <stdlib.h>
#include <utlist.h>

#include "base/clock.h"
#include "http/transfer.h"

/* The most that the loop sleeps; libcurl's own timers and curl_multi_wakeup() end it earlier. */
#define POLL_MAX_MS 60000

/* Under the lock. From here on the transfer is the asking thread's again. */
static void end(struct transfer_loop *loop, struct transfer *transfer)
{
	DL_DELETE(loop->running, transfer);
	transfer->ended = true;
	pthread_cond_broadcast(&transfer->changed);
}

static void end_with(struct transfer_loop *loop, struct transfer *transfer, enum error_code code,
		     const char *why)
{
	curl_multi_remove_handle(loop->multi, transfer->easy);
	pthread_mutex_lock(&loop->lock);
	transfer->failed = true;
	error_set(&transfer->error, code, "%s", why);
	end(loop, transfer);
	pthread_mutex_unlock(&loop->lock);
}

static struct transfer *take_incoming(struct transfer_loop *loop)
{
	pthread_mutex_lock(&loop->lock);
	struct transfer *transfer = loop->incoming;
	if (transfer) {
		DL_DELETE(loop->incoming, transfer);
		DL_APPEND(loop->running, transfer);
	}
	pthread_mutex_unlock(&loop->lock);
	return transfer;
}

static void start_incoming(struct transfer_loop *loop)
{
	struct transfer *transfer;
	while ((transfer = take_incoming(loop)))
		if (curl_multi_add_handle(loop->multi, transfer->easy) != CURLM_OK)
			end_with(loop, transfer, ERROR_INTERNAL, "libcurl refused the request");
}

/* A request got no answer in its time. If nothing else came from the server meanwhile either, it is
 * not that request which is slow: whatever is under way is given up, and connections that are older
 * are not used again (transfer_loop_connection_age_max_s()). TCP would take minutes to notice a
 * peer that is frozen but alive. Under the lock. */
static void judge_timeout(struct transfer_loop *loop, const struct transfer *transfer)
{
	uint64_t since_ms = transfer->is_stream ? transfer->heard_ms : transfer->begun_ms;
	if (loop->heard_ms <= since_ms)
		loop->stuck_ms = clock_monotonic_ms();
}

struct doom {
	enum error_code code;
	const char *why;
};

/* Under the lock. False where there is no reason to end the transfer. */
static bool is_doomed(struct transfer_loop *loop, const struct transfer *transfer, uint64_t now_ms,
		      struct doom *ret_doom)
{
	bool silent = transfer->silence_ms && !transfer->paused &&
		      now_ms - transfer->heard_ms >= transfer->silence_ms;
	if (loop->stopping || transfer->closing)
		*ret_doom = (struct doom) { ERROR_CANCELLED, "the client was stopped" };
	else if (silent)
		*ret_doom =
			(struct doom) { ERROR_TIMEOUT, "the server has been silent for too long" };
	else if (transfer->begun_ms < loop->stuck_ms)
		*ret_doom = (struct doom) {
			transfer->has_effect ? ERROR_TIMEOUT : ERROR_UNAVAILABLE,
			"the server no longer answers on this connection",
		};
	else
		return false;
	if (silent)
		judge_timeout(loop, transfer);
	return true;
}

/* Under the lock. */
static struct transfer *find_doomed(struct transfer_loop *loop, uint64_t now_ms,
				    struct doom *ret_doom)
{
	struct transfer *transfer;
	DL_FOREACH(loop->running, transfer)
		if (is_doomed(loop, transfer, now_ms, ret_doom))
			return transfer;
	return NULL;
}

static void end_doomed(struct transfer_loop *loop)
{
	uint64_t now_ms = clock_monotonic_ms();
	for (;;) {
		struct doom doom = { ERROR_CANCELLED, "" };
		pthread_mutex_lock(&loop->lock);
		struct transfer *transfer = find_doomed(loop, now_ms, &doom);
		pthread_mutex_unlock(&loop->lock);
		if (!transfer)
			return;
		end_with(loop, transfer, doom.code, doom.why);
	}
}

static struct transfer *take_resumable(struct transfer_loop *loop)
{
	struct transfer *transfer;
	pthread_mutex_lock(&loop->lock);
	DL_FOREACH(loop->running, transfer)
		if (transfer->resume)
			break;
	if (transfer) {
		transfer->resume = false;
		transfer->paused = false;
		transfer->heard_ms = clock_monotonic_ms();
	}
	pthread_mutex_unlock(&loop->lock);
	return transfer;
}

/* What libcurl held back comes through the write callback from within curl_easy_pause(). */
static void resume_streams(struct transfer_loop *loop)
{
	struct transfer *transfer;
	while ((transfer = take_resumable(loop)))
		curl_easy_pause(transfer->easy, CURLPAUSE_CONT);
}

static void finish(struct transfer_loop *loop, CURL *easy, CURLcode code)
{
	struct transfer *transfer;
	curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
	curl_multi_remove_handle(loop->multi, easy);
	pthread_mutex_lock(&loop->lock);
	if (code != CURLE_OK)
		transfer_fail(transfer, code);
	if (code == CURLE_OPERATION_TIMEDOUT)
		judge_timeout(loop, transfer);
	end(loop, transfer);
	pthread_mutex_unlock(&loop->lock);
}

static void finish_transfers(struct transfer_loop *loop)
{
	CURLMsg *message;
	int rest;
	while ((message = curl_multi_info_read(loop->multi, &rest)))
		if (message->msg == CURLMSG_DONE)
			finish(loop, message->easy_handle, message->data.result);
}

/* How long no stream becomes too silent. */
static int sleep_ms(struct transfer_loop *loop)
{
	uint64_t now_ms = clock_monotonic_ms();
	uint64_t sleep = POLL_MAX_MS;
	struct transfer *transfer;
	pthread_mutex_lock(&loop->lock);
	DL_FOREACH(loop->running, transfer) {
		uint64_t due_ms = transfer->heard_ms + transfer->silence_ms;
		if (!transfer->silence_ms || transfer->paused)
			continue;
		if (due_ms <= now_ms)
			sleep = 0;
		else if (due_ms - now_ms < sleep)
			sleep = due_ms - now_ms;
	}
	pthread_mutex_unlock(&loop->lock);
	return (int)sleep;
}

static bool quitting(struct transfer_loop *loop)
{
	pthread_mutex_lock(&loop->lock);
	bool quit = loop->quitting;
	pthread_mutex_unlock(&loop->lock);
	return quit;
}

static void *run(void *context)
{
	struct transfer_loop *loop = context;
	while (!quitting(loop)) {
		int active;
		start_incoming(loop);
		resume_streams(loop);
		curl_multi_perform(loop->multi, &active);
		finish_transfers(loop);
		end_doomed(loop);
		curl_multi_poll(loop->multi, NULL, 0, sleep_ms(loop), NULL);
	}
	return NULL;
}

static void initialise_curl(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

static CURLM *make_multi(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, initialise_curl);
	CURLM *multi = curl_multi_init();
	if (!multi)
		abort(); /* as when memory is out: base/text.h */
	curl_multi_setopt(multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
	return multi;
}

void transfer_loop_init(struct transfer_loop *loop)
{
	*loop = (struct transfer_loop) { .multi = make_multi() };
	pthread_mutex_init(&loop->lock, NULL);
	if (pthread_create(&loop->thread, NULL, run, loop) != 0)
		abort(); /* as when memory is out: base/text.h */
}

void transfer_loop_done(struct transfer_loop *loop)
{
	pthread_mutex_lock(&loop->lock);
	loop->quitting = true;
	pthread_mutex_unlock(&loop->lock);
	transfer_loop_wake(loop);
	pthread_join(loop->thread, NULL);
	curl_multi_cleanup(loop->multi);
	pthread_mutex_destroy(&loop->lock);
}

void transfer_loop_wake(struct transfer_loop *loop)
{
	curl_multi_wakeup(loop->multi);
}

int transfer_loop_submit(struct transfer_loop *loop, struct transfer *transfer, struct error *err)
{
	pthread_mutex_lock(&loop->lock);
	bool stopping = loop->stopping;
	if (!stopping)
		DL_APPEND(loop->incoming, transfer);
	pthread_mutex_unlock(&loop->lock);
	if (stopping)
		return error_set(err, ERROR_CANCELLED, "the client was stopped");
	transfer_loop_wake(loop);
	return 0;
}

void transfer_loop_await(struct transfer_loop *loop, struct transfer *transfer)
{
	pthread_mutex_lock(&loop->lock);
	while (!transfer->ended && !transfer->opened)
		pthread_cond_wait(&transfer->changed, &loop->lock);
	pthread_mutex_unlock(&loop->lock);
}

void transfer_loop_stop(struct transfer_loop *loop)
{
	pthread_mutex_lock(&loop->lock);
	loop->stopping = true;
	pthread_mutex_unlock(&loop->lock);
	transfer_loop_wake(loop);
}

long transfer_loop_connection_age_max_s(struct transfer_loop *loop)
{
	pthread_mutex_lock(&loop->lock);
	uint64_t stuck_ms = loop->stuck_ms;
	pthread_mutex_unlock(&loop->lock);
	return stuck_ms ? (long)((clock_monotonic_ms() - stuck_ms) / 1000 + 1) : 0;
}
