/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A StatefulSet: so many pods of one template, each with a name, an ordinal and claims of its own.
 *
 * Of the pod template only the form that revisions are made of is kept (set/revision_data.h), of
 * each claim template its text: they are written back whole and not looked into before that.
 * Which API group a set came from is a matter of its kind; nothing else depends on it.
 */

#include <stdbool.h>
#include <stdint.h>

#include "kube/object.h"
#include "kube/selector.h"

enum pod_management { ORDERED_READY, PARALLEL };

enum update_strategy { ROLLING_UPDATE, ON_DELETE, RECREATE };

enum retention { RETAIN, DELETE };

struct claim_template {
	const char *name;
	const char *text; /* JSON */
};

struct statefulset_status {
	int64_t observed_generation;
	int32_t replicas;
	int32_t ready_replicas;
	int32_t available_replicas;
	int32_t current_replicas;
	int32_t updated_replicas;
	int32_t collision_count;
	const char *current_revision; /* "": none yet */
	const char *update_revision;
	const char
		*waiting_reason; /* of the condition Waiting, while it is True; else "" or NULL */
	const char *waiting_message;
};

struct statefulset {
	struct object object;
	int32_t replicas;
	int32_t start_ordinal;
	int32_t min_ready_s;
	int64_t revision_history_limit; /* negative: keep all */
	const char *service_name;
	enum pod_management pod_management;
	enum update_strategy update_strategy;
	int32_t partition;	 /* 0 also without a rollingUpdate block */
	int32_t max_unavailable; /* a number of pods, or … */
	bool max_unavailable_is_percent;
	enum retention when_deleted;
	enum retention when_scaled;
	struct selector selector;
	const char *template_data; /* revision_data_of_template() */
	struct pairs template_labels;
	struct claim_template *claim_templates;
	size_t claim_template_count;
	struct statefulset_status status;
};

/* The condition that says what holds the set up; it is removed when nothing does. */
#define STATEFULSET_WAITING "Waiting"

extern const struct kind statefulset_apps_kind; /* apps/v1 */

static inline struct statefulset *statefulset_of(struct object *object)
{
	return (struct statefulset *)object;
}

/* How many pods may be unavailable during an update; percentages are rounded down, at least 1. */
int32_t statefulset_max_unavailable(const struct statefulset *set);

/* The set is the controller that this owner reference names. */
bool statefulset_owns(const struct statefulset *set, const struct owner *controller);

/* The owner reference names a set of this API group, kind and name, be it this one or an earlier
 * one. */
bool statefulset_has_name_of(const struct statefulset *set, const struct owner *owner);
