/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The kernel's names of loop devices (loop(4), Documentation/admin-guide/devices.txt).
 */

#define LOOP_MAJOR 7
#define LOOP_CONTROL "/dev/loop-control"
#define LOOP_SYSFS "/sys/block" /* in which each device has a folder loop<number> */
