/* SPDX-License-Identifier: Apache-2.0 */
#include "apply/room_parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

struct part *part_find(struct part *parts, const char *claim_uid)
{
	struct part *part;
	HASH_FIND_STR(parts, claim_uid, part);
	return part;
}

struct part *part_find_or_add(struct part **parts, const char *claim_uid, const char *class_name,
			      uint64_t bytes)
{
	struct part *part = part_find(*parts, claim_uid);
	if (part)
		return part;
	part = must_alloc(sizeof(*part) + strlen(claim_uid) + 1);
	strcpy(part->claim_uid, claim_uid);
	part->class_name = must_strdup(class_name);
	part->bytes = bytes;
	part->since_ms = clock_monotonic_ms();
	HASH_ADD_STR(*parts, claim_uid, part);
	return part;
}

void part_set_state(struct part *part, enum part_state state)
{
	part->state = state;
	part->since_ms = clock_monotonic_ms();
}

void part_drop(struct part **parts, struct part *part)
{
	HASH_DEL(*parts, part);
	free(part->class_name);
	free(part);
}

void parts_expire(struct part **parts, uint64_t forget_ms)
{
	uint64_t now_ms = clock_monotonic_ms();
	struct part *part, *next;
	HASH_ITER(hh, *parts, part, next) {
		uint64_t age_ms = now_ms - part->since_ms;
		if (part->state == PART_PLANNED && part->lent && age_ms > PARTS_LENT_MS)
			part_set_state(part, PART_LAPSED);
		else if (part->state != PART_BEGUN && age_ms > forget_ms)
			part_drop(parts, part);
	}
}

void parts_settle(struct part **parts, uint64_t asked_ms)
{
	struct part *part, *next;
	HASH_ITER(hh, *parts, part, next) {
		if (part->state == PART_ENDED && part->since_ms < asked_ms)
			part_drop(parts, part);
		else if (part->state == PART_BEGUN || part->state == PART_ENDED)
			part->doubtful = true;
	}
}

void parts_drop_all(struct part **parts)
{
	struct part *part, *next;
	HASH_ITER(hh, *parts, part, next)
		part_drop(parts, part);
}
