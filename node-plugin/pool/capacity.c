/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/capacity.h"

#include <inttypes.h>

#include "base/quantity.h"

static uint64_t round_up(uint64_t bytes)
{
	return (bytes + CAPACITY_UNIT_BYTES - 1) / CAPACITY_UNIT_BYTES * CAPACITY_UNIT_BYTES;
}

static int check_range(const struct capacity_range *range, struct error *err)
{
	if (range->limit_bytes && range->limit_bytes < range->required_bytes)
		return error_set(err, ERROR_RANGE,
				 "capacity_range: limit_bytes %" PRIu64
				 " is less than required_bytes %" PRIu64,
				 range->limit_bytes, range->required_bytes);
	if (range->required_bytes > CAPACITY_BYTES_MAX)
		return error_set(err, ERROR_RANGE,
				 "capacity_range: required_bytes %" PRIu64
				 " is more than any volume can have (%llu)",
				 range->required_bytes, CAPACITY_BYTES_MAX);
	return 0;
}

/* The most that is in the limit, where that is less than the default. */
static uint64_t wished(const struct capacity_range *range)
{
	uint64_t most = range->limit_bytes / CAPACITY_UNIT_BYTES * CAPACITY_UNIT_BYTES;
	if (range->required_bytes)
		return range->required_bytes;
	if (range->limit_bytes && range->limit_bytes < CAPACITY_DEFAULT_BYTES)
		return most ? most : range->limit_bytes;
	return CAPACITY_DEFAULT_BYTES;
}

/* The author of the claim reads it, so sizes are as they are written there. */
static int refuse_limit(const struct capacity_range *range, uint64_t minimum_bytes,
			struct error *err)
{
	char most[QUANTITY_TEXT_MAX], least[QUANTITY_TEXT_MAX];
	quantity_format_bytes(range->limit_bytes, most);
	quantity_format_bytes(minimum_bytes, least);
	return error_set(err, ERROR_RANGE,
			 "capacity_range: limit_bytes %s is too small: the least for this kind of "
			 "volume is %s",
			 most, least);
}

int capacity_choose(const struct capacity_range *range, uint64_t minimum_bytes, uint64_t *ret_bytes,
		    struct error *err)
{
	if (check_range(range, err) < 0)
		return -1;
	uint64_t bytes = wished(range);
	if (bytes < minimum_bytes)
		bytes = minimum_bytes;
	if (range->limit_bytes && bytes > range->limit_bytes)
		return refuse_limit(range, minimum_bytes, err);
	/* A limit may leave no room to round up: then the size is just what is asked for. */
	uint64_t whole_bytes = round_up(bytes);
	*ret_bytes = range->limit_bytes && whole_bytes > range->limit_bytes ? bytes : whole_bytes;
	return 0;
}

int capacity_choose_growth(const struct capacity_range *range, uint64_t bytes, uint64_t *ret_bytes,
			   struct error *err)
{
	if (!range->required_bytes && !range->limit_bytes)
		return error_set(
			err, ERROR_INVALID,
			"capacity_range is missing: it says how large the volume is to be");
	if (check_range(range, err) < 0)
		return -1;
	if (range->limit_bytes && range->limit_bytes < bytes)
		return error_set(err, ERROR_RANGE,
				 "capacity_range: limit_bytes %" PRIu64
				 " is less than the volume's size of %" PRIu64
				 ", and a volume never shrinks",
				 range->limit_bytes, bytes);
	if (range->required_bytes <= bytes) {
		*ret_bytes = bytes;
		return 1;
	}
	return capacity_choose(range, 0, ret_bytes, err);
}

bool capacity_fits_range(const struct capacity_range *range, uint64_t size_bytes)
{
	return size_bytes >= range->required_bytes &&
	       (!range->limit_bytes || size_bytes <= range->limit_bytes);
}

static uint64_t minus(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

uint64_t capacity_room(const struct capacity_space *space)
{
	uint64_t room = space->available_bytes + space->allocated_bytes;
	room = minus(room, space->promised_bytes);
	room = minus(room, space->reserve_bytes);
	return room / CAPACITY_UNIT_BYTES * CAPACITY_UNIT_BYTES;
}

uint64_t capacity_ever(const struct capacity_space *space)
{
	return minus(space->total_bytes, space->reserve_bytes);
}
