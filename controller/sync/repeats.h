/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Patches that do not last.
 *
 * A patch that took effect is not needed again. If the same patch is due for the same object again
 * and again, something undoes it each time: a mutating webhook that removes what we write while the
 * API answers with success, or another client. The first repetition is sent at once, each further
 * one after twice the time of the one before, from a second to five minutes. Another patch, or ten
 * quiet minutes after the wait, end the row.
 *
 * Memory only: after a restart of the controller a row begins again. Of very many rows the oldest
 * are forgotten, so that their next repetition is sent early.
 */

#include <json-c/json.h>
#include <stdint.h>

#include "base/cleanup.h"

#define REPEAT_WAIT_MIN_MS 1000
#define REPEAT_WAIT_MAX_MS 300000

struct repeats;

/* One kind of patch to one object, on behalf of a set. Borrowed. */
struct repeat {
	const char *set_uid;
	const char *object_uid;
	const char *purpose;	   /* "owners of the claim": part of the key, and for the event */
	struct json_object *patch; /* its resource version and its times do not count */
};

struct repeats *repeats_new(void);
void repeats_free(struct repeats *repeats);

/* For how long the patch must not be sent; 0: not at all. */
uint32_t repeats_wait_ms(struct repeats *repeats, const struct repeat *repeat, uint64_t now_ms);

/* It was sent, and the API answered with success. Returns how often it was sent in a row. */
unsigned repeats_note(struct repeats *repeats, const struct repeat *repeat, uint64_t now_ms);

/* How long until the first patch of the set that was put off may be sent; 0: none was. */
uint32_t repeats_due_ms(struct repeats *repeats, const char *set_uid, uint64_t now_ms);

DEFINE_CLEANUP(struct repeats *, repeats_free);
