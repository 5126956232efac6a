/* SPDX-License-Identifier: Apache-2.0 */
#include "rival.h"

#include <stdint.h>

#include "test.h"

#define SECOND_US INT64_C(1000000)

static const struct rival_times times = { .settled_ms = 30000, .gone_ms = 60000 };

/* A look at so many seconds: who holds the lease, for how long then, and when it was renewed. */
struct look {
	int64_t now_s;
	const char *holder;
	int64_t acquired_s;
	int64_t renewed_s;
	enum rival_state state;
	bool is_new;
};

static void expect(const struct look *looks, size_t count)
{
	struct rival rival = { 0 };
	for (size_t i = 0; i < count; i++) {
		const struct look *look = &looks[i];
		/* The holder's clock is a year off. */
		const struct rival_record record = {
			.holder = look->holder,
			.acquired_us = (look->acquired_s + 31536000) * SECOND_US,
			.renewed_us = (look->renewed_s + 31536000) * SECOND_US,
		};
		rival_judge(&rival, &record, (uint64_t)look->now_s * 1000, &times);
		if (rival.state != look->state || rival.is_new != look->is_new)
			fail_msg("look %zu: state %d, new %d", i, rival.state, rival.is_new);
	}
	rival_done(&rival);
}

#define EXPECT(...)                                                                                \
	do {                                                                                       \
		static const struct look looks[] = { __VA_ARGS__ };                                \
		expect(looks, sizeof(looks) / sizeof(looks[0]));                                   \
	} while (0)

static void a_leader_is_settled_when_it_is_seen_to_renew_an_old_lease(void **state)
{
	EXPECT({ 1000, "a", 900, 999, RIVAL_CHANGING, true },
	       { 1002, "a", 900, 1001, RIVAL_STEADY, false },
	       { 1004, "a", 900, 1003, RIVAL_STEADY, false });
}

static void a_leader_that_has_just_begun_is_not(void **state)
{
	EXPECT({ 1000, "b", 999, 999, RIVAL_CHANGING, true },
	       { 1010, "b", 999, 1009, RIVAL_CHANGING, false },
	       { 1031, "b", 999, 1030, RIVAL_STEADY, false });
}

static void a_dead_leaders_lease_says_nothing_until_the_next_one_has_settled(void **state)
{
	EXPECT({ 1000, "a", 900, 999, RIVAL_CHANGING, true },
	       { 1010, "a", 900, 999, RIVAL_CHANGING, false },
	       { 1018, "b", 1017, 1017, RIVAL_CHANGING, true },
	       { 1020, "b", 1017, 1019, RIVAL_CHANGING, false },
	       { 1050, "b", 1017, 1049, RIVAL_STEADY, false });
}

static void without_a_lease_nothing_is_known(void **state)
{
	EXPECT({ 1000, NULL, 0, 0, RIVAL_UNKNOWN, false },
	       { 1060, NULL, 0, 0, RIVAL_UNKNOWN, false });
	EXPECT({ 1000, "a", 900, 999, RIVAL_CHANGING, true },
	       { 1061, "a", 900, 999, RIVAL_UNKNOWN, false },
	       { 1062, NULL, 0, 0, RIVAL_UNKNOWN, true });
	EXPECT({ 1000, "", 900, 999, RIVAL_CHANGING, true },
	       { 1002, "", 900, 1001, RIVAL_CHANGING, false },
	       { 1062, "", 900, 1001, RIVAL_UNKNOWN, false });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_leader_is_settled_when_it_is_seen_to_renew_an_old_lease),
		cmocka_unit_test(a_leader_that_has_just_begun_is_not),
		cmocka_unit_test(a_dead_leaders_lease_says_nothing_until_the_next_one_has_settled),
		cmocka_unit_test(without_a_lease_nothing_is_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
