/* SPDX-License-Identifier: Apache-2.0 */
#include "apply/node_gate.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "test.h"

static bool enters(struct node_gates *gates, const char *node)
{
	struct error err = { 0 };
	if (node_gate_enter(gates, node, &err) == 0)
		return true;
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	assert_non_null(strstr(err.text, "did not answer"));
	return false;
}

static void a_node_that_answers_is_always_open(void **state)
{
	CLEANUP(node_gates_freep) struct node_gates *gates = node_gates_new(1000, 10000);
	for (int i = 0; i < 5; i++)
		assert_true(enters(gates, "a"));
	for (int i = 0; i < 5; i++)
		node_gate_leave(gates, "a", true);
	assert_true(enters(gates, "a"));
}

static void a_silent_node_is_tried_by_one_call_after_a_pause(void **state)
{
	CLEANUP(node_gates_freep) struct node_gates *gates = node_gates_new(50, 10000);
	assert_true(enters(gates, "a"));
	node_gate_leave(gates, "a", false);
	assert_false(enters(gates, "a"));
	assert_true(enters(gates, "b")); /* others are not concerned */
	usleep(60000);
	assert_true(enters(gates, "a"));
	assert_false(enters(gates, "a")); /* one at a time */
	node_gate_leave(gates, "a", true);
	assert_true(enters(gates, "a"));
	assert_true(enters(gates, "a"));
}

static void the_pause_doubles_up_to_its_limit(void **state)
{
	CLEANUP(node_gates_freep) struct node_gates *gates = node_gates_new(20, 80);
	static const uint64_t pauses_ms[] = { 20, 40, 80, 80 };
	assert_true(enters(gates, "a"));
	for (size_t i = 0; i < sizeof(pauses_ms) / sizeof(*pauses_ms); i++) {
		uint64_t since_ms = clock_monotonic_ms();
		node_gate_leave(gates, "a", false);
		while (!enters(gates, "a"))
			usleep(1000);
		uint64_t waited_ms = clock_monotonic_ms() - since_ms;
		assert_in_range(waited_ms, pauses_ms[i], pauses_ms[i] + 500);
	}
}

/* Eight calls that were under way when the node fell silent are one silence. */
static void calls_of_one_silence_double_nothing(void **state)
{
	CLEANUP(node_gates_freep) struct node_gates *gates = node_gates_new(50, 100000);
	for (int i = 0; i < 8; i++)
		assert_true(enters(gates, "a"));
	for (int i = 0; i < 8; i++)
		node_gate_leave(gates, "a", false);
	usleep(60000);
	assert_true(enters(gates, "a"));
}

int main(void)
{
	log_set_level(LOG_ERROR);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_node_that_answers_is_always_open),
		cmocka_unit_test(a_silent_node_is_tried_by_one_call_after_a_pause),
		cmocka_unit_test(the_pause_doubles_up_to_its_limit),
		cmocka_unit_test(calls_of_one_silence_double_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
