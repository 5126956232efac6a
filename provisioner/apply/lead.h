/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The lead: for how long this process may still act. A process that was frozen may resume in the
 * middle of its work, after another process has taken the lead. So the lead is checked, by our own
 * clock, right before each step that cannot be taken back: before a call to a node and before a
 * write to the API. The step may take no longer than the lead lasts.
 */

#include <stdint.h>

#include "base/error.h"

struct lead {
	uint32_t (*time_left_ms)(void *context); /* 0: lost. NULL: no election */
	void *context;
};

/* How long a step may take that would take limit_ms otherwise; 0: it may not begin. */
uint32_t lead_bound_ms(const struct lead *lead, uint32_t limit_ms);

/* 0, or ERROR_CANCELLED. */
int lead_check(const struct lead *lead, struct error *err);
