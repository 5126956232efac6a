/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the parts that change the cluster have in common: the client, the recorder of events, and
 * the permission to act at all, which is checked before every write. It ends when the guard sees
 * another controller (guard.h) or the program stops.
 */

#include <stdbool.h>

#include "base/error.h"
#include "kube/client.h"
#include "kube/event.h"
#include "kube/verbs.h"
#include "set/statefulset.h"
#include "sync/written.h"

struct absence;
struct informer;
struct remakes;
struct repeats;
struct replacements;
struct template_meanings;
struct waits;

struct applier {
	struct kube_client *client;
	struct informer *const *informers; /* the live copies, by enum written_kind */
	struct event_recorder *events;
	struct written *written;
	struct absence *absences;
	struct replacements *replacements;
	struct remakes *remakes;
	struct repeats *repeats;
	struct template_meanings *meanings;
	struct waits *waits;
	bool (*may_act)(void *context);
	void *context;
};

/* 0, or ERROR_CANCELLED. */
int applier_may_act(const struct applier *applier, struct error *err);

/* Not worth an event: that the lease is lost or we stand by, and that another writer was faster (of
 * a claim, say, or of a quota), which the next try puts right. A conflict that lasts is reported by
 * sync/wait_report.h. */
bool applier_is_passing(const struct error *failure);

/* Remembers the version of an object that was written for the set. */
void applier_wrote(const struct applier *applier, const struct statefulset *set,
		   enum written_kind kind, const struct object *object);

/* A change of one object that the set's sync asks for. */
struct applier_patch {
	const struct object *object;
	const char *subresource; /* "status", or NULL */
	enum kube_patch_type type;
	enum written_kind written;
	const char *purpose; /* what is written, for a user: "ownerReferences" */
	struct json_object *patch;
};

/* Sends it, and remembers the version; *ret_after, which may be NULL, is the object as it is then.
 * 1: not yet, since the same patch was undone again and again (sync/repeats.h). The caller goes on
 * as if it had been sent. */
int applier_patch(const struct applier *applier, const struct statefulset *set,
		  const struct applier_patch *patch, struct object **ret_after, struct error *err);

/* Adds one error to those that came before it: "[a, b]" as Kubernetes writes several. */
void errors_add(struct error *all, const struct error *one);
