/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A content as a request to the node: the name of the snapshot, its source and its parameters.
 * Pure.
 *
 * The name follows from the uid of the VolumeSnapshot, so a repeated request finds the snapshot
 * that the first one made.
 */

#include "base/error.h"
#include "content/view.h"
#include "csi/snapshot_client.h"

/* class: NULL for no parameters. ERROR_INVALID names the class and its parameter, or the field of
 * the content. The strings are borrowed, or live in the view's arena. */
int content_request_build(const struct content_view *view, const struct snapshot_class *class,
			  struct csi_create_snapshot_request *ret_request, struct error *err);
