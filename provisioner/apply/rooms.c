/* SPDX-License-Identifier: Apache-2.0 */
#include "apply/rooms.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "apply/room_parts.h"
#include "base/clock.h"
#include "base/text.h"

struct answer {
	char *class_name;
	struct room room;
};

/* Of a class, and so of the classes that share its room. */
struct ceiling {
	char *class_name;
	uint64_t bytes;
	uint64_t until_ms;
};

struct node_room {
	UT_hash_handle hh;
	struct answer *answers;
	size_t answer_count;
	uint64_t asked_ms;
	struct part *parts;
	struct ceiling *ceilings;
	size_t ceiling_count;
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

static void drop_old_ceilings(struct node_room *node, uint64_t now_ms)
{
	for (size_t i = node->ceiling_count; i > 0; i--) {
		struct ceiling *ceiling = &node->ceilings[i - 1];
		if (ceiling->until_ms > now_ms)
			continue;
		free(ceiling->class_name);
		*ceiling = node->ceilings[--node->ceiling_count];
	}
}

static void drop_node(struct rooms *rooms, struct node_room *node)
{
	drop_answers(node);
	drop_old_ceilings(node, UINT64_MAX);
	free(node->ceilings);
	parts_drop_all(&node->parts);
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

static struct node_room *find_current(struct rooms *rooms, const char *node_id)
{
	struct node_room *node = find(rooms, node_id);
	if (node)
		parts_expire(&node->parts, ROOMS_FORGET_MS);
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

static void drop_if_empty(struct rooms *rooms, struct node_room *node)
{
	parts_expire(&node->parts, ROOMS_FORGET_MS);
	drop_old_ceilings(node, clock_monotonic_ms());
	if (node->asked_ms == 0 && !node->parts && node->ceiling_count == 0)
		drop_node(rooms, node);
}

void rooms_note(struct rooms *rooms, const char *node_id, const struct room_answers *answers)
{
	pthread_mutex_lock(&rooms->lock);
	struct node_room *node = find_or_add(rooms, node_id);
	drop_answers(node);
	node->asked_ms = answers->asked_ms;
	if (answers->count > 0) {
		node->answers = must_alloc(answers->count * sizeof(*node->answers));
		parts_settle(&node->parts, answers->asked_ms);
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
	for (const struct part *part = node->parts; part; part = part->hh.next) {
		if (part->state < PART_PLANNED || (certain && part->doubtful))
			continue;
		if (is_taken_from(node, room, part->class_name))
			bytes = add_bytes(bytes, part->bytes);
	}
	return bytes;
}

static bool is_given(const struct node_room *node, const struct room_wish *wish)
{
	const struct part *part = part_find(node->parts, wish->claim_uid);
	return part && part->state >= PART_PLANNED;
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
	return part_find_or_add(&node->parts, wish->claim_uid, wish->class_name, wish->bytes);
}

enum room_verdict rooms_fit(struct rooms *rooms, const char *node_id,
			    const struct room_wishes *wishes)
{
	pthread_mutex_lock(&rooms->lock);
	enum room_verdict verdict = judge(find_current(rooms, node_id), wishes);
	pthread_mutex_unlock(&rooms->lock);
	return verdict;
}

static void give(struct node_room *node, const struct room_wish *wish, bool lent)
{
	struct part *part = find_or_add_part(node, wish);
	if (part->state >= PART_PLANNED || (lent && part->state == PART_LAPSED))
		return;
	part_set_state(part, PART_PLANNED);
	part->lent = lent;
}

enum room_verdict rooms_give(struct rooms *rooms, const char *node_id,
			     const struct room_wishes *wishes)
{
	pthread_mutex_lock(&rooms->lock);
	struct node_room *node = find_or_add(rooms, node_id);
	parts_expire(&node->parts, ROOMS_FORGET_MS);
	enum room_verdict verdict = judge(node, wishes);
	for (size_t i = 0; verdict == ROOM_FITS && i < wishes->count; i++)
		give(node, &wishes->items[i], i > 0);
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
		if (part->state < PART_PLANNED)
			part_set_state(part, PART_REFUSED);
	}
	pthread_mutex_unlock(&rooms->lock);
}

/* Below the largest that is taken from this room, by more than the one percent that
 * capacity/plan.h calls a small change. */
static uint64_t below_the_largest(const struct node_room *node, const struct room *room,
				  const struct room_wishes *wishes)
{
	uint64_t largest = 0;
	for (size_t i = 0; i < wishes->count; i++)
		if (wishes->items[i].bytes > largest &&
		    is_taken_from(node, room, wishes->items[i].class_name))
			largest = wishes->items[i].bytes;
	return largest - largest / 32;
}

static struct ceiling *find_or_add_ceiling(struct node_room *node, const char *class_name)
{
	for (size_t i = 0; i < node->ceiling_count; i++)
		if (strcmp(node->ceilings[i].class_name, class_name) == 0)
			return &node->ceilings[i];
	node->ceilings =
		must_realloc(node->ceilings, (node->ceiling_count + 1) * sizeof(*node->ceilings));
	struct ceiling *ceiling = &node->ceilings[node->ceiling_count++];
	*ceiling = (struct ceiling) { .class_name = must_strdup(class_name), .bytes = UINT64_MAX };
	return ceiling;
}

static bool is_short(const struct node_room *node, const struct room *room,
		     const struct room_wishes *wishes)
{
	for (size_t i = 0; i < wishes->count; i++)
		if (wishes->items[i].bytes > largest_of(room) &&
		    is_taken_from(node, room, wishes->items[i].class_name))
			return true;
	return judge_room(node, room, wishes) != ROOM_FITS;
}

void rooms_lower(struct rooms *rooms, const char *node_id, const struct room_wishes *wishes,
		 uint64_t until_ms)
{
	pthread_mutex_lock(&rooms->lock);
	struct node_room *node = find_or_add(rooms, node_id);
	drop_old_ceilings(node, clock_monotonic_ms());
	for (size_t i = 0; i < wishes->count; i++) {
		const char *class_name = wishes->items[i].class_name;
		const struct room *room = room_of(node, class_name);
		if (!room || !is_short(node, room, wishes))
			continue;
		struct ceiling *ceiling = find_or_add_ceiling(node, class_name);
		uint64_t bytes = below_the_largest(node, room, wishes);
		if (bytes < ceiling->bytes)
			ceiling->bytes = bytes;
		if (until_ms > ceiling->until_ms)
			ceiling->until_ms = until_ms;
	}
	drop_if_empty(rooms, node);
	pthread_mutex_unlock(&rooms->lock);
}

/* A node that did not answer has classes of which only the name is known. */
static bool is_under(const struct node_room *node, const struct ceiling *ceiling,
		     const char *class_name)
{
	const struct room *room = room_of(node, class_name);
	return strcmp(ceiling->class_name, class_name) == 0 ||
	       (room && is_taken_from(node, room, ceiling->class_name));
}

uint64_t rooms_ceiling(struct rooms *rooms, const char *node_id, const char *class_name)
{
	uint64_t bytes = UINT64_MAX, now_ms = clock_monotonic_ms();
	pthread_mutex_lock(&rooms->lock);
	const struct node_room *node = find(rooms, node_id);
	for (size_t i = 0; node && i < node->ceiling_count; i++) {
		const struct ceiling *ceiling = &node->ceilings[i];
		if (ceiling->until_ms > now_ms && ceiling->bytes < bytes &&
		    is_under(node, ceiling, class_name))
			bytes = ceiling->bytes;
	}
	pthread_mutex_unlock(&rooms->lock);
	return bytes;
}

uint64_t rooms_lowered_until_ms(struct rooms *rooms, const char *node_id)
{
	uint64_t until_ms = 0, now_ms = clock_monotonic_ms();
	pthread_mutex_lock(&rooms->lock);
	const struct node_room *node = find(rooms, node_id);
	for (size_t i = 0; node && i < node->ceiling_count; i++) {
		uint64_t end_ms = node->ceilings[i].until_ms;
		if (end_ms > now_ms && (until_ms == 0 || end_ms < until_ms))
			until_ms = end_ms;
	}
	pthread_mutex_unlock(&rooms->lock);
	return until_ms;
}

bool rooms_answered(struct rooms *rooms, const char *node_id, const char *class_name,
		    struct room *ret_room)
{
	pthread_mutex_lock(&rooms->lock);
	const struct room *room = room_of(find(rooms, node_id), class_name);
	if (room)
		*ret_room = *room;
	pthread_mutex_unlock(&rooms->lock);
	return room != NULL;
}

bool rooms_left(struct rooms *rooms, const char *node_id, const char *class_name,
		uint64_t *ret_bytes)
{
	pthread_mutex_lock(&rooms->lock);
	const struct node_room *node = find_current(rooms, node_id);
	const struct room *room = room_of(node, class_name);
	if (room) {
		uint64_t taken = given(node, room, false);
		uint64_t left = taken < room->capacity_bytes ? room->capacity_bytes - taken : 0;
		*ret_bytes = left < largest_of(room) ? left : largest_of(room);
	}
	pthread_mutex_unlock(&rooms->lock);
	return room != NULL;
}

bool rooms_may_lend(struct rooms *rooms, const char *node_id, const char *claim_uid)
{
	pthread_mutex_lock(&rooms->lock);
	const struct node_room *node = find_current(rooms, node_id);
	struct part *part = node ? part_find(node->parts, claim_uid) : NULL;
	bool lapsed = part && part->state == PART_LAPSED;
	if (lapsed)
		part_set_state(part, PART_LAPSED); /* known for as long as siblings ask */
	pthread_mutex_unlock(&rooms->lock);
	return !lapsed;
}

enum room_standing rooms_standing(struct rooms *rooms, const char *node_id,
				  const struct room_wish *wish, uint64_t *ret_since_ms)
{
	pthread_mutex_lock(&rooms->lock);
	struct node_room *node = find_or_add(rooms, node_id);
	parts_expire(&node->parts, ROOMS_FORGET_MS);
	struct part *part = find_or_add_part(node, wish);
	part->lent = false;
	if (part->state == PART_LAPSED)
		part_set_state(part, PART_SEEN);
	enum room_standing standing = part->state == PART_SEEN	    ? ROOM_SEEN
				      : part->state == PART_REFUSED ? ROOM_REFUSED
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
	part->doubtful = part->state == PART_ENDED;
	part->lent = false;
	part_set_state(part, PART_BEGUN);
	pthread_mutex_unlock(&rooms->lock);
}

void rooms_end(struct rooms *rooms, const char *node_id, const char *claim_uid, bool kept)
{
	pthread_mutex_lock(&rooms->lock);
	struct node_room *node = find(rooms, node_id);
	struct part *part = node ? part_find(node->parts, claim_uid) : NULL;
	if (part && kept)
		part_set_state(part, PART_ENDED);
	else if (part)
		part_drop(&node->parts, part);
	if (node)
		drop_if_empty(rooms, node);
	pthread_mutex_unlock(&rooms->lock);
}
