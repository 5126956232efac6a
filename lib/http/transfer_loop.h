/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The thread in which the transfers of one client run, over one curl multi handle.
 *
 *	incoming --started--> running --answered, failed, given up--> ended
 *
 * The asking thread submits a transfer and waits for it; while it is incoming or running libcurl's
 * handle is the loop's alone, afterwards it is the asking thread's again. The loop also ends what
 * libcurl would keep: streams that have been silent for too long, those whose reader is gone, and
 * all transfers of a connection on which the server no longer answers.
 *
 * One lock guards the loop and what the two sides share of a transfer (http/transfer.h). It is
 * never held while in libcurl.
 */

#include <curl/curl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct transfer;

struct transfer_loop {
	CURLM *multi;
	pthread_t thread;

	pthread_mutex_t lock;
	struct transfer *incoming;
	struct transfer *running;
	uint64_t heard_ms; /* when the server last said anything */
	uint64_t stuck_ms; /* when its connections were given up; 0: never */
	bool stopping;	   /* every transfer is cancelled, now and from now on */
	bool quitting;	   /* the thread ends */
};

void transfer_loop_init(struct transfer_loop *loop);

/* No transfer may be under way. */
void transfer_loop_done(struct transfer_loop *loop);

/* ERROR_CANCELLED after transfer_loop_stop(). */
int transfer_loop_submit(struct transfer_loop *loop, struct transfer *transfer, struct error *err);

/* Until the transfer has ended or, for a stream, its status is known to be good. */
void transfer_loop_await(struct transfer_loop *loop, struct transfer *transfer);

/* The loop looks at its transfers again: one is closing or asks to go on. */
void transfer_loop_wake(struct transfer_loop *loop);

/* Ends every transfer with ERROR_CANCELLED, now and from now on. */
void transfer_loop_stop(struct transfer_loop *loop);

/* How old a connection may be that a new transfer uses, in whole seconds, which is all that libcurl
 * knows; 0: any. A connection that was given up is older by at least the time for which a request
 * waited on it. */
long transfer_loop_connection_age_max_s(struct transfer_loop *loop);
