/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How long to wait before the next try: min, 2 min, 4 min, … up to max.
 */

#include <stdint.h>

/* failures: how many tries have failed so far, from 1. */
uint32_t backoff_ms(unsigned failures, uint32_t min_ms, uint32_t max_ms);

/* The same, shortened at random by up to a quarter, so that callers that failed together do not
 * retry together. */
uint32_t backoff_spread_ms(unsigned failures, uint32_t min_ms, uint32_t max_ms);
