/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A node that is slow or silent, and a namespace with many claims, leave workers to the others.
 */

#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "claim_scene.h"
#include "kube/json.h"
#include "provision_scene.h"
#include "test.h"

#define CLAIMS 50
#define SILENT_NODES 40

/* What the plugin of node-a does with calls of one method, while `held`: nothing. */
struct silence {
	const char *method;
	atomic_bool held;
	unsigned limit; /* only so many; 0: all */
	atomic_uint calls;
};

static bool hold(void *context, const char *method, bool after)
{
	struct silence *silence = context;
	if (after || strcmp(method, silence->method) != 0)
		return true;
	unsigned call = ++silence->calls;
	while (silence->held && (!silence->limit || call <= silence->limit))
		usleep(1000);
	return true;
}

static struct provision_scene *scene_with_silent_node(struct silence *silence, const char *roles)
{
	struct provision_scene *scene = scene_new();
	scene_set_roles(scene, roles);
	scene_set_backoff(scene, 60000);
	scene_set_call_timeout(scene, 60000);
	silence->held = true;
	fake_node_set_hook(scene_node_a(scene), hold, silence);
	return scene;
}

static void end(struct provision_scene *scene, struct silence *silence)
{
	silence->held = false;
	scene_free(scene);
}

static void wait_for_calls(const struct silence *silence)
{
	for (unsigned i = 0; i < 5000 && !silence->calls; i++)
		usleep(1000);
	assert_true(silence->calls > 0);
}

static void put_claims(struct provision_scene *scene, const char *word, int count,
		       const char *patch)
{
	for (int i = 0; i < count; i++) {
		CLEANUP_FREE char *name = must_printf("%s%d", word, i);
		scene_put_claim(scene, name, patch);
	}
}

#define ON_B "{'metadata':{'annotations':{'volume.kubernetes.io/selected-node':'node-b'}}}"

/* Within scene_wait()'s 5 s; without a limit it takes the minute of a call. */
static void assert_others_are_served(struct provision_scene *scene)
{
	for (int i = 0; i < 5; i++) {
		CLEANUP_FREE char *name = must_printf("other%d", i);
		scene_put_claim(scene, name, ON_B);
		assert_true(scene_wait(scene, scene_is_bound, name));
	}
}

static void claims_of_a_silent_node_keep_no_other_waiting(void **state)
{
	struct silence silence = { .method = "CreateVolume" };
	struct provision_scene *scene = scene_with_silent_node(&silence, "provision,reclaim");
	scene_start(scene);
	put_claims(scene, "silent", CLAIMS, NULL);
	wait_for_calls(&silence);
	assert_others_are_served(scene);
	end(scene, &silence);
}

static void put_silent_node(struct provision_scene *scene, int number)
{
	fake_api_putf(scene_api(scene), &scene_nodes,
		      "{'metadata':{'name':'silent%d'},'status':{'conditions':[{'type':'Ready',"
		      "'status':'True'}]}}",
		      number);
	fake_api_putf(scene_api(scene), &scene_csi_nodes,
		      "{'metadata':{'name':'silent%d'},'spec':{'drivers':[{'name':'kentledge.io',"
		      "'nodeID':'silent%d','topologyKeys':['topology.kentledge.io/node']}]}}",
		      number, number);
	/* Where node-a is. */
	fake_api_putf(scene_api(scene), &scene_slices,
		      "{'metadata':{'name':'silent%d','namespace':'kentledge','labels':{"
		      "'kubernetes.io/service-name':'kentledge-node'}},'addressType':'IPv4',"
		      "'endpoints':[{'nodeName':'silent%d','addresses':['10.0.0.1'],"
		      "'conditions':{'ready':true}}]}",
		      number, number);
}

/* L22: ten for each of the scene's workers. */
static void many_silent_nodes_keep_no_other_waiting(void **state)
{
	struct silence silence = { .method = "CreateVolume" };
	struct provision_scene *scene = scene_with_silent_node(&silence, "provision,reclaim");
	for (int i = 0; i < SILENT_NODES; i++)
		put_silent_node(scene, i);
	scene_start(scene);
	for (int i = 0; i < SILENT_NODES; i++) {
		CLEANUP_FREE char *name = must_printf("silent%d", i);
		CLEANUP_FREE char *patch =
			must_printf("{'metadata':{'annotations':{"
				    "'volume.kubernetes.io/selected-node':'silent%d'}}}",
				    i);
		scene_put_claim(scene, name, patch);
	}
	assert_others_are_served(scene);
	end(scene, &silence);
}

/* L22; their node is that of the source, which no claim names. */
static void copies_on_one_node_keep_no_small_claim_waiting(void **state)
{
	struct silence silence = { .method = "CreateVolume" };
	struct provision_scene *scene = scene_with_silent_node(&silence, "provision,reclaim");
	silence.held = false;
	scene_start(scene);
	scene_put_claim(scene, "www", NULL);
	assert_true(scene_wait(scene, scene_is_bound, "www"));
	silence.held = true;
	silence.calls = 0;
	put_claims(scene, "copy", CLAIMS,
		   "{'metadata':{'annotations':null},'spec':{"
		   "'dataSource':{'kind':'PersistentVolumeClaim','name':'www'}}}");
	wait_for_calls(&silence);
	assert_others_are_served(scene);
	silence.held = false;
	for (int i = 0; i < CLAIMS; i++) {
		CLEANUP_FREE char *name = must_printf("copy%d", i);
		assert_true(scene_wait(scene, scene_is_bound, name));
	}
	assert_int_equal(fake_node_count(scene_node_a(scene)), 1 + CLAIMS);
	end(scene, &silence);
}

/* A plugin that copies still answers short calls. */
static void a_copy_that_takes_longer_than_its_call_makes_its_node_not_silent(void **state)
{
	struct silence silence = { .method = "CreateVolume", .limit = 1 };
	struct provision_scene *scene = scene_with_silent_node(&silence, "provision,reclaim");
	scene_set_call_timeout(scene, 300);
	scene_start(scene);
	scene_put_claim(scene, "long", NULL);
	assert_true(scene_wait_event(scene, "ProvisioningFailed", "node \"node-a\""));
	scene_put_claim(scene, "www", NULL);
	assert_true(scene_wait(scene, scene_is_bound, "www"));
	end(scene, &silence);
}

/* The first call has had its time, and the plugin was asked whether it answers. */
static void wait_for_probe(struct provision_scene *scene, const char *method)
{
	for (unsigned i = 0; i < 5000 && !fake_node_calls(scene_node_a(scene), method); i++)
		usleep(1000);
	assert_true(fake_node_calls(scene_node_a(scene), method) > 0);
	usleep(200000);
}

static void a_growth_that_takes_longer_than_its_call_makes_its_node_not_silent(void **state)
{
	struct silence silence = { .method = "ControllerExpandVolume", .limit = 1 };
	struct provision_scene *scene = scene_with_silent_node(&silence, "resize");
	scene_set_call_timeout(scene, 300);
	fake_node_add(scene_node_a(scene), "pvc-long", UINT64_C(1) << 30);
	fake_node_add(scene_node_a(scene), "pvc-www", UINT64_C(1) << 30);
	scene_start(scene);
	scene_put_bound_claim(scene, "long", "node-a");
	wait_for_probe(scene, "GetCapacity");
	scene_put_bound_claim(scene, "www", "node-a");
	assert_true(fake_api_wait_field(scene_api(scene), &scene_claims, "default", "www",
					"status.capacity.storage", "2Gi"));
	end(scene, &silence);
}

#define GROUP_SPEC                                                                                 \
	"'spec':{'driver':'kentledge.io','deletionPolicy':'Delete','volumeGroupSnapshotClassName'" \
	":"                                                                                        \
	"'fast','source':{'volumeHandles':['pvc-a']},'volumeGroupSnapshotRef':{'namespace':"       \
	"'default','name':'g','uid':'g-uid'}}"

/* The group g of a volume of node-a is made or deleted; its plugin is at work on that. */
static struct provision_scene *scene_with_slow_group(struct silence *silence)
{
	struct provision_scene *scene = scene_with_silent_node(silence, "snapshot");
	scene_set_call_timeout(scene, 300);
	fake_api_putf(scene_api(scene), &scene_group_classes,
		      "{'metadata':{'name':'fast'},'driver':'kentledge.io',"
		      "'deletionPolicy':'Delete'}");
	scene_put_bound_claim(scene, "a", "node-a");
	fake_node_add(scene_node_a(scene), "pvc-a", UINT64_C(1) << 30);
	scene_start(scene);
	return scene;
}

static void assert_snapshot_is_looked_at(struct provision_scene *scene)
{
	fake_node_add_snapshot(scene_node_a(scene), "h", "pvc-a");
	fake_api_putf(scene_api(scene), &scene_contents,
		      "{'metadata':{'name':'other','annotations':{'kentledge.io/node':'node-a'}},"
		      "'spec':{'deletionPolicy':'Retain','driver':'kentledge.io','source':{"
		      "'snapshotHandle':'h'},'volumeSnapshotRef':{'name':'t'}}}");
	assert_true(fake_api_wait_field(scene_api(scene), &scene_contents, "", "other",
					"status.readyToUse", "true"));
}

/* The plugin answers a look at the group that it works on with ABORTED. */
static void a_group_that_takes_longer_than_its_call_makes_its_node_not_silent(void **state)
{
	struct silence silence = { .method = "CreateVolumeGroupSnapshot", .limit = 1 };
	struct provision_scene *scene = scene_with_slow_group(&silence);
	fake_api_putf(scene_api(scene), &scene_group_contents,
		      "{'metadata':{'name':'groupsnapcontent-g-uid','generation':1}," GROUP_SPEC
		      "}");
	wait_for_probe(scene, "GetVolumeGroupSnapshot");
	assert_snapshot_is_looked_at(scene);
	end(scene, &silence);
}

static void the_end_of_a_group_makes_its_node_not_silent_either(void **state)
{
	struct silence silence = { .method = "DeleteVolumeGroupSnapshot", .limit = 1 };
	struct provision_scene *scene = scene_with_slow_group(&silence);
	fake_node_add_member(scene_node_a(scene), "m", "pvc-a", "groupsnapshot-g-uid");
	fake_api_putf(scene_api(scene), &scene_group_contents,
		      "{'metadata':{'name':'groupsnapcontent-g-uid','generation':1,"
		      "'deletionTimestamp':'2026-11-30T10:00:00Z','finalizers':["
		      "'groupsnapshot.storage.kubernetes.io/"
		      "volumegroupsnapshotcontent-bound-protection'],'annotations':{"
		      "'kentledge.io/node':'node-a','groupsnapshot.storage.kubernetes.io/"
		      "volumegroupsnapshot-being-deleted':'yes'}}," GROUP_SPEC
		      ",'status':{'volumeGroupSnapshotHandle':'groupsnapshot-g-uid','readyToUse':"
		      "true,'volumeSnapshotInfoList':[{'volumeHandle':'pvc-a','snapshotHandle':"
		      "'m'}]}}");
	wait_for_probe(scene, "GetVolumeGroupSnapshot");
	assert_snapshot_is_looked_at(scene);
	end(scene, &silence);
}

static void deletions_on_a_silent_node_keep_no_other_waiting(void **state)
{
	struct silence silence = { .method = "DeleteVolume" };
	struct provision_scene *scene = scene_with_silent_node(&silence, "provision,reclaim");
	scene_start(scene);
	put_claims(scene, "silent", 8, NULL);
	scene_put_claim(scene, "other", ON_B);
	assert_true(scene_wait(scene, scene_is_bound, "other"));
	for (int i = 0; i < 8; i++) {
		CLEANUP_FREE char *name = must_printf("silent%d", i);
		assert_true(scene_wait(scene, scene_is_bound, name));
		scene_delete(scene, &scene_claims, name);
		for (int j = 0; j < 3; j++)
			scene_bind(scene, name); /* releases its volume */
	}
	wait_for_calls(&silence);
	scene_delete(scene, &scene_claims, "other");
	assert_true(scene_wait(scene, scene_is_gone, "other"));
	end(scene, &silence);
}

static void put_snapshot(struct provision_scene *scene, int number, const char *node,
			 const char *of)
{
	fake_api_putf(scene_api(scene), &scene_contents,
		      "{'metadata':{'name':'snapcontent-%s%d-uid','generation':1,'annotations':{"
		      "'kentledge.io/node':'%s'}},'spec':{'driver':'kentledge.io',"
		      "'deletionPolicy':'Delete','volumeSnapshotClassName':'fast',"
		      "'source':{'volumeHandle':'%s'},"
		      "'sourceVolumeMode':'Filesystem','volumeSnapshotRef':{"
		      "'namespace':'default','name':'%s%d','uid':'%s%d-uid'}}}",
		      node, number, node, of, node, number, node, number);
}

static void snapshots_on_a_silent_node_keep_no_other_waiting(void **state)
{
	struct silence silence = { .method = "CreateSnapshot" };
	struct provision_scene *scene = scene_with_silent_node(&silence, "snapshot");
	fake_api_putf(scene_api(scene), &scene_snapshot_classes,
		      "{'metadata':{'name':'fast'},'driver':'kentledge.io',"
		      "'deletionPolicy':'Delete'}");
	fake_node_add(scene_node_a(scene), "pvc-a", UINT64_C(1) << 30);
	fake_node_add(scene_node_b(scene), "pvc-b", UINT64_C(1) << 30);
	scene_start(scene);
	for (int i = 0; i < 8; i++)
		put_snapshot(scene, i, "node-a", "pvc-a");
	wait_for_calls(&silence);
	put_snapshot(scene, 0, "node-b", "pvc-b");
	assert_true(fake_api_wait_field(scene_api(scene), &scene_contents, "",
					"snapcontent-node-b0-uid", "status.readyToUse", "true"));
	end(scene, &silence);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(claims_of_a_silent_node_keep_no_other_waiting),
		cmocka_unit_test(many_silent_nodes_keep_no_other_waiting),
		cmocka_unit_test(copies_on_one_node_keep_no_small_claim_waiting),
		cmocka_unit_test(a_copy_that_takes_longer_than_its_call_makes_its_node_not_silent),
		cmocka_unit_test(
			a_growth_that_takes_longer_than_its_call_makes_its_node_not_silent),
		cmocka_unit_test(a_group_that_takes_longer_than_its_call_makes_its_node_not_silent),
		cmocka_unit_test(the_end_of_a_group_makes_its_node_not_silent_either),
		cmocka_unit_test(deletions_on_a_silent_node_keep_no_other_waiting),
		cmocka_unit_test(snapshots_on_a_silent_node_keep_no_other_waiting),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
