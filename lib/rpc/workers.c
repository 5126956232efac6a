/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/workers.h"

#include <pthread.h>
#include <stdbool.h>

#include "base/text.h"

struct rpc_workers {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct rpc_work *first;
	struct rpc_work **end; /* where the next one is hung */
	bool stopping;
	unsigned count;
	pthread_t threads[];
};

/* NULL: nothing is waiting and nothing will come. */
static struct rpc_work *take(struct rpc_workers *workers)
{
	pthread_mutex_lock(&workers->lock);
	while (!workers->first && !workers->stopping)
		pthread_cond_wait(&workers->changed, &workers->lock);
	struct rpc_work *work = workers->first;
	if (work)
		workers->first = work->next;
	if (!workers->first)
		workers->end = &workers->first;
	pthread_mutex_unlock(&workers->lock);
	return work;
}

static void *work_thread(void *arg)
{
	struct rpc_workers *workers = arg;
	struct rpc_work *work;
	while ((work = take(workers)))
		work->run(work);
	return NULL;
}

int rpc_workers_new(unsigned count, struct rpc_workers **ret_workers, struct error *err)
{
	struct rpc_workers *workers = must_alloc(sizeof(*workers) + count * sizeof(pthread_t));
	pthread_mutex_init(&workers->lock, NULL);
	pthread_cond_init(&workers->changed, NULL);
	workers->end = &workers->first;
	for (; workers->count < count; workers->count++) {
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

void rpc_workers_add(struct rpc_workers *workers, struct rpc_work *work)
{
	work->next = NULL;
	pthread_mutex_lock(&workers->lock);
	*workers->end = work;
	workers->end = &work->next;
	pthread_cond_signal(&workers->changed);
	pthread_mutex_unlock(&workers->lock);
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
