/* SPDX-License-Identifier: Apache-2.0 */
#include "capacity/plan.h"

#include <inttypes.h>
#include <string.h>

#include "base/hash.h"

const char *capacity_object_name(const char *class_name, const char *node_id, struct arena *arena)
{
	/* Each with its NUL, so that "a" "bc" differs from "ab" "c". */
	uint64_t hash = hash_bytes(HASH_BEGIN, class_name, strlen(class_name) + 1);
	hash = hash_bytes(hash, node_id, strlen(node_id) + 1);
	return arena_printf(arena, "csisc-%016" PRIx64, hash);
}

static void decide(struct capacity_plan *plan, const struct capacity_decision *decision)
{
	plan->decisions[plan->count++] = *decision;
}

/* How much of one volume fits, as the scheduler reads it. */
static uint64_t fits(const struct room *room)
{
	return room->has_maximum ? room->maximum_bytes : room->capacity_bytes;
}

static bool same_room(const struct room *a, const struct room *b)
{
	return a->has_capacity == b->has_capacity && a->has_maximum == b->has_maximum &&
	       a->capacity_bytes == b->capacity_bytes && a->maximum_bytes == b->maximum_bytes;
}

static bool below_one_percent(uint64_t a, uint64_t b)
{
	uint64_t larger = a > b ? a : b;
	return (a > b ? a - b : b - a) < (larger + 99) / 100;
}

static uint32_t hold_ms(const struct room *before, const struct room *after)
{
	if ((fits(before) == 0) != (fits(after) == 0))
		return 0;
	bool small = before->has_capacity == after->has_capacity &&
		     before->has_maximum == after->has_maximum &&
		     below_one_percent(before->capacity_bytes, after->capacity_bytes) &&
		     below_one_percent(before->maximum_bytes, after->maximum_bytes);
	return small ? CAPACITY_HOLD_SMALL_MS : CAPACITY_HOLD_MS;
}

/* Milliseconds until the change may be written; 0: now. */
static uint32_t wait_ms(const struct capacity_view *view, const struct capacity_class *class,
			const struct room *before)
{
	if (view->at_once || !class->written_ms)
		return 0;
	uint64_t due_ms = class->written_ms + hold_ms(before, &class->room);
	return due_ms > view->now_ms ? (uint32_t)(due_ms - view->now_ms) : 0;
}

static void wait_for(struct capacity_plan *plan, uint32_t ms)
{
	if (plan->wait_ms == 0 || ms < plan->wait_ms)
		plan->wait_ms = ms;
}

static bool is_owned(const struct storage_capacity *object, const char *owner_uid)
{
	const struct owner *owner = object_controller(&object->object);
	return owner_uid ? owner && strcmp(owner->uid, owner_uid) == 0 : true;
}

static void plan_update(const struct capacity_view *view, const struct capacity_class *class,
			const struct storage_capacity *object, struct capacity_plan *plan)
{
	const struct room *room = class->answered ? &class->room : &object->room;
	bool owned = is_owned(object, view->owner_uid);
	if (owned && same_room(room, &object->room))
		return;
	uint32_t wait = owned ? wait_ms(view, class, &object->room) : 0;
	if (wait == 0)
		decide(plan, &(struct capacity_decision) { .action = CAPACITY_UPDATE,
							   .class_name = class->name,
							   .object = object,
							   .room = *room });
	else
		wait_for(plan, wait);
}

/* A refresh may follow the creation before the live copy has the object: a second creation would
 * only be refused. */
static void plan_creation(const struct capacity_view *view, const struct capacity_class *class,
			  struct capacity_plan *plan)
{
	uint64_t due_ms = class->written_ms + CAPACITY_LAG_MS;
	if (class->written_ms && due_ms > view->now_ms)
		wait_for(plan, (uint32_t)(due_ms - view->now_ms));
	else
		decide(plan, &(struct capacity_decision) { .action = CAPACITY_CREATE,
							   .class_name = class->name,
							   .room = class->room });
}

/* The one of the class to be kept: that of our name before others. */
static const struct storage_capacity *
find_object(const struct capacity_view *view, const struct capacity_class *class, const char *name)
{
	const struct storage_capacity *found = NULL;
	for (size_t i = 0; i < view->object_count; i++) {
		const struct storage_capacity *object = view->objects[i];
		if (strcmp(object->class_name, class->name) != 0)
			continue;
		if (!found || strcmp(object->object.name, name) == 0)
			found = object;
	}
	return found;
}

static const struct storage_capacity *plan_class(const struct capacity_view *view,
						 const struct capacity_class *class,
						 struct arena *arena, struct capacity_plan *plan)
{
	if (class->unpublished)
		return NULL;
	const char *name = capacity_object_name(class->name, view->node_id, arena);
	const struct storage_capacity *object = find_object(view, class, name);
	plan->wanted++;
	if (object) {
		plan->current++;
		plan_update(view, class, object, plan);
	} else if (class->answered) {
		plan_creation(view, class, plan);
	}
	return object;
}

static bool is_kept(const struct storage_capacity *const *kept, size_t count,
		    const struct storage_capacity *object)
{
	for (size_t i = 0; i < count; i++)
		if (kept[i] == object)
			return true;
	return false;
}

void capacity_plan(const struct capacity_view *view, struct arena *arena,
		   struct capacity_plan *ret_plan)
{
	size_t class_count = view->node_counts ? view->class_count : 0;
	const struct storage_capacity **kept = arena_alloc(arena, class_count * sizeof(*kept));
	size_t most = class_count + view->object_count;
	*ret_plan = (struct capacity_plan) {
		.decisions = arena_alloc(arena, most * sizeof(*ret_plan->decisions)),
	};
	for (size_t i = 0; i < class_count; i++)
		kept[i] = plan_class(view, &view->classes[i], arena, ret_plan);
	for (size_t i = 0; i < view->object_count; i++) {
		const struct storage_capacity *object = view->objects[i];
		if (is_kept(kept, class_count, object))
			continue;
		ret_plan->obsolete++;
		decide(ret_plan, &(struct capacity_decision) { .action = CAPACITY_DELETE,
							       .class_name = object->class_name,
							       .object = object });
	}
}
