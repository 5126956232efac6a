/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the test programs of the plugin share: one scene (node_scene.h) a program, set up before
 * each test or each group of tests, and the skip where mounts cannot be made.
 */

#include "node_scene.h"
#include "test.h"

extern struct node_scene scene;

/* The scene with the plugin started in it; a test that wants flags has a set-up of its own. */
int node_test_set_up(void **state);

/* node_scene_done(): fails if a mount or a loop device is left. */
int node_test_tear_down(void **state);

#define NODE_TEST(name) cmocka_unit_test_setup_teardown(name, node_test_set_up, node_test_tear_down)
