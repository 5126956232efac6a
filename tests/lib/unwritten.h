/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a file has set aside of its disk (fallocate(2)), but was never written to. */

#include <stdint.h>

uint64_t unwritten_bytes(int fd);
