/* SPDX-License-Identifier: Apache-2.0 */
#include "provision_scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "csi/names.h"
#include "kube/client.h"
#include "kube/event.h"
#include "kube/json.h"
#include "kube/list.h"
#include "kube/verbs.h"
#include "provisioner.h"
#include "rpc/channel.h"
#include "sample.h"

#define WAIT_MS 5000

#define KIND(group, kind_name, plural_name, in_namespace)                                          \
	{                                                                                          \
		.api_version = (group), .name = (kind_name), .plural = (plural_name),              \
		.namespaced = (in_namespace), .size = sizeof(struct object),                       \
	}

const struct kind scene_claims =
	KIND("v1", "PersistentVolumeClaim", "persistentvolumeclaims", true);
const struct kind scene_volumes = KIND("v1", "PersistentVolume", "persistentvolumes", false);
const struct kind scene_classes =
	KIND("storage.k8s.io/v1", "StorageClass", "storageclasses", false);
const struct kind scene_nodes = KIND("v1", "Node", "nodes", false);
const struct kind scene_slices =
	KIND("discovery.k8s.io/v1", "EndpointSlice", "endpointslices", true);
const struct kind scene_csi_nodes = KIND("storage.k8s.io/v1", "CSINode", "csinodes", false);
const struct kind scene_attributes_classes =
	KIND("storage.k8s.io/v1", "VolumeAttributesClass", "volumeattributesclasses", false);
const struct kind scene_snapshots =
	KIND("snapshot.storage.k8s.io/v1", "VolumeSnapshot", "volumesnapshots", true);
const struct kind scene_contents = KIND("snapshot.storage.k8s.io/v1", "VolumeSnapshotContent",
					"volumesnapshotcontents", false);

const struct kind scene_snapshot_classes =
	KIND("snapshot.storage.k8s.io/v1", "VolumeSnapshotClass", "volumesnapshotclasses", false);
const struct kind scene_groups = KIND("groupsnapshot.storage.k8s.io/v1", "VolumeGroupSnapshot",
				      "volumegroupsnapshots", true);
const struct kind scene_group_contents =
	KIND("groupsnapshot.storage.k8s.io/v1", "VolumeGroupSnapshotContent",
	     "volumegroupsnapshotcontents", false);
const struct kind scene_group_classes =
	KIND("groupsnapshot.storage.k8s.io/v1", "VolumeGroupSnapshotClass",
	     "volumegroupsnapshotclasses", false);

const struct kind scene_grants =
	KIND("gateway.networking.k8s.io/v1beta1", "ReferenceGrant", "referencegrants", true);

struct seen_event {
	struct object object;
	const char *reason;
	const char *message;
};

static int parse_event(struct object *object, struct json_object *json, struct error *err)
{
	struct seen_event *event = (struct seen_event *)object;
	if (json_read_string(json, "reason", object->arena, &event->reason, err) < 0)
		return -1;
	return json_read_string(json, "message", object->arena, &event->message, err);
}

static const struct kind events = {
	.api_version = "v1",
	.name = "Event",
	.plural = "events",
	.namespaced = true,
	.size = sizeof(struct seen_event),
	.parse = parse_event,
};

struct provision_scene {
	struct fake_api *api;
	struct fake_node *node_a;
	struct fake_node *node_b;
	struct kube_client *user;
	uint32_t backoff_ms;
	uint32_t grace_ms;
	uint32_t poll_ms;
	uint32_t silence_ms;
	bool for_immediate;
	uint32_t gone_after_s;
	uint32_t sight_s;
	bool keeps_records;
	uint32_t health_poll_ms;
	uint32_t call_timeout_ms;
	bool extra_modify_metadata;
	bool cross_namespace;
	unsigned roles;
	const char *lease_holder;
	bool looks_for_others;

	struct kube_client *client;
	struct event_recorder *events;
	struct provisioner *provisioner;

	atomic_bool dead;
	atomic_bool deposed;
	atomic_uint step;
	atomic_bool acted;
	atomic_uint act_at; /* 0: never; set behind what is done then */
	bool (*act)(struct provision_scene *scene, void *context);
	void *act_context;
};

/* What the test itself does is no step and succeeds. */
static __thread bool test_acts;

static bool take_step(struct provision_scene *scene)
{
	if (test_acts)
		return true;
	if (atomic_load(&scene->dead))
		return false;
	unsigned step = atomic_fetch_add(&scene->step, 1) + 1;
	if (step != atomic_load(&scene->act_at))
		return true;
	bool goes_on = scene->act(scene, scene->act_context);
	atomic_store(&scene->acted, true);
	return goes_on;
}

static bool api_hook(void *context, const char *method, const char *path, bool after)
{
	struct provision_scene *scene = context;
	bool list = strcmp(method, "GET") == 0 && strchr(path, '?');
	if (list || strstr(path, "/events"))
		return test_acts || !atomic_load(&scene->dead);
	return take_step(scene);
}

static bool node_hook(void *context, const char *method, bool after)
{
	return take_step(context);
}

static void put_node(struct provision_scene *scene, const char *name, const char *address)
{
	fake_api_putf(scene->api, &scene_nodes,
		      "{'metadata':{'name':'%s'},'status':{'conditions':[{'type':'Ready',"
		      "'status':'True'}]}}",
		      name);
	fake_api_putf(scene->api, &scene_csi_nodes,
		      "{'metadata':{'name':'%s'},'spec':{'drivers':[{'name':'kentledge.io',"
		      "'nodeID':'%s','topologyKeys':['topology.kentledge.io/node']}]}}",
		      name, name);
	fake_api_putf(scene->api, &scene_slices,
		      "{'metadata':{'name':'%s','namespace':'kentledge','labels':{"
		      "'kubernetes.io/service-name':'kentledge-node'}},'addressType':'IPv4',"
		      "'endpoints':[{'nodeName':'%s','addresses':['%s'],"
		      "'conditions':{'ready':true}}]}",
		      name, name, address);
}

struct provision_scene *scene_new(void)
{
	struct provision_scene *scene = must_alloc(sizeof(*scene));
	scene->backoff_ms = 5;
	scene->grace_ms = 60000;
	scene->poll_ms = 60000;
	scene->silence_ms = 300000;
	scene->gone_after_s = 3600;
	scene->health_poll_ms = 60000;
	scene->call_timeout_ms = 5000;
	scene_set_roles(scene, "provision,reclaim");
	scene->api = fake_api_new();
	scene->node_a = fake_node_new("node-a");
	scene->node_b = fake_node_new("node-b");
	fake_node_serve(scene->node_a);
	fake_node_serve(scene->node_b);
	fake_node_set_hook(scene->node_a, node_hook, scene);
	fake_node_set_hook(scene->node_b, node_hook, scene);
	put_node(scene, "node-a", "10.0.0.1");
	put_node(scene, "node-b", "10.0.0.2");
	static const char class[] = "{'metadata':{'name':'%s'},'provisioner':'kentledge.io',"
				    "'reclaimPolicy':'Delete','volumeBindingMode':'%s'}";
	fake_api_putf(scene->api, &scene_classes, class, "kentledge", "WaitForFirstConsumer");
	fake_api_putf(scene->api, &scene_classes, class, "now", "Immediate");
	scene->user = kube_client_new_over(fake_api_connect(scene->api));
	fake_api_set_hook(scene->api, api_hook, scene);
	return scene;
}

void scene_free(struct provision_scene *scene)
{
	if (!scene)
		return;
	scene_stop(scene);
	kube_client_free(scene->user);
	fake_api_free(scene->api);
	fake_node_free(scene->node_a);
	fake_node_free(scene->node_b);
	free(scene);
}

struct fake_api *scene_api(struct provision_scene *scene)
{
	return scene->api;
}

struct fake_node *scene_node_a(struct provision_scene *scene)
{
	return scene->node_a;
}

struct fake_node *scene_node_b(struct provision_scene *scene)
{
	return scene->node_b;
}

static int dial(void *context, const char *address, struct rpc_channel **ret_channel,
		struct error *err)
{
	struct provision_scene *scene = context;
	struct fake_node *node =
		strcmp(address, "10.0.0.1:9745") == 0 ? scene->node_a : scene->node_b;
	return rpc_channel_new_unix(fake_node_socket(node), ret_channel, err);
}

void scene_set_backoff(struct provision_scene *scene, uint32_t backoff_ms)
{
	scene->backoff_ms = backoff_ms;
}

void scene_set_grace(struct provision_scene *scene, uint32_t grace_ms)
{
	scene->grace_ms = grace_ms;
}

void scene_set_poll(struct provision_scene *scene, uint32_t poll_ms)
{
	scene->poll_ms = poll_ms;
}

void scene_set_silence(struct provision_scene *scene, uint32_t silence_ms)
{
	scene->silence_ms = silence_ms;
}

void scene_publish_immediate(struct provision_scene *scene)
{
	scene->for_immediate = true;
}

void scene_set_gone_after(struct provision_scene *scene, uint32_t seconds, bool forget)
{
	scene->gone_after_s = seconds;
	scene->keeps_records = !forget;
}

void scene_set_sight(struct provision_scene *scene, uint32_t seconds)
{
	scene->sight_s = seconds;
}

void scene_set_health_poll(struct provision_scene *scene, uint32_t poll_ms)
{
	scene->health_poll_ms = poll_ms;
}

void scene_set_call_timeout(struct provision_scene *scene, uint32_t timeout_ms)
{
	scene->call_timeout_ms = timeout_ms;
}

void scene_set_cross_namespace(struct provision_scene *scene)
{
	scene->cross_namespace = true;
}

void scene_set_extra_modify_metadata(struct provision_scene *scene)
{
	scene->extra_modify_metadata = true;
}

void scene_set_roles(struct provision_scene *scene, const char *roles)
{
	struct error err;
	if (provisioner_parse_roles(roles, &scene->roles, &err) < 0) {
		fprintf(stderr, "roles: %s\n", err.text);
		abort();
	}
}

void scene_set_lease_holder(struct provision_scene *scene, const char *holder)
{
	scene->lease_holder = holder;
}

void scene_look_for_snapshot_controllers(struct provision_scene *scene)
{
	scene->looks_for_others = true;
}

static uint32_t time_left_ms(void *context)
{
	struct provision_scene *scene = context;
	return atomic_load(&scene->deposed) ? 0 : UINT32_MAX;
}

bool scene_depose(struct provision_scene *scene, void *context)
{
	atomic_store(&scene->deposed, true);
	return true;
}

void scene_start(struct provision_scene *scene)
{
	struct error err;
	scene->client = kube_client_new_over(fake_api_connect(scene->api));
	scene->events = event_recorder_new(scene->client, "kentledge.io_test", "test");
	scene->provisioner = provisioner_new(&(struct provisioner_options) {
		.client = scene->client,
		.events = scene->events,
		.namespace = "kentledge",
		.node_service = "kentledge-node",
		.identity = "test-kentledge.io",
		.workers = 4,
		.roles = scene->roles,
		.lease_holder = scene->lease_holder,
		.call_timeout_ms = scene->call_timeout_ms,
		.extra_modify_metadata = scene->extra_modify_metadata,
		.cross_namespace = scene->cross_namespace,
		.backoff_min_ms = scene->backoff_ms,
		.backoff_max_ms = 20 * scene->backoff_ms,
		.node_grace_ms = scene->grace_ms,
		.snapshots_always = !scene->looks_for_others,
		.snapshot_lease_namespace = "kube-system",
		.snapshot_probe_ms = 300,
		.deployment = "kentledge-provisioner",
		.capacity_poll_ms = scene->poll_ms,
		.capacity_silence_ms = scene->silence_ms,
		.capacity_for_immediate = scene->for_immediate,
		.snapshot_timeout_ms = scene->call_timeout_ms,
		.snapshot_prefix = "snapshot",
		.group_prefix = "groupsnapshot",
		.extra_metadata = true,
		.node_gone_after_s = scene->gone_after_s,
		.node_sight_s = scene->sight_s,
		.forget_released = !scene->keeps_records,
		.health_poll_ms = scene->health_poll_ms,
		.lead = { .time_left_ms = time_left_ms, .context = scene },
		.dial = dial,
		.dial_context = scene,
	});
	if (provisioner_start(scene->provisioner, WAIT_MS, &err) < 0) {
		fprintf(stderr, "provisioner: %s\n", err.text);
		abort();
	}
}

void scene_stop(struct provision_scene *scene)
{
	if (!scene->provisioner)
		return;
	provisioner_stop(scene->provisioner);
	kube_client_stop(scene->client);
	provisioner_free(TAKE(scene->provisioner));
	event_recorder_free(TAKE(scene->events));
	kube_client_free(TAKE(scene->client));
	atomic_store(&scene->dead, false);
}

void scene_put_claim(struct provision_scene *scene, const char *name, const char *patch)
{
	CLEANUP_FREE char *claim = must_printf(
		"{'metadata':{'name':'%s','namespace':'default','uid':'%s-uid','annotations':{"
		"'volume.kubernetes.io/storage-provisioner':'kentledge.io',"
		"'volume.kubernetes.io/selected-node':'node-a'}},"
		"'spec':{'storageClassName':'kentledge','accessModes':['ReadWriteOnce'],"
		"'resources':{'requests':{'storage':'1Gi'}}},'status':{'phase':'Pending'}}",
		name, name);
	CLEANUP(json_object_putp) struct json_object *json = sample_json(claim, patch);
	fake_api_put(scene->api, &scene_claims, json_object_to_json_string(json));
}

void scene_delete(struct provision_scene *scene, const struct kind *kind, const char *name)
{
	struct error err;
	bool before = test_acts;
	test_acts = true;
	if (kube_delete(scene->user, kind, kind->namespaced ? "default" : "", name, NULL, NULL,
			&err) < 0 &&
	    err.code != ERROR_NOT_FOUND) {
		fprintf(stderr, "delete %s: %s\n", name, err.text);
		abort();
	}
	test_acts = before;
}

/* As another client, for whom the object may be gone by now. */
static void edit(struct provision_scene *scene, const struct kind *kind, const char *name,
		 const char *subresource, const char *patch)
{
	struct error err;
	CLEANUP(json_object_putp) struct json_object *body = sample_json(patch, NULL);
	test_acts = true;
	if (kube_patch(scene->user, kind, kind->namespaced ? "default" : "", name, subresource,
		       KUBE_PATCH_MERGE, body, NULL, &err) < 0 &&
	    err.code != ERROR_NOT_FOUND) {
		fprintf(stderr, "binder: %s\n", err.text);
		abort();
	}
	test_acts = false;
}

static void bind_claim(struct provision_scene *scene, const char *claim, const char *volume)
{
	CLEANUP_FREE char *spec = must_printf("{'spec':{'volumeName':'%s'}}", volume);
	CLEANUP_FREE char *class = fake_api_field(scene->api, &scene_volumes, "", volume,
						  "spec.volumeAttributesClassName");
	CLEANUP_FREE char *status =
		must_printf("{'status':{'phase':'Bound','capacity':{'storage':'1Gi'}%s%s%s}}",
			    class ? ",'currentVolumeAttributesClassName':'" : "",
			    class ? class : "", class ? "'" : "");
	edit(scene, &scene_volumes, volume, "status", "{'status':{'phase':'Bound'}}");
	edit(scene, &scene_claims, claim, NULL, spec);
	edit(scene, &scene_claims, claim, "status", status);
}

/* The binder of kube-controller-manager, for the volume of one claim. */
static void bind_or_release(struct provision_scene *scene, const char *claim)
{
	CLEANUP_FREE char *volume = must_printf("pvc-%s-uid", claim);
	if (!fake_api_exists(scene->api, &scene_volumes, "", volume))
		return;
	CLEANUP_FREE char *deleted = fake_api_field(scene->api, &scene_volumes, "", volume,
						    "metadata.deletionTimestamp");
	CLEANUP_FREE char *phase =
		fake_api_field(scene->api, &scene_volumes, "", volume, "status.phase");
	if (deleted || !phase)
		return;
	bool has_claim = fake_api_exists(scene->api, &scene_claims, "default", claim);
	if (!has_claim && strcmp(phase, "Released") != 0)
		edit(scene, &scene_volumes, volume, "status", "{'status':{'phase':'Released'}}");
	else if (has_claim && strcmp(phase, "Pending") == 0)
		bind_claim(scene, claim, volume);
}

bool scene_wait(struct provision_scene *scene,
		bool (*holds)(struct provision_scene *scene, const char *name), const char *name)
{
	uint64_t end_ms = clock_monotonic_ms() + WAIT_MS;
	while (clock_monotonic_ms() < end_ms) {
		bind_or_release(scene, name);
		if (holds(scene, name))
			return true;
		usleep(1000);
	}
	return false;
}

bool scene_is_bound(struct provision_scene *scene, const char *claim)
{
	CLEANUP_FREE char *phase =
		fake_api_field(scene->api, &scene_claims, "default", claim, "status.phase");
	CLEANUP_FREE char *finalizers =
		fake_api_field(scene->api, &scene_claims, "default", claim, "metadata.finalizers");
	return phase && strcmp(phase, "Bound") == 0 &&
	       (!finalizers || !strstr(finalizers, "kentledge.io"));
}

bool scene_bind(struct provision_scene *scene, const char *claim)
{
	bind_or_release(scene, claim);
	return scene_is_bound(scene, claim);
}

bool scene_has_volume(struct provision_scene *scene, const char *claim)
{
	CLEANUP_FREE char *volume = must_printf("pvc-%s-uid", claim);
	return fake_api_exists(scene->api, &scene_volumes, "", volume);
}

bool scene_is_gone(struct provision_scene *scene, const char *claim)
{
	CLEANUP_FREE char *volume = must_printf("pvc-%s-uid", claim);
	return !fake_api_exists(scene->api, &scene_claims, "default", claim) &&
	       !scene_has_volume(scene, claim) && !fake_node_has(scene->node_a, volume) &&
	       !fake_node_has(scene->node_b, volume);
}

struct search {
	const char *reason;
	const char *text;
	bool found;
};

static void look_at_event(void *context, struct object *object)
{
	struct search *search = context;
	const struct seen_event *event = (struct seen_event *)object;
	if (event->reason && event->message && strcmp(event->reason, search->reason) == 0 &&
	    strstr(event->message, search->text))
		search->found = true;
}

bool scene_has_event(struct provision_scene *scene, const char *reason, const char *text)
{
	struct search search = { .reason = reason, .text = text };
	struct error err;
	char *version = NULL;
	test_acts = true;
	int r = kube_list(scene->user, &(struct kube_scope) { .kind = &events }, look_at_event,
			  NULL, &search, &version, &err);
	test_acts = false;
	free(version);
	return r == 0 && search.found;
}

bool scene_wait_event(struct provision_scene *scene, const char *reason, const char *text)
{
	uint64_t end_ms = clock_monotonic_ms() + WAIT_MS;
	while (clock_monotonic_ms() < end_ms) {
		if (scene_has_event(scene, reason, text))
			return true;
		usleep(2000);
	}
	return false;
}

void scene_at_step(struct provision_scene *scene, unsigned at,
		   bool (*act)(struct provision_scene *scene, void *context), void *context)
{
	atomic_store(&scene->act_at, 0);
	scene->act = act;
	scene->act_context = context;
	atomic_store(&scene->step, 0);
	atomic_store(&scene->acted, false);
	atomic_store(&scene->act_at, at);
}

bool scene_has_acted(struct provision_scene *scene)
{
	return atomic_load(&scene->acted);
}

unsigned scene_steps(struct provision_scene *scene)
{
	return atomic_load(&scene->step);
}

bool scene_kill(struct provision_scene *scene, void *context)
{
	atomic_store(&scene->dead, true);
	return false;
}
