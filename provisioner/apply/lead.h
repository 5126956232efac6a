/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The lead: whether this process may still act. A process that was frozen for a while wakes up
 * beside its successor and in the middle of what it did. So the lead is asked for, by our own
 * clock, right before each step that cannot be taken back: before a node is asked to make or
 * delete a volume, and before the record or the intent of one is written.
 */

#include <stdbool.h>

#include "base/error.h"

struct lead {
	bool (*held)(void *context); /* NULL: nobody competes */
	void *context;
};

/* 0, or ERROR_CANCELLED. */
int lead_check(const struct lead *lead, struct error *err);
