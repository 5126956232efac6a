/* SPDX-License-Identifier: Apache-2.0 */
#include "samples.h"

#include <stdlib.h>

#include "base/text.h"

void samples_add(struct samples *samples, uint64_t us)
{
	if (samples->count == samples->room) {
		samples->room = samples->room ? samples->room * 2 : 64;
		samples->us = must_realloc(samples->us, samples->room * sizeof(*samples->us));
	}
	samples->us[samples->count++] = us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
}

void samples_add_all(struct samples *samples, const struct samples *more)
{
	for (size_t i = 0; i < more->count; i++)
		samples_add(samples, more->us[i]);
}

void samples_done(struct samples *samples)
{
	free(samples->us);
	*samples = (struct samples) { 0 };
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return x < y ? -1 : x > y;
}

double samples_percentile(struct samples *samples, unsigned percent)
{
	if (!samples->count)
		return 0;
	qsort(samples->us, samples->count, sizeof(*samples->us), compare);
	size_t place = samples->count * percent / 100;
	return samples->us[place < samples->count ? place : samples->count - 1] / 1000.0;
}
