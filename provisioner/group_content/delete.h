/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The end of a group content: its snapshots are deleted, all in one call, where the policy says so;
 * then the finalizer is taken off, and the API server removes the content.
 */

#include "apply/outcome.h"
#include "group_content/plan.h"

/* DELETE. */
enum outcome group_content_delete(const struct applier *applier,
				  const struct group_content_view *view, struct error *err);

/* RELEASE. */
enum outcome group_content_release(const struct applier *applier,
				   const struct group_content *content, struct error *err);
