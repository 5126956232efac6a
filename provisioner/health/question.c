/* SPDX-License-Identifier: Apache-2.0 */
#include "health/question.h"

#include <stdlib.h>
#include <string.h>

#include "apply/node_call.h"
#include "base/clock.h"
#include "base/metric.h"
#include "base/text.h"

#define PAGES_MAX 1024
#define TIMEOUT_MS 10000

static const double probe_buckets[] = { 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 0 };

static struct metric probe_metric = {
	.name = "csi_volume_health_probe_total",
	.help = "Questions to nodes for the health of their volumes.",
	.type = METRIC_COUNTER,
	.labels = { "result" },
};
static struct metric duration_metric = {
	.name = "csi_volume_health_probe_duration_seconds",
	.help = "How long such a question took.",
	.type = METRIC_HISTOGRAM,
	.buckets = probe_buckets,
};

static void measure(uint64_t since_ms, bool failed)
{
	const char *result = failed ? "error" : "success";
	metric_add(&probe_metric, &result, 1);
	metric_observe(&duration_metric, NULL, (double)(clock_monotonic_ms() - since_ms) / 1000);
}

struct page_call {
	const char *token;
	struct csi_health_page *page;
};

static int send_list(struct rpc_channel *rpc, uint32_t timeout_ms, void *context, struct error *err)
{
	struct page_call *call = context;
	return csi_list_volume_health(rpc, call->token, timeout_ms, &call->page, err);
}

static int send_get(struct rpc_channel *rpc, uint32_t timeout_ms, void *context, struct error *err)
{
	struct page_call *call = context;
	return csi_get_volume_health(rpc, call->token, timeout_ms, &call->page, err);
}

static int ask(const struct applier *applier, const struct node_call *call, struct error *err)
{
	uint64_t since_ms = clock_monotonic_ms();
	int r = node_call(applier, call, err);
	measure(since_ms, r < 0);
	return r;
}

static int compare(const void *a, const void *b)
{
	const struct csi_volume_health *const *one = a, *const *other = b;
	return strcmp((*one)->volume_id, (*other)->volume_id);
}

static void sort(struct health_list *list)
{
	size_t total = 0;
	for (size_t i = 0; i < list->count; i++)
		total += list->pages[i]->count;
	list->volumes = must_alloc((total + 1) * sizeof(*list->volumes));
	for (size_t i = 0; i < list->count; i++)
		for (size_t j = 0; j < list->pages[i]->count; j++)
			list->volumes[list->volume_count++] = &list->pages[i]->volumes[j];
	qsort(list->volumes, total, sizeof(*list->volumes), compare);
}

/* A driver that always names another page does not keep us for ever. */
int health_ask_all(const struct applier *applier, const char *node, struct health_list *ret_list,
		   struct error *err)
{
	CLEANUP_HEALTH_LIST struct health_list list = { 0 };
	struct page_call page = { .token = "" };
	do {
		if (list.count == PAGES_MAX)
			return error_set(err, ERROR_INTERNAL,
					 "node %s: ControllerListVolumeHealth does not end after "
					 "%d pages",
					 node, PAGES_MAX);
		if (ask(applier,
			&(struct node_call) { .node = node,
					      .method = "ControllerListVolumeHealth",
					      .timeout_ms = TIMEOUT_MS,
					      .send = send_list,
					      .context = &page },
			err) < 0)
			return -1;
		list.pages = must_realloc(list.pages, (list.count + 1) * sizeof(*list.pages));
		list.pages[list.count++] = page.page;
		page.token = page.page->next_token;
	} while (page.token[0]);
	sort(&list);
	*ret_list = list;
	list = (struct health_list) { 0 };
	return 0;
}

int health_ask_one(const struct applier *applier, const char *node, const char *handle,
		   struct csi_health_page **ret_page, struct error *err)
{
	struct page_call call = { .token = handle };
	if (ask(applier,
		&(struct node_call) { .node = node,
				      .method = "ControllerGetVolumeHealth",
				      .timeout_ms = TIMEOUT_MS,
				      .send = send_get,
				      .context = &call },
		err) < 0)
		return -1;
	*ret_page = call.page;
	return 0;
}

const struct csi_volume_health *health_list_find(const struct health_list *list, const char *handle)
{
	const struct csi_volume_health wanted = { .volume_id = handle }, *key = &wanted;
	const struct csi_volume_health *const *found =
		bsearch(&key, list->volumes, list->volume_count, sizeof(*list->volumes), compare);
	return found ? *found : NULL;
}

void health_list_done(struct health_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		csi_health_page_free(list->pages[i]);
	free(list->pages);
	free(list->volumes);
}
