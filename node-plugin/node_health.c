/* SPDX-License-Identifier: Apache-2.0 */
#include "node_health.h"

#include <stdlib.h>

#include "base/aside.h"
#include "base/metric.h"
#include "base/text.h"
#include "host/host.h"
#include "node_metrics.h"
#include "pool/pools.h"
#include "pool/pulse.h"
#include "rpc/server.h"

#define INTERVAL_MS 1000
#define PATIENCE_MS 300
#define DIAL_MS 2000

struct node_health {
	struct pools *pools;
	struct rpc_server *rpc;
	struct aside *pool_looks[POOLS_MAX]; /* made at the first look */
	struct aside *missing;
	struct aside *node;
};

static int look_at_pool(void *context, struct error *err)
{
	struct pool *pool = context;
	int result = pool->pulse ? pool_pulse_check(pool->pulse, err) : pool_check(pool, err);
	/* The figures would hang with the disk. */
	if (!pool->pulse || !pool_pulse_is_silent(pool->pulse))
		node_metrics_pool(pool);
	return result;
}

static int look_for_missing(void *pools, struct error *err)
{
	node_metrics_missing(pools);
	return 0;
}

static int look_at_node(void *context, struct error *err)
{
	struct node_health *health = context;
	struct host *host = health->pools->host;
	if (host->check(host, err) < 0)
		return -1;
	return health->rpc ? rpc_server_dial_tls(health->rpc, DIAL_MS, err) : 0;
}

static struct aside *make(const char *what, int (*look)(void *context, struct error *err),
			  void *context, unsigned patience_ms)
{
	const struct aside_options options = { .what = what,
					       .look = look,
					       .context = context,
					       .interval_ms = INTERVAL_MS,
					       .patience_ms = patience_ms };
	return aside_new(&options);
}

static struct aside *look_of(struct node_health *health, size_t i)
{
	struct pool *pool = health->pools->pools[i];
	CLEANUP_FREE char *what = must_printf("pool %s", pool->site.name);
	if (!health->pool_looks[i])
		health->pool_looks[i] = make(what, look_at_pool, pool, PATIENCE_MS);
	return health->pool_looks[i];
}

static void collect(void *context)
{
	struct node_health *health = context;
	for (size_t i = 0; i < health->pools->count; i++) {
		struct aside *look = look_of(health, i);
		int result = aside_ask(look, NULL);
		node_metrics_pool_up(health->pools->pools[i]->site.name, result == 0,
				     (double)aside_age_ms(look) / 1000);
	}
	aside_ask(health->missing, NULL);
}

static int check_pools(struct node_health *health, struct error *err)
{
	struct error first = { 0 };
	for (size_t i = 0; i < health->pools->count; i++) {
		struct error reason = { 0 };
		if (aside_ask(look_of(health, i), &reason) == 0)
			return 0;
		if (first.code == ERROR_NONE)
			first = reason;
	}
	*err = first;
	return -1;
}

int node_health_ready(struct node_health *health, struct error *err)
{
	return check_pools(health, err) < 0 || aside_ask(health->node, err) < 0 ? -1 : 0;
}

struct node_health *node_health_new(struct pools *pools, struct rpc_server *rpc)
{
	struct node_health *health = must_alloc(sizeof(*health));
	health->pools = pools;
	health->rpc = rpc;
	health->missing = make("missing pools", look_for_missing, pools, PATIENCE_MS);
	health->node = make("the node", look_at_node, health, PATIENCE_MS);
	metric_on_collect(collect, health);
	return health;
}

void node_health_free(struct node_health *health)
{
	if (!health)
		return;
	aside_free(health->node);
	aside_free(health->missing);
	for (size_t i = 0; i < POOLS_MAX; i++)
		aside_free(health->pool_looks[i]);
	free(health);
}
