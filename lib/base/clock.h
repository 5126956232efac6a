/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Time: the monotonic clock for durations and deadlines, the wall clock for what people and the
 * API read.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

uint64_t clock_monotonic_ms(void);
uint64_t clock_monotonic_us(void);

/* As the monotonic clock, but goes on while the system is suspended (clock_gettime(2)). */
uint64_t clock_boot_ms(void);

int64_t clock_wall_s(void);
int64_t clock_wall_us(void);

/* A deadline on the monotonic clock, for pthread_cond_clockwait(). */
struct timespec clock_deadline(uint64_t monotonic_ms);

#define CLOCK_TEXT_MAX 32

/* RFC 3339 in UTC, as Kubernetes writes Time ("2026-11-24T09:15:02Z"). */
void clock_format_s(int64_t wall_s, char text[static CLOCK_TEXT_MAX]);

/* With microseconds, as Kubernetes writes MicroTime ("2026-11-24T09:15:02.113000Z"). */
void clock_format_us(int64_t wall_us, char text[static CLOCK_TEXT_MAX]);

/* RFC 3339 with any offset and fraction (cut to seconds, or to microseconds). False if it is none
 * or lies before 1970 or after 9999. */
bool clock_parse_s(const char *text, int64_t *ret_wall_s);
bool clock_parse_us(const char *text, int64_t *ret_wall_us);
