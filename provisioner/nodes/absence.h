/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * For how long this process itself has missed a node. The notes on PersistentVolumes count across
 * leaders, but they may be older than what happened since: the API server was restored from a
 * backup, or the machine started with a wrong clock. So nothing is deleted on the word of a note
 * alone. Thread-safe.
 */

#include <stdint.h>

#include "base/cleanup.h"

struct absences;

struct absences *absences_new(void);
void absences_free(struct absences *absences);

/* The node is missing at now_ms (clock_boot_ms()): for how long it has been since we first saw it
 * so.
 */
int64_t absence_seen_s(struct absences *absences, const char *node_id, uint64_t now_ms);

/* It is there. */
void absence_end(struct absences *absences, const char *node_id);

DEFINE_CLEANUP(struct absences *, absences_free);
