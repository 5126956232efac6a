/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The steps of one volume, pvc-1, on a pool scene. A test runs for one kind of data or for both:
 * VOLUME_SCENE_ON_BOTH(name) is two entries of cmocka's table.
 */

#include "pool_scene.h"
#include "volume/access.h"
#include "volume/create.h"

#define VOLUME_SCENE_ID "pvc-1"

struct volume_scene {
	struct pool_scene pool;
	enum backend_kind kind;
};

/* Of the test that runs now. */
extern struct volume_scene volume_scene;

int volume_scene_set_up_loop(void **state);
int volume_scene_set_up_directory(void **state);
int volume_scene_tear_down(void **state);

#define VOLUME_SCENE_ON_LOOP(name)                                                                 \
	cmocka_unit_test_setup_teardown(name, volume_scene_set_up_loop, volume_scene_tear_down)
#define VOLUME_SCENE_ON_DIRECTORY(name)                                                            \
	cmocka_unit_test_setup_teardown(name, volume_scene_set_up_directory, volume_scene_tear_down)
#define VOLUME_SCENE_ON_BOTH(name) VOLUME_SCENE_ON_LOOP(name), VOLUME_SCENE_ON_DIRECTORY(name)

/* As pool_scene_spec(), of the test's kind. */
struct volume_spec volume_scene_spec(const char *name);
int volume_scene_create(const char *name, struct error *err);

int volume_scene_stage(struct error *err);
int volume_scene_publish(const char *target, enum access_mode mode, bool read_only,
			 struct error *err);
int volume_scene_publish_here(struct error *err); /* for a writer, at the scene's target */
int volume_scene_unpublish(struct error *err);
int volume_scene_unstage(struct error *err);

/* No volume, mount, device, target or promise is left. */
void volume_scene_assert_empty(void);
