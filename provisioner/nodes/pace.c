/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/pace.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

struct pace {
	pthread_mutex_t lock;
	uint64_t next_ms; /* the turn that comes */
};

struct pace *pace_new(void)
{
	struct pace *pace = must_alloc(sizeof(*pace));
	pthread_mutex_init(&pace->lock, NULL);
	return pace;
}

void pace_free(struct pace *pace)
{
	if (!pace)
		return;
	pthread_mutex_destroy(&pace->lock);
	free(pace);
}

void pace_take(struct pace *pace)
{
	uint64_t now_ms = clock_monotonic_ms();
	pthread_mutex_lock(&pace->lock);
	uint64_t unused_ms = (uint64_t)PACE_BURST * PACE_TURN_MS;
	if (pace->next_ms + unused_ms < now_ms)
		pace->next_ms = now_ms - unused_ms;
	uint64_t turn_ms = pace->next_ms;
	pace->next_ms += PACE_TURN_MS;
	pthread_mutex_unlock(&pace->lock);
	if (turn_ms > now_ms)
		usleep((useconds_t)(turn_ms - now_ms) * 1000);
}
