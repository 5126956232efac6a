/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The end of a content: its snapshot is deleted where the policy says so, then the finalizer is
 * taken off, and the API server removes the content.
 */

#include "content/plan.h"
#include "content/status.h"

/* DELETE. */
enum outcome content_delete(const struct applier *applier, const struct content_view *view,
			    struct error *err);

/* RELEASE. */
enum outcome content_release(const struct applier *applier, const struct snapshot_content *content,
			     struct error *err);
