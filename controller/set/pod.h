/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A pod, as the controller of its set sees it: its controller, its phase and readiness, and the
 * claims that it uses.
 */

#include <stdbool.h>
#include <stdint.h>

#include "kube/object.h"

#define POD_NAME_LABEL "statefulset.kubernetes.io/pod-name"
#define POD_INDEX_LABEL "apps.kubernetes.io/pod-index"
#define POD_REVISION_LABEL "controller-revision-hash"

enum pod_phase {
	POD_PHASE_NONE, /* not written yet */
	POD_PENDING,
	POD_RUNNING,
	POD_SUCCEEDED,
	POD_FAILED,
	POD_UNKNOWN,
};

struct pod_volume {
	const char *name;
	const char *claim_name; /* NULL: no claim behind it */
};

struct pod {
	struct object object;
	const char *parent; /* by its name: pod_name_parse() */
	int32_t ordinal;
	enum pod_phase phase;
	bool ready;	       /* condition Ready is True … */
	int64_t ready_since_s; /* … since then; 0: not known */
	const char *revision;  /* label controller-revision-hash; "" if it has none */
	struct pod_volume *volumes;
	size_t volume_count;
};

extern const struct kind pod_kind;

/* Takes a pod's name apart: everything before the last "-<digits>" and the number. No such ending:
 * "" and -1. More digits than an int32 holds: the parent, and -1. */
int32_t pod_name_parse(struct arena *arena, const char *pod_name, const char **ret_parent);

static inline struct pod *pod_of(struct object *object)
{
	return (struct pod *)object;
}

bool pod_created(const struct pod *pod);
bool pod_terminating(const struct pod *pod);
bool pod_finished(const struct pod *pod); /* Failed or Succeeded: its containers never run again */
bool pod_running_and_ready(const struct pod *pod);

/* Ready for min_ready_s seconds. */
bool pod_available(const struct pod *pod, int32_t min_ready_s, int64_t now_ms);

/* Not available, or going away. */
bool pod_unavailable(const struct pod *pod, int32_t min_ready_s, int64_t now_ms);
