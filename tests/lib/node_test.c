/* SPDX-License-Identifier: Apache-2.0 */
#include "node_test.h"

struct node_scene scene;

int node_test_set_up(void **state)
{
	node_scene_init(&scene, TEST_NODE_PROGRAM);
	node_scene_start(&scene);
	return 0;
}

int node_test_tear_down(void **state)
{
	node_scene_done(&scene);
	return 0;
}
