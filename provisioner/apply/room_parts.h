/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The claims that were looked at for one node, and the part of its room that each was given. A hash
 * by the claim's uid, for apply/rooms.h alone, which holds the lock.
 *
 * A claim may be given a part on behalf of a sibling that is judged first. That part is lent: where
 * the claim itself does not come within PARTS_LENT_MS, it lapses, and is not lent again until the
 * claim comes. Otherwise a claim that cannot be made would hold room that others could have.
 */

#include <stdbool.h>
#include <stdint.h>
#include <uthash.h>

#define PARTS_LENT_MS 5000

enum part_state { PART_SEEN, PART_REFUSED, PART_LAPSED, PART_PLANNED, PART_BEGUN, PART_ENDED };

/* A claim on a node. */
struct part {
	UT_hash_handle hh;
	char *class_name;
	uint64_t bytes;
	enum part_state state;
	uint64_t since_ms;
	bool doubtful; /* the last answer may count it or not */
	bool lent;
	char claim_uid[];
};

struct part *part_find(struct part *parts, const char *claim_uid);

/* class_name and bytes: of a part that is added. */
struct part *part_find_or_add(struct part **parts, const char *claim_uid, const char *class_name,
			      uint64_t bytes);
void part_set_state(struct part *part, enum part_state state);
void part_drop(struct part **parts, struct part *part);

/* Those that were planned, or refused, and not begun for too long; and those lent for too long
 * lapse. */
void parts_expire(struct part **parts, uint64_t forget_ms);

/* After an answer to a question of that time: parts whose call had ended are in it. */
void parts_settle(struct part **parts, uint64_t asked_ms);
void parts_drop_all(struct part **parts);
