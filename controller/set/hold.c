/* SPDX-License-Identifier: Apache-2.0 */
#include "set/hold.h"

#include <stddef.h>

struct row {
	const char *word;
	const char *sentence; /* %1$s: the pod, %2$s: the claim */
	bool attention;
};

static const struct row rows[] = {
	[HOLD_NONE] = { "none", "nothing is waited for", false },
	[HOLD_SET_DELETED] = { "set-deleted", "the set is being deleted", false },
	[HOLD_POD_CREATED] = { "pod-created", "pod %1$s was just created", false },
	[HOLD_POD_DELETED] = { "pod-deleted", "pod %1$s is being removed", false },
	[HOLD_POD_TERMINATING] = { "pod-terminating", "pod %1$s is terminating", true },
	[HOLD_POD_UNREADY] = { "pod-unready", "pod %1$s is not yet running and ready", true },
	[HOLD_POD_UNAVAILABLE] = { "pod-unavailable",
				   "pod %1$s has not been ready for minReadySeconds", false },
	[HOLD_SCALE_DOWN] = { "scale-down",
			      "scaling down waits for pod %1$s, which is not ready, as is a pod "
			      "below it: repair one of them, or delete %1$s",
			      true },
	[HOLD_POD_BACKOFF] = { "pod-backoff",
			       "pod %1$s failed again soon after it was replaced; it is "
			       "replaced after a delay",
			       true },
	[HOLD_POD_VANISHED] = { "pod-vanished",
				"pod %1$s was deleted again before it was ready; it is made again "
				"after a delay: look for what deletes it (an eviction, a "
				"preemption, another controller)",
				true },
	[HOLD_POD_FOREIGN] = { "foreign-pod",
			       "a pod that is not this set's has the name %1$s: delete it", true },
	[HOLD_POD_EARLIER] = { "earlier-pod",
			       "pod %1$s belongs to an earlier set of this name and is still "
			       "there",
			       true },
	[HOLD_POD_STORAGE] = { "pod-storage",
			       "pod %1$s lacks the volume of a claim template, and the volumes of "
			       "a pod cannot change: delete the pod to have it made with them",
			       true },
	[HOLD_CLAIM_STALE] = { "stale-claim",
			       "pod %1$s waits until claim %2$s is gone: it belongs to an earlier "
			       "pod, and whenScaled: Delete removes its data",
			       true },
	[HOLD_CLAIM_EARLIER] = { "earlier-claim",
				 "pod %1$s waits until claim %2$s is gone: its ownerReferences "
				 "name an earlier set of this name, with which it is deleted; to "
				 "keep its data, remove that reference",
				 true },
	[HOLD_CLAIM_VANISHED] = { "claim-vanished",
				  "claim %2$s was deleted again before pod %1$s was ready; it is "
				  "made again after a delay: look for what deletes it",
				  true },
	[HOLD_CLAIM_TERMINATING] = { "claim-terminating",
				     "pod %1$s waits until claim %2$s is gone: pvc %2$s is being "
				     "deleted",
				     true },
};

const char *hold_reason_text(enum hold_reason reason)
{
	return rows[reason].word;
}

bool hold_is_refusal(enum hold_reason reason)
{
	return reason == HOLD_POD_FOREIGN || reason == HOLD_CLAIM_STALE ||
	       reason == HOLD_CLAIM_TERMINATING;
}

bool hold_needs_attention(enum hold_reason reason)
{
	return rows[reason].attention;
}

/* Replaces the two names in a row's sentence. */
void hold_describe(const struct hold *hold, struct text *text)
{
	const char *const names[] = { hold->pod ? hold->pod : "", hold->claim ? hold->claim : "" };
	for (const char *c = rows[hold->reason].sentence; *c; c++) {
		if (*c != '%') {
			text_append(text, c, 1);
			continue;
		}
		text_append_string(text, names[c[1] - '1']);
		c += 3;
	}
}
