/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The room of each node: what it answered last to GetCapacity, and which claims were given a part
 * of that since. The role capacity notes the answers, the role provision gives the parts, so that
 * no node is asked for a volume that cannot fit there, and claims that share a node are judged
 * together.
 *
 *	seen --fits--> planned --CreateVolume--> begun --its end--> ended --next answer--> gone
 *	     --does not--> refused, until the claim has left the node
 *
 * An answer counts each volume whose CreateVolume had ended before the question. Of one that was
 * under way the answer does not say whether it counts. Such a part is doubtful: where it decides,
 * the verdict is ROOM_UNCLEAR, and the caller looks again when the call has ended.
 *
 * Several classes may share a node's pools. The answers do not say so; classes with equal answers
 * are taken to share their room, other classes are not. So a verdict may be too good, and then
 * CreateVolume decides; it is never too bad.
 *
 * A look at a claim walks the parts of its node: those given since the node answered last. Without
 * an answer meanwhile, all looks at one claim took 4 us of a core with 20 parts on each node and
 * 90 us with 1,000, both with a hundred thousand claims, and 300 us with 10,000 parts on one node.
 *
 * All of it is derived and in memory. What is not known here is decided by the node. Thread-safe.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "cluster/storage_capacity.h"

/* A part that was planned, or refused, and not begun for so long is forgotten. */
#define ROOMS_FORGET_MS 60000

struct rooms;

struct rooms *rooms_new(void);
void rooms_free(struct rooms *rooms);

struct room_answer {
	const char *class_name;
	struct room room;
};

/* All that the node says of its classes, asked at asked_ms of the monotonic clock. count 0: it did
 * not answer; asked_ms 0: it is gone. */
struct room_answers {
	const struct room_answer *items;
	size_t count;
	uint64_t asked_ms;
};

void rooms_note(struct rooms *rooms, const char *node_id, const struct room_answers *answers);

/* When the node was asked last; 0: never. */
uint64_t rooms_asked_ms(struct rooms *rooms, const char *node_id);

/* What the node answered last for the class. false: not known. */
bool rooms_answered(struct rooms *rooms, const char *node_id, const char *class_name,
		    struct room *ret_room);

/* The largest volume of the class that may still fit. false: not known. */
bool rooms_left(struct rooms *rooms, const char *node_id, const char *class_name,
		uint64_t *ret_bytes);

struct room_wish {
	const char *claim_uid;
	const char *class_name;
	uint64_t bytes;
};

struct room_wishes {
	const struct room_wish *items;
	size_t count;
};

enum room_verdict {
	ROOM_FITS,    /* as far as we know */
	ROOM_UNCLEAR, /* it depends on a call that is under way */
	ROOM_SHORT,
};

/* Of all wishes together. rooms_give() also gives each its part, where all fit: the first for the
 * claim that asks, the others on behalf of its siblings. Such a part lapses after a few seconds
 * (apply/room_parts.h), unless its own claim comes. */
enum room_verdict rooms_fit(struct rooms *rooms, const char *node_id,
			    const struct room_wishes *wishes);
enum room_verdict rooms_give(struct rooms *rooms, const char *node_id,
			     const struct room_wishes *wishes);

/* Each of them is to leave the node. */
void rooms_refuse(struct rooms *rooms, const char *node_id, const struct room_wishes *wishes);

/* Until until_ms, where the wishes do not fit together, the classes that they are of, and those
 * that share their room, are to be published with less room than the largest of them wants, so that
 * the scheduler does not send them back. */
void rooms_lower(struct rooms *rooms, const char *node_id, const struct room_wishes *wishes,
		 uint64_t until_ms);

/* What may be published at most of the class: UINT64_MAX outside such a time. */
uint64_t rooms_ceiling(struct rooms *rooms, const char *node_id, const char *class_name);

/* When the next ceiling of the node ends; 0: it has none. */
uint64_t rooms_lowered_until_ms(struct rooms *rooms, const char *node_id);

/* false: the claim was given a part by a sibling before, and has not come for it. */
bool rooms_may_lend(struct rooms *rooms, const char *node_id, const char *claim_uid);

enum room_standing { ROOM_SEEN, ROOM_GIVEN, ROOM_REFUSED };

/* Of a claim on the node. *ret_since_ms: since when it stands so; the first question for it makes
 * it seen. */
enum room_standing rooms_standing(struct rooms *rooms, const char *node_id,
				  const struct room_wish *wish, uint64_t *ret_since_ms);

/* Before CreateVolume, whether or not a part was given before; and after it: kept, since there may
 * be a volume, or not. rooms_end() is also for a claim that leaves. */
void rooms_begin(struct rooms *rooms, const char *node_id, const struct room_wish *wish);
void rooms_end(struct rooms *rooms, const char *node_id, const char *claim_uid, bool kept);

DEFINE_CLEANUP(struct rooms *, rooms_free);
