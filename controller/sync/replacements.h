/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How often the pods of an ordinal ended in a row without having been ready, and when the next one
 * may be replaced.
 *
 * There are two ways to end. A pod fails: the kubelet refuses it (a host port that is taken, a node
 * that lacks what the pod needs), or its containers end for good. It stays until the controller
 * deletes it, so the deletion waits. Or a pod vanishes: another client deletes it, an eviction or a
 * preemption among them. Then the making of the next one waits.
 *
 * The first is replaced at once, each further one after twice the time of the one before, from a
 * second to five minutes. A pod that becomes ready ends the row, and so does another template. So a
 * ready pod that is deleted comes back at once.
 *
 * Memory only: after a restart of the controller the row begins again. Of very many rows the oldest
 * are forgotten.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"

#define REPLACEMENT_WAIT_MIN_MS 1000
#define REPLACEMENT_WAIT_MAX_MS 300000

struct pod;
struct replacements;

struct replacements *replacements_new(void);
void replacements_free(struct replacements *replacements);

/* We deleted the failed pod at that time (base/clock.h: monotonic). */
void replacements_note_failed(struct replacements *replacements, const struct pod *pod,
			      uint64_t now_ms);

/* The pod was deleted, and was not ready when that began. Nothing is counted twice: the deletion of
 * a failed pod is seen here too. */
void replacements_note_vanished(struct replacements *replacements, const struct pod *pod,
				uint64_t now_ms);

/* A pod of this name ran. */
void replacements_forget(struct replacements *replacements, const char *namespace,
			 const char *pod_name);

struct replacement_question {
	const char *namespace;
	const char *pod_name;
	const char *revision; /* that the next pod will have */
	bool missing;	      /* there is no pod; else it has failed */
};

/* For how long a failed pod still has to wait for its deletion, or a missing one to be made; 0: not
 * at all. */
uint32_t replacements_wait_ms(struct replacements *replacements,
			      const struct replacement_question *question, uint64_t now_ms);

DEFINE_CLEANUP(struct replacements *, replacements_free);
