/* SPDX-License-Identifier: Apache-2.0 */
#include "claim_scene.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "test.h"

const struct kind scene_leases = {
	.api_version = "coordination.k8s.io/v1",
	.name = "Lease",
	.plural = "leases",
	.namespaced = true,
	.size = sizeof(struct object),
};

const struct kind scene_secrets = {
	.api_version = "v1",
	.name = "Secret",
	.plural = "secrets",
	.namespaced = true,
	.size = sizeof(struct object),
};

struct provision_scene *scene_with_volume(const char *roles)
{
	struct provision_scene *scene = scene_new();
	scene_set_roles(scene, roles);
	scene_start(scene);
	scene_put_claim(scene, "www", NULL);
	assert_true(scene_wait(scene, scene_is_bound, "www"));
	return scene;
}

bool scene_claim_field_is(struct provision_scene *scene, const char *path, const char *expected)
{
	return fake_api_wait_field(scene_api(scene), &scene_claims, "default", "www", path,
				   expected);
}

bool scene_volume_field_is(struct provision_scene *scene, const char *path, const char *expected)
{
	return fake_api_wait_field(scene_api(scene), &scene_volumes, "", SCENE_VOLUME, path,
				   expected);
}

char *scene_conditions(struct provision_scene *scene)
{
	char *conditions = fake_api_field(scene_api(scene), &scene_claims, "default", "www",
					  "status.conditions");
	return conditions ? conditions : must_strdup("[]");
}

bool scene_has_condition(struct provision_scene *scene, const char *type)
{
	CLEANUP_FREE char *conditions = scene_conditions(scene);
	CLEANUP_FREE char *quoted = must_printf("\"%s\"", type);
	return strstr(conditions, quoted) != NULL;
}

bool scene_wait_condition(struct provision_scene *scene, const char *type, bool there)
{
	uint64_t end_ms = clock_monotonic_ms() + 5000;
	while (clock_monotonic_ms() < end_ms) {
		if (scene_has_condition(scene, type) == there)
			return true;
		usleep(1000);
	}
	return false;
}

size_t scene_status_patches(struct provision_scene *scene)
{
	return fake_api_requests(scene_api(scene), "PATCH", "www/status");
}

void scene_put_bound_claim(struct provision_scene *scene, const char *name, const char *node)
{
	fake_api_putf(scene_api(scene), &scene_volumes,
		      "{'metadata':{'name':'pvc-%s','uid':'v-%s'},'spec':{"
		      "'capacity':{'storage':'1Gi'},'accessModes':['ReadWriteOnce'],"
		      "'csi':{'driver':'kentledge.io','volumeHandle':'pvc-%s'},"
		      "'claimRef':{'namespace':'default','name':'%s','uid':'%s-uid'},"
		      "'nodeAffinity':{'required':{'nodeSelectorTerms':[{'matchExpressions':[{"
		      "'key':'topology.kentledge.io/node','operator':'In','values':['%s']}]}]}}},"
		      "'status':{'phase':'Bound'}}",
		      name, name, name, name, name, node);
	fake_api_putf(scene_api(scene), &scene_claims,
		      "{'metadata':{'name':'%s','namespace':'default','uid':'%s-uid'},'spec':{"
		      "'accessModes':['ReadWriteOnce'],'volumeName':'pvc-%s',"
		      "'resources':{'requests':{'storage':'2Gi'}}},"
		      "'status':{'phase':'Bound','capacity':{'storage':'1Gi'}}}",
		      name, name, name);
}
