/* SPDX-License-Identifier: Apache-2.0 */
#include "base/quantity.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Wide enough for whatever the API server writes: at most INT64_MAX bytes, in billionths. */
typedef unsigned __int128 wide;

#define DIGITS_MAX 28

struct unit {
	const char *suffix;
	uint64_t multiplier;
	uint64_t divisor;
};

static const struct unit units[] = {
	{ "", 1, 1 },
	{ "n", 1, 1000000000 },
	{ "u", 1, 1000000 },
	{ "m", 1, 1000 },
	{ "k", 1000, 1 },
	{ "M", 1000000, 1 },
	{ "G", 1000000000, 1 },
	{ "T", 1000000000000, 1 },
	{ "P", 1000000000000000, 1 },
	{ "E", 1000000000000000000, 1 },
	{ "Ki", UINT64_C(1) << 10, 1 },
	{ "Mi", UINT64_C(1) << 20, 1 },
	{ "Gi", UINT64_C(1) << 30, 1 },
	{ "Ti", UINT64_C(1) << 40, 1 },
	{ "Pi", UINT64_C(1) << 50, 1 },
	{ "Ei", UINT64_C(1) << 60, 1 },
};

static const struct unit *find_unit(const char *suffix)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (strcmp(units[i].suffix, suffix) == 0)
			return &units[i];
	return NULL;
}

/* The decimal exponent of "e9", "E-3"; *at moves behind it. "E" alone is exa. */
static bool read_exponent(const char **at, int *ret_exponent)
{
	const char *p = *at;
	if (*p != 'e' && *p != 'E')
		return false;
	p++;
	bool negative = *p == '-';
	if (*p == '-' || *p == '+')
		p++;
	if (!isdigit((unsigned char)*p))
		return false;
	int exponent = 0;
	for (; isdigit((unsigned char)*p); p++)
		if (exponent < 1000)
			exponent = exponent * 10 + (*p - '0');
	*ret_exponent = negative ? -exponent : exponent;
	*at = p;
	return true;
}

/* Digits with at most one point: mantissa * 10^exponent. */
static bool read_mantissa(const char **at, wide *ret_mantissa, int *ret_exponent)
{
	wide mantissa = 0;
	int exponent = 0, digits = 0, significant = 0;
	bool fraction = false;
	const char *p = *at;
	for (; isdigit((unsigned char)*p) || (*p == '.' && !fraction); p++) {
		if (*p == '.') {
			fraction = true;
			continue;
		}
		digits++;
		if (mantissa || *p != '0')
			significant++;
		if (significant > DIGITS_MAX)
			return false;
		mantissa = mantissa * 10 + (wide)(*p - '0');
		exponent -= fraction;
	}
	*at = p;
	*ret_mantissa = mantissa;
	*ret_exponent = exponent;
	return digits > 0;
}

/* mantissa * 10^exponent * multiplier / divisor, rounded up; false above INT64_MAX. */
static bool scale(wide mantissa, int exponent, const struct unit *unit, uint64_t *ret_bytes)
{
	wide value;
	bool rest = false;
	if (__builtin_mul_overflow(mantissa, (wide)unit->multiplier, &value))
		return false;
	for (; exponent > 0 && value; exponent--) {
		if (value > (wide)INT64_MAX * 1000000000)
			return false;
		value *= 10;
	}
	for (; exponent < 0 && value; exponent++) {
		rest = rest || value % 10;
		value /= 10;
	}
	rest = rest || value % unit->divisor || (exponent < 0 && mantissa);
	value = value / unit->divisor + rest;
	if (value > INT64_MAX)
		return false;
	*ret_bytes = (uint64_t)value;
	return true;
}

int quantity_parse_bytes(const char *text, uint64_t *ret_bytes, struct error *err)
{
	const char *at = text;
	if (*at == '-')
		return error_set(err, ERROR_INVALID, "quantity \"%.40s\" is negative", text);
	if (*at == '+')
		at++;
	wide mantissa;
	int exponent, more = 0;
	if (!read_mantissa(&at, &mantissa, &exponent))
		return error_set(err, ERROR_INVALID,
				 "\"%.40s\" is not a quantity: give digits and a unit, as 1Gi",
				 text);
	const struct unit *unit = read_exponent(&at, &more) ? find_unit("") : find_unit(at);
	if (unit && unit->suffix[0] == '\0' && *at)
		unit = NULL;
	if (!unit)
		return error_set(
			err, ERROR_INVALID,
			"\"%.40s\" is not a quantity: unknown unit \"%.10s\" (Ki Mi Gi Ti Pi "
			"Ei, k M G T P E)",
			text, at);
	if (!scale(mantissa, exponent + more, unit, ret_bytes))
		return error_set(err, ERROR_RANGE, "quantity \"%.40s\" is over 8 EiB", text);
	return 0;
}

void quantity_format_bytes(uint64_t bytes, char text[static QUANTITY_TEXT_MAX])
{
	static const char *const suffixes[] = { "", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei" };
	size_t i = 0;
	while (bytes && bytes % 1024 == 0 && i + 1 < sizeof(suffixes) / sizeof(*suffixes)) {
		bytes /= 1024;
		i++;
	}
	snprintf(text, QUANTITY_TEXT_MAX, "%" PRIu64 "%s", bytes, suffixes[i]);
}

void quantity_format_about(uint64_t bytes, char text[static QUANTITY_TEXT_MAX])
{
	unsigned shift = 0;
	while (bytes >> shift >= 8)
		shift++;
	quantity_format_bytes(bytes >> shift << shift, text);
}
