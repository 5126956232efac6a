/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Having the node make a snapshot. It may be interrupted anywhere and repeated by another process:
 * the node answers a repeated request from its record.
 */

#include "content/plan.h"
#include "content/status.h"

/* CREATE. What failed is written on the content. */
enum outcome content_create(const struct applier *applier, const struct content_view *view,
			    const struct content_plan *plan, struct error *err);

/* TIDY: takes being-created off. */
enum outcome content_tidy(const struct applier *applier, const struct snapshot_content *content,
			  struct error *err);
