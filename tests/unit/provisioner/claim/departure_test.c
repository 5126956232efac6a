/* SPDX-License-Identifier: Apache-2.0 */
#include "claim/departure.h"

#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "test.h"

/* A namespace has as many claims as it may have places. */
static struct departure departure_of(unsigned claim, uint64_t facts, bool grace)
{
	static char uid[16], namespace[16];
	snprintf(uid, sizeof(uid), "%u", claim);
	snprintf(namespace, sizeof(namespace), "%u", claim / DEPARTURES_OF_NAMESPACE_MAX);
	return (struct departure) { .namespace = namespace,
				    .claim_uid = uid,
				    .node = "node-a",
				    .facts = facts,
				    .grace = grace };
}

static bool is_due(struct departures *departures, unsigned claim, uint64_t facts, bool grace)
{
	struct departure departure = departure_of(claim, facts, grace);
	return departure_is_due(departures, &departure);
}

static void leave(struct departures *departures, unsigned claim, uint64_t facts)
{
	struct departure departure = departure_of(claim, facts, false);
	departure_note(departures, &departure);
}

static void a_claim_leaves_once_on_the_same_facts(void **state)
{
	CLEANUP(departures_freep) struct departures *departures = departures_new(1000, 10000);
	assert_true(is_due(departures, 1, 7, false));
	leave(departures, 1, 7);
	assert_false(is_due(departures, 1, 7, false));
	assert_true(is_due(departures, 1, 8, false));
	assert_true(is_due(departures, 2, 7, false));
}

static void it_leaves_again_after_a_pause(void **state)
{
	CLEANUP(departures_freep) struct departures *departures = departures_new(10, 10000);
	leave(departures, 1, 7);
	assert_false(is_due(departures, 1, 7, false));
	usleep(25000);
	assert_true(is_due(departures, 1, 7, false));
}

static void a_plugin_that_does_not_answer_has_its_grace_time(void **state)
{
	CLEANUP(departures_freep) struct departures *departures = departures_new(20, 10000);
	assert_false(is_due(departures, 1, 7, true));
	usleep(25000);
	assert_true(is_due(departures, 1, 7, true));
	/* It answered in between. */
	assert_true(is_due(departures, 1, 7, false));
	assert_false(is_due(departures, 1, 7, true));
}

/* A node plugin that fails everywhere, with very many claims that wait. */
static void of_very_many_claims_none_is_forgotten_and_the_rest_stay(void **state)
{
	CLEANUP(departures_freep) struct departures *departures = departures_new(1500, 300000);
	for (unsigned i = 0; i < DEPARTURES_MAX; i++)
		assert_false(is_due(departures, i, 7, true));
	usleep(1600000);
	for (unsigned i = 0; i < DEPARTURES_MAX; i++) {
		assert_true(is_due(departures, i, 7, true));
		leave(departures, i, 8);
	}
	assert_false(is_due(departures, 0, 8, false));
	assert_false(is_due(departures, DEPARTURES_MAX, 7, true));
	assert_false(is_due(departures, DEPARTURES_MAX, 7, false));
}

static void a_namespace_takes_no_place_of_another(void **state)
{
	CLEANUP(departures_freep) struct departures *departures = departures_new(1000, 10000);
	for (unsigned i = 0; i < DEPARTURES_OF_NAMESPACE_MAX; i++)
		leave(departures, i, 7);
	struct departure more = {
		.namespace = "0", .claim_uid = "one more", .node = "node-a", .facts = 7
	};
	assert_false(departure_is_due(departures, &more));
	more.namespace = "another";
	assert_true(departure_is_due(departures, &more));
	departure_note(departures, &more);
	assert_false(departure_is_due(departures, &more));
}

static void a_place_is_free_again_when_its_claim_is_not_looked_at(void **state)
{
	CLEANUP(departures_freep) struct departures *departures = departures_new(1, 10);
	for (unsigned i = 0; i < DEPARTURES_MAX; i++)
		leave(departures, i, 7);
	usleep(30000);
	assert_true(is_due(departures, DEPARTURES_MAX, 7, false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_claim_leaves_once_on_the_same_facts),
		cmocka_unit_test(it_leaves_again_after_a_pause),
		cmocka_unit_test(a_plugin_that_does_not_answer_has_its_grace_time),
		cmocka_unit_test(of_very_many_claims_none_is_forgotten_and_the_rest_stay),
		cmocka_unit_test(a_namespace_takes_no_place_of_another),
		cmocka_unit_test(a_place_is_free_again_when_its_claim_is_not_looked_at),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
