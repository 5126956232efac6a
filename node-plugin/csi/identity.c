/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "csi.pb-c.h"
#include "csi/names.h"
#include "csi/node.h"
#include "csi/service.h"
#include "volume/readiness.h"

static int get_plugin_info(struct rpc_call *call, const Csi__V1__GetPluginInfoRequest *request,
			   Csi__V1__GetPluginInfoResponse *response, struct error *err)
{
	struct arena *arena = rpc_call_arena(call);
	response->name = arena_strdup(arena, CSI_DRIVER_NAME);
	response->vendor_version = arena_strdup(arena, KENTLEDGE_VERSION);
	return 0;
}

static int probe(struct rpc_call *call, const Csi__V1__ProbeRequest *request,
		 Csi__V1__ProbeResponse *response, struct error *err)
{
	struct node *node = rpc_call_context(call);
	bool known = false;
	if (readiness_probe(node->pools, node->features, &known, err) < 0)
		return -1;
	Google__Protobuf__BoolValue *ready = arena_alloc(rpc_call_arena(call), sizeof(*ready));
	google__protobuf__bool_value__init(ready);
	ready->value = known;
	response->ready = ready;
	return 0;
}

static const struct rpc_method methods[] = {
	CSI_QUICK_METHOD(IDENTITY, GetPluginInfo, get_plugin_info),
	CSI_QUICK_METHOD(IDENTITY, Probe, probe),
};

size_t csi_identity_methods(const struct rpc_method **ret_methods)
{
	*ret_methods = methods;
	return sizeof(methods) / sizeof(*methods);
}
