/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Keys that want attention, and the workers that give it.
 *
 * A key is in the queue at most once and never with two workers at once; one that is added while a
 * worker has it is looked at again afterwards. A reconcile that fails is tried again with
 * exponential backoff for that key, without end; success resets the backoff.
 *
 * A key that a worker has had for a while is slow. Spare workers stand in for those that have slow
 * keys, so that these delay no other key; and where the owner names lanes (kube/lanes.h), slow keys
 * of one lane do not take all of the spare workers either.
 *
 * A worker is a thread. It begins when a key finds no other free, and ends when for a while another
 * one was free at every moment.
 */

#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "kube/lanes.h"

struct workqueue;

/* 0: done. >0: done for now, look again in so many milliseconds. workqueue_put_off(): not looked
 * at. -1: failed, *err says why; tried again with backoff. Level-triggered: the key says where to
 * look, not what happened. */
typedef int reconcile_fn(void *context, const char *key, struct error *err);

/* The answer of a reconcile that could not look at the key yet: look in so many milliseconds.
 * Unlike a success it leaves the failures of the key as they are, so that a key which fails after
 * each such wait is still tried ever more rarely. */
int workqueue_put_off(uint32_t delay_ms);

struct workqueue_options {
	const char *name; /* label of the metrics: workqueue_depth{name=…} and so on */
	unsigned workers;
	unsigned spare_workers; /* while so many keys are slow; 0: none stands in */
	uint32_t slow_ms;	/* a key is slow after so long; 0: never */
	uint32_t idle_ms;	/* the while after which a free worker ends; 0: 30 s */
	uint32_t backoff_min_ms;
	uint32_t backoff_max_ms;
	reconcile_fn *reconcile;

	/* In the worker, before each reconcile: appends the names of the key's lanes. It may be
	 * empty. NULL: there are no lanes. */
	void (*name_lanes)(void *context, const char *key, struct text lanes[LANES]);
	unsigned lane_limits[LANES];

	/* After a failure, in the worker: for the log; may be NULL. */
	void (*failed)(void *context, const char *key, const struct error *err,
		       uint32_t retry_after_ms);
	void *context;
};

struct workqueue *workqueue_new(const struct workqueue_options *options);
void workqueue_start(struct workqueue *queue);

/* Lets running reconciles end, drops the rest, joins the workers. */
void workqueue_stop(struct workqueue *queue);
void workqueue_free(struct workqueue *queue);

void workqueue_add(struct workqueue *queue, const char *key);
/* Key "<namespace>/<name>". */
void workqueue_add_object(struct workqueue *queue, const char *namespace, const char *name);
void workqueue_add_after(struct workqueue *queue, const char *key, uint32_t delay_ms);

DEFINE_CLEANUP(struct workqueue *, workqueue_free);
