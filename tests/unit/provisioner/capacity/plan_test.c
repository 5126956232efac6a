/* SPDX-License-Identifier: Apache-2.0 */
#include "capacity/plan.h"

#include <string.h>

#include "sample.h"
#include "test.h"

#define GI (1ull << 30)
#define MI (1ull << 20)
#define NOW_MS 1000000

/* 10Gi of class "loop" on node-a. */
#define OBJECT                                                                                     \
	"{'metadata':{'name':'csisc-x','namespace':'kentledge','uid':'o1','ownerReferences':["     \
	"{'apiVersion':'apps/v1','kind':'Deployment','name':'p','uid':'d1','controller':true}]},"  \
	"'nodeTopology':{'matchLabels':{'topology.kentledge.io/node':'node-a'}},"                  \
	"'storageClassName':'loop','capacity':'10Gi','maximumVolumeSize':'8Gi'}"

struct row {
	const char *what;
	const char *objects[2]; /* merge patches to OBJECT; NULL: no more */
	uint64_t free_bytes;	/* that the node answers for class loop */
	uint64_t maximum_bytes;
	uint64_t written_ms_ago; /* 0: not in this process */
	bool no_answer, no_class, no_node, at_once;
	const char *expected;	 /* "C", "U", "D" for each decision */
	uint64_t expected_bytes; /* of the last decision's capacity */
	uint32_t wait_ms;
};

static const char *decisions_of(const struct capacity_plan *plan, struct arena *arena)
{
	char *letters = arena_alloc(arena, plan->count + 1);
	for (size_t i = 0; i < plan->count; i++)
		letters[i] = "CUD"[plan->decisions[i].action];
	return letters;
}

static struct capacity_class class_of_row(const struct row *row)
{
	return (struct capacity_class) {
		.name = "loop",
		.answered = !row->no_answer,
		.room = { .has_capacity = true,
			  .has_maximum = true,
			  .capacity_bytes = row->free_bytes,
			  .maximum_bytes = row->maximum_bytes },
		.written_ms = row->written_ms_ago ? NOW_MS - row->written_ms_ago : 0,
	};
}

static void check(const struct row *row)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(512);
	struct storage_capacity *objects[2] = { 0 };
	size_t count = 0;
	for (; count < 2 && row->objects[count]; count++)
		objects[count] = storage_capacity_of(
			sample_object(&storage_capacity_kind, OBJECT, row->objects[count]));
	struct capacity_class class = class_of_row(row);
	struct capacity_plan plan;
	capacity_plan(&(struct capacity_view) { .node_id = "node-a",
						.node_counts = !row->no_node,
						.classes = &class,
						.class_count = !row->no_class,
						.objects = objects,
						.object_count = count,
						.owner_uid = "d1",
						.now_ms = NOW_MS,
						.at_once = row->at_once },
		      arena, &plan);
	const char *found = decisions_of(&plan, arena);
	if (strcmp(found, row->expected) != 0 || plan.wait_ms != row->wait_ms)
		fail_msg("%s: \"%s\" and wait %u instead of \"%s\" and %u", row->what, found,
			 plan.wait_ms, row->expected, row->wait_ms);
	if (row->expected_bytes)
		assert_int_equal(plan.decisions[plan.count - 1].room.capacity_bytes,
				 row->expected_bytes);
	for (size_t i = 0; i < count; i++)
		object_unref(&objects[i]->object);
}

#define CHECK_ALL(rows)                                                                            \
	for (size_t i = 0; i < sizeof(rows) / sizeof(*(rows)); i++)                                \
	check(&(rows)[i])

static void reads_an_object(void **state)
{
	CLEANUP(object_unrefp)
	struct object *object = sample_object(&storage_capacity_kind, OBJECT, NULL);
	const struct storage_capacity *capacity = storage_capacity_of(object);
	assert_string_equal(capacity->class_name, "loop");
	assert_string_equal(capacity->node_id, "node-a");
	assert_true(capacity->room.has_capacity && capacity->room.has_maximum);
	assert_int_equal(capacity->room.capacity_bytes, 10 * GI);
	assert_int_equal(capacity->room.maximum_bytes, 8 * GI);
}

static void tells_an_absent_value_from_zero_and_a_node_from_other_topologies(void **state)
{
	CLEANUP(object_unrefp)
	struct object *object = sample_object(
		&storage_capacity_kind, OBJECT,
		"{'capacity':'0','maximumVolumeSize':null,'nodeTopology':{'matchLabels':"
		"{'topology.kentledge.io/node':'node-a','zone':'1'}}}");
	const struct storage_capacity *capacity = storage_capacity_of(object);
	assert_true(capacity->room.has_capacity);
	assert_false(capacity->room.has_maximum);
	assert_null(capacity->node_id);
}

static void writes_what_the_node_answers_and_only_what_changed(void **state)
{
	static const struct row rows[] = {
		{ "no object yet",
		  { NULL },
		  5 * GI,
		  4 * GI,
		  .expected = "C",
		  .expected_bytes = 5 * GI },
		{ "no object yet, a node without room", { NULL }, 0, 0, .expected = "C" },
		{ "just created, and not seen yet",
		  { NULL },
		  5 * GI,
		  4 * GI,
		  .written_ms_ago = 300,
		  .expected = "",
		  .wait_ms = CAPACITY_LAG_MS - 300 },
		{ "the same by a refresh",
		  { NULL },
		  5 * GI,
		  4 * GI,
		  .written_ms_ago = 300,
		  .at_once = true,
		  .expected = "",
		  .wait_ms = CAPACITY_LAG_MS - 300 },
		{ "created a while ago, and removed since",
		  { NULL },
		  5 * GI,
		  4 * GI,
		  .written_ms_ago = CAPACITY_LAG_MS,
		  .expected = "C" },
		{ "no object yet, no answer", { NULL }, .no_answer = true, .expected = "" },
		{ "nothing changed", { "{}" }, 10 * GI, 8 * GI, .expected = "" },
		{ "less room",
		  { "{}" },
		  9 * GI,
		  8 * GI,
		  .expected = "U",
		  .expected_bytes = 9 * GI },
		{ "a smaller maximum alone", { "{}" }, 10 * GI, 7 * GI, .expected = "U" },
		{ "no answer keeps the value", { "{}" }, .no_answer = true, .expected = "" },
		{ "the maximum was taken out by hand",
		  { "{'maximumVolumeSize':null}" },
		  10 * GI,
		  8 * GI,
		  .expected = "U" },
		{ "another owner",
		  { "{'metadata':{'ownerReferences':null}}" },
		  10 * GI,
		  8 * GI,
		  1,
		  .expected = "U" },
		{ "another owner, and no answer",
		  { "{'metadata':{'ownerReferences':null}}" },
		  .no_answer = true,
		  .expected = "U",
		  .expected_bytes = 10 * GI },
	};
	CHECK_ALL(rows);
}

static void deletes_what_should_not_be(void **state)
{
	static const struct row rows[] = {
		{ "the class is gone",
		  { "{}" },
		  10 * GI,
		  8 * GI,
		  .no_class = true,
		  .expected = "D" },
		{ "the node is gone",
		  { "{}" },
		  .no_answer = true,
		  .no_node = true,
		  .expected = "D" },
		{ "two of one class",
		  { "{}", "{'metadata':{'name':'csisc-y','uid':'o2'}}" },
		  10 * GI,
		  8 * GI,
		  .expected = "D" },
		{ "one of another class",
		  { "{}", "{'storageClassName':'old'}" },
		  10 * GI,
		  8 * GI,
		  .expected = "D" },
	};
	CHECK_ALL(rows);
}

static void holds_back_changes_that_come_fast(void **state)
{
	static const struct row rows[] = {
		{ "one second after a write",
		  { "{}" },
		  9 * GI,
		  8 * GI,
		  1000,
		  .expected = "",
		  .wait_ms = CAPACITY_HOLD_MS - 1000 },
		{ "long after a write",
		  { "{}" },
		  9 * GI,
		  8 * GI,
		  CAPACITY_HOLD_MS,
		  .expected = "U" },
		{ "less than a percent",
		  { "{}" },
		  10 * GI - MI,
		  8 * GI,
		  CAPACITY_HOLD_MS,
		  .expected = "",
		  .wait_ms = CAPACITY_HOLD_SMALL_MS - CAPACITY_HOLD_MS },
		{ "less than a percent, long after",
		  { "{}" },
		  10 * GI - MI,
		  8 * GI,
		  CAPACITY_HOLD_SMALL_MS,
		  .expected = "U" },
		{ "the last room is gone", { "{}" }, 0, 0, 1, .expected = "U" },
		{ "room appears",
		  { "{'capacity':'0','maximumVolumeSize':'0'}" },
		  9 * GI,
		  8 * GI,
		  1,
		  .expected = "U" },
		{ "a claim was refused",
		  { "{}" },
		  9 * GI,
		  8 * GI,
		  1,
		  .at_once = true,
		  .expected = "U" },
		{ "nothing changed after a refusal",
		  { "{}" },
		  10 * GI,
		  8 * GI,
		  1,
		  .at_once = true,
		  .expected = "" },
	};
	CHECK_ALL(rows);
}

static void names_an_object_by_its_class_and_node(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(256);
	const char *name = capacity_object_name("loop", "node-a", arena);
	assert_string_equal(name, capacity_object_name("loop", "node-a", arena));
	assert_string_not_equal(name, capacity_object_name("loop", "node-b", arena));
	assert_string_not_equal(capacity_object_name("ab", "c", arena),
				capacity_object_name("a", "bc", arena));
	assert_memory_equal(name, "csisc-", 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_an_object),
		cmocka_unit_test(tells_an_absent_value_from_zero_and_a_node_from_other_topologies),
		cmocka_unit_test(writes_what_the_node_answers_and_only_what_changed),
		cmocka_unit_test(deletes_what_should_not_be),
		cmocka_unit_test(holds_back_changes_that_come_fast),
		cmocka_unit_test(names_an_object_by_its_class_and_node),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
