/* SPDX-License-Identifier: Apache-2.0 */
#include "upkeep/limiter.h"

#include <stdbool.h>

#include "base/log.h"
#include "base/text.h"
#include "base/ticker.h"
#include "pool/pools.h"
#include "volume/limits.h"

#define EVERY_MS 1000
#define IDLE_MS 5000 /* where nothing is limited */

struct limiter {
	struct pools *pools;
	struct ticker ticker;
	bool failing; /* logged once, not every second */
};

static unsigned look(struct limiter *limiter)
{
	struct error err = { 0 };
	unsigned count = 0;
	bool failed = volume_limits_apply_all(limiter->pools, &count, &err) < 0;
	if (failed && !limiter->failing)
		log_error("limits of a volume cannot be set; trying again", LOG_ERR(&err));
	limiter->failing = failed;
	return count;
}

static uint64_t run(void *context)
{
	return look(context) ? EVERY_MS : IDLE_MS;
}

int limiter_new(struct pools *pools, struct limiter **ret_limiter, struct error *err)
{
	CLEANUP(limiter_freep) struct limiter *limiter = must_alloc(sizeof(*limiter));
	limiter->pools = pools;
	if (ticker_start(&limiter->ticker, "the limiter", run, limiter, err) < 0)
		return -1;
	*ret_limiter = TAKE(limiter);
	return 0;
}

void limiter_free(struct limiter *limiter)
{
	if (!limiter)
		return;
	ticker_stop(&limiter->ticker);
	free(limiter);
}
