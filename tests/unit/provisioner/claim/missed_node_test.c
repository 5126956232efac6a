/* SPDX-License-Identifier: Apache-2.0 */
#include "claim/missed_node.h"

#include "test.h"

#define BOUND_MS 1000

static void a_node_is_missed_for_the_bound(void **state)
{
	CLEANUP(missed_nodes_freep) struct missed_nodes *nodes = missed_nodes_new(BOUND_MS);
	assert_int_equal(missed_node_left_ms(nodes, "node-a", 5000), BOUND_MS);
	assert_int_equal(missed_node_left_ms(nodes, "node-a", 5400), 600);
	assert_int_equal(missed_node_left_ms(nodes, "node-b", 5400), BOUND_MS);
	assert_int_equal(missed_node_left_ms(nodes, "node-a", 6000), 0);
	assert_int_equal(missed_node_left_ms(nodes, "node-a", 6100), 0);
}

static void a_node_that_was_there_counts_from_zero(void **state)
{
	CLEANUP(missed_nodes_freep) struct missed_nodes *nodes = missed_nodes_new(BOUND_MS);
	const struct node there = { .object.name = "node-a" };
	const struct node_view view = { .node = &there };
	missed_node_left_ms(nodes, "node-a", 5000);
	missed_node_left_ms(nodes, "node-b", 5000);
	missed_nodes_end(nodes, &view, 1);
	assert_int_equal(missed_node_left_ms(nodes, "node-a", 5900), BOUND_MS);
	assert_int_equal(missed_node_left_ms(nodes, "node-b", 5900), 100);
	missed_node_end(nodes, "node-b");
	assert_int_equal(missed_node_left_ms(nodes, "node-b", 5900), BOUND_MS);
}

/* Between two claims on it, it may have been there. */
static void a_node_that_no_claim_asked_about_counts_from_zero(void **state)
{
	CLEANUP(missed_nodes_freep) struct missed_nodes *nodes = missed_nodes_new(BOUND_MS);
	missed_node_left_ms(nodes, "node-a", 5000);
	missed_node_left_ms(nodes, "node-b", 5000);
	assert_int_equal(missed_node_left_ms(nodes, "node-a", 7000), 0);
	assert_int_equal(missed_node_left_ms(nodes, "node-a", 8000), 0);
	assert_int_equal(missed_node_left_ms(nodes, "node-b", 8000), BOUND_MS);
	assert_int_equal(missed_node_left_ms(nodes, "node-a", 10001), BOUND_MS);
}

static void without_a_bound_nothing_waits(void **state)
{
	CLEANUP(missed_nodes_freep) struct missed_nodes *nodes = missed_nodes_new(0);
	assert_int_equal(missed_node_left_ms(nodes, "node-a", 5000), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_node_is_missed_for_the_bound),
		cmocka_unit_test(a_node_that_was_there_counts_from_zero),
		cmocka_unit_test(a_node_that_no_claim_asked_about_counts_from_zero),
		cmocka_unit_test(without_a_bound_nothing_waits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
