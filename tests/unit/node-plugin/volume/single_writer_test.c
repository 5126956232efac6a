/* SPDX-License-Identifier: Apache-2.0 */
#include "volume/single_writer.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "assert_outcome.h"
#include "base/cleanup.h"
#include "pool_scene.h"
#include "test.h"
#include "volume/publish.h"
#include "volume/stage.h"

#define ID "pvc-1"
#define POD "pods/11111111-2222-3333-4444-555555555555"
#define OTHER_POD "pods/11111111-2222-3333-4444-666666666666"
#define MOUNT "/volumes/kubernetes.io~csi/" ID "/mount"
#define DEVICES "plugins/kubernetes.io/csi/volumeDevices"

static struct pool_scene scene;
static enum backend_kind kind;
static bool block;

static int set_up_loop(void **state)
{
	kind = BACKEND_LOOP;
	block = false;
	pool_scene_init(&scene);
	return 0;
}

static int set_up_directory(void **state)
{
	kind = BACKEND_DIRECTORY;
	block = false;
	pool_scene_init(&scene);
	return 0;
}

static int set_up_block(void **state)
{
	kind = BACKEND_LOOP;
	block = true;
	pool_scene_init(&scene);
	return 0;
}

static int tear_down(void **state)
{
	pool_scene_done(&scene);
	return 0;
}

static const char *path_of(const char *name)
{
	static char paths[4][PATH_MAX];
	static unsigned next;
	char *path = paths[next++ % 4];
	snprintf(path, PATH_MAX, "%s/%s", scene.folder, name);
	return path;
}

/* The kubelet makes the folders above a target. */
static const char *target_of(const char *name)
{
	char command[PATH_MAX + 64];
	const char *path = path_of(name);
	snprintf(command, sizeof(command), "mkdir -p $(dirname %s)", path);
	assert_int_equal(system(command), 0);
	return path;
}

static struct access access_of(enum access_mode mode)
{
	return (struct access) { .mode = mode, .block = block, .fs_type = "" };
}

static void create_and_stage(void)
{
	struct error err = { 0 };
	struct volume_record record;
	struct volume_spec spec = pool_scene_spec(ID);
	const struct access access = access_of(ACCESS_SINGLE_WRITER);
	spec.parameters.backend = kind;
	spec.parameters.enforce = kind == BACKEND_LOOP;
	spec.block = block;
	assert_done(volume_create(scene.pools, &spec, &record, &err), &err);
	assert_done(volume_stage(scene.pools, ID, scene.staging, &access, &err), &err);
}

static int publish(const char *target, struct error *err)
{
	const struct access access = access_of(ACCESS_SINGLE_WRITER);
	const struct volume_publication publication = {
		.staging_path = scene.staging,
		.target_path = target,
		.access = &access,
	};
	return volume_publish(scene.pools, ID, &publication, err);
}

/* As the kubelet does for itself. */
static void bind_folder(const char *from, const char *to)
{
	char command[PATH_MAX + 64];
	struct error err = { 0 };
	snprintf(command, sizeof(command), "mkdir -p %s", to);
	assert_int_equal(system(command), 0);
	CLEANUP_CLOSE int fd = open(from, O_PATH | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_done(scene.fake->host.bind(&scene.fake->host, fd, to, 0, &err), &err);
}

static void the_subpaths_of_the_same_pod_are_no_other_user(void **state)
{
	struct error err = { 0 };
	const char *target = target_of(POD MOUNT);
	create_and_stage();
	assert_int_equal(publish(target, &err), 0);
	bind_folder(target, path_of(POD "/volume-subpaths/" ID "/main/0"));
	bind_folder(target, path_of(POD "/volume-subpaths/" ID "/side/1"));
	assert_int_equal(publish(target, &err), 1);
}

static void the_subpaths_of_another_pod_are(void **state)
{
	struct error err = { 0 };
	const char *target = target_of(POD MOUNT);
	const char *other = target_of(OTHER_POD MOUNT);
	create_and_stage();
	assert_int_equal(publish(other, &err), 0);
	bind_folder(other, path_of(OTHER_POD "/volume-subpaths/" ID "/main/0"));
	assert_done(volume_unpublish(scene.pools, ID, other, &err), &err);
	assert_int_equal(publish(target, &err), -1);
	assert_int_equal(err.code, ERROR_IN_USE);
	assert_non_null(strstr(err.text, OTHER_POD "/volume-subpaths/"));
}

static void the_device_that_the_kubelet_binds_for_the_same_pod_is_no_other_user(void **state)
{
	struct error err = { 0 };
	const char *target = target_of(DEVICES "/publish/" ID "/11111111-2222");
	const char *other = target_of(DEVICES "/publish/" ID "/11111111-3333");
	create_and_stage();
	assert_int_equal(publish(target, &err), 0);
	bind_folder(target, path_of(DEVICES "/" ID "/dev/11111111-2222"));
	assert_int_equal(publish(target, &err), 1);
	assert_done(volume_unpublish(scene.pools, ID, target, &err), &err);
	assert_int_equal(publish(other, &err), -1);
	assert_int_equal(err.code, ERROR_IN_USE);
	assert_non_null(strstr(err.text, "/dev/11111111-2222"));
}

#define ON(set_up, name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON(set_up_loop, the_subpaths_of_the_same_pod_are_no_other_user),
		ON(set_up_directory, the_subpaths_of_the_same_pod_are_no_other_user),
		ON(set_up_loop, the_subpaths_of_another_pod_are),
		ON(set_up_directory, the_subpaths_of_another_pod_are),
		ON(set_up_block,
		   the_device_that_the_kubelet_binds_for_the_same_pod_is_no_other_user),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
