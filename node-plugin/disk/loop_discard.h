/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Whether a discard in a loop device gives blocks of its image back: a setting of the device's
 * queue in sysfs.
 *
 * The kernel keeps it with the number of the device, for whatever image comes next, and newer ones
 * (6.18 is) do not let discards be turned on again once they were off. Such a device is spent:
 *
 *	on --turned off for an image--> off --detached from the image--> spent
 *	^                                                                  |
 *	+------ made again, when a free one is asked for <---removed-------+
 *
 * Nothing of this is remembered: whether a device is spent is read from it. The kernel removes none
 * that is in use or open, and waits tens of milliseconds on a busy node until it has removed one:
 * so that the end of a pod does not wait for that, a spent device stays for the next image that
 * refuses discards, and the sweep (upkeep/sweep.h) removes what is left.
 */

#include <stdbool.h>

#include "base/error.h"

/* Of a device that has its image. Errors name the file in sysfs, and say what to do where it is
 * read-only. */
int loop_discard_set(unsigned number, bool allowed, struct error *err);

/* Of one that is free: an image that may discard should not get it. */
bool loop_discard_is_spent(unsigned number);

/* control_fd is /dev/loop-control. False: a process has it open. */
bool loop_discard_remove(int control_fd, unsigned number);

/* All free ones that are spent, except those that a process has open; returns how many. */
unsigned loop_discard_remove_spent(void);
