/* SPDX-License-Identifier: Apache-2.0 */
#include "volume/expand.h"
#include "base/clock.h"
#include "csi.pb-c.h"
#include "csi/argument.h"
#include "csi/effect.h"
#include "csi/node.h"
#include "csi/service.h"
#include "csi/volume.h"

/* CSI spec: volume_capability is optional in both calls. */
static int read_expansion(const char *id, const Csi__V1__CapacityRange *range,
			  const Csi__V1__VolumeCapability *capability, struct access *access,
			  struct volume_expansion *ret_expansion, struct error *err)
{
	struct volume_expansion expansion = { .id = id, .access = capability ? access : NULL };
	if (csi_argument_text(id, "volume_id", err) < 0 ||
	    csi_argument_range(range, &expansion.range, err) < 0 ||
	    (capability && csi_argument_access(capability, access, err) < 0))
		return -1;
	*ret_expansion = expansion;
	return 0;
}

static int controller_expand_volume(struct rpc_call *call,
				    const Csi__V1__ControllerExpandVolumeRequest *request,
				    Csi__V1__ControllerExpandVolumeResponse *response,
				    struct error *err)
{
	struct node *node = rpc_call_context(call);
	struct csi_effect effect = {
		.done = "volume expanded",
		.failed = "volume not expanded",
		.volume = request->volume_id,
		.begin_us = clock_monotonic_us(),
	};
	struct access access;
	struct volume_expansion expansion;
	uint64_t bytes = 0;
	bool filesystem = false;
	int outcome = read_expansion(request->volume_id, request->capacity_range,
				     request->volume_capability, &access, &expansion, err);
	if (outcome == 0)
		outcome = volume_expand(node->pools, &expansion, &bytes, &filesystem, err);
	response->capacity_bytes = csi_volume_bytes(bytes);
	response->node_expansion_required = filesystem;
	return csi_effect_log(&effect, outcome, err);
}

static int node_expand_volume(struct rpc_call *call,
			      const Csi__V1__NodeExpandVolumeRequest *request,
			      Csi__V1__NodeExpandVolumeResponse *response, struct error *err)
{
	struct node *node = rpc_call_context(call);
	struct csi_effect effect = {
		.done = "file system expanded",
		.failed = "file system not expanded",
		.volume = request->volume_id,
		.path = request->volume_path,
		.begin_us = clock_monotonic_us(),
	};
	struct access access;
	struct volume_expansion expansion;
	uint64_t bytes = 0;
	int outcome = read_expansion(request->volume_id, request->capacity_range,
				     request->volume_capability, &access, &expansion, err);
	if (outcome == 0)
		outcome = csi_argument_path(request->volume_path, "volume_path", err);
	if (outcome == 0)
		outcome = volume_expand_mounted(node->pools, &expansion, request->volume_path,
						&bytes, err);
	response->capacity_bytes = csi_volume_bytes(bytes);
	return csi_effect_log(&effect, outcome, err);
}

static const struct rpc_method methods[] = {
	CSI_METHOD(CONTROLLER, ControllerExpandVolume, controller_expand_volume),
	CSI_METHOD(NODE, NodeExpandVolume, node_expand_volume),
};

size_t csi_expand_methods(const struct rpc_method **ret_methods)
{
	*ret_methods = methods;
	return sizeof(methods) / sizeof(*methods);
}
