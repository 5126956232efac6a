/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How much a volume may do in a second. 0: as much as it can.
 */

#include <stdint.h>

struct io_limits {
	uint64_t read_iops;
	uint64_t write_iops;
	uint64_t read_bytes;
	uint64_t write_bytes;
};
