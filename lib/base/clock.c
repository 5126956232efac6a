/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static uint64_t now_us(clockid_t id)
{
	struct timespec now;
	clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t clock_monotonic_us(void)
{
	return now_us(CLOCK_MONOTONIC);
}

uint64_t clock_monotonic_ms(void)
{
	return clock_monotonic_us() / 1000;
}

uint64_t clock_boot_ms(void)
{
	return now_us(CLOCK_BOOTTIME) / 1000;
}

int64_t clock_wall_us(void)
{
	return (int64_t)now_us(CLOCK_REALTIME);
}

int64_t clock_wall_s(void)
{
	return clock_wall_us() / 1000000;
}

struct timespec clock_deadline(uint64_t monotonic_ms)
{
	return (struct timespec) { .tv_sec = (time_t)(monotonic_ms / 1000),
				   .tv_nsec = (long)(monotonic_ms % 1000) * 1000000 };
}

static size_t format_date(int64_t wall_s, char *text, size_t size)
{
	time_t time = (time_t)wall_s;
	struct tm tm;
	gmtime_r(&time, &tm);
	return strftime(text, size, "%Y-%m-%dT%H:%M:%S", &tm);
}

void clock_format_s(int64_t wall_s, char text[static CLOCK_TEXT_MAX])
{
	size_t length = format_date(wall_s, text, CLOCK_TEXT_MAX);
	snprintf(text + length, CLOCK_TEXT_MAX - length, "Z");
}

void clock_format_us(int64_t wall_us, char text[static CLOCK_TEXT_MAX])
{
	size_t length = format_date(wall_us / 1000000, text, CLOCK_TEXT_MAX);
	snprintf(text + length, CLOCK_TEXT_MAX - length, ".%06uZ", (unsigned)(wall_us % 1000000));
}

/* Exactly `digits` digits, between low and high. */
static bool read_number(const char **at, int digits, int low, int high, int *ret_number)
{
	int number = 0;
	for (int i = 0; i < digits; i++) {
		if (!isdigit((unsigned char)(*at)[i]))
			return false;
		number = number * 10 + ((*at)[i] - '0');
	}
	if (number < low || number > high)
		return false;
	*at += digits;
	*ret_number = number;
	return true;
}

static bool read_char(const char **at, char wanted)
{
	if (**at != wanted)
		return false;
	(*at)++;
	return true;
}

static bool read_fraction(const char **at, int64_t *ret_us)
{
	*ret_us = 0;
	if (**at != '.')
		return true;
	(*at)++;
	if (!isdigit((unsigned char)**at))
		return false;
	for (int64_t unit = 100000; isdigit((unsigned char)**at); (*at)++, unit /= 10)
		*ret_us += (**at - '0') * unit;
	return true;
}

static bool read_offset(const char **at, int64_t *ret_offset_s)
{
	*ret_offset_s = 0;
	if (**at == 'Z' || **at == 'z') {
		(*at)++;
		return true;
	}
	int64_t sign = **at == '-' ? -1 : 1;
	if (**at != '-' && **at != '+')
		return false;
	(*at)++;
	int hours, minutes;
	if (!read_number(at, 2, 0, 23, &hours) || !read_char(at, ':') ||
	    !read_number(at, 2, 0, 59, &minutes))
		return false;
	*ret_offset_s = sign * (hours * 3600 + minutes * 60);
	return true;
}

static bool read_date(const char **at, struct tm *tm)
{
	return read_number(at, 4, 1970, 9999, &tm->tm_year) && read_char(at, '-') &&
	       read_number(at, 2, 1, 12, &tm->tm_mon) && read_char(at, '-') &&
	       read_number(at, 2, 1, 31, &tm->tm_mday) &&
	       (read_char(at, 'T') || read_char(at, 't')) &&
	       read_number(at, 2, 0, 23, &tm->tm_hour) && read_char(at, ':') &&
	       read_number(at, 2, 0, 59, &tm->tm_min) && read_char(at, ':') &&
	       read_number(at, 2, 0, 60, &tm->tm_sec);
}

bool clock_parse_us(const char *text, int64_t *ret_wall_us)
{
	struct tm tm = { 0 };
	int64_t fraction_us, offset_s;
	if (!read_date(&text, &tm) || !read_fraction(&text, &fraction_us) ||
	    !read_offset(&text, &offset_s) || *text)
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	int64_t wall_s = (int64_t)timegm(&tm) - offset_s;
	if (wall_s < 0)
		return false;
	*ret_wall_us = wall_s * 1000000 + fraction_us;
	return true;
}

bool clock_parse_s(const char *text, int64_t *ret_wall_s)
{
	int64_t wall_us;
	if (!clock_parse_us(text, &wall_us))
		return false;
	*ret_wall_s = wall_us / 1000000;
	return true;
}
