/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A role that is switched off does nothing and watches nothing; the others do their part alone.
 */

#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "provision_scene.h"
#include "test.h"

static void provisions_alone(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	scene_set_roles(scene, "provision");
	scene_start(scene);
	scene_put_claim(scene, "www", NULL);
	assert_true(scene_wait(scene, scene_is_bound, "www"));
	scene_delete(scene, &scene_claims, "www");
	fake_api_edit(scene_api(scene), &scene_volumes, "", "pvc-www-uid",
		      "{'status':{'phase':'Released'}}");
	usleep(100000);
	assert_true(fake_node_has(scene_node_a(scene), "pvc-www-uid"));
	scene_stop(scene);
	scene_set_roles(scene, "reclaim");
	scene_start(scene);
	assert_true(scene_wait(scene, scene_is_gone, "www"));
}

static void reclaims_alone(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	scene_set_roles(scene, "reclaim");
	scene_start(scene);
	scene_put_claim(scene, "www", NULL);
	usleep(100000);
	assert_int_equal(fake_node_calls(scene_node_a(scene), "CreateVolume"), 0);
	assert_false(scene_has_volume(scene, "www"));
	/* Classes are watched for provisioning alone. */
	assert_int_equal(fake_api_requests(scene_api(scene), "GET", "storageclasses"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(provisions_alone),
		cmocka_unit_test(reclaims_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
