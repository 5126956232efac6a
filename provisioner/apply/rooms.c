/* SPDX-License-Identifier: Apache-2.0 */
#include "apply/rooms.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/clock.h"
#include "base/text.h"

enum part_state { SEEN, REFUSED, PLANNED, BEGUN, ENDED };

/* A claim on a node. */
struct part {
	char *claim_uid;
	char *class_name;
	uint64_t bytes;
	enum part_state state;
	uint64_t since_ms;
	bool doubtful; /* the last answer may count it or not */
};

struct answer {
	char *class_name;
	struct room room;
};

struct node_room {
	UT_hash_handle hh;
	struct answer *answers;
	size_t answer_count;
	uint64_t asked_ms;
	struct part *parts;
	size_t part_count;
	uint64_t ceiling_bytes;
	uint64_t ceiling_until_ms;
	char node_id[];
};

struct rooms {
	pthread_mutex_t lock;
	struct node_room *nodes;
};

struct rooms *rooms_new(void)
{
	struct rooms *rooms = must_alloc(sizeof(*rooms));
	pthread_mutex_init(&rooms->lock, NULL);
	return rooms;
}

static void drop_answers(struct node_room *node)
{
	for (size_t i = 0; i < node->answer_count; i++)
		free(node->answers[i].class_name);
	free(TAKE(node->answers));
	node->answer_count = 0;
	node->asked_ms = 0;
}

static void drop_part(struct node_room *node, struct part *part)
{
	free(part->claim_uid);
	free(part->class_name);
	*part = node->parts[--node->part_count];
}

static void drop_node(struct rooms *rooms, struct node_room *node)
{
	drop_answers(node);
	while (node->part_count > 0)
		drop_part(node, &node->parts[0]);
	free(node->parts);
	HASH_DEL(rooms->nodes, node);
	free(node);
}

void rooms_free(struct rooms *rooms)
{
	if (!rooms)
		return;
	while (rooms->nodes)
		drop_node(rooms, rooms->nodes);
	pthread_mutex_destroy(&rooms->lock);
	free(rooms);
}

static struct node_room *find(struct rooms *rooms, const char *node_id)
{
	struct node_room *node;
	HASH_FIND_STR(rooms->nodes, node_id, node);
	return node;
}

static struct node_room *find_or_add(struct rooms *rooms, const char *node_id)
{
	struct node_room *node = find(rooms, node_id);
	if (node)
		return node;
	node = must_alloc(sizeof(*node) + strlen(node_id) + 1);
	strcpy(node->node_id, node_id);
	HASH_ADD_STR(rooms->nodes, node_id, node);
	return node;
}

static void drop_old_parts(struct node_room *node, uint64_t now_ms)
{
	for (size_t i = node->part_count; i > 0; i--) {
		struct part *part = &node->parts[i - 1];
		if (part->state != BEGUN && now_ms - part->since_ms > ROOMS_FORGET_MS)
			drop_part(node, part);
	}
}

static void drop_if_empty(struct rooms *rooms, struct node_room *node)
{
	uint64_t now_ms = clock_monotonic_ms();
	drop_old_parts(node, now_ms);
	if (node->asked_ms == 0 && node->part_count == 0 && node->ceiling_until_ms <= now_ms)
		drop_node(rooms, node);
}

/* Parts whose call had ended are in the answer. */
static void settle_parts(struct node_room *node, uint64_t asked_ms)
{
	for (size_t i = node->part_count; i > 0; i--) {
		struct part *part = &node->parts[i - 1];
		if (part->state == ENDED && part->since_ms < asked_ms)
			drop_part(node, part);
		else if (part->state == BEGUN || part->state == ENDED)
			part->doubtful = true;
	}
}

void rooms_note(struct rooms *rooms, const char *node_id, const struct room_answers *answers)
{
	pthread_mutex_lock(&rooms->lock);
	struct node_room *node = find_or_add(rooms, node_id);
	drop_answers(node);
	node->asked_ms = answers->asked_ms;
	if (answers->count > 0) {
		node->answers = must_alloc(answers->count * sizeof(*node->answers));
		settle_parts(node, answers->asked_ms);
	}
	for (size_t i = 0; i < answers->count; i++)
		node->answers[node->answer_count++] = (struct answer) {
			.class_name = must_strdup(answers->items[i].class_name),
			.room = answers->items[i].room,
		};
	drop_if_empty(rooms, node);
	pthread_mutex_unlock(&rooms->lock);
}

uint64_t rooms_asked_ms(struct rooms *rooms, const char *node_id)
{
	pthread_mutex_lock(&rooms->lock);
	const struct node_room *node = find(rooms, node_id);
	uint64_t asked_ms = node ? node->asked_ms : 0;
	pthread_mutex_unlock(&rooms->lock);
	return asked_ms;
}

static const struct room *room_of(const struct node_room *node, const char *class_name)
{
	for (size_t i = 0; node && i < node->answer_count; i++)
		if (strcmp(node->answers[i].class_name, class_name) == 0)
			return &node->answers[i].room;
	return NULL;
}

static bool same_room(const struct room *a, const struct room *b)
{
	return a->capacity_bytes == b->capacity_bytes && a->has_maximum == b->has_maximum &&
	       a->maximum_bytes == b->maximum_bytes;
}

/* What is given of this room to a claim of that class is missing in it. */
static bool is_taken_from(const struct node_room *node, const struct room *room,
			  const char *class_name)
{
	const struct room *other = room_of(node, class_name);
	return other && (other == room || same_room(other, room));
}

static uint64_t add_bytes(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* Given of this room so far; certain: without what is doubtful. */
static uint64_t given(const struct node_room *node, const struct room *room, bool certain)
{
	uint64_t bytes = 0;
	for (size_t i = 0; i < node->part_count; i++) {
		const struct part *part = &node->parts[i];
		if (part->state < PLANNED || (certain && part->doubtful))
			continue;
		if (is_taken_from(node, room, part->class_name))
			bytes = add_bytes(bytes, part->bytes);
	}
	return bytes;
}

static struct part *find_part(const struct node_room *node, const char *claim_uid)
{
	for (size_t i = 0; node && i < node->part_count; i++)
		if (strcmp(node->parts[i].claim_uid, claim_uid) == 0)
			return &node->parts[i];
	return NULL;
}

static bool is_given(const struct node_room *node, const struct room_wish *wish)
{
	const struct part *part = find_part(node, wish->claim_uid);
	return part && part->state >= PLANNED;
}

static uint64_t wanted(const struct node_room *node, const struct room *room,
		       const struct room_wishes *wishes)
{
	uint64_t bytes = 0;
	for (size_t i = 0; i < wishes->count; i++)
		if (is_taken_from(node, room, wishes->items[i].class_name) &&
		    !is_given(node, &wishes->items[i]))
			bytes = add_bytes(bytes, wishes->items[i].bytes);
	return bytes;
}

static uint64_t largest_of(const struct room *room)
{
	return room->has_maximum && room->maximum_bytes < room->capacity_bytes
		       ? room->maximum_bytes
		       : room->capacity_bytes;
}

static enum room_verdict judge_room(const struct node_room *node, const struct room *room,
				    const struct room_wishes *wishes)
{
	uint64_t bytes = wanted(node, room, wishes);
	if (add_bytes(bytes, given(node, room, false)) <= room->capacity_bytes)
		return ROOM_FITS;
	return add_bytes(bytes, given(node, room, true)) <= room->capacity_bytes ? ROOM_UNCLEAR
										 : ROOM_SHORT;
}

static enum room_verdict judge(const struct node_room *node, const struct room_wishes *wishes)
{
	enum room_verdict worst = ROOM_FITS;
	const struct room *judged = NULL;
	for (size_t i = 0; node && i < wishes->count; i++) {
		const struct room *room = room_of(node, wishes->items[i].class_name);
		if (!room || is_given(node, &wishes->items[i]))
			continue;
		if (wishes->items[i].bytes > largest_of(room))
			return ROOM_SHORT;
		enum room_verdict verdict = room == judged ? worst : judge_room(node, room, wishes);
		if (verdict > worst)
			worst = verdict;
		judged = room;
	}
	return worst;
}

static struct part *find_or_add_part(struct node_room *node, const struct room_wish *wish)
{
	struct part *part = find_part(node, wish->claim_uid);
	if (part)
		return part;
	node->parts = must_realloc(node->parts, (node->part_count + 1) * sizeof(*node->parts));
	part = &node->parts[node->part_count++];
	*part = (struct part) {
		.claim_uid = must_strdup(wish->claim_uid),
		.class_name = must_strdup(wish->class_name),
		.bytes = wish->bytes,
		.since_ms = clock_monotonic_ms(),
	};
	return part;
}

static void set_state(struct part *part, enum part_state state)
{
	part->state = state;
	part->since_ms = clock_monotonic_ms();
}

enum room_verdict rooms_fit(struct rooms *rooms, const char *node_id,
			    const struct room_wishes *wishes)
{
	pthread_mutex_lock(&rooms->lock);
	enum room_verdict verdict = judge(find(rooms, node_id), wishes);
	pthread_mutex_unlock(&rooms->lock);
	return verdict;
}

enum room_verdict rooms_give(struct rooms *rooms, const char *node_id,
			     const struct room_wishes *wishes)
{
	pthread_mutex_lock(&rooms->lock);
	struct node_room *node = find_or_add(rooms, node_id);
	drop_old_parts(node, clock_monotonic_ms());
	enum room_verdict verdict = judge(node, wishes);
	for (size_t i = 0; verdict == ROOM_FITS && i < wishes->count; i++) {
		struct part *part = find_or_add_part(node, &wishes->items[i]);
		if (part->state < PLANNED)
			set_state(part, PLANNED);
	}
	drop_if_empty(rooms, node);
	pthread_mutex_unlock(&rooms->lock);
	return verdict;
}

void rooms_refuse(struct rooms *rooms, const char *node_id, const struct room_wishes *wishes)
{
	pthread_mutex_lock(&rooms->lock);
	struct node_room *node = find_or_add(rooms, node_id);
	for (size_t i = 0; i < wishes->count; i++) {
		struct part *part = find_or_add_part(node, &wishes->items[i]);
		if (part->state < PLANNED)
			set_state(part, REFUSED);
	}
	pthread_mutex_unlock(&rooms->lock);
}

/* By more than the one percent that capacity/plan.h calls a small change. */
static uint64_t below_the_largest(const struct room_wishes *wishes)
{
	uint64_t largest = 0;
	for (size_t i = 0; i < wishes->count; i++)
		if (wishes->items[i].bytes > largest)
			largest = wishes->items[i].bytes;
	return largest - largest / 32;
}

void rooms_lower(struct rooms *rooms, const char *node_id, const struct room_wishes *wishes,
		 uint64_t until_ms)
{
	uint64_t bytes = below_the_largest(wishes);
	pthread_mutex_lock(&rooms->lock);
	struct node_room *node = find_or_add(rooms, node_id);
	if (node->ceiling_until_ms <= clock_monotonic_ms() || bytes < node->ceiling_bytes)
		node->ceiling_bytes = bytes;
	if (until_ms > node->ceiling_until_ms)
		node->ceiling_until_ms = until_ms;
	pthread_mutex_unlock(&rooms->lock);
}

uint64_t rooms_ceiling(struct rooms *rooms, const char *node_id, uint64_t *ret_until_ms)
{
	uint64_t bytes = UINT64_MAX;
	pthread_mutex_lock(&rooms->lock);
	const struct node_room *node = find(rooms, node_id);
	if (node && node->ceiling_until_ms > clock_monotonic_ms()) {
		bytes = node->ceiling_bytes;
		*ret_until_ms = node->ceiling_until_ms;
	}
	pthread_mutex_unlock(&rooms->lock);
	return bytes;
}

bool rooms_left(struct rooms *rooms, const char *node_id, const char *class_name,
		uint64_t *ret_bytes)
{
	pthread_mutex_lock(&rooms->lock);
	const struct node_room *node = find(rooms, node_id);
	const struct room *room = room_of(node, class_name);
	if (room) {
		uint64_t taken = given(node, room, false);
		uint64_t left = taken < room->capacity_bytes ? room->capacity_bytes - taken : 0;
		*ret_bytes = left < largest_of(room) ? left : largest_of(room);
	}
	pthread_mutex_unlock(&rooms->lock);
	return room != NULL;
}

enum room_standing rooms_standing(struct rooms *rooms, const char *node_id,
				  const struct room_wish *wish, uint64_t *ret_since_ms)
{
	pthread_mutex_lock(&rooms->lock);
	struct node_room *node = find_or_add(rooms, node_id);
	drop_old_parts(node, clock_monotonic_ms());
	struct part *part = find_or_add_part(node, wish);
	enum room_standing standing = part->state == SEEN      ? ROOM_SEEN
				      : part->state == REFUSED ? ROOM_REFUSED
							       : ROOM_GIVEN;
	*ret_since_ms = part->since_ms;
	pthread_mutex_unlock(&rooms->lock);
	return standing;
}

void rooms_begin(struct rooms *rooms, const char *node_id, const struct room_wish *wish)
{
	pthread_mutex_lock(&rooms->lock);
	struct part *part = find_or_add_part(find_or_add(rooms, node_id), wish);
	/* One that ended before, and is asked for again, may be in the answer already. */
	part->doubtful = part->state == ENDED;
	set_state(part, BEGUN);
	pthread_mutex_unlock(&rooms->lock);
}

void rooms_end(struct rooms *rooms, const char *node_id, const char *claim_uid, bool kept)
{
	pthread_mutex_lock(&rooms->lock);
	struct node_room *node = find(rooms, node_id);
	struct part *part = find_part(node, claim_uid);
	if (part && kept)
		set_state(part, ENDED);
	else if (part)
		drop_part(node, part);
	if (node)
		drop_if_empty(rooms, node);
	pthread_mutex_unlock(&rooms->lock);
}
