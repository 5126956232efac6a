/* SPDX-License-Identifier: Apache-2.0 */
#include "record/io_limits.h"

#include <inttypes.h>
#include <string.h>

#include "base/quantity.h"
#include "csi/names.h"

/* The kernel keeps them in 32 bits, and the largest number means no limit (blk-host/throttle.c). */
#define IOPS_MAX (UINT32_MAX - 1)
#define LIMIT_MIN 2 /* io.max refuses 1 */

static int parse_iops(const char *value, uint64_t *ret_number, struct error *err)
{
	uint64_t number = 0;
	if (!value[0] || strspn(value, "0123456789") != strlen(value))
		return error_set(err, ERROR_INVALID, "\"%s\" is not a whole number", value);
	for (const char *digit = value; *digit; digit++) {
		number = number * 10 + (uint64_t)(*digit - '0');
		if (number > IOPS_MAX)
			return error_set(err, ERROR_INVALID, "\"%s\" is more than %u", value,
					 IOPS_MAX);
	}
	*ret_number = number;
	return 0;
}

static int parse_bandwidth(const char *value, uint64_t *ret_bytes, struct error *err)
{
	if (quantity_parse_bytes(value, ret_bytes, err) == 0)
		return 0;
	if (err)
		err->code = ERROR_INVALID;
	return -1;
}

static int check_least(uint64_t limit, struct error *err)
{
	if (limit == 0 || limit >= LIMIT_MIN)
		return 0;
	return error_set(err, ERROR_INVALID,
			 "%" PRIu64 " is too little: at least %d, or 0 for none", limit, LIMIT_MIN);
}

static int read_limit(const struct pair *pair,
		      int (*parse)(const char *value, uint64_t *ret_number, struct error *err),
		      uint64_t *ret_limit, struct error *err)
{
	return parse(pair->value, ret_limit, err) < 0 ? -1 : check_least(*ret_limit, err);
}

static int parse_one(const struct pair *pair, struct io_limits *limits, struct error *err)
{
	if (strcmp(pair->key, "readIops") == 0)
		return read_limit(pair, parse_iops, &limits->read_iops, err);
	if (strcmp(pair->key, "writeIops") == 0)
		return read_limit(pair, parse_iops, &limits->write_iops, err);
	if (strcmp(pair->key, "readBandwidth") == 0)
		return read_limit(pair, parse_bandwidth, &limits->read_bytes, err);
	if (strcmp(pair->key, "writeBandwidth") == 0)
		return read_limit(pair, parse_bandwidth, &limits->write_bytes, err);
	/* What external-resizer adds about the claim (--extra-modify-metadata). */
	if (strncmp(pair->key, CSI_PARAMETER_PREFIX, strlen(CSI_PARAMETER_PREFIX)) == 0)
		return 0;
	return error_set(err, ERROR_INVALID,
			 "is unknown; there are readIops, writeIops, readBandwidth and "
			 "writeBandwidth");
}

int io_limits_parse(const struct pairs *pairs, struct io_limits *ret_limits, struct error *err)
{
	struct io_limits limits = { 0 };
	for (size_t i = 0; i < pairs->count; i++)
		if (parse_one(&pairs->items[i], &limits, err) < 0)
			return error_prefix(err, "mutable_parameters: %s", pairs->items[i].key);
	*ret_limits = limits;
	return 0;
}

bool io_limits_are_none(const struct io_limits *limits)
{
	return io_limits_equal(limits, &(struct io_limits) { 0 });
}

bool io_limits_equal(const struct io_limits *a, const struct io_limits *b)
{
	return a->read_iops == b->read_iops && a->write_iops == b->write_iops &&
	       a->read_bytes == b->read_bytes && a->write_bytes == b->write_bytes;
}
