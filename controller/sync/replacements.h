/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How often the pods of an ordinal failed in a row, and when the next one may be replaced.
 *
 * A pod that the kubelet refuses (a host port that is taken, a node that lacks what the pod needs)
 * fails at once, and so does the one that replaces it. The first is replaced at once, each further
 * one after twice the time of the one before, from a second to five minutes. A pod that becomes
 * ready ends the row.
 *
 * Memory only: after a restart of the controller the row begins again. Of very many rows the oldest
 * are forgotten.
 */

#include <stdint.h>

#include "base/cleanup.h"

#define REPLACEMENT_WAIT_MIN_MS 1000
#define REPLACEMENT_WAIT_MAX_MS 300000

struct replacements;

struct replacements *replacements_new(void);
void replacements_free(struct replacements *replacements);

/* A failed pod of this name was deleted at that time (base/clock.h: monotonic). */
void replacements_note(struct replacements *replacements, const char *namespace,
		       const char *pod_name, uint64_t now_ms);

/* A pod of this name ran. */
void replacements_forget(struct replacements *replacements, const char *namespace,
			 const char *pod_name);

/* For how long a failed pod of this name still has to wait; 0: not at all. */
uint32_t replacements_wait_ms(struct replacements *replacements, const char *namespace,
			      const char *pod_name, uint64_t now_ms);

DEFINE_CLEANUP(struct replacements *, replacements_free);
