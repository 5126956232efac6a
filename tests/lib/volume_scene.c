/* SPDX-License-Identifier: Apache-2.0 */
#include "volume_scene.h"

#include <unistd.h>

#include "pool/room.h"
#include "test.h"
#include "volume/publish.h"
#include "volume/stage.h"

struct volume_scene volume_scene;

static int set_up(enum backend_kind kind)
{
	volume_scene.kind = kind;
	pool_scene_init(&volume_scene.pool);
	return 0;
}

int volume_scene_set_up_loop(void **state)
{
	return set_up(BACKEND_LOOP);
}

int volume_scene_set_up_directory(void **state)
{
	return set_up(BACKEND_DIRECTORY);
}

int volume_scene_tear_down(void **state)
{
	pool_scene_done(&volume_scene.pool);
	return 0;
}

struct volume_spec volume_scene_spec(const char *name)
{
	struct volume_spec spec = pool_scene_spec(name);
	spec.parameters.backend = volume_scene.kind;
	spec.parameters.enforce = volume_scene.kind == BACKEND_LOOP;
	return spec;
}

int volume_scene_create(const char *name, struct error *err)
{
	struct volume_record record;
	struct volume_spec spec = volume_scene_spec(name);
	return volume_create(volume_scene.pool.pools, &spec, &record, err);
}

int volume_scene_stage(struct error *err)
{
	return volume_stage(volume_scene.pool.pools, VOLUME_SCENE_ID, volume_scene.pool.staging,
			    &pool_scene_writer, err);
}

int volume_scene_publish(const char *target, enum access_mode mode, bool read_only,
			 struct error *err)
{
	struct access access = { .mode = mode, .fs_type = "" };
	struct volume_publication publication = {
		.staging_path = volume_scene.pool.staging,
		.target_path = target,
		.access = &access,
		.read_only = read_only,
	};
	return volume_publish(volume_scene.pool.pools, VOLUME_SCENE_ID, &publication, err);
}

int volume_scene_publish_here(struct error *err)
{
	return volume_scene_publish(volume_scene.pool.target, ACCESS_WRITER, false, err);
}

int volume_scene_unpublish(struct error *err)
{
	return volume_unpublish(volume_scene.pool.pools, VOLUME_SCENE_ID, volume_scene.pool.target,
				err);
}

int volume_scene_unstage(struct error *err)
{
	return volume_unstage(volume_scene.pool.pools, VOLUME_SCENE_ID, volume_scene.pool.staging,
			      err);
}

void volume_scene_assert_empty(void)
{
	assert_int_equal(fake_host_mount_count(volume_scene.pool.fake), 0);
	assert_int_equal(fake_host_loop_count(volume_scene.pool.fake), 0);
	assert_int_equal(pool_scene_count(&volume_scene.pool, "volumes"), 0);
	assert_int_equal(access(volume_scene.pool.target, F_OK), -1);
	struct capacity_space space;
	struct error err = { 0 };
	assert_int_equal(pool_space(volume_scene.pool.pool, &space, &err), 0);
	assert_int_equal(space.promised_bytes, 0);
}
