/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "csi.pb-c.h"
#include "csi/names.h"
#include "csi_service.h"
#include "host.h"
#include "node.h"
#include "pool.h"

static int get_plugin_info(struct rpc_call *call, const Csi__V1__GetPluginInfoRequest *request,
			   Csi__V1__GetPluginInfoResponse *response, struct error *err)
{
	struct arena *arena = rpc_call_arena(call);
	response->name = arena_strdup(arena, CSI_DRIVER_NAME);
	response->vendor_version = arena_strdup(arena, KENTLEDGE_VERSION);
	return 0;
}

static Csi__V1__PluginCapability *make_capability(struct arena *arena,
						  Csi__V1__PluginCapability__Service__Type type)
{
	Csi__V1__PluginCapability *capability = arena_alloc(arena, sizeof(*capability));
	Csi__V1__PluginCapability__Service *service = arena_alloc(arena, sizeof(*service));
	csi__v1__plugin_capability__init(capability);
	csi__v1__plugin_capability__service__init(service);
	service->type = type;
	capability->type_case = CSI__V1__PLUGIN_CAPABILITY__TYPE_SERVICE;
	capability->service = service;
	return capability;
}

static int get_plugin_capabilities(struct rpc_call *call,
				   const Csi__V1__GetPluginCapabilitiesRequest *request,
				   Csi__V1__GetPluginCapabilitiesResponse *response,
				   struct error *err)
{
	static const Csi__V1__PluginCapability__Service__Type types[] = {
		CSI__V1__PLUGIN_CAPABILITY__SERVICE__TYPE__CONTROLLER_SERVICE,
		CSI__V1__PLUGIN_CAPABILITY__SERVICE__TYPE__VOLUME_ACCESSIBILITY_CONSTRAINTS,
	};
	struct arena *arena = rpc_call_arena(call);
	response->n_capabilities = sizeof(types) / sizeof(*types);
	response->capabilities =
		arena_alloc(arena, response->n_capabilities * sizeof(*response->capabilities));
	for (size_t i = 0; i < response->n_capabilities; i++)
		response->capabilities[i] = make_capability(arena, types[i]);
	return 0;
}

static int probe(struct rpc_call *call, const Csi__V1__ProbeRequest *request,
		 Csi__V1__ProbeResponse *response, struct error *err)
{
	struct node *node = rpc_call_context(call);
	struct pool *pool = node->pool;
	if (pool_check(pool, err) < 0 || pool->host->check(pool->host, err) < 0)
		return -1;
	Google__Protobuf__BoolValue *ready = arena_alloc(rpc_call_arena(call), sizeof(*ready));
	google__protobuf__bool_value__init(ready);
	ready->value = true;
	response->ready = ready;
	return 0;
}

static const struct rpc_method methods[] = {
	RPC_METHOD(CSI_SERVICE_IDENTITY, GetPluginInfo, Csi__V1__GetPluginInfoRequest,
		   csi__v1__get_plugin_info_request__descriptor, Csi__V1__GetPluginInfoResponse,
		   csi__v1__get_plugin_info_response__descriptor, get_plugin_info, false),
	RPC_METHOD(CSI_SERVICE_IDENTITY, GetPluginCapabilities,
		   Csi__V1__GetPluginCapabilitiesRequest,
		   csi__v1__get_plugin_capabilities_request__descriptor,
		   Csi__V1__GetPluginCapabilitiesResponse,
		   csi__v1__get_plugin_capabilities_response__descriptor, get_plugin_capabilities,
		   false),
	RPC_METHOD(CSI_SERVICE_IDENTITY, Probe, Csi__V1__ProbeRequest,
		   csi__v1__probe_request__descriptor, Csi__V1__ProbeResponse,
		   csi__v1__probe_response__descriptor, probe, false),
};

size_t csi_identity_methods(const struct rpc_method **ret_methods)
{
	*ret_methods = methods;
	return sizeof(methods) / sizeof(*methods);
}
