/* SPDX-License-Identifier: Apache-2.0 */
#include "apply/node_gate.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

/* A shut gate. A node that answers has none. */
struct gate {
	UT_hash_handle hh;
	uint64_t open_ms; /* on the monotonic clock: then one call may try */
	uint32_t pause_ms;
	bool tried; /* a call tries it now */
	char node[];
};

struct node_gates {
	uint32_t pause_min_ms;
	uint32_t pause_max_ms;
	pthread_mutex_t lock;
	struct gate *shut;
};

struct node_gates *node_gates_new(uint32_t pause_min_ms, uint32_t pause_max_ms)
{
	struct node_gates *gates = must_alloc(sizeof(*gates));
	gates->pause_min_ms = pause_min_ms;
	gates->pause_max_ms = pause_max_ms;
	pthread_mutex_init(&gates->lock, NULL);
	return gates;
}

static void open_gate(struct node_gates *gates, struct gate *gate)
{
	HASH_DEL(gates->shut, gate);
	free(gate);
}

void node_gates_free(struct node_gates *gates)
{
	if (!gates)
		return;
	while (gates->shut)
		open_gate(gates, gates->shut);
	pthread_mutex_destroy(&gates->lock);
	free(gates);
}

static struct gate *find(const struct node_gates *gates, const char *node)
{
	struct gate *gate;
	HASH_FIND_STR(gates->shut, node, gate);
	return gate;
}

int node_gate_enter(struct node_gates *gates, const char *node, struct error *err)
{
	pthread_mutex_lock(&gates->lock);
	struct gate *gate = find(gates, node);
	bool enters = !gate || (!gate->tried && clock_monotonic_ms() >= gate->open_ms);
	if (gate && enters)
		gate->tried = true;
	pthread_mutex_unlock(&gates->lock);
	if (enters)
		return 0;
	/* Always the same text, so that the events merge. */
	return error_set(err, ERROR_UNAVAILABLE,
			 "the node plugin did not answer the last call; it is called again after "
			 "a pause");
}

/* With the lock held. */
static void shut(struct node_gates *gates, const char *node)
{
	struct gate *gate = find(gates, node);
	if (!gate) {
		gate = must_alloc(sizeof(*gate) + strlen(node) + 1);
		strcpy(gate->node, node);
		HASH_ADD_STR(gates->shut, node, gate);
		gate->pause_ms = gates->pause_min_ms;
		log_warning("node plugin does not answer", LOG_TEXT("node", node));
	} else if (gate->tried) {
		gate->pause_ms = gate->pause_ms < gates->pause_max_ms / 2 ? 2 * gate->pause_ms
									  : gates->pause_max_ms;
	} else {
		return; /* begun before it was shut */
	}
	gate->tried = false;
	gate->open_ms = clock_monotonic_ms() + gate->pause_ms;
}

void node_gate_leave(struct node_gates *gates, const char *node, bool answered)
{
	pthread_mutex_lock(&gates->lock);
	struct gate *gate = find(gates, node);
	if (!answered) {
		shut(gates, node);
	} else if (gate) {
		log_info("node plugin answers again", LOG_TEXT("node", node));
		open_gate(gates, gate);
	}
	pthread_mutex_unlock(&gates->lock);
}
