/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How often each claim was made in a row, and when a missing one may be made again.
 *
 * A claim that no running pod uses is gone as soon as a client deletes it. Its pod may be long in
 * coming: a quota refuses it, or no node has room for it. A client that deletes the claim as fast
 * as the controller makes it would have both write to the API without a pause.
 *
 * The first repetition is made at once, each further one after twice the time of the one before,
 * from a second to five minutes. A row ends when the claim's pod is ready, and when the controller
 * itself scales the replica away: a set that is scaled up and down under whenScaled: Delete does
 * not wait. Ten quiet minutes after the wait end it too.
 *
 * Memory only: after a restart of the controller a row begins again. Of very many rows the oldest
 * are forgotten, so that their next repetition is made early.
 */

#include <stdint.h>

#include "base/cleanup.h"

#define REMAKE_WAIT_MIN_MS 1000
#define REMAKE_WAIT_MAX_MS 300000

struct remakes;

struct remakes *remakes_new(void);
void remakes_free(struct remakes *remakes);

/* The claim was made for the set at that time (base/clock.h: monotonic). */
void remakes_note(struct remakes *remakes, const char *set_uid, const char *claim_name,
		  uint64_t now_ms);

/* The row ends. */
void remakes_forget(struct remakes *remakes, const char *set_uid, const char *claim_name);

/* For how long a missing claim must not be made again; 0: not at all. */
uint32_t remakes_wait_ms(struct remakes *remakes, const char *set_uid, const char *claim_name,
			 uint64_t now_ms);

DEFINE_CLEANUP(struct remakes *, remakes_free);
