/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How much a volume may do in a second: the parameters of a VolumeAttributesClass, as CreateVolume
 * and ControllerModifyVolume get them (CSI: mutable_parameters). The set is complete: what it does
 * not name is not limited.
 *
 *	readIops, writeIops              operations in a second
 *	readBandwidth, writeBandwidth    bytes in a second, as "100Mi"
 *
 * 0 stands for no limit; 1 is less than the kernel can hold. What is named csi.storage.k8s.io/… is
 * the sidecars' own, and no limit.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/pairs.h"

struct io_limits {
	uint64_t read_iops;
	uint64_t write_iops;
	uint64_t read_bytes;
	uint64_t write_bytes;
};

/* ERROR_INVALID names the parameter; *ret_limits is set by all of them or by none. */
int io_limits_parse(const struct pairs *pairs, struct io_limits *ret_limits, struct error *err);

bool io_limits_are_none(const struct io_limits *limits);
bool io_limits_equal(const struct io_limits *a, const struct io_limits *b);
