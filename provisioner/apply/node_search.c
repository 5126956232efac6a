/* SPDX-License-Identifier: Apache-2.0 */
#include "apply/node_search.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "apply/node_call.h"
#include "base/clock.h"
#include "base/text.h"
#include "cluster/cluster.h"
#include "cluster/node.h"
#include "csi/names.h"

#define AT_ONCE 64
#define SEARCH_MS 60000 /* after so long no other node is asked */
#define NAMED_MAX 10	/* of the nodes that did not answer */

/* A node that may have it. */
struct asked {
	const char *name;
	const char *node_id; /* NULL: the driver is not registered there now; not asked */
	bool answered;
};

/* Shared by the threads that ask. */
struct search {
	const struct applier *applier;
	const struct node_search *what;
	uint64_t end_ms;
	struct asked *nodes; /* those to ask come first */
	size_t to_ask;
	size_t count;

	pthread_mutex_t lock; /* for what follows */
	size_t next;
	const struct asked *found; /* NULL: not yet */
	void *answer;		   /* the finder's */
	struct error refused;	   /* by a node that has something else of that name */
};

struct question {
	const struct node_search *what;
	void *answer;
};

static int send_question(struct rpc_channel *rpc, uint32_t timeout_ms, void *context,
			 struct error *err)
{
	const struct question *question = context;
	return question->what->ask(rpc, timeout_ms, question->what->question, question->answer,
				   err);
}

static void ask(struct search *search, struct asked *asked)
{
	CLEANUP_FREE void *answer = must_alloc(search->what->answer_bytes);
	struct question question = { .what = search->what, .answer = answer };
	struct error err;
	int r = node_call(search->applier,
			  &(struct node_call) { .node = asked->name,
						.method = search->what->method,
						.send = send_question,
						.context = &question },
			  &err);
	asked->answered = r == 0 || err.code == ERROR_NOT_FOUND || err.code == ERROR_INVALID;
	if (r < 0 && err.code != ERROR_INVALID)
		return;
	pthread_mutex_lock(&search->lock);
	if (r < 0) {
		search->refused = err;
		pthread_mutex_unlock(&search->lock);
		return;
	}
	search->found = asked;
	memcpy(search->answer, answer, search->what->answer_bytes);
	pthread_mutex_unlock(&search->lock);
}

/* NULL: there is no more to ask. */
static struct asked *take_next(struct search *search)
{
	struct asked *next = NULL;
	pthread_mutex_lock(&search->lock);
	if (!search->found && search->next < search->to_ask &&
	    clock_monotonic_ms() < search->end_ms)
		next = &search->nodes[search->next++];
	pthread_mutex_unlock(&search->lock);
	return next;
}

static void *ask_some(void *context)
{
	struct search *search = context;
	for (struct asked *next; (next = take_next(search));)
		ask(search, next);
	return NULL;
}

/* This thread asks, too, so that the search goes on where no other can be had. */
static void ask_all(struct search *search)
{
	pthread_t threads[AT_ONCE - 1];
	size_t count = 0;
	while (count < AT_ONCE - 1 && count + 1 < search->to_ask &&
	       pthread_create(&threads[count], NULL, ask_some, search) == 0)
		count++;
	ask_some(search);
	for (size_t i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
}

static void append_name(struct text *names, const struct asked *node)
{
	text_printf(names, "%s\"%s\"%s", names->length > 0 ? ", " : "", node->name,
		    node->node_id ? "" : " (the driver is not registered there)");
}

static int explain(const struct search *search, struct error *err)
{
	CLEANUP_TEXT struct text names = TEXT_INIT;
	size_t silent = 0;
	for (size_t i = 0; i < search->count; i++)
		if (!search->nodes[i].answered && silent++ < NAMED_MAX)
			append_name(&names, &search->nodes[i]);
	if (search->refused.code) {
		*err = search->refused;
		return error_prefix(err, "%s", search->what->what);
	}
	if (search->count == 0)
		return error_set(err, ERROR_UNAVAILABLE,
				 "%s was not found, and the driver is registered on no node",
				 search->what->what);
	if (silent == 0)
		return error_set(err, ERROR_NOT_FOUND,
				 "%s is on none of the %zu nodes of the driver", search->what->what,
				 search->count);
	return error_set(err, ERROR_UNAVAILABLE,
			 "%s was not found, and %zu of the %zu nodes of the driver did not answer: "
			 "%s%s",
			 search->what->what, silent, search->count, text_string(&names),
			 silent > NAMED_MAX ? ", …" : "");
}

static int by_name(const void *a, const void *b)
{
	const struct asked *left = a, *right = b;
	return strcmp(left->name, right->name);
}

static void choose_registered(struct search *search, const struct object_list *csi_nodes)
{
	for (size_t i = 0; i < csi_nodes->count; i++) {
		const struct csi_node *node = csi_node_of(csi_nodes->items[i]);
		if (node->node_id)
			search->nodes[search->to_ask++] = (struct asked) {
				.name = node->object.name,
				.node_id = node->node_id,
			};
	}
	qsort(search->nodes, search->to_ask, sizeof(*search->nodes), by_name);
	search->count = search->to_ask;
}

/* A node plugin that restarts takes the driver off the CSINode. The kubelet leaves the label on the
 * Node, which says that the driver was there and that the node may have it. */
static void choose_unregistered(struct search *search, const struct object_list *nodes)
{
	for (size_t i = 0; i < nodes->count; i++) {
		const struct asked node = { .name = nodes->items[i]->name };
		if (pairs_get(&nodes->items[i]->labels, CSI_TOPOLOGY_KEY) &&
		    !bsearch(&node, search->nodes, search->to_ask, sizeof(node), by_name))
			search->nodes[search->count++] = node;
	}
}

int node_search_run(const struct applier *applier, const struct node_search *what, void *ret_answer,
		    struct node_finding *ret_finding, struct error *err)
{
	CLEANUP_OBJECT_LIST struct object_list csi_nodes = { 0 };
	CLEANUP_OBJECT_LIST struct object_list nodes = { 0 };
	struct search search = {
		.applier = applier,
		.what = what,
		.answer = ret_answer,
		.end_ms = clock_monotonic_ms() + SEARCH_MS,
		.lock = PTHREAD_MUTEX_INITIALIZER,
	};
	cluster_list(applier->cluster, CLUSTER_CSI_NODES, NULL, &csi_nodes);
	cluster_list(applier->cluster, CLUSTER_NODES, NULL, &nodes);
	search.nodes = must_alloc((csi_nodes.count + nodes.count + 1) * sizeof(*search.nodes));
	choose_registered(&search, &csi_nodes);
	choose_unregistered(&search, &nodes);
	ask_all(&search);
	int r = 0;
	if (search.found)
		*ret_finding = (struct node_finding) {
			.node = must_strdup(search.found->name),
			.node_id = must_strdup(search.found->node_id),
		};
	else
		r = explain(&search, err);
	free(search.nodes);
	return r;
}

void node_finding_done(struct node_finding *finding)
{
	free(finding->node);
	free(finding->node_id);
}
