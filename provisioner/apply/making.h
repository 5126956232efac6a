/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Having a node make a snapshot, or a group of them, for a content:
 *
 *	content --being-created--> call --status--> made --annotation off--> ready
 *
 * The annotation says that a call may have been sent whose answer is not known. It is written
 * before the call, together with the node, and taken off after success or a final failure alone.
 * It may be interrupted anywhere and repeated by another process: the node answers a repeated
 * request from its record.
 */

#include <stdbool.h>

#include "apply/applier.h"
#include "apply/outcome.h"
#include "cluster/snapshot_error.h"
#include "cluster/snapshot_node.h"

struct making {
	const struct object *content;
	const struct snapshot_node *node;
	const char *being_created; /* the annotation */

	/* What decided that it is to be made is the same in the newest version. */
	bool (*is_as_planned)(const struct object *newest, const struct object *seen);

	/* Has the node make it. */
	int (*make)(const struct applier *applier, void *context, struct error *err);

	/* What was made is ready for use. */
	bool (*is_ready)(const void *context);

	/* Writes to the status of the content as it is now: what was made, or why it was not (-1:
	 * it could not be written, which is logged). */
	enum outcome (*made)(const struct applier *applier, const struct object *content,
			     const void *context, struct error *err);
	int (*failed)(const struct applier *applier, const struct object *content,
		      const struct error *reason);
	void *context;
};

enum outcome making_run(const struct applier *applier, const struct making *making,
			struct error *err);

/* Notes the node of something that exists already, before the status: what is known is known with
 * its node. *ret_content: as it is then, yours; NULL: it is gone, and nothing more is to be done.
 */
enum outcome making_note_node(const struct applier *applier, const struct object *content,
			      const struct snapshot_node *node, struct object **ret_content,
			      struct error *err);

/* An attempt that failed. */
struct making_failure {
	const struct error *reason;
	const struct snapshot_error *(*error_of)(const struct object *content);
	const char *event;   /* its reason, as the cluster calls it */
	const char *message; /* of event and status */
};

/* Writes status and event, unless they say so already. Nothing is said of what no user could mend:
 * our lead has ended, or our copy lagged. -1: the status could not be written, which is logged. */
int making_failed(const struct applier *applier, const struct object *content,
		  const struct making_failure *failure);
