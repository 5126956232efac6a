/* SPDX-License-Identifier: Apache-2.0 */

/*
 * ControllerPublishVolume and ControllerUnpublishVolume, served where the plugin is run with
 * --attach (volume/attachment.h).
 */

#include <string.h>

#include "base/clock.h"
#include "csi.pb-c.h"
#include "csi/argument.h"
#include "csi/effect.h"
#include "csi/node.h"
#include "csi/service.h"
#include "volume/attachment.h"

static int check_node(const struct node *node, const char *node_id, struct error *err)
{
	if (!node_id[0])
		return error_set(err, ERROR_INVALID, "node_id is missing");
	if (strcmp(node_id, node->id) != 0)
		return error_set(err, ERROR_NOT_FOUND,
				 "node_id: this is node %s, which knows of no node %s; its volumes "
				 "can be attached here only",
				 node->id, node_id);
	return 0;
}

static int controller_publish_volume(struct rpc_call *call,
				     const Csi__V1__ControllerPublishVolumeRequest *request,
				     Csi__V1__ControllerPublishVolumeResponse *response,
				     struct error *err)
{
	struct node *node = rpc_call_context(call);
	struct csi_effect effect = {
		.done = "volume attached",
		.failed = "volume not attached",
		.volume = request->volume_id,
		.begin_us = clock_monotonic_us(),
	};
	struct access access;
	if (csi_argument_text(request->volume_id, "volume_id", err) < 0 ||
	    csi_argument_access(request->volume_capability, &access, err) < 0 ||
	    check_node(node, request->node_id, err) < 0)
		return csi_effect_log(&effect, -1, err);
	int outcome =
		attachment_make(node->pools, request->volume_id, &access, request->readonly, err);
	return csi_effect_log(&effect, outcome, err);
}

static int controller_unpublish_volume(struct rpc_call *call,
				       const Csi__V1__ControllerUnpublishVolumeRequest *request,
				       Csi__V1__ControllerUnpublishVolumeResponse *response,
				       struct error *err)
{
	struct node *node = rpc_call_context(call);
	struct csi_effect effect = {
		.done = "volume detached",
		.failed = "volume not detached",
		.volume = request->volume_id,
		.begin_us = clock_monotonic_us(),
	};
	if (csi_argument_text(request->volume_id, "volume_id", err) < 0)
		return csi_effect_log(&effect, -1, err);
	/* CSI spec, ControllerUnpublishVolume: without a node_id, from all nodes. A volume of ours
	 * was never attached to another node. */
	if (request->node_id[0] && strcmp(request->node_id, node->id) != 0)
		return csi_effect_log(&effect, 1, err);
	return csi_effect_log(&effect, attachment_end(node->pools, request->volume_id, err), err);
}

static const struct rpc_method methods[] = {
	CSI_METHOD(CONTROLLER, ControllerPublishVolume, controller_publish_volume),
	CSI_METHOD(CONTROLLER, ControllerUnpublishVolume, controller_unpublish_volume),
};

size_t csi_attach_methods(const struct rpc_method **ret_methods)
{
	*ret_methods = methods;
	return sizeof(methods) / sizeof(*methods);
}
