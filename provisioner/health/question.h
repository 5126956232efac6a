/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a node says of its volumes' health: ControllerListVolumeHealth, page by page, and
 * ControllerGetVolumeHealth.
 */

#include "apply/applier.h"
#include "csi/health_client.h"

/* All pages of one list. */
struct health_list {
	struct csi_health_page **pages;
	size_t count;
	const struct csi_volume_health **volumes; /* by volume_id */
	size_t volume_count;
};

/* The whole list or nothing. ERROR_UNSUPPORTED: the node's plugin is older. */
int health_ask_all(const struct applier *applier, const char *node, struct health_list *ret_list,
		   struct error *err);
int health_ask_one(const struct applier *applier, const char *node, const char *handle,
		   struct csi_health_page **ret_page, struct error *err);

/* NULL: the list does not have the volume. */
const struct csi_volume_health *health_list_find(const struct health_list *list,
						 const char *handle);
void health_list_done(struct health_list *list);

#define CLEANUP_HEALTH_LIST CLEANUP(health_list_done)
