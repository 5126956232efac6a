/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How long pods are gone: from the moment the watch showed that one was removed to the moment we
 * created it again. That is our own share of the time a restart takes, and goes into the log.
 *
 * Only a measure: nothing is decided by it, it does not outlive the process, and of very many
 * absences at once the oldest are forgotten.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"

struct absence;

struct absence *absence_new(void);
void absence_free(struct absence *absence);

void absence_begins(struct absence *absence, const char *namespace, const char *pod_name);

/* False if its beginning was not seen. */
bool absence_ends(struct absence *absence, const char *namespace, const char *pod_name,
		  uint64_t *ret_lag_ms);

DEFINE_CLEANUP(struct absence *, absence_free);
