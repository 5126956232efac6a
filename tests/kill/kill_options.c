/* SPDX-License-Identifier: Apache-2.0 */
#include "kill_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned every(unsigned default_every)
{
	const char *text = getenv("KILL_EVERY");
	unsigned long number = text ? strtoul(text, NULL, 10) : default_every;
	return number ? (unsigned)number : 1;
}

static bool is_wanted(const struct scenario *scenario)
{
	const char *text = getenv("KILL_SCENARIO");
	return (!text || strstr(scenario->name, text)) && life_is_possible(scenario);
}

void kill_options_try_all(bool power, unsigned default_every, struct points_result *ret_result)
{
	struct points_options options = { .power = power, .every = every(default_every) };
	struct points_result sum = { 0 };
	for (size_t i = 0; i < scenario_count; i++) {
		struct points_result result = { 0 };
		if (!is_wanted(&scenarios[i]))
			continue;
		points_try(&scenarios[i], &options, &result);
		sum.points += result.points;
		sum.kills += result.kills;
		sum.failures += result.failures;
	}
	printf("%u points in all, %u tried, in all their ways; %u failures\n", sum.points,
	       sum.kills, sum.failures);
	*ret_result = sum;
}
