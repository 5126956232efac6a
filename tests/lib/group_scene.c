/* SPDX-License-Identifier: Apache-2.0 */
#include "group_scene.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "cluster/group_names.h"
#include "kube/json.h"
#include "sample.h"
#include "snapshot_scene.h"

#define WAIT_MS 10000

#define KIND(kind_name, plural_name, in_namespace)                                                 \
	{                                                                                          \
		.api_version = "groupsnapshot.storage.k8s.io/v1", .name = (kind_name),             \
		.plural = (plural_name), .namespaced = (in_namespace),                             \
		.size = sizeof(struct object),                                                     \
	}

const struct kind group_scene_groups = KIND("VolumeGroupSnapshot", "volumegroupsnapshots", true);
const struct kind group_scene_contents =
	KIND("VolumeGroupSnapshotContent", "volumegroupsnapshotcontents", false);
const struct kind group_scene_classes =
	KIND("VolumeGroupSnapshotClass", "volumegroupsnapshotclasses", false);

void group_scene_put_class(struct provision_scene *scene, const char *name, const char *driver,
			   bool is_default)
{
	fake_api_putf(scene_api(scene), &group_scene_classes,
		      "{'metadata':{'name':'%s','annotations':{"
		      "'groupsnapshot.storage.kubernetes.io/is-default-class':'%s'}},"
		      "'driver':'%s','deletionPolicy':'Delete'}",
		      name, is_default ? "true" : "false", driver);
}

void group_scene_put_claim(struct provision_scene *scene, unsigned index, const char *node)
{
	fake_api_putf(scene_api(scene), &scene_volumes,
		      "{'metadata':{'name':'pvc-db-%u'},'spec':{'volumeMode':'Filesystem',"
		      "'accessModes':['ReadWriteOnce'],'capacity':{'storage':'1Gi'},"
		      "'csi':{'driver':'kentledge.io','volumeHandle':'pvc-db-%u'},"
		      "'nodeAffinity':{'required':{'nodeSelectorTerms':[{'matchExpressions':[{"
		      "'key':'topology.kentledge.io/node','operator':'In','values':['%s']}]}]}},"
		      "'claimRef':{'namespace':'default','name':'db-%u','uid':'db-%u-uid'}},"
		      "'status':{'phase':'Bound'}}",
		      index, index, node, index, index);
	fake_api_putf(scene_api(scene), &scene_claims,
		      "{'metadata':{'name':'db-%u','namespace':'default','uid':'db-%u-uid',"
		      "'labels':{'app':'db'},"
		      "'annotations':{'volume.kubernetes.io/storage-provisioner':'kentledge.io'}},"
		      "'spec':{'storageClassName':'kentledge','accessModes':['ReadWriteOnce'],"
		      "'volumeName':'pvc-db-%u','resources':{'requests':{'storage':'1Gi'}}},"
		      "'status':{'phase':'Bound'}}",
		      index, index, index);
}

void group_scene_put(struct provision_scene *scene, const char *patch)
{
	CLEANUP(json_object_putp)
	struct json_object *json =
		sample_json("{'metadata':{'name':'g','namespace':'default','uid':'g-uid'},"
			    "'spec':{'source':{'selector':{'matchLabels':{'app':'db'}}}}}",
			    patch);
	fake_api_put(scene_api(scene), &group_scene_groups, json_object_to_json_string(json));
}

struct provision_scene *group_scene_alone(void)
{
	struct provision_scene *scene = scene_new();
	scene_set_roles(scene, "snapshot-controller");
	return scene;
}

struct provision_scene *group_scene_new(void)
{
	struct provision_scene *scene = group_scene_alone();
	group_scene_put_class(scene, "groups", "kentledge.io", true);
	snapshot_scene_put_class(scene, "snaps", "kentledge.io", true);
	for (unsigned i = 0; i < GROUP_SCENE_MEMBERS; i++)
		group_scene_put_claim(scene, i, "node-a");
	scene_start(scene);
	return scene;
}

static char *named_by_hash(unsigned index, const char *prefix)
{
	char hash[GROUP_MEMBER_HASH_BYTES];
	CLEANUP_FREE char *handle = must_printf("pvc-db-%u", index);
	group_member_hash("g-uid", handle, hash);
	return must_printf("%s%s", prefix, hash);
}

char *group_scene_member(unsigned index)
{
	return named_by_hash(index, GROUP_MEMBER_NAME_PREFIX);
}

static bool has(struct provision_scene *scene, const char *content, const char *path,
		const char *text)
{
	CLEANUP_FREE char *found =
		fake_api_field(scene_api(scene), &group_scene_contents, "", content, path);
	return found && strstr(found, text);
}

static void cut(struct provision_scene *scene)
{
	CLEANUP_TEXT struct text list = TEXT_INIT;
	for (unsigned i = 0; i < GROUP_SCENE_MEMBERS; i++)
		text_printf(&list,
			    "%s{'volumeHandle':'pvc-db-%u','snapshotHandle':'snap-%u',"
			    "'creationTime':1700000000000000000,'readyToUse':true,"
			    "'restoreSize':1073741824}",
			    i ? "," : "", i, i);
	fake_api_edit(scene_api(scene), &group_scene_contents, "", GROUP_SCENE_CONTENT,
		      "{'metadata':{'annotations':{'kentledge.io/node':'node-a'}},"
		      "'status':{'readyToUse':true,'volumeGroupSnapshotHandle':'group-1',"
		      "'creationTime':'2023-11-14T22:13:20Z','volumeSnapshotInfoList':[%s]}}",
		      text_string(&list));
}

void group_scene_play_sidecar(struct provision_scene *scene)
{
	for (unsigned i = 0; i < GROUP_SCENE_MEMBERS; i++) {
		CLEANUP_FREE char *content = named_by_hash(i, GROUP_MEMBER_CONTENT_NAME_PREFIX);
		if (snapshot_scene_has(scene, &scene_contents, content, "metadata.annotations",
				       "being-deleted"))
			snapshot_scene_play_sidecar(scene, content);
	}
	if (!snapshot_scene_exists(scene, &group_scene_contents, GROUP_SCENE_CONTENT))
		return;
	if (has(scene, GROUP_SCENE_CONTENT, "metadata.deletionTimestamp", "")) {
		if (has(scene, GROUP_SCENE_CONTENT, "metadata.annotations", "being-deleted"))
			fake_api_remove(scene_api(scene), &group_scene_contents, "",
					GROUP_SCENE_CONTENT);
	} else if (!has(scene, GROUP_SCENE_CONTENT, "status.readyToUse", "true")) {
		cut(scene);
	}
}

static bool is_protected(struct provision_scene *scene)
{
	for (unsigned i = 0; i < GROUP_SCENE_MEMBERS; i++) {
		CLEANUP_FREE char *claim = must_printf("db-%u", i);
		if (snapshot_scene_has(scene, &scene_claims, claim, "metadata.finalizers",
				       "pvc-as-source-protection"))
			return true;
	}
	return false;
}

bool group_scene_is_ready(struct provision_scene *scene)
{
	for (unsigned i = 0; i < GROUP_SCENE_MEMBERS; i++) {
		CLEANUP_FREE char *member = group_scene_member(i);
		if (!snapshot_scene_has(scene, &scene_snapshots, member, "status.readyToUse",
					"true"))
			return false;
	}
	return snapshot_scene_has(scene, &group_scene_groups, "g", "status.readyToUse", "true") &&
	       !is_protected(scene);
}

bool group_scene_is_gone(struct provision_scene *scene)
{
	return !snapshot_scene_exists(scene, &group_scene_groups, "g") &&
	       fake_api_count(scene_api(scene), &group_scene_contents) == 0 &&
	       fake_api_count(scene_api(scene), &scene_snapshots) == 0 &&
	       fake_api_count(scene_api(scene), &scene_contents) == 0 && !is_protected(scene);
}

bool group_scene_wait(struct provision_scene *scene, bool (*holds)(struct provision_scene *scene))
{
	uint64_t end_ms = clock_monotonic_ms() + WAIT_MS;
	while (clock_monotonic_ms() < end_ms) {
		group_scene_play_sidecar(scene);
		if (holds(scene))
			return true;
		usleep(1000);
	}
	return false;
}

bool group_scene_field_is(struct provision_scene *scene, const char *path, const char *expected)
{
	return fake_api_wait_field(scene_api(scene), &group_scene_groups, "default", "g", path,
				   expected);
}

void group_scene_set_served(struct provision_scene *scene, const struct kind *kind, bool served)
{
	struct kind older = *kind;
	older.api_version = "groupsnapshot.storage.k8s.io/v1beta2";
	fake_api_set_served(scene_api(scene), &older, served);
	fake_api_set_served(scene_api(scene), kind, served);
}
