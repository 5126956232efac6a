/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/workers.h"

#include <pthread.h>

#include "base/text.h"

#define COUNT_MIN 2
#define QUARTER(count) ((count) / 4 > 1 ? (count) / 4 : 1)

struct lane {
	struct rpc_work *first;
	struct rpc_work **end; /* where the next one is hung */
	unsigned busy;	       /* threads */
};

struct rpc_workers {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct lane lanes[RPC_LANES];
	unsigned waiting; /* in the ordinary and the long lane */
	unsigned waiting_max;
	bool stopping;
	unsigned count; /* that run */
	unsigned wanted;
	pthread_t threads[];
};

/* With the lock held, as all that follows. */
static bool has_place(const struct rpc_workers *workers, enum rpc_lane lane)
{
	const struct lane *lanes = workers->lanes;
	unsigned not_quick = lanes[RPC_LANE_ORDINARY].busy + lanes[RPC_LANE_LONG].busy;
	if (lane == RPC_LANE_QUICK)
		return true;
	if (not_quick >= workers->wanted - QUARTER(workers->wanted))
		return false;
	return lane == RPC_LANE_ORDINARY || lanes[lane].busy < QUARTER(workers->wanted);
}

static bool is_ready(const struct rpc_workers *workers, enum rpc_lane lane)
{
	return workers->lanes[lane].first && has_place(workers, lane);
}

static struct rpc_work *take_from(struct rpc_workers *workers, enum rpc_lane number)
{
	struct lane *lane = &workers->lanes[number];
	struct rpc_work *work = lane->first;
	lane->first = work->next;
	if (!lane->first)
		lane->end = &lane->first;
	lane->busy++;
	workers->waiting -= number != RPC_LANE_QUICK;
	return work;
}

/* NULL: nothing can be begun now. */
static struct rpc_work *take_ready(struct rpc_workers *workers)
{
	static const enum rpc_lane order[] = { RPC_LANE_QUICK, RPC_LANE_ORDINARY, RPC_LANE_LONG };
	for (unsigned i = 0; i < RPC_LANES; i++)
		if (is_ready(workers, order[i]))
			return take_from(workers, order[i]);
	return NULL;
}

static bool is_empty(const struct rpc_workers *workers)
{
	for (unsigned i = 0; i < RPC_LANES; i++)
		if (workers->lanes[i].first)
			return false;
	return true;
}

/* NULL: nothing is waiting and nothing will come. */
static struct rpc_work *take(struct rpc_workers *workers)
{
	struct rpc_work *work = NULL;
	while (!(work = take_ready(workers)) && !(workers->stopping && is_empty(workers)))
		pthread_cond_wait(&workers->changed, &workers->lock);
	return work;
}

static void *work_thread(void *arg)
{
	struct rpc_workers *workers = arg;
	struct rpc_work *work;
	pthread_mutex_lock(&workers->lock);
	while ((work = take(workers))) {
		enum rpc_lane lane = work->lane;
		pthread_mutex_unlock(&workers->lock);
		work->run(work); /* which may end the work's memory */
		pthread_mutex_lock(&workers->lock);
		workers->lanes[lane].busy--;
		/* This thread may take work of another lane now. */
		if (lane != RPC_LANE_QUICK && workers->waiting)
			pthread_cond_signal(&workers->changed);
	}
	pthread_cond_broadcast(&workers->changed);
	pthread_mutex_unlock(&workers->lock);
	return NULL;
}

int rpc_workers_new(unsigned count, unsigned waiting_max, struct rpc_workers **ret_workers,
		    struct error *err)
{
	unsigned wanted = count > COUNT_MIN ? count : COUNT_MIN;
	struct rpc_workers *workers = must_alloc(sizeof(*workers) + wanted * sizeof(pthread_t));
	pthread_mutex_init(&workers->lock, NULL);
	pthread_cond_init(&workers->changed, NULL);
	workers->wanted = wanted;
	workers->waiting_max = waiting_max;
	for (unsigned i = 0; i < RPC_LANES; i++)
		workers->lanes[i].end = &workers->lanes[i].first;
	for (; workers->count < wanted; workers->count++) {
		int failed = pthread_create(&workers->threads[workers->count], NULL, work_thread,
					    workers);
		if (failed) {
			rpc_workers_free(workers);
			return error_errno(err, failed, "start a worker thread");
		}
	}
	*ret_workers = workers;
	return 0;
}

bool rpc_workers_add(struct rpc_workers *workers, struct rpc_work *work)
{
	bool quick = work->lane == RPC_LANE_QUICK;
	work->next = NULL;
	pthread_mutex_lock(&workers->lock);
	bool taken = quick || workers->waiting < workers->waiting_max;
	if (taken) {
		struct lane *lane = &workers->lanes[work->lane];
		*lane->end = work;
		lane->end = &work->next;
		workers->waiting += !quick;
		pthread_cond_signal(&workers->changed);
	}
	pthread_mutex_unlock(&workers->lock);
	return taken;
}

void rpc_workers_free(struct rpc_workers *workers)
{
	if (!workers)
		return;
	pthread_mutex_lock(&workers->lock);
	workers->stopping = true;
	pthread_cond_broadcast(&workers->changed);
	pthread_mutex_unlock(&workers->lock);
	for (unsigned i = 0; i < workers->count; i++)
		pthread_join(workers->threads[i], NULL);
	pthread_cond_destroy(&workers->changed);
	pthread_mutex_destroy(&workers->lock);
	free(workers);
}
