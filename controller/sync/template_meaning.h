/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Whether an older revision means the same as the set's template, although the bytes differ.
 *
 * An API server that was upgraded fills new defaults into every pod template that it serves, and
 * the revisions that were made before lack them. Only the API server knows its defaults, so the
 * controller asks it: it creates a PodTemplate (core/v1) of the older revision as a dry run, and
 * answers with the template as it would store it, defaults filled in. A PodTemplate starts nothing,
 * even if it were stored.
 *
 * Revisions of equal bytes, and changes that no default could have made, are recognised without a
 * request (set/revision.h: REVISION_COMPARE). A revision that means the same is remembered, so each
 * is asked about once in the life of the process. Of very many the oldest are forgotten.
 */

#include <stdbool.h>

#include "base/cleanup.h"
#include "set/revision.h"
#include "sync/applier.h"

struct template_meanings;

struct template_meanings *template_meanings_new(void);
void template_meanings_free(struct template_meanings *meanings);

/* *ret_same: no rollout is due. A server that refuses the question counts as "differs"; one that
 * cannot be reached is an error. */
int template_means_same(const struct applier *applier, const struct statefulset *set,
			const struct revision *older, bool *ret_same, struct error *err);

DEFINE_CLEANUP(struct template_meanings *, template_meanings_free);
