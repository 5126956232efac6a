/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Group snapshots on a real kernel: a writer raises a number in one volume, then in the other, each
 * time with fsync(2). Whenever a group is cut, the second number is the first one or one less.
 */

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "host/host.h"
#include "node_scene.h"
#include "pool/pools.h"
#include "pool/pools_open.h"
#include "snapshot/group.h"
#include "test.h"
#include "volume/create.h"
#include "volume/stage.h"

#define ROUNDS 8
#define SIZE_BYTES (64ULL << 20)

static const char *const volumes[] = { "pvc-a", "pvc-b" };

struct scene {
	char folder[64];
	struct pools *pools;
	int number_fds[2];
	atomic_bool stop;
	atomic_ulong written;
	pthread_t writer;
};

static char *staging_of(const struct scene *scene, size_t i)
{
	return must_printf("%s/staging-%zu", scene->folder, i);
}

static void stage(struct scene *scene, size_t i)
{
	struct error err = { 0 };
	struct volume_record record;
	const struct access access = { .mode = ACCESS_MULTI_WRITER, .fs_type = "" };
	const struct volume_spec spec = {
		.name = volumes[i],
		.range = { .required_bytes = SIZE_BYTES },
		.parameters = { .backend = BACKEND_LOOP, .enforce = true },
		.fs_type = "ext4",
	};
	CLEANUP_FREE char *path = staging_of(scene, i);
	CLEANUP_FREE char *file = must_printf("%s/number", path);
	assert_int_equal(mkdir(path, 0750), 0);
	if (volume_create(scene->pools, &spec, &record, &err) < 0 ||
	    volume_stage(scene->pools, volumes[i], path, &access, &err) < 0)
		fail_msg("%s", err.text);
	scene->number_fds[i] = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(scene->number_fds[i] >= 0);
}

static void *write_numbers(void *arg)
{
	struct scene *scene = arg;
	for (unsigned long number = 1; !atomic_load(&scene->stop); number++) {
		for (size_t i = 0; i < 2; i++)
			if (pwrite(scene->number_fds[i], &number, sizeof(number), 0) !=
				    sizeof(number) ||
			    fsync(scene->number_fds[i]) < 0)
				abort();
		atomic_store(&scene->written, number);
	}
	return NULL;
}

static int begin(void **state)
{
	struct error err = { 0 };
	struct scene *scene = must_alloc(sizeof(*scene));
	strcpy(scene->folder, "/tmp/kentledge-group-XXXXXX");
	assert_non_null(mkdtemp(scene->folder));
	CLEANUP_FREE char *pool = must_printf("%s/pool", scene->folder);
	const struct pool_place place = { .name = POOL_DEFAULT_NAME, .path = pool };
	const struct pools_setup setup = { .places = &place, .count = 1, .host = host_linux() };
	log_set_level(LOG_ERROR);
	if (pools_open(&setup, &scene->pools, &err) < 0)
		fail_msg("%s", err.text);
	for (size_t i = 0; i < 2; i++)
		stage(scene, i);
	pthread_create(&scene->writer, NULL, write_numbers, scene);
	*state = scene;
	return 0;
}

static int end(void **state)
{
	struct scene *scene = *state;
	atomic_store(&scene->stop, true);
	pthread_join(scene->writer, NULL);
	for (size_t i = 0; i < 2; i++) {
		struct error err = { 0 };
		CLEANUP_FREE char *path = staging_of(scene, i);
		close(scene->number_fds[i]);
		if (volume_unstage(scene->pools, volumes[i], path, &err) < 0)
			fail_msg("%s", err.text);
	}
	pools_close(scene->pools);
	CLEANUP_FREE char *command = must_printf("rm -rf --one-file-system %s", scene->folder);
	assert_int_equal(system(command), 0);
	free(scene);
	return 0;
}

static unsigned long read_number(const struct scene *scene, const char *snapshot_id)
{
	unsigned long number = 0;
	CLEANUP_FREE char *point = must_printf("%s/snapshot", scene->folder);
	CLEANUP_FREE char *file = must_printf("%s/number", point);
	CLEANUP_FREE char *command =
		must_printf("mkdir -p %s && mount -o ro,loop %s/pool/snapshots/%s/image %s", point,
			    scene->folder, snapshot_id, point);
	assert_int_equal(system(command), 0);
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_true(pread(fd, &number, sizeof(number), 0) >= 0);
	close(fd);
	assert_int_equal(umount(point), 0);
	return number;
}

static void the_members_of_a_group_are_of_one_moment(void **state)
{
	struct scene *scene = *state;
	unsigned long before = 0;
	for (unsigned round = 0; round < ROUNDS; round++) {
		CLEANUP_SNAPSHOT_GROUP struct snapshot_group group = SNAPSHOT_GROUP_INIT;
		struct error err = { 0 };
		char name[32];
		while (atomic_load(&scene->written) == before)
			usleep(1000);
		before = atomic_load(&scene->written);
		snprintf(name, sizeof(name), "group-%u", round);
		if (snapshot_group_create(scene->pools, name, volumes, 2, NULL, &group, &err) != 0)
			fail_msg("%s", err.text);
		unsigned long first = read_number(scene, group.members[0].id);
		unsigned long second = read_number(scene, group.members[1].id);
		if (second > first || first > second + 1 || first < before)
			fail_msg("group %u: %lu and %lu, after %lu", round, first, second, before);
	}
}

int main(void)
{
	if (!node_scene_can_mount())
		return 77;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_members_of_a_group_are_of_one_moment, begin,
						end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
