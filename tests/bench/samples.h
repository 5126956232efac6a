/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Durations that were measured, and what they say together.
 */

#include <stddef.h>
#include <stdint.h>

struct samples {
	uint32_t *us;
	size_t count;
	size_t room;
};

void samples_add(struct samples *samples, uint64_t us);
void samples_add_all(struct samples *samples, const struct samples *more);
void samples_done(struct samples *samples);

/* In milliseconds; sorts them. 0 if there are none. */
double samples_percentile(struct samples *samples, unsigned percent);
