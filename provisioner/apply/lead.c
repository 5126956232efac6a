/* SPDX-License-Identifier: Apache-2.0 */
#include "apply/lead.h"

uint32_t lead_bound_ms(const struct lead *lead, uint32_t limit_ms)
{
	uint32_t left_ms = lead->time_left_ms ? lead->time_left_ms(lead->context) : UINT32_MAX;
	return left_ms < limit_ms ? left_ms : limit_ms;
}

int lead_check(const struct lead *lead, struct error *err)
{
	if (lead_bound_ms(lead, UINT32_MAX) > 0)
		return 0;
	return error_set(err, ERROR_CANCELLED, "the lease is no longer ours");
}
