/* SPDX-License-Identifier: Apache-2.0 */
#include "base/backoff.h"

#include <sys/random.h>

uint32_t backoff_ms(unsigned failures, uint32_t min_ms, uint32_t max_ms)
{
	uint64_t delay_ms = min_ms;
	while (failures > 1 && delay_ms < max_ms) {
		delay_ms *= 2;
		failures--;
	}
	return delay_ms < max_ms ? (uint32_t)delay_ms : max_ms;
}

uint32_t backoff_spread_ms(unsigned failures, uint32_t min_ms, uint32_t max_ms)
{
	uint32_t delay_ms = backoff_ms(failures, min_ms, max_ms);
	uint32_t dice = 0;
	if (delay_ms < 4 || getrandom(&dice, sizeof(dice), GRND_NONBLOCK) != sizeof(dice))
		return delay_ms;
	return delay_ms - dice % (delay_ms / 4);
}
