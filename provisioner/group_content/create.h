/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Having the node make a group of snapshots (apply/making.h).
 */

#include "apply/outcome.h"
#include "group_content/plan.h"

/* CREATE. What failed is written on the content. */
enum outcome group_content_create(const struct applier *applier,
				  const struct group_content_view *view,
				  const struct group_content_plan *plan, struct error *err);

/* TIDY: takes being-created off. */
enum outcome group_content_tidy(const struct applier *applier, const struct group_content *content,
				struct error *err);
