/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * An image, sparse unless its blocks are to be set aside, with a file system in it, mounted through
 * a loop device. Its size holds by itself: the file system ends where the image ends. A block
 * volume is an image without a file system, which is given to its pod as a device.
 */

#include "backend/backend.h"

extern const struct backend backend_loop;
