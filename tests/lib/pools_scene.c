/* SPDX-License-Identifier: Apache-2.0 */
#include "pools_scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "pool/pools_open.h"
#include "test.h"

void pools_scene_init(struct pools_scene *scene)
{
	*scene = (struct pools_scene) { .folder = "/tmp/kentledge-pools-XXXXXX" };
	log_set_level(LOG_ERROR + 1);
	assert_non_null(mkdtemp(scene->folder));
	snprintf(scene->fast_disk, sizeof(scene->fast_disk), "%s/fast", scene->folder);
	snprintf(scene->bulk_disk, sizeof(scene->bulk_disk), "%s/bulk", scene->folder);
	snprintf(scene->pulled, sizeof(scene->pulled), "%s/pulled", scene->folder);
	snprintf(scene->fast_path, sizeof(scene->fast_path), "%s/pool", scene->fast_disk);
	snprintf(scene->bulk_path, sizeof(scene->bulk_path), "%s/pool", scene->bulk_disk);
	assert_int_equal(mkdir(scene->fast_disk, 0755), 0);
	assert_int_equal(mkdir(scene->bulk_disk, 0755), 0);
	scene->places[0] =
		(struct pool_place) { .name = "fast", .path = scene->fast_path, .order = 0 };
	scene->places[1] =
		(struct pool_place) { .name = "bulk", .path = scene->bulk_path, .order = 1 };
	scene->fake = fake_host_new();
}

void pools_scene_done(struct pools_scene *scene)
{
	char command[128];
	pools_close(TAKE(scene->pools));
	fake_host_free(TAKE(scene->fake));
	snprintf(command, sizeof(command), "rm -rf %s", scene->folder);
	assert_int_equal(system(command), 0);
}

int pools_scene_open(struct pools_scene *scene, size_t count, struct error *err)
{
	const struct pools_setup setup = { .places = scene->places,
					   .count = count,
					   .host = &scene->fake->host,
					   .policy = scene->policy,
					   .notes_folder = scene->notes,
					   .visits_max = scene->visits_max };
	pools_close(TAKE(scene->pools));
	return pools_open(&setup, &scene->pools, err);
}

void pools_scene_open_both(struct pools_scene *scene, size_t there)
{
	struct error err = { 0 };
	if (pools_scene_open(scene, 2, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(scene->pools->count, there);
}

struct pool *pools_scene_pool(const struct pools_scene *scene, const char *name)
{
	size_t i = 0;
	while (strcmp(scene->pools->pools[i]->site.name, name) != 0)
		i++;
	return scene->pools->pools[i];
}

void pools_scene_pull_out(const struct pools_scene *scene, const char *disk)
{
	assert_int_equal(rename(disk, scene->pulled), 0);
	assert_int_equal(mkdir(disk, 0755), 0);
}

void pools_scene_put_back(const struct pools_scene *scene, const char *disk)
{
	assert_int_equal(rmdir(disk), 0);
	assert_int_equal(rename(scene->pulled, disk), 0);
}
