/* SPDX-License-Identifier: Apache-2.0 */
#include "apply/node_channel.h"

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "base/clock.h"
#include "csi/names.h"
#include "rpc/channel.h"
#include "rpc/tls.h"

struct node_channel {
	struct node_channels *owner;
	struct node_channel *next;
	char *node;
	char *address;
	uint64_t tls_generation;
	struct rpc_channel *rpc;
	unsigned users;
	uint64_t used_ms;
};

/* Channels in `current` are handed out; those in `old` were replaced while a call used them. */
struct node_channels {
	struct node_channels_options options;
	pthread_mutex_t lock;
	struct rpc_tls *tls; /* NULL: not read yet */
	struct node_channel *current;
	struct node_channel *old;
};

struct node_channels *node_channels_new(const struct node_channels_options *options)
{
	struct node_channels *channels = must_alloc(sizeof(*channels));
	channels->options = *options;
	pthread_mutex_init(&channels->lock, NULL);
	return channels;
}

static void channel_free(struct node_channel *channel)
{
	rpc_channel_free(channel->rpc);
	free(channel->address);
	free(channel->node);
	free(channel);
}

void node_channels_free(struct node_channels *channels)
{
	if (!channels)
		return;
	assert(!channels->old);
	while (channels->current) {
		struct node_channel *channel = channels->current;
		assert(channel->users == 0);
		channels->current = channel->next;
		channel_free(channel);
	}
	rpc_tls_free(channels->tls);
	pthread_mutex_destroy(&channels->lock);
	free(channels);
}

static struct node_channel **find(struct node_channel **list, const char *node)
{
	while (*list && strcmp((*list)->node, node) != 0)
		list = &(*list)->next;
	return list;
}

static struct node_channel *unlink_channel(struct node_channel **place)
{
	struct node_channel *channel = *place;
	*place = channel->next;
	channel->next = NULL;
	return channel;
}

static void retire(struct node_channels *channels, struct node_channel **place)
{
	struct node_channel *channel = unlink_channel(place);
	if (channel->users == 0) {
		channel_free(channel);
		return;
	}
	channel->next = channels->old;
	channels->old = channel;
}

static uint64_t tls_generation(const struct node_channels *channels)
{
	return channels->tls ? rpc_tls_generation(channels->tls) : 0;
}

static int dial(struct node_channels *channels, const char *address,
		struct rpc_channel **ret_channel, struct error *err)
{
	const struct node_channels_options *options = &channels->options;
	if (options->dial)
		return options->dial(options->context, address, ret_channel, err);
	return rpc_channel_new_tls(address, channels->tls, CSI_NODE_TLS_NAME, ret_channel, err);
}

static int add_channel(struct node_channels *channels, const char *node, const char *address,
		       struct error *err)
{
	struct rpc_channel *rpc;
	if (dial(channels, address, &rpc, err) < 0)
		return -1;
	struct node_channel *channel = must_alloc(sizeof(*channel));
	*channel = (struct node_channel) {
		.owner = channels,
		.next = channels->current,
		.node = must_strdup(node),
		.address = must_strdup(address),
		.tls_generation = tls_generation(channels),
		.rpc = rpc,
		.used_ms = clock_monotonic_ms(),
	};
	channels->current = channel;
	return 0;
}

/* With the lock held: the current channel to that address, made if need be. */
static int current_channel(struct node_channels *channels, const char *node, const char *address,
			   struct node_channel **ret_channel, struct error *err)
{
	struct node_channel **place = find(&channels->current, node);
	if (*place && (strcmp((*place)->address, address) != 0 ||
		       (*place)->tls_generation != tls_generation(channels))) {
		retire(channels, place);
		place = find(&channels->current, node);
	}
	if (!*place) {
		if (add_channel(channels, node, address, err) < 0)
			return -1;
		place = &channels->current;
	}
	*ret_channel = *place;
	(*ret_channel)->users++;
	return 0;
}

/* With the lock held. What a reload cannot use leaves the old content in force. */
static int load_tls(struct node_channels *channels, struct error *err)
{
	if (channels->options.dial)
		return 0;
	if (channels->tls) {
		rpc_tls_reload(channels->tls, NULL);
		return 0;
	}
	if (rpc_tls_new(channels->options.tls_folder, &channels->tls, err) < 0)
		return error_set(err, ERROR_UNAVAILABLE, "the provisioner's certificates: %s",
				 err->text);
	return 0;
}

/* With the lock held. A peer refuses an expired certificate without a reason. */
static int check_tls(struct node_channels *channels, struct error *err)
{
	if (load_tls(channels, err) < 0)
		return -1;
	if (!channels->tls || clock_wall_s() <= rpc_tls_not_after_s(channels->tls))
		return 0;
	char when[CLOCK_TEXT_MAX];
	clock_format_s(rpc_tls_not_after_s(channels->tls), when);
	return error_set(err, ERROR_UNAVAILABLE,
			 "the provisioner's certificates: %s/tls.crt expired at %s; renew the "
			 "certificates of the release",
			 channels->options.tls_folder, when);
}

int node_channels_check_tls(struct node_channels *channels, struct error *err)
{
	pthread_mutex_lock(&channels->lock);
	int r = check_tls(channels, err);
	pthread_mutex_unlock(&channels->lock);
	return r;
}

int node_channel_get(struct node_channels *channels, const char *node,
		     struct node_channel **ret_channel, struct error *err)
{
	CLEANUP_TEXT struct text address = TEXT_INIT;
	if (channels->options.find_address(channels->options.context, node, &address, err) < 0)
		return -1;
	pthread_mutex_lock(&channels->lock);
	int r = check_tls(channels, err);
	if (r == 0)
		r = current_channel(channels, node, text_string(&address), ret_channel, err);
	pthread_mutex_unlock(&channels->lock);
	return r;
}

static void drop_if_old(struct node_channels *channels, struct node_channel *channel)
{
	struct node_channel **place = &channels->old;
	while (*place && *place != channel)
		place = &(*place)->next;
	if (*place)
		channel_free(unlink_channel(place));
}

void node_channel_put(struct node_channel *channel)
{
	if (!channel)
		return;
	struct node_channels *channels = channel->owner;
	pthread_mutex_lock(&channels->lock);
	channel->used_ms = clock_monotonic_ms();
	if (--channel->users == 0)
		drop_if_old(channels, channel);
	pthread_mutex_unlock(&channels->lock);
}

struct rpc_channel *node_channel_rpc(const struct node_channel *channel)
{
	return channel->rpc;
}

void node_channels_sweep(struct node_channels *channels)
{
	uint64_t now_ms = clock_monotonic_ms();
	pthread_mutex_lock(&channels->lock);
	struct node_channel **place = &channels->current;
	while (*place) {
		if ((*place)->users == 0 && now_ms - (*place)->used_ms >= channels->options.idle_ms)
			channel_free(unlink_channel(place));
		else
			place = &(*place)->next;
	}
	pthread_mutex_unlock(&channels->lock);
}

unsigned node_channels_count(struct node_channels *channels)
{
	unsigned count = 0;
	pthread_mutex_lock(&channels->lock);
	for (struct node_channel *channel = channels->current; channel; channel = channel->next)
		count++;
	pthread_mutex_unlock(&channels->lock);
	return count;
}
