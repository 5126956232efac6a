/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A pod that writes all the time: a process of its own, which ends if it ever sees an error. */

#include <sys/types.h>

/* Writes to this file, 4 MiB at most, each 64 KiB of it made to last. */
pid_t pod_writer_start(const char *path);

/* Kills it; fails the test if it ended before. */
void pod_writer_stop(pid_t pid);
