/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_scene.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "assert_outcome.h"
#include "base/log.h"
#include "pool/pools_open.h"
#include "pool/trash.h"
#include "test.h"
#include "volume/create.h"

const struct ephemeral_policy pool_scene_ephemeral = {
	.on = true,
	.backends = 1U << BACKEND_LOOP | 1U << BACKEND_DIRECTORY,
	.provisionings = 1U << PROVISIONING_THIN | 1U << PROVISIONING_THICK,
	.pools = "",
	.size_max_bytes = UINT64_MAX,
	.share_percent = 100,
};

#define TRASH_WAIT_MS 60000

const struct access pool_scene_writer = { .mode = ACCESS_MULTI_WRITER, .fs_type = "" };

static void open_pool(struct pool_scene *scene)
{
	char path[128];
	struct error err = { 0 };
	snprintf(path, sizeof(path), "%s/pool", scene->folder);
	const struct pool_place place = { .name = POOL_DEFAULT_NAME,
					  .path = path,
					  .reserve_percent = 5 };
	const struct pools_setup setup = {
		.places = &place, .count = 1, .host = &scene->fake->host, .node = &scene->settings
	};
	if (pools_open(&setup, &scene->pools, &err) < 0) {
		fprintf(stderr, "pools_open: %s\n", err.text);
		abort();
	}
	scene->pool = scene->pools->pools[0];
}

void pool_scene_init(struct pool_scene *scene)
{
	*scene = (struct pool_scene) { .folder = "/tmp/kentledge-pool-XXXXXX" };
	log_set_level(LOG_ERROR);
	if (!mkdtemp(scene->folder))
		abort();
	snprintf(scene->staging, sizeof(scene->staging), "%s/staging", scene->folder);
	snprintf(scene->target, sizeof(scene->target), "%s/target", scene->folder);
	if (mkdir(scene->staging, 0750) < 0)
		abort();
	scene->fake = fake_host_new();
	scene->settings = node_settings_none;
	open_pool(scene);
}

void pool_scene_done(struct pool_scene *scene)
{
	/* What is large is removed aside. */
	trash_wait(scene->pool, TRASH_WAIT_MS);
	unsigned left = pool_scene_count(scene, "tmp") + pool_scene_count(scene, "trash");
	pools_close(scene->pools);
	fake_host_free(scene->fake);
	char command[128];
	snprintf(command, sizeof(command), "rm -rf %s", scene->folder);
	if (system(command) != 0 || left) {
		fprintf(stderr, "%u entries were left in tmp/ and trash/\n", left);
		abort();
	}
}

void pool_scene_restart(struct pool_scene *scene)
{
	struct error err = { 0 };
	pools_close(scene->pools);
	open_pool(scene);
	if (pool_empty_trash(scene->pool, NULL, &err) < 0) {
		fprintf(stderr, "pool_empty_trash: %s\n", err.text);
		abort();
	}
}

unsigned pool_scene_count(const struct pool_scene *scene, const char *folder)
{
	char path[192];
	snprintf(path, sizeof(path), "%s/pool/%s", scene->folder, folder);
	DIR *dir = opendir(path);
	if (!dir)
		return 0;
	unsigned count = 0;
	for (const struct dirent *entry; (entry = readdir(dir));)
		count += entry->d_name[0] != '.';
	closedir(dir);
	return count;
}

struct volume_spec pool_scene_spec(const char *name)
{
	return (struct volume_spec) {
		.name = name,
		.range = { .required_bytes = 1ULL << 30 },
		.parameters = { .backend = BACKEND_LOOP, .enforce = true },
		.fs_type = "",
	};
}

void pool_scene_create(const struct pool_scene *scene, const char *name)
{
	struct error err = { 0 };
	struct volume_record record;
	const struct volume_spec spec = pool_scene_spec(name);
	assert_done(volume_create(scene->pools, &spec, &record, &err), &err);
}
