/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * For which claims this process has the final answer of the last ControllerModifyVolume, although
 * the claim's status is InProgress: nothing is pending at the node, so the claim's target may
 * change (modify/plan.h). In memory alone: the next process does not know it and sends the same
 * parameters once more.
 *
 * An entry goes when the claim is looked at and has no such status any more, or is gone.
 * Thread-safe.
 */

#include <stdbool.h>

struct modify_answers;

struct modify_answers *modify_answers_new(void);
void modify_answers_free(struct modify_answers *answers);

/* key: "<namespace>/<name>" of the claim with that uid. */
void modify_answers_note(struct modify_answers *answers, const char *key, const char *uid);
void modify_answers_drop(struct modify_answers *answers, const char *key);
bool modify_answers_has(struct modify_answers *answers, const char *key, const char *uid);
