/* SPDX-License-Identifier: Apache-2.0 */

/*
 * ControllerModifyVolume: another VolumeAttributesClass for a volume.
 */

#include "base/arena.h"
#include "base/clock.h"
#include "csi.pb-c.h"
#include "csi/argument.h"
#include "csi/effect.h"
#include "csi/node.h"
#include "csi/service.h"
#include "record/io_limits.h"
#include "volume/limits.h"

static int controller_modify_volume(struct rpc_call *call,
				    const Csi__V1__ControllerModifyVolumeRequest *request,
				    Csi__V1__ControllerModifyVolumeResponse *response,
				    struct error *err)
{
	struct node *node = rpc_call_context(call);
	struct pairs parameters =
		CSI_ARGUMENT_PAIRS(rpc_call_arena(call), request, mutable_parameters);
	struct csi_effect effect = {
		.done = "volume modified",
		.failed = "volume not modified",
		.volume = request->volume_id,
		.begin_us = clock_monotonic_us(),
	};
	struct io_limits limits;
	if (csi_argument_text(request->volume_id, "volume_id", err) < 0 ||
	    csi_argument_map(&parameters, "mutable_parameters", err) < 0 ||
	    io_limits_parse(&parameters, &limits, err) < 0)
		return csi_effect_log(&effect, -1, err);
	int outcome = volume_modify(node->pools, request->volume_id, &limits, err);
	return csi_effect_log(&effect, outcome, err);
}

static const struct rpc_method methods[] = {
	CSI_METHOD(CONTROLLER, ControllerModifyVolume, controller_modify_volume),
};

size_t csi_modify_methods(const struct rpc_method **ret_methods)
{
	*ret_methods = methods;
	return sizeof(methods) / sizeof(*methods);
}
