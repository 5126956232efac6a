/* SPDX-License-Identifier: Apache-2.0 */
#include "apply/lead.h"

int lead_check(const struct lead *lead, struct error *err)
{
	if (!lead->held || lead->held(lead->context))
		return 0;
	return error_set(err, ERROR_CANCELLED, "the lease is no longer ours");
}
