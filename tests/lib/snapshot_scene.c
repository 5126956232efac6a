/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot_scene.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "kube/json.h"
#include "sample.h"

#define WAIT_MS 5000

void snapshot_scene_put_class(struct provision_scene *scene, const char *name, const char *driver,
			      bool is_default)
{
	fake_api_putf(scene_api(scene), &scene_snapshot_classes,
		      "{'metadata':{'name':'%s','annotations':{"
		      "'snapshot.storage.kubernetes.io/is-default-class':'%s'}},"
		      "'driver':'%s','deletionPolicy':'Delete'}",
		      name, is_default ? "true" : "false", driver);
}

void snapshot_scene_put_volume(struct provision_scene *scene, const char *driver)
{
	fake_api_putf(scene_api(scene), &scene_volumes,
		      "{'metadata':{'name':'pvc-www-uid'},'spec':{'volumeMode':'Filesystem',"
		      "'accessModes':['ReadWriteOnce'],'capacity':{'storage':'1Gi'},"
		      "'csi':{'driver':'%s','volumeHandle':'pvc-www-uid'},"
		      "'claimRef':{'namespace':'default','name':'www','uid':'www-uid'}},"
		      "'status':{'phase':'Bound'}}",
		      driver);
}

void snapshot_scene_put_claim(struct provision_scene *scene, const char *phase)
{
	fake_api_putf(scene_api(scene), &scene_claims,
		      "{'metadata':{'name':'www','namespace':'default','uid':'www-uid',"
		      "'annotations':{'volume.kubernetes.io/storage-provisioner':'kentledge.io'}},"
		      "'spec':{'storageClassName':'kentledge','accessModes':['ReadWriteOnce'],"
		      "'volumeName':'pvc-www-uid','resources':{'requests':{'storage':'1Gi'}}},"
		      "'status':{'phase':'%s'}}",
		      phase);
}

/* patch: a merge patch, or NULL. */
void snapshot_scene_put(struct provision_scene *scene, const char *patch)
{
	CLEANUP(json_object_putp)
	struct json_object *json =
		sample_json("{'metadata':{'name':'snap','namespace':'default','uid':'snap-uid'},"
			    "'spec':{'source':{'persistentVolumeClaimName':'www'}}}",
			    patch);
	fake_api_put(scene_api(scene), &scene_snapshots, json_object_to_json_string(json));
}

struct provision_scene *snapshot_scene_alone(void)
{
	struct provision_scene *scene = scene_new();
	scene_set_roles(scene, "snapshot-controller");
	return scene;
}

/* A bound claim, a default class, and the role at work. */
struct provision_scene *snapshot_scene_new(void)
{
	struct provision_scene *scene = snapshot_scene_alone();
	snapshot_scene_put_class(scene, "snaps", "kentledge.io", true);
	snapshot_scene_put_volume(scene, "kentledge.io");
	snapshot_scene_put_claim(scene, "Bound");
	scene_start(scene);
	return scene;
}

bool snapshot_scene_field_is(struct provision_scene *scene, const char *path, const char *expected)
{
	return fake_api_wait_field(scene_api(scene), &scene_snapshots, "default", "snap", path,
				   expected);
}

static char *field(struct provision_scene *scene, const struct kind *kind, const char *name,
		   const char *path)
{
	return fake_api_field(scene_api(scene), kind, kind->namespaced ? "default" : "", name,
			      path);
}

bool snapshot_scene_has(struct provision_scene *scene, const struct kind *kind, const char *name,
			const char *path, const char *text)
{
	CLEANUP_FREE char *found = field(scene, kind, name, path);
	return found && strstr(found, text);
}

bool snapshot_scene_exists(struct provision_scene *scene, const struct kind *kind, const char *name)
{
	return fake_api_exists(scene_api(scene), kind, kind->namespaced ? "default" : "", name);
}

/* The sidecar: makes what a content asks for, and deletes what is marked. */
void snapshot_scene_play_sidecar(struct provision_scene *scene, const char *content)
{
	if (!snapshot_scene_exists(scene, &scene_contents, content))
		return;
	CLEANUP_FREE char *deleted =
		field(scene, &scene_contents, content, "metadata.deletionTimestamp");
	bool marked = snapshot_scene_has(scene, &scene_contents, content, "metadata.annotations",
					 "being-deleted");
	if (deleted && marked)
		fake_api_remove(scene_api(scene), &scene_contents, "", content);
	else if (!deleted &&
		 !snapshot_scene_has(scene, &scene_contents, content, "status.readyToUse", "true"))
		fake_api_edit(scene_api(scene), &scene_contents, "", content,
			      "{'status':{'readyToUse':true,'snapshotHandle':'snapshot-snap-uid',"
			      "'creationTime':1700000000000000000,'restoreSize':1073741824}}");
}

static bool is_ready(struct provision_scene *scene)
{
	return snapshot_scene_has(scene, &scene_snapshots, "snap", "status.readyToUse", "true");
}

bool snapshot_scene_is_protected(struct provision_scene *scene)
{
	return snapshot_scene_has(scene, &scene_claims, "www", "metadata.finalizers",
				  "pvc-as-source-protection");
}

bool snapshot_scene_is_ready(struct provision_scene *scene)
{
	return is_ready(scene) && !snapshot_scene_is_protected(scene);
}

bool snapshot_scene_is_gone(struct provision_scene *scene)
{
	return !snapshot_scene_exists(scene, &scene_snapshots, "snap") &&
	       !snapshot_scene_exists(scene, &scene_contents, SNAPSHOT_SCENE_CONTENT) &&
	       !snapshot_scene_is_protected(scene);
}

bool snapshot_scene_all_is_gone(struct provision_scene *scene)
{
	return snapshot_scene_is_gone(scene) && !snapshot_scene_exists(scene, &scene_claims, "www");
}

/* Lets the sidecar act until the condition holds. */
bool snapshot_scene_wait(struct provision_scene *scene,
			 bool (*holds)(struct provision_scene *scene))
{
	uint64_t end_ms = clock_monotonic_ms() + WAIT_MS;
	while (clock_monotonic_ms() < end_ms) {
		snapshot_scene_play_sidecar(scene, SNAPSHOT_SCENE_CONTENT);
		if (holds(scene))
			return true;
		usleep(1000);
	}
	return false;
}
