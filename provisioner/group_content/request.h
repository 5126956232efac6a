/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A group content as a request to the node: the name of the group, its volumes and its parameters.
 * Pure.
 *
 * The name follows from the uid of the VolumeGroupSnapshot, so a repeated request finds the group
 * that the first one made.
 */

#include "base/error.h"
#include "csi/group_client.h"
#include "group_content/view.h"

/* class: NULL for no parameters. ERROR_INVALID names the class and its parameter, or the field of
 * the content. The strings are borrowed, or live in the view's arena. */
int group_content_request_build(const struct group_content_view *view,
				const struct group_class *class,
				struct csi_create_group_request *ret_request, struct error *err);

/* The group as the node knows it, and all of its snapshots: as the status lists them, else as the
 * source does. In the arena. */
void group_content_request_name(const struct group_content *content, struct arena *arena,
				struct csi_group_request *ret_request);
