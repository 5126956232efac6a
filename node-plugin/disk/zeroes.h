/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Zeroes, written to the blocks that a new image has set aside.
 *
 * A block that was only set aside costs its first write more than the later ones: that it holds
 * data from now on is written into the tables of the pool's file system, and has to last whenever
 * the write has to. ext4 and xfs write a block where it is, so zeroes that are written beforehand
 * take that from the pod. Where a write moves a block (btrfs), they would spend what was set aside:
 * there nothing is written.
 */

#include <stdint.h>

#include "base/error.h"
#include "folder/copy.h"

/* Asks the watch, before anything is set aside, whether so many may be written now. */
int zeroes_expect(int fd, uint64_t size_bytes, const struct copy_watch *watch, struct error *err);

/* Fills a file that holds nothing yet, of size_bytes. watch may be NULL. Nothing is fsynced. */
int zeroes_write(int fd, uint64_t size_bytes, const struct copy_watch *watch, struct error *err);
