/* SPDX-License-Identifier: Apache-2.0 */
#include "claim/missed_node.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/text.h"

struct missed_node {
	UT_hash_handle hh;
	uint64_t since_ms;
	uint64_t asked_ms; /* last */
	char name[];
};

struct missed_nodes {
	uint32_t bound_ms;
	pthread_mutex_t lock;
	struct missed_node *table; /* uthash keeps their order: the one asked about last is last */
};

struct missed_nodes *missed_nodes_new(uint32_t bound_ms)
{
	struct missed_nodes *nodes = must_alloc(sizeof(*nodes));
	nodes->bound_ms = bound_ms;
	pthread_mutex_init(&nodes->lock, NULL);
	return nodes;
}

static void drop(struct missed_nodes *nodes, struct missed_node *node)
{
	HASH_DEL(nodes->table, node);
	free(node);
}

void missed_nodes_free(struct missed_nodes *nodes)
{
	if (!nodes)
		return;
	while (nodes->table)
		drop(nodes, nodes->table);
	pthread_mutex_destroy(&nodes->lock);
	free(nodes);
}

/* A claim that waits is looked at when the bound is over, at the latest. What is older says nothing
 * of the time between, and users name the nodes, so the table must not grow for ever. */
static void drop_forgotten(struct missed_nodes *nodes, uint64_t now_ms)
{
	while (nodes->table && now_ms - nodes->table->asked_ms > 2 * (uint64_t)nodes->bound_ms)
		drop(nodes, nodes->table);
}

static struct missed_node *find(const struct missed_nodes *nodes, const char *name)
{
	struct missed_node *node;
	HASH_FIND_STR(nodes->table, name, node);
	return node;
}

static struct missed_node *missed_node_new(const char *name, uint64_t now_ms)
{
	struct missed_node *node = must_alloc(sizeof(*node) + strlen(name) + 1);
	strcpy(node->name, name);
	node->since_ms = now_ms;
	return node;
}

uint32_t missed_node_left_ms(struct missed_nodes *nodes, const char *name, uint64_t now_ms)
{
	pthread_mutex_lock(&nodes->lock);
	drop_forgotten(nodes, now_ms);
	struct missed_node *node = find(nodes, name);
	if (node)
		HASH_DEL(nodes->table, node);
	else
		node = missed_node_new(name, now_ms);
	node->asked_ms = now_ms;
	HASH_ADD_STR(nodes->table, name, node);
	uint64_t missed_ms = now_ms - node->since_ms;
	pthread_mutex_unlock(&nodes->lock);
	return missed_ms < nodes->bound_ms ? (uint32_t)(nodes->bound_ms - missed_ms) : 0;
}

static void end(struct missed_nodes *nodes, const char *name)
{
	struct missed_node *node = find(nodes, name);
	if (node)
		drop(nodes, node);
}

void missed_nodes_end(struct missed_nodes *nodes, const struct node_view *views, size_t count)
{
	pthread_mutex_lock(&nodes->lock);
	for (size_t i = 0; i < count && nodes->table; i++)
		end(nodes, views[i].node->object.name);
	pthread_mutex_unlock(&nodes->lock);
}

void missed_node_end(struct missed_nodes *nodes, const char *name)
{
	pthread_mutex_lock(&nodes->lock);
	end(nodes, name);
	pthread_mutex_unlock(&nodes->lock);
}
