/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Which events are one, and how many may be posted: the rules of client-go's event correlator, so
 * that a set of a thousand pods under a quota costs the API server no more than one of ten.
 *
 *	same		Events that differ in nothing are one Event object, counted up.
 *	similar		From the tenth message on that an object gets with the same type and reason
 *			within ten minutes, its events are combined into one Event object, which
 *			shows the newest message.
 *	rate		An object may get 25 events of a type at once, then one in five minutes. The
 *			type counts here, unlike in client-go: a hundred pods that were created must
 *			not hide the warning that the next one was refused.
 *
 * Pure: the caller hands in the time. Of more than 4096 objects, groups or Event objects the one
 * that was used least recently is forgotten, so the memory is bounded.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "kube/object.h"

#define EVENT_COMBINED_PREFIX "(combined from similar events): "

struct event_correlator;

struct event_correlator *event_correlator_new(void);
void event_correlator_free(struct event_correlator *correlator);

struct event_about {
	const struct object *object;
	const char *type; /* "Warning" */
	const char *reason;
	const char *message;
};

/* Counts the event in. The key is the same for events that belong into one Event object; yours. */
char *event_correlator_key(struct event_correlator *correlator, const struct event_about *about,
			   uint64_t now_ms, bool *ret_combined);

/* One more event of this type may be posted about the object now. */
bool event_correlator_admit(struct event_correlator *correlator, const struct event_about *about,
			    uint64_t now_ms);

/* The Event object that stands for a key. */
struct event_posted {
	char *name; /* NULL: none was posted yet */
	int64_t first_s;
	int64_t count;
};

/* Borrowed, until the next call. */
struct event_posted *event_correlator_posted(struct event_correlator *correlator, const char *key);

DEFINE_CLEANUP(struct event_correlator *, event_correlator_free);
