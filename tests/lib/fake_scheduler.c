/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_scheduler.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/quantity.h"
#include "base/text.h"
#include "capacity/plan.h"

#define RUN_MS 10000

static char *selection_of(struct provision_scene *scene, const char *claim)
{
	CLEANUP_FREE char *annotations = fake_api_field(scene_api(scene), &scene_claims, "default",
							claim, "metadata.annotations");
	static const char key[] = "\"volume.kubernetes.io/selected-node\":\"";
	const char *at = annotations ? strstr(annotations, key) : NULL;
	if (!at)
		return NULL;
	at += strlen(key);
	return must_printf("%.*s", (int)strcspn(at, "\""), at);
}

static uint64_t bytes_of(struct fake_api *api, const struct kind *kind, const char *namespace,
			 const char *const name_and_path[2])
{
	CLEANUP_FREE char *text =
		fake_api_field(api, kind, namespace, name_and_path[0], name_and_path[1]);
	uint64_t bytes = 0;
	if (text)
		quantity_parse_bytes(text, &bytes, NULL);
	return bytes;
}

static bool has_room(struct provision_scene *scene, const struct fake_pod *pod, const char *node)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(256);
	const char *name = capacity_object_name(pod->class_name, node, arena);
	uint64_t room = bytes_of(scene_api(scene), &storage_capacity_kind, "kentledge",
				 (const char *const[]) { name, "capacity" });
	for (size_t i = 0; pod->claims[i]; i++)
		if (!scene_has_volume(scene, pod->claims[i]) &&
		    bytes_of(scene_api(scene), &scene_claims, "default",
			     (const char *const[]) { pod->claims[i],
						     "spec.resources.requests.storage" }) > room)
			return false;
	return true;
}

static void select_node(struct provision_scene *scene, struct fake_pod *pod, const char *node)
{
	for (size_t i = 0; pod->claims[i]; i++) {
		if (i > 0)
			usleep(3000); /* one write after the other */
		fake_api_edit(scene_api(scene), &scene_claims, "default", pod->claims[i],
			      "{'metadata':{'annotations':{"
			      "'volume.kubernetes.io/selected-node':'%s'}}}",
			      node);
		/* kube-controller-manager's part, which it does for one after the other, too. */
		fake_api_edit(scene_api(scene), &scene_claims, "default", pod->claims[i],
			      "{'metadata':{'annotations':{"
			      "'volume.kubernetes.io/storage-provisioner':'kentledge.io'}}}");
	}
	pod->selections++;
}

void fake_scheduler_look(struct provision_scene *scene, struct fake_pod *pod)
{
	CLEANUP_FREE char *tied = NULL;
	bool all_selected = true;
	for (size_t i = 0; pod->claims[i]; i++) {
		CLEANUP_FREE char *node = selection_of(scene, pod->claims[i]);
		all_selected = all_selected && node;
		if (node && !tied)
			tied = TAKE(node);
	}
	if (all_selected)
		return;
	for (size_t i = 0; pod->nodes[i]; i++)
		if ((!tied || strcmp(tied, pod->nodes[i]) == 0) &&
		    has_room(scene, pod, pod->nodes[i])) {
			select_node(scene, pod, pod->nodes[i]);
			return;
		}
}

static bool is_bound(struct provision_scene *scene, const struct fake_pod *pod)
{
	for (size_t i = 0; pod->claims[i]; i++)
		if (!scene_bind(scene, pod->claims[i]))
			return false;
	return true;
}

bool fake_scheduler_run(struct provision_scene *scene, struct fake_pod *pods, size_t count)
{
	uint64_t end_ms = clock_monotonic_ms() + RUN_MS;
	while (clock_monotonic_ms() < end_ms) {
		size_t bound = 0;
		for (size_t i = 0; i < count; i++) {
			fake_scheduler_look(scene, &pods[i]);
			bound += is_bound(scene, &pods[i]);
		}
		if (bound == count)
			return true;
		usleep(20000);
	}
	return false;
}
