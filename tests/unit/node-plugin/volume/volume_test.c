/* SPDX-License-Identifier: Apache-2.0 */
#include "volume/volume.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/backend.h"
#include "base/log.h"
#include "pool/room.h"
#include "pool/volume_folder.h"
#include "pool_scene.h"
#include "test.h"
#include "volume/expand.h"

#define GIB (1ULL << 30)
#define ID "pvc-1"

/* Each test runs for both backends. */
static struct pool_scene scene;
static enum backend_kind kind;

static int set_up_loop(void **state)
{
	kind = BACKEND_LOOP;
	pool_scene_init(&scene);
	return 0;
}

static int set_up_directory(void **state)
{
	kind = BACKEND_DIRECTORY;
	pool_scene_init(&scene);
	return 0;
}

static int tear_down(void **state)
{
	pool_scene_done(&scene);
	return 0;
}

static struct volume_spec spec_of(const char *name)
{
	struct volume_spec spec = pool_scene_spec(name);
	spec.parameters.backend = kind;
	spec.parameters.enforce = kind == BACKEND_LOOP;
	return spec;
}

static int create(const char *name, struct error *err)
{
	struct volume_record record;
	struct volume_spec spec = spec_of(name);
	return volume_create(scene.pools, &spec, &record, err);
}

static int stage(struct error *err)
{
	return volume_stage(scene.pools, ID, scene.staging, &pool_scene_writer, err);
}

static int publish(const char *target, enum access_mode mode, bool read_only, struct error *err)
{
	struct access access = { .mode = mode, .fs_type = "" };
	struct volume_publication publication = {
		.staging_path = scene.staging,
		.target_path = target,
		.access = &access,
		.read_only = read_only,
	};
	return volume_publish(scene.pools, ID, &publication, err);
}

static int publish_here(struct error *err)
{
	return publish(scene.target, ACCESS_WRITER, false, err);
}

static int unpublish(struct error *err)
{
	return volume_unpublish(scene.pools, ID, scene.target, err);
}

static int unstage(struct error *err)
{
	return volume_unstage(scene.pools, ID, scene.staging, err);
}

static void nothing_is_left(void)
{
	assert_int_equal(fake_host_mount_count(scene.fake), 0);
	assert_int_equal(fake_host_loop_count(scene.fake), 0);
	assert_int_equal(pool_scene_count(&scene, "volumes"), 0);
	assert_int_equal(access(scene.target, F_OK), -1);
	struct capacity_space space;
	struct error err = { 0 };
	assert_int_equal(pool_space(scene.pool, &space, &err), 0);
	assert_int_equal(space.promised_bytes, 0);
}

static void each_step_asked_for_twice_is_done_once(void **state)
{
	struct error err = { 0 };
	for (int again = 0; again < 2; again++)
		assert_int_equal(create(ID, &err), again);
	for (int again = 0; again < 2; again++)
		assert_int_equal(stage(&err), again);
	assert_int_equal(fake_host_mounts_at(scene.fake, scene.staging), 1);
	for (int again = 0; again < 2; again++)
		assert_int_equal(publish_here(&err), again);
	assert_int_equal(fake_host_mounts_at(scene.fake, scene.target), 1);
	for (int again = 0; again < 2; again++)
		assert_int_equal(unpublish(&err), again);
	for (int again = 0; again < 2; again++)
		assert_int_equal(unstage(&err), again);
	for (int again = 0; again < 2; again++)
		assert_int_equal(volume_delete(scene.pools, ID, &err), again);
	nothing_is_left();
}

/* A busy node has thousands of mounts. Which volume is at a place is told by the kernel without
 * them; where else it may be, only by the table. */
static void a_life(unsigned staged, unsigned published, unsigned unpublished, unsigned unstaged)
{
	struct error err = { 0 };
	assert_int_equal(create(ID, &err), 0);
	assert_int_equal(scene.fake->mount_reads, 0);
	assert_int_equal(stage(&err), 0);
	assert_int_equal(scene.fake->mount_reads, staged);
	assert_int_equal(publish_here(&err), 0);
	assert_int_equal(scene.fake->mount_reads, published);
	assert_int_equal(unpublish(&err), 0);
	assert_int_equal(scene.fake->mount_reads, unpublished);
	assert_int_equal(unstage(&err), 0);
	assert_int_equal(scene.fake->mount_reads, unstaged);
	assert_int_equal(volume_delete(scene.pools, ID, &err), 0);
	assert_int_equal(scene.fake->mount_reads, unstaged + 1);
	nothing_is_left();
}

static void only_what_may_be_anywhere_is_looked_for_in_the_table_of_mounts(void **state)
{
	a_life(0, 0, 0, 1); /* a device is let go when the volume is mounted nowhere else */
}

static void each_call_reads_the_table_once_where_the_kernel_does_not_tell_places(void **state)
{
	scene.fake->hides_places = true;
	a_life(1, 2, 3, 5);
}

/* By a process that ended within kernel_mount_part(), whose pod is gone meanwhile. */
static void what_was_staged_by_half_is_unstaged(void **state)
{
	struct error err = { 0 };
	struct volume_record record;
	unsigned char key[32] = { 7 };
	struct secret secret = { .bytes = key, .length = sizeof(key) };
	struct access access = { .mode = ACCESS_WRITER, .fs_type = "", .secret = &secret };
	struct volume_spec spec = spec_of(ID);
	spec.parameters.encryption = ENCRYPTION_FSCRYPT;
	assert_int_equal(volume_create(scene.pools, &spec, &record, &err), 0);
	assert_int_equal(volume_stage(scene.pools, ID, scene.staging, &access, &err), 0);
	for (size_t i = 0; i < FAKE_MOUNTS_MAX; i++)
		if (strcmp(scene.fake->mounts[i].point, scene.staging) == 0)
			strcpy(scene.fake->mounts[i].root, "/");
	assert_int_equal(unstage(&err), 0);
	assert_int_equal(fake_host_mounts_at(scene.fake, scene.staging), 0);
	assert_int_equal(volume_delete(scene.pools, ID, &err), 0);
	nothing_is_left();
}

static void a_restarted_plugin_goes_on_where_it_stood(void **state)
{
	struct error err = { 0 };
	assert_int_equal(create(ID, &err), 0);
	pool_scene_restart(&scene);
	assert_int_equal(stage(&err), 0);
	pool_scene_restart(&scene);
	assert_int_equal(stage(&err), 1);
	assert_int_equal(publish_here(&err), 0);
	pool_scene_restart(&scene);
	assert_int_equal(publish_here(&err), 1);
	assert_int_equal(unpublish(&err), 0);
	pool_scene_restart(&scene);
	assert_int_equal(unstage(&err), 0);
	assert_int_equal(volume_delete(scene.pools, ID, &err), 0);
	nothing_is_left();
}

static void the_same_name_in_another_size_or_kind_is_taken(void **state)
{
	struct volume_record record;
	struct error err = { 0 };
	assert_int_equal(create(ID, &err), 0);
	struct volume_spec larger = spec_of(ID);
	larger.range.required_bytes = 2 * GIB;
	assert_int_equal(volume_create(scene.pools, &larger, &record, &err), -1);
	assert_int_equal(err.code, ERROR_EXISTS);
	struct volume_spec smaller = spec_of(ID);
	smaller.range = (struct capacity_range) { 1, GIB - 1 };
	assert_int_equal(volume_create(scene.pools, &smaller, &record, &err), -1);
	assert_int_equal(err.code, ERROR_EXISTS);
	struct volume_spec other = spec_of(ID);
	other.parameters.backend = kind == BACKEND_LOOP ? BACKEND_DIRECTORY : BACKEND_LOOP;
	assert_int_equal(volume_create(scene.pools, &other, &record, &err), -1);
	assert_int_equal(err.code, ERROR_EXISTS);
	struct volume_spec within = spec_of(ID);
	within.range.required_bytes = GIB - 5;
	assert_int_equal(volume_create(scene.pools, &within, &record, &err), 1);
	assert_int_equal(record.size_bytes, GIB);
}

static void a_volume_in_use_is_not_deleted(void **state)
{
	struct error err = { 0 };
	assert_int_equal(create(ID, &err), 0);
	assert_int_equal(stage(&err), 0);
	assert_int_equal(publish_here(&err), 0);
	assert_int_equal(volume_delete(scene.pools, ID, &err), -1);
	assert_int_equal(err.code, ERROR_IN_USE);
	assert_int_equal(unpublish(&err), 0);
	assert_int_equal(volume_delete(scene.pools, ID, &err), -1);
	assert_non_null(strstr(err.text, scene.staging));
	assert_int_equal(unstage(&err), 0);
	assert_int_equal(volume_delete(scene.pools, ID, &err), 0);
}

static void unpublish_clears_mounts_that_lie_on_one_another(void **state)
{
	struct error err = { 0 };
	assert_int_equal(create(ID, &err), 0);
	assert_int_equal(stage(&err), 0);
	assert_int_equal(publish_here(&err), 0);
	fake_host_stack(scene.fake, scene.target);
	fake_host_mount_stranger(scene.fake, scene.target);
	assert_int_equal(fake_host_mounts_at(scene.fake, scene.target), 3);
	assert_int_equal(unpublish(&err), 0);
	assert_int_equal(fake_host_mounts_at(scene.fake, scene.target), 0);
	assert_int_equal(fake_host_mounts_at(scene.fake, scene.staging), 1);
	assert_int_equal(access(scene.target, F_OK), -1);
}

static void what_is_not_the_volumes_is_left_alone(void **state)
{
	struct error err = { 0 };
	assert_int_equal(create(ID, &err), 0);
	assert_int_equal(mkdir(scene.target, 0750), 0);
	fake_host_mount_stranger(scene.fake, scene.target);
	assert_int_equal(unpublish(&err), -1);
	assert_int_equal(err.code, ERROR_IN_USE);
	assert_non_null(strstr(err.text, "stranger"));
	assert_int_equal(volume_unpublish(scene.pools, "unknown", scene.target, &err), -1);
	assert_int_equal(fake_host_mounts_at(scene.fake, scene.target), 1);
	fake_host_mount_stranger(scene.fake, scene.staging);
	assert_int_equal(stage(&err), -1);
	assert_int_equal(err.code, ERROR_EXISTS);
}

static void files_written_below_a_target_stay(void **state)
{
	struct error err = { 0 };
	char file[192];
	assert_int_equal(create(ID, &err), 0);
	assert_int_equal(mkdir(scene.target, 0750), 0);
	snprintf(file, sizeof(file), "%s/data", scene.target);
	close(open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	assert_int_equal(unpublish(&err), -1);
	assert_int_equal(access(file, F_OK), 0);
	unlink(file);
	assert_int_equal(unpublish(&err), 1);
}

static void what_is_unknown_is_unpublished_unstaged_and_deleted_already(void **state)
{
	struct error err = { 0 };
	assert_int_equal(volume_unpublish(scene.pools, "nobody", scene.target, &err), 1);
	assert_int_equal(volume_unpublish(scene.pools, "nobody", "/nonexistent/pod/mount", &err),
			 1);
	assert_int_equal(volume_unstage(scene.pools, "nobody", scene.staging, &err), 1);
	assert_int_equal(volume_unstage(scene.pools, "../../etc", "/nonexistent/x", &err), 1);
	assert_int_equal(volume_delete(scene.pools, "nobody", &err), 1);
	assert_int_equal(volume_delete(scene.pools, "../tmp", &err), 1);
	assert_int_equal(volume_delete(scene.pools, "..", &err), 1);
	assert_int_equal(pool_check(scene.pool, &err), 0);
}

static void what_is_unknown_is_neither_staged_nor_published(void **state)
{
	struct error err = { 0 };
	assert_int_equal(stage(&err), -1);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
	assert_int_equal(publish_here(&err), -1);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
}

static void a_volume_is_staged_before_it_is_published(void **state)
{
	struct error err = { 0 };
	assert_int_equal(create(ID, &err), 0);
	assert_int_equal(publish_here(&err), -1);
	assert_int_equal(err.code, ERROR_IN_USE);
	assert_int_equal(access(scene.target, F_OK), -1);
}

static void read_only_is_obeyed_for_each_target(void **state)
{
	struct error err = { 0 };
	char second[160];
	snprintf(second, sizeof(second), "%s-2", scene.target);
	assert_int_equal(create(ID, &err), 0);
	assert_int_equal(stage(&err), 0);
	assert_int_equal(publish(scene.target, ACCESS_WRITER, true, &err), 0);
	assert_string_equal(fake_host_options_at(scene.fake, scene.target), "ro");
	assert_int_equal(publish(second, ACCESS_WRITER, false, &err), 0);
	assert_string_equal(fake_host_options_at(scene.fake, second), "rw");
	assert_int_equal(publish(scene.target, ACCESS_WRITER, false, &err), -1);
	assert_int_equal(err.code, ERROR_EXISTS);
	assert_string_equal(fake_host_options_at(scene.fake, scene.target), "ro");
	assert_int_equal(publish(second, ACCESS_WRITER, true, &err), -1);
	assert_int_equal(err.code, ERROR_EXISTS);
}

static void a_reader_gets_it_read_only_whatever_else_is_said(void **state)
{
	struct error err = { 0 };
	assert_int_equal(create(ID, &err), 0);
	assert_int_equal(stage(&err), 0);
	assert_int_equal(publish(scene.target, ACCESS_READER, false, &err), 0);
	assert_string_equal(fake_host_options_at(scene.fake, scene.target), "ro");
}

static void a_single_writer_has_one_target_and_several_writers_have_several(void **state)
{
	struct error err = { 0 };
	char second[160];
	snprintf(second, sizeof(second), "%s-2", scene.target);
	assert_int_equal(create(ID, &err), 0);
	assert_int_equal(stage(&err), 0);
	assert_int_equal(publish(scene.target, ACCESS_SINGLE_WRITER, false, &err), 0);
	assert_int_equal(publish(scene.target, ACCESS_SINGLE_WRITER, false, &err), 1);
	assert_int_equal(publish(second, ACCESS_SINGLE_WRITER, false, &err), -1);
	assert_int_equal(err.code, ERROR_IN_USE);
	assert_non_null(strstr(err.text, scene.target));
	assert_int_equal(access(second, F_OK), -1);
	assert_int_equal(publish(second, ACCESS_MULTI_WRITER, false, &err), 0);
}

static void an_operation_on_a_volume_that_is_held_is_refused(void **state)
{
	struct error err = { 0 };
	CLEANUP_LOCK struct lock lock = { 0 };
	assert_int_equal(create(ID, &err), 0);
	assert_int_equal(lock_take(&scene.pools->locks, LOCK_VOLUME, ID, &lock, &err), 0);
	assert_int_equal(create(ID, &err), -1);
	assert_int_equal(err.code, ERROR_BUSY);
	assert_int_equal(stage(&err), -1);
	assert_int_equal(err.code, ERROR_BUSY);
	assert_int_equal(publish_here(&err), -1);
	assert_int_equal(err.code, ERROR_BUSY);
	assert_int_equal(unpublish(&err), -1);
	assert_int_equal(err.code, ERROR_BUSY);
	assert_int_equal(unstage(&err), -1);
	assert_int_equal(err.code, ERROR_BUSY);
	assert_int_equal(volume_delete(scene.pools, ID, &err), -1);
	assert_int_equal(err.code, ERROR_BUSY);
	assert_int_equal(create("pvc-2", &err), 0);
}

static void damage_record(const char *id)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/pool/volumes/%s/record", scene.folder, id);
	assert_int_equal(truncate(path, 40), 0);
}

static void a_damaged_record_stops_its_volume_and_no_other(void **state)
{
	struct error err = { 0 };
	assert_int_equal(create(ID, &err), 0);
	assert_int_equal(create("pvc-2", &err), 0);
	assert_int_equal(stage(&err), 0);
	assert_int_equal(publish_here(&err), 0);
	damage_record(ID);
	pool_scene_restart(&scene);
	assert_int_equal(create(ID, &err), -1);
	assert_int_equal(err.code, ERROR_INTERNAL);
	assert_non_null(strstr(err.text, "volumes/" ID "/record"));
	assert_int_equal(volume_delete(scene.pools, ID, &err), -1);
	assert_int_equal(stage(&err), -1);
	assert_int_equal(volume_delete(scene.pools, "pvc-2", &err), 0);
	/* Its pod can still end. */
	assert_int_equal(unpublish(&err), 0);
	assert_int_equal(unstage(&err), 0);
	assert_int_equal(fake_host_mount_count(scene.fake), 0);
	/* And nothing of it is lost. */
	assert_int_equal(pool_scene_count(&scene, "volumes/" ID), 2);
}

static void a_record_of_another_volume_is_no_record(void **state)
{
	struct error err = { 0 };
	char from[256], to[256];
	assert_int_equal(create(ID, &err), 0);
	assert_int_equal(create("pvc-2", &err), 0);
	snprintf(from, sizeof(from), "%s/pool/volumes/pvc-2/record", scene.folder);
	snprintf(to, sizeof(to), "%s/pool/volumes/" ID "/record", scene.folder);
	assert_int_equal(rename(from, to), 0);
	assert_int_equal(stage(&err), -1);
	assert_int_equal(err.code, ERROR_INTERNAL);
	assert_non_null(strstr(err.text, "pvc-2"));
}

static void a_list_comes_in_pages_and_survives_deletions(void **state)
{
	struct error err = { 0 };
	const char *names[] = { "pvc-a", "pvc-b", "pvc-c", "pvc-d", "pvc-e" };
	for (size_t i = 5; i-- > 0;)
		assert_int_equal(create(names[i], &err), 0);
	char after[ID_MAX + 1] = "";
	size_t seen = 0;
	bool more = true;
	while (more) {
		CLEANUP_FREE struct volume_record *records = NULL;
		size_t count = 0;
		assert_int_equal(volume_list(scene.pools, after, 2, &records, &count, &more, &err),
				 0);
		for (size_t i = 0; i < count; i++)
			assert_string_equal(records[i].id, names[seen++]);
		assert_true(count > 0);
		strcpy(after, records[count - 1].id);
		/* The volume after which the next page begins disappears. */
		assert_int_equal(volume_delete(scene.pools, after, &err), 0);
	}
	assert_int_equal(seen, 5);
}

/* Ephemeral volumes and those with a damaged record are not listed: there is no page for them. */
static void a_list_says_that_there_is_more_only_if_there_is(void **state)
{
	struct error err = { 0 };
	CLEANUP_FREE struct volume_record *records = NULL;
	struct volume_record record;
	size_t count = 0;
	bool more = false;
	char path[256];
	struct volume_spec ephemeral = pool_scene_spec("pvc-4");
	ephemeral.ephemeral = &pool_scene_ephemeral;
	assert_int_equal(create("pvc-1", &err), 0);
	assert_int_equal(create("pvc-2", &err), 0);
	assert_int_equal(create("pvc-3", &err), 0);
	assert_int_equal(volume_create(scene.pools, &ephemeral, &record, &err), 0);
	snprintf(path, sizeof(path), "%s/pool/volumes/pvc-3/record", scene.folder);
	assert_int_equal(truncate(path, 10), 0);
	log_set_level(LOG_ERROR + 1);
	assert_int_equal(volume_list(scene.pools, "", 2, &records, &count, &more, &err), 0);
	assert_int_equal(count, 2);
	assert_false(more);
	free(records);
	assert_int_equal(volume_list(scene.pools, "", 1, &records, &count, &more, &err), 0);
	assert_int_equal(count, 1);
	assert_true(more);
}

static void usage_is_told_only_where_the_volume_is_mounted(void **state)
{
	struct host_usage usage;
	struct error err = { 0 };
	assert_int_equal(create(ID, &err), 0);
	assert_int_equal(volume_usage(scene.pools, ID, scene.staging, &usage, &err), -1);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
	assert_int_equal(volume_usage(scene.pools, ID, "some/path", &usage, &err), -1);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
	assert_int_equal(stage(&err), 0);
	assert_int_equal(volume_usage(scene.pools, ID, scene.staging, &usage, &err), 0);
	assert_int_equal(usage.total_bytes, 100 * GIB);
	assert_int_equal(volume_usage(scene.pools, "nobody", scene.staging, &usage, &err), -1);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
}

static void mount_flags_are_obeyed_or_refused(void **state)
{
	struct error err = { 0 };
	char *read_only[] = { (char *)"ro" };
	char *commit[] = { (char *)"commit=30" };
	struct access access = { .fs_type = "", .mount_flags = read_only, .mount_flag_count = 1 };
	assert_int_equal(create(ID, &err), 0);
	assert_int_equal(volume_stage(scene.pools, ID, scene.staging, &access, &err), 0);
	assert_string_equal(fake_host_options_at(scene.fake, scene.staging), "ro");
	assert_int_equal(stage(&err), -1);
	assert_int_equal(err.code, ERROR_EXISTS);
	assert_int_equal(unstage(&err), 0);
	access.mount_flags = commit;
	int outcome = volume_stage(scene.pools, ID, scene.staging, &access, &err);
	if (kind == BACKEND_LOOP) {
		assert_int_equal(outcome, 0);
	} else {
		assert_int_equal(outcome, -1);
		assert_int_equal(err.code, ERROR_INVALID);
		assert_non_null(strstr(err.text, "commit=30"));
	}
}

static void another_file_system_than_its_own_is_refused(void **state)
{
	struct error err = { 0 };
	struct access access = { .fs_type = "xfs" };
	assert_int_equal(create(ID, &err), 0);
	assert_int_equal(volume_stage(scene.pools, ID, scene.staging, &access, &err), -1);
	assert_int_equal(err.code, ERROR_IN_USE);
	assert_non_null(strstr(err.text, "fs_type"));
}

static void an_image_without_its_file_system_is_never_formatted(void **state)
{
	struct error err = { 0 };
	char image[256];
	assert_int_equal(create(ID, &err), 0);
	snprintf(image, sizeof(image), "%s/pool/volumes/" ID "/image", scene.folder);
	int fd = open(image, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "something else entirely", 23, 0), 23);
	close(fd);
	unsigned steps = scene.fake->steps;
	assert_int_equal(stage(&err), -1);
	assert_int_equal(err.code, ERROR_INTERNAL);
	assert_int_equal(scene.fake->steps, steps);
}

/* CSI: NOT_FOUND says that the volume does not exist. */
static void what_is_missing_around_a_volume_does_not_make_the_volume_missing(void **state)
{
	struct error err = { 0 };
	char data[256], aside[256], nowhere[256];
	snprintf(data, sizeof(data), "%s/pool/volumes/" ID "/%s", scene.folder,
		 kind == BACKEND_LOOP ? "image" : "data");
	snprintf(aside, sizeof(aside), "%s/aside", scene.folder);
	snprintf(nowhere, sizeof(nowhere), "%s/no/such", scene.folder);
	assert_int_equal(create(ID, &err), 0);
	assert_int_equal(rename(data, aside), 0);
	assert_int_equal(stage(&err), -1);
	assert_int_equal(err.code, ERROR_INTERNAL);
	assert_int_equal(rename(aside, data), 0);
	assert_int_equal(volume_stage(scene.pools, ID, nowhere, &pool_scene_writer, &err), -1);
	assert_int_equal(err.code, ERROR_IN_USE);
	assert_int_equal(stage(&err), 0);
	assert_int_equal(publish(nowhere, ACCESS_WRITER, false, &err), -1);
	assert_int_equal(err.code, ERROR_IN_USE);
	assert_non_null(strstr(err.text, "target_path"));
}

static void a_pool_without_its_folder_for_new_volumes_makes_none(void **state)
{
	struct error err = { 0 };
	char tmp[256];
	snprintf(tmp, sizeof(tmp), "%s/pool/tmp", scene.folder);
	assert_int_equal(rmdir(tmp), 0);
	assert_int_equal(create(ID, &err), -1);
	assert_int_equal(err.code, ERROR_INTERNAL);
	pool_scene_restart(&scene);
	assert_int_equal(create(ID, &err), 0);
}

static void a_device_that_somebody_holds_keeps_its_volume_from_being_deleted(void **state)
{
	struct error err = { 0 };
	assert_int_equal(create(ID, &err), 0);
	assert_int_equal(stage(&err), 0);
	scene.fake->loops[0].stuck = true;
	assert_int_equal(unstage(&err), 0);
	assert_int_equal(volume_delete(scene.pools, ID, &err), -1);
	assert_int_equal(err.code, ERROR_IN_USE);
	assert_non_null(strstr(err.text, "/dev/loop0"));
	scene.fake->loops[0].stuck = false;
	assert_int_equal(volume_delete(scene.pools, ID, &err), 0);
}

static void an_unknown_file_system_or_too_small_a_size_is_refused(void **state)
{
	struct volume_record record;
	struct error err = { 0 };
	struct volume_spec spec = spec_of(ID);
	spec.fs_type = "nosuchfs";
	assert_int_equal(volume_create(scene.pools, &spec, &record, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_non_null(strstr(err.text, "nosuchfs"));
	spec.fs_type = "xfs";
	spec.range = (struct capacity_range) { .limit_bytes = 16 << 20 };
	assert_int_equal(volume_create(scene.pools, &spec, &record, &err), -1);
	assert_int_equal(err.code, ERROR_RANGE);
	assert_int_equal(pool_scene_count(&scene, "volumes"), 0);
}

static void a_claim_that_does_not_fit_is_refused_and_leaves_nothing(void **state)
{
	struct volume_record record;
	struct error err = { 0 };
	struct volume_spec spec = spec_of(ID);
	spec.range.required_bytes = 96 * GIB;
	assert_int_equal(volume_create(scene.pools, &spec, &record, &err), -1);
	assert_int_equal(err.code, ERROR_RANGE);
	spec.elsewhere = true;
	assert_int_equal(volume_create(scene.pools, &spec, &record, &err), -1);
	assert_int_equal(err.code, ERROR_EXHAUSTED);
	nothing_is_left();
}

#define ON_LOOP(name) cmocka_unit_test_setup_teardown(name, set_up_loop, tear_down)
#define ON_DIRECTORY(name) cmocka_unit_test_setup_teardown(name, set_up_directory, tear_down)
#define ON_BOTH(name) ON_LOOP(name), ON_DIRECTORY(name)

static void where_the_pool_cannot_hold_a_directory_the_class_must_accept_that(void **state)
{
	struct error err = { 0 };
	struct volume_record record;
	struct volume_spec spec = spec_of(ID);
	spec.parameters.enforce = true;
	assert_int_equal(volume_create(scene.pools, &spec, &record, &err), -1);
	assert_int_equal(err.code, ERROR_EXHAUSTED);
	assert_non_null(strstr(err.text, "no quota"));
	assert_non_null(strstr(err.text, "enforce: \"false\""));
	assert_int_equal(pool_scene_count(&scene, "volumes"), 0);
}

static void a_held_directory_is_as_large_as_its_quota(void **state)
{
	struct error err = { 0 };
	struct volume_record record;
	struct host_usage usage;
	struct volume_spec spec = spec_of(ID);
	spec.parameters.enforce = true;
	scene.fake->can_quota = true;
	assert_int_equal(volume_create(scene.pools, &spec, &record, &err), 0);
	assert_int_equal(record.quota, QUOTA_PROJECT);
	assert_int_equal(scene.fake->quotas[record.project_id].limit_bytes, 1ULL << 30);
	assert_int_equal(stage(&err), 0);
	assert_int_equal(unstage(&err), 0);
	scene.fake->quotas[record.project_id].limit_bytes = 0; /* as lost with the power */
	assert_int_equal(stage(&err), 0);
	assert_int_equal(scene.fake->quotas[record.project_id].limit_bytes, 1ULL << 30);
	scene.fake->quotas[record.project_id].used_bytes = 1ULL << 29;
	assert_int_equal(volume_usage(scene.pools, ID, scene.staging, &usage, &err), 0);
	assert_int_equal(usage.total_bytes, 1ULL << 30);
	assert_int_equal(usage.used_bytes, 1ULL << 29);
	assert_int_equal(usage.available_bytes, 1ULL << 29);

	/* What it holds of the disk was promised to it, and is not counted twice. */
	struct capacity_space space;
	assert_int_equal(pool_space(scene.pool, &space, &err), 0);
	assert_int_equal(space.promised_bytes, 1ULL << 30);
	assert_int_equal(space.allocated_bytes, 1ULL << 29);

	const struct volume_expansion expansion = { .id = ID,
						    .range = { .required_bytes = 1ULL << 31 } };
	uint64_t bytes = 0;
	bool filesystem = true;
	assert_int_equal(volume_expand(scene.pools, &expansion, &bytes, &filesystem, &err), 0);
	assert_int_equal(bytes, 1ULL << 31);
	assert_false(filesystem);
	assert_int_equal(scene.fake->quotas[record.project_id].limit_bytes, 1ULL << 31);
	assert_int_equal(unstage(&err), 0);
	assert_int_equal(volume_delete(scene.pools, ID, &err), 0);
	assert_int_equal(fake_host_quota_count(scene.fake), 0);
	nothing_is_left();
}

static void a_held_directory_too_small_for_anything_is_refused(void **state)
{
	struct error err = { 0 };
	struct volume_record record;
	struct volume_spec spec = spec_of(ID);
	spec.parameters.enforce = true;
	spec.range.required_bytes = 4096;
	scene.fake->can_quota = true;
	assert_int_equal(volume_create(scene.pools, &spec, &record, &err), -1);
	assert_int_equal(err.code, ERROR_RANGE);
	nothing_is_left();
}

#define FINDERS 4

static atomic_bool is_over;

/* Until it is over, or gets another answer than that it is there, is not, or changes just now. */
static void *find_again_and_again(void *context)
{
	struct error *wrong = context;
	while (!is_over && wrong->code == ERROR_NONE) {
		struct error err = { 0 };
		struct volume_record record;
		if (volume_find(scene.pools, ID, &record, &err) < 0 &&
		    err.code != ERROR_NOT_FOUND && err.code != ERROR_BUSY)
			*wrong = err;
	}
	return NULL;
}

static void one_that_is_just_being_deleted_is_not_told_to_be_damaged(void **state)
{
	pthread_t threads[FINDERS];
	struct error wrong[FINDERS] = { 0 };
	struct error err = { 0 };
	int outcome = 0;
	is_over = false;
	for (size_t i = 0; i < FINDERS; i++)
		pthread_create(&threads[i], NULL, find_again_and_again, &wrong[i]);
	for (unsigned round = 0; round < 300 && outcome == 0; round++) {
		outcome = create(ID, &err);
		if (outcome == 0)
			outcome = volume_delete(scene.pools, ID, &err);
	}
	is_over = true;
	for (size_t i = 0; i < FINDERS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(outcome, 0);
	for (size_t i = 0; i < FINDERS; i++)
		assert_string_equal(wrong[i].text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(each_step_asked_for_twice_is_done_once),
		ON_LOOP(only_what_may_be_anywhere_is_looked_for_in_the_table_of_mounts),
		ON_LOOP(each_call_reads_the_table_once_where_the_kernel_does_not_tell_places),
		ON_BOTH(a_restarted_plugin_goes_on_where_it_stood),
		ON_BOTH(the_same_name_in_another_size_or_kind_is_taken),
		ON_BOTH(a_volume_in_use_is_not_deleted),
		ON_BOTH(unpublish_clears_mounts_that_lie_on_one_another),
		ON_BOTH(what_is_not_the_volumes_is_left_alone),
		ON_BOTH(files_written_below_a_target_stay),
		ON_BOTH(what_is_unknown_is_unpublished_unstaged_and_deleted_already),
		ON_BOTH(what_is_unknown_is_neither_staged_nor_published),
		ON_BOTH(a_volume_is_staged_before_it_is_published),
		ON_BOTH(read_only_is_obeyed_for_each_target),
		ON_BOTH(a_reader_gets_it_read_only_whatever_else_is_said),
		ON_BOTH(a_single_writer_has_one_target_and_several_writers_have_several),
		ON_BOTH(an_operation_on_a_volume_that_is_held_is_refused),
		ON_BOTH(one_that_is_just_being_deleted_is_not_told_to_be_damaged),
		ON_BOTH(a_damaged_record_stops_its_volume_and_no_other),
		ON_BOTH(a_record_of_another_volume_is_no_record),
		ON_BOTH(a_list_comes_in_pages_and_survives_deletions),
		ON_BOTH(a_list_says_that_there_is_more_only_if_there_is),
		ON_BOTH(usage_is_told_only_where_the_volume_is_mounted),
		ON_BOTH(mount_flags_are_obeyed_or_refused),
		ON_BOTH(another_file_system_than_its_own_is_refused),
		ON_LOOP(what_was_staged_by_half_is_unstaged),
		ON_LOOP(an_image_without_its_file_system_is_never_formatted),
		ON_LOOP(what_is_missing_around_a_volume_does_not_make_the_volume_missing),
		ON_DIRECTORY(what_is_missing_around_a_volume_does_not_make_the_volume_missing),
		ON_LOOP(a_pool_without_its_folder_for_new_volumes_makes_none),
		ON_LOOP(a_device_that_somebody_holds_keeps_its_volume_from_being_deleted),
		ON_LOOP(an_unknown_file_system_or_too_small_a_size_is_refused),
		ON_BOTH(a_claim_that_does_not_fit_is_refused_and_leaves_nothing),
		ON_DIRECTORY(where_the_pool_cannot_hold_a_directory_the_class_must_accept_that),
		ON_DIRECTORY(a_held_directory_is_as_large_as_its_quota),
		ON_DIRECTORY(a_held_directory_too_small_for_anything_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
