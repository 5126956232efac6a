/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the plugin can do, as each of its services announces it. Whatever is announced here is
 * served, and CSI clients call nothing else.
 */

#include "base/arena.h"
#include "csi.pb-c.h"
#include "csi/node.h"
#include "csi/service.h"
#include "pool/pools.h"

static Csi__V1__PluginCapability *make_service(struct arena *arena,
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

static Csi__V1__PluginCapability *make_online_expansion(struct arena *arena)
{
	Csi__V1__PluginCapability *capability = arena_alloc(arena, sizeof(*capability));
	Csi__V1__PluginCapability__VolumeExpansion *expansion =
		arena_alloc(arena, sizeof(*expansion));
	csi__v1__plugin_capability__init(capability);
	csi__v1__plugin_capability__volume_expansion__init(expansion);
	expansion->type = CSI__V1__PLUGIN_CAPABILITY__VOLUME_EXPANSION__TYPE__ONLINE;
	capability->type_case = CSI__V1__PLUGIN_CAPABILITY__TYPE_VOLUME_EXPANSION;
	capability->volume_expansion = expansion;
	return capability;
}

#define SERVICE(name) CSI__V1__PLUGIN_CAPABILITY__SERVICE__TYPE__##name

static int get_plugin_capabilities(struct rpc_call *call,
				   const Csi__V1__GetPluginCapabilitiesRequest *request,
				   Csi__V1__GetPluginCapabilitiesResponse *response,
				   struct error *err)
{
	static const Csi__V1__PluginCapability__Service__Type types[] = {
		SERVICE(CONTROLLER_SERVICE),
		SERVICE(VOLUME_ACCESSIBILITY_CONSTRAINTS),
		SERVICE(GROUP_CONTROLLER_SERVICE),
		SERVICE(SNAPSHOT_METADATA_SERVICE),
		SERVICE(SNAPSHOT_ACCESSIBILITY_CONSTRAINTS),
	};
	struct arena *arena = rpc_call_arena(call);
	size_t count = sizeof(types) / sizeof(*types);
	response->capabilities = arena_alloc(arena, (count + 1) * sizeof(*response->capabilities));
	for (size_t i = 0; i < count; i++)
		response->capabilities[response->n_capabilities++] = make_service(arena, types[i]);
	response->capabilities[response->n_capabilities++] = make_online_expansion(arena);
	return 0;
}

static Csi__V1__ControllerServiceCapability *
make_controller(struct arena *arena, Csi__V1__ControllerServiceCapability__RPC__Type type)
{
	Csi__V1__ControllerServiceCapability *capability = arena_alloc(arena, sizeof(*capability));
	Csi__V1__ControllerServiceCapability__RPC *rpc = arena_alloc(arena, sizeof(*rpc));
	csi__v1__controller_service_capability__init(capability);
	csi__v1__controller_service_capability__rpc__init(rpc);
	rpc->type = type;
	capability->type_case = CSI__V1__CONTROLLER_SERVICE_CAPABILITY__TYPE_RPC;
	capability->rpc = rpc;
	return capability;
}

#define ATTACH_CAPABILITIES 3 /* at the end of the list below */
#define CONTROLLER(name) CSI__V1__CONTROLLER_SERVICE_CAPABILITY__RPC__TYPE__##name

static int controller_get_capabilities(struct rpc_call *call,
				       const Csi__V1__ControllerGetCapabilitiesRequest *request,
				       Csi__V1__ControllerGetCapabilitiesResponse *response,
				       struct error *err)
{
	static const Csi__V1__ControllerServiceCapability__RPC__Type types[] = {
		CONTROLLER(CREATE_DELETE_VOLUME),
		CONTROLLER(LIST_VOLUMES),
		CONTROLLER(GET_CAPACITY),
		CONTROLLER(EXPAND_VOLUME),
		CONTROLLER(CREATE_DELETE_SNAPSHOT),
		CONTROLLER(LIST_SNAPSHOTS),
		CONTROLLER(CLONE_VOLUME),
		CONTROLLER(GET_SNAPSHOT),
		CONTROLLER(SINGLE_NODE_MULTI_WRITER),
		CONTROLLER(GET_VOLUME),
		CONTROLLER(MODIFY_VOLUME),
		CONTROLLER(GET_VOLUME_HEALTH),
		CONTROLLER(LIST_VOLUME_HEALTH),
		/* the rest only with --attach */
		CONTROLLER(PUBLISH_UNPUBLISH_VOLUME),
		CONTROLLER(PUBLISH_READONLY),
		CONTROLLER(LIST_VOLUMES_PUBLISHED_NODES),
	};
	struct node *node = rpc_call_context(call);
	struct arena *arena = rpc_call_arena(call);
	size_t count = sizeof(types) / sizeof(*types);
	if (!node->pools->node->attach)
		count -= ATTACH_CAPABILITIES;
	response->capabilities = arena_alloc(arena, count * sizeof(*response->capabilities));
	for (size_t i = 0; i < count; i++)
		response->capabilities[response->n_capabilities++] =
			make_controller(arena, types[i]);
	return 0;
}

static Csi__V1__NodeServiceCapability *make_node(struct arena *arena,
						 Csi__V1__NodeServiceCapability__RPC__Type type)
{
	Csi__V1__NodeServiceCapability *capability = arena_alloc(arena, sizeof(*capability));
	Csi__V1__NodeServiceCapability__RPC *rpc = arena_alloc(arena, sizeof(*rpc));
	csi__v1__node_service_capability__init(capability);
	csi__v1__node_service_capability__rpc__init(rpc);
	rpc->type = type;
	capability->type_case = CSI__V1__NODE_SERVICE_CAPABILITY__TYPE_RPC;
	capability->rpc = rpc;
	return capability;
}

#define NODE(name) CSI__V1__NODE_SERVICE_CAPABILITY__RPC__TYPE__##name

static int node_get_capabilities(struct rpc_call *call,
				 const Csi__V1__NodeGetCapabilitiesRequest *request,
				 Csi__V1__NodeGetCapabilitiesResponse *response, struct error *err)
{
	static const Csi__V1__NodeServiceCapability__RPC__Type types[] = {
		NODE(STAGE_UNSTAGE_VOLUME),	NODE(GET_VOLUME_STATS),	 NODE(EXPAND_VOLUME),
		NODE(SINGLE_NODE_MULTI_WRITER), NODE(GET_VOLUME_HEALTH), NODE(GET_STORAGE_HEALTH),
	};
	struct arena *arena = rpc_call_arena(call);
	size_t count = sizeof(types) / sizeof(*types);
	response->capabilities = arena_alloc(arena, count * sizeof(*response->capabilities));
	for (size_t i = 0; i < count; i++)
		response->capabilities[response->n_capabilities++] = make_node(arena, types[i]);
	return 0;
}

static const struct rpc_method methods[] = {
	CSI_QUICK_METHOD(IDENTITY, GetPluginCapabilities, get_plugin_capabilities),
	CSI_QUICK_METHOD(CONTROLLER, ControllerGetCapabilities, controller_get_capabilities),
	CSI_QUICK_METHOD(NODE, NodeGetCapabilities, node_get_capabilities),
};

size_t csi_capabilities_methods(const struct rpc_method **ret_methods)
{
	*ret_methods = methods;
	return sizeof(methods) / sizeof(*methods);
}
