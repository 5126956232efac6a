/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Looking at a snapshot that exists: on its node, or on all nodes where that is not known. The
 * finding is written on the content, so that it is searched for once.
 */

#include "content/plan.h"
#include "content/status.h"

/* LOOK. What failed is written on the content. */
enum content_outcome content_look(const struct applier *applier, const struct content_view *view,
				  struct error *err);
