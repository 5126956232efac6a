/* SPDX-License-Identifier: Apache-2.0 */
#include "volume/volume.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "test.h"
#include "volume/create.h"
#include "volume/delete.h"
#include "volume/publish.h"
#include "volume/stage.h"
#include "volume_scene.h"

#define GIB (1ULL << 30)

static void each_step_asked_for_twice_is_done_once(void **state)
{
	struct error err = { 0 };
	for (int again = 0; again < 2; again++)
		assert_int_equal(volume_scene_create(VOLUME_SCENE_ID, &err), again);
	for (int again = 0; again < 2; again++)
		assert_int_equal(volume_scene_stage(&err), again);
	assert_int_equal(fake_host_mounts_at(volume_scene.pool.fake, volume_scene.pool.staging), 1);
	for (int again = 0; again < 2; again++)
		assert_int_equal(volume_scene_publish_here(&err), again);
	assert_int_equal(fake_host_mounts_at(volume_scene.pool.fake, volume_scene.pool.target), 1);
	for (int again = 0; again < 2; again++)
		assert_int_equal(volume_scene_unpublish(&err), again);
	for (int again = 0; again < 2; again++)
		assert_int_equal(volume_scene_unstage(&err), again);
	for (int again = 0; again < 2; again++)
		assert_int_equal(volume_delete(volume_scene.pool.pools, VOLUME_SCENE_ID, &err),
				 again);
	volume_scene_assert_empty();
}

/* A busy node has thousands of mounts. Which volume is at a place is told by the kernel without
 * them; where else it may be, only by the table. */
static void a_life(unsigned staged, unsigned published, unsigned unpublished, unsigned unstaged)
{
	struct error err = { 0 };
	assert_int_equal(volume_scene_create(VOLUME_SCENE_ID, &err), 0);
	assert_int_equal(volume_scene.pool.fake->mount_reads, 0);
	assert_int_equal(volume_scene_stage(&err), 0);
	assert_int_equal(volume_scene.pool.fake->mount_reads, staged);
	assert_int_equal(volume_scene_publish_here(&err), 0);
	assert_int_equal(volume_scene.pool.fake->mount_reads, published);
	assert_int_equal(volume_scene_unpublish(&err), 0);
	assert_int_equal(volume_scene.pool.fake->mount_reads, unpublished);
	assert_int_equal(volume_scene_unstage(&err), 0);
	assert_int_equal(volume_scene.pool.fake->mount_reads, unstaged);
	assert_int_equal(volume_delete(volume_scene.pool.pools, VOLUME_SCENE_ID, &err), 0);
	assert_int_equal(volume_scene.pool.fake->mount_reads, unstaged + 1);
	volume_scene_assert_empty();
}

static void only_what_may_be_anywhere_is_looked_for_in_the_table_of_mounts(void **state)
{
	a_life(0, 0, 0, 1); /* a device is let go when the volume is mounted nowhere else */
}

static void each_call_reads_the_table_once_where_the_kernel_does_not_tell_places(void **state)
{
	volume_scene.pool.fake->hides_places = true;
	a_life(1, 2, 3, 5);
}

static void a_restarted_plugin_goes_on_where_it_stood(void **state)
{
	struct error err = { 0 };
	assert_int_equal(volume_scene_create(VOLUME_SCENE_ID, &err), 0);
	pool_scene_restart(&volume_scene.pool);
	assert_int_equal(volume_scene_stage(&err), 0);
	pool_scene_restart(&volume_scene.pool);
	assert_int_equal(volume_scene_stage(&err), 1);
	assert_int_equal(volume_scene_publish_here(&err), 0);
	pool_scene_restart(&volume_scene.pool);
	assert_int_equal(volume_scene_publish_here(&err), 1);
	assert_int_equal(volume_scene_unpublish(&err), 0);
	pool_scene_restart(&volume_scene.pool);
	assert_int_equal(volume_scene_unstage(&err), 0);
	assert_int_equal(volume_delete(volume_scene.pool.pools, VOLUME_SCENE_ID, &err), 0);
	volume_scene_assert_empty();
}

static void what_is_unknown_is_unpublished_unstaged_and_deleted_already(void **state)
{
	struct error err = { 0 };
	assert_int_equal(
		volume_unpublish(volume_scene.pool.pools, "nobody", volume_scene.pool.target, &err),
		1);
	assert_int_equal(
		volume_unpublish(volume_scene.pool.pools, "nobody", "/nonexistent/pod/mount", &err),
		1);
	assert_int_equal(
		volume_unstage(volume_scene.pool.pools, "nobody", volume_scene.pool.staging, &err),
		1);
	assert_int_equal(
		volume_unstage(volume_scene.pool.pools, "../../etc", "/nonexistent/x", &err), 1);
	assert_int_equal(volume_delete(volume_scene.pool.pools, "nobody", &err), 1);
	assert_int_equal(volume_delete(volume_scene.pool.pools, "../tmp", &err), 1);
	assert_int_equal(volume_delete(volume_scene.pool.pools, "..", &err), 1);
	assert_int_equal(pool_check(volume_scene.pool.pool, &err), 0);
}

static void what_is_unknown_is_neither_staged_nor_published(void **state)
{
	struct error err = { 0 };
	assert_int_equal(volume_scene_stage(&err), -1);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
	assert_int_equal(volume_scene_publish_here(&err), -1);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
}

static void an_operation_on_a_volume_that_is_held_is_refused(void **state)
{
	struct error err = { 0 };
	CLEANUP_LOCK struct lock lock = { 0 };
	assert_int_equal(volume_scene_create(VOLUME_SCENE_ID, &err), 0);
	assert_int_equal(lock_take(&volume_scene.pool.pools->locks, LOCK_VOLUME, VOLUME_SCENE_ID,
				   &lock, &err),
			 0);
	assert_int_equal(volume_scene_create(VOLUME_SCENE_ID, &err), -1);
	assert_int_equal(err.code, ERROR_BUSY);
	assert_int_equal(volume_scene_stage(&err), -1);
	assert_int_equal(err.code, ERROR_BUSY);
	assert_int_equal(volume_scene_publish_here(&err), -1);
	assert_int_equal(err.code, ERROR_BUSY);
	assert_int_equal(volume_scene_unpublish(&err), -1);
	assert_int_equal(err.code, ERROR_BUSY);
	assert_int_equal(volume_scene_unstage(&err), -1);
	assert_int_equal(err.code, ERROR_BUSY);
	assert_int_equal(volume_delete(volume_scene.pool.pools, VOLUME_SCENE_ID, &err), -1);
	assert_int_equal(err.code, ERROR_BUSY);
	assert_int_equal(volume_scene_create("pvc-2", &err), 0);
}

static void damage_record(const char *id)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/pool/volumes/%s/record", volume_scene.pool.folder, id);
	assert_int_equal(truncate(path, 40), 0);
}

static void a_damaged_record_stops_its_volume_and_no_other(void **state)
{
	struct error err = { 0 };
	assert_int_equal(volume_scene_create(VOLUME_SCENE_ID, &err), 0);
	assert_int_equal(volume_scene_create("pvc-2", &err), 0);
	assert_int_equal(volume_scene_stage(&err), 0);
	assert_int_equal(volume_scene_publish_here(&err), 0);
	damage_record(VOLUME_SCENE_ID);
	pool_scene_restart(&volume_scene.pool);
	assert_int_equal(volume_scene_create(VOLUME_SCENE_ID, &err), -1);
	assert_int_equal(err.code, ERROR_INTERNAL);
	assert_non_null(strstr(err.text, "volumes/" VOLUME_SCENE_ID "/record"));
	assert_int_equal(volume_delete(volume_scene.pool.pools, VOLUME_SCENE_ID, &err), -1);
	assert_int_equal(volume_scene_stage(&err), -1);
	assert_int_equal(volume_delete(volume_scene.pool.pools, "pvc-2", &err), 0);
	/* Its pod can still end. */
	assert_int_equal(volume_scene_unpublish(&err), 0);
	assert_int_equal(volume_scene_unstage(&err), 0);
	assert_int_equal(fake_host_mount_count(volume_scene.pool.fake), 0);
	/* And nothing of it is lost. */
	assert_int_equal(pool_scene_count(&volume_scene.pool, "volumes/" VOLUME_SCENE_ID), 2);
}

static void a_record_of_another_volume_is_no_record(void **state)
{
	struct error err = { 0 };
	char from[256], to[256];
	assert_int_equal(volume_scene_create(VOLUME_SCENE_ID, &err), 0);
	assert_int_equal(volume_scene_create("pvc-2", &err), 0);
	snprintf(from, sizeof(from), "%s/pool/volumes/pvc-2/record", volume_scene.pool.folder);
	snprintf(to, sizeof(to), "%s/pool/volumes/" VOLUME_SCENE_ID "/record",
		 volume_scene.pool.folder);
	assert_int_equal(rename(from, to), 0);
	assert_int_equal(volume_scene_stage(&err), -1);
	assert_int_equal(err.code, ERROR_INTERNAL);
	assert_non_null(strstr(err.text, "pvc-2"));
}

static void a_list_comes_in_pages_and_survives_deletions(void **state)
{
	struct error err = { 0 };
	const char *names[] = { "pvc-a", "pvc-b", "pvc-c", "pvc-d", "pvc-e" };
	for (size_t i = 5; i-- > 0;)
		assert_int_equal(volume_scene_create(names[i], &err), 0);
	char after[ID_MAX + 1] = "";
	size_t seen = 0;
	bool more = true;
	while (more) {
		CLEANUP_FREE struct volume_record *records = NULL;
		size_t count = 0;
		assert_int_equal(volume_list(volume_scene.pool.pools, after, 2, &records, &count,
					     &more, &err),
				 0);
		for (size_t i = 0; i < count; i++)
			assert_string_equal(records[i].id, names[seen++]);
		assert_true(count > 0);
		strcpy(after, records[count - 1].id);
		/* The volume after which the next page begins disappears. */
		assert_int_equal(volume_delete(volume_scene.pool.pools, after, &err), 0);
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
	assert_int_equal(volume_scene_create("pvc-1", &err), 0);
	assert_int_equal(volume_scene_create("pvc-2", &err), 0);
	assert_int_equal(volume_scene_create("pvc-3", &err), 0);
	assert_int_equal(volume_create(volume_scene.pool.pools, &ephemeral, &record, &err), 0);
	snprintf(path, sizeof(path), "%s/pool/volumes/pvc-3/record", volume_scene.pool.folder);
	assert_int_equal(truncate(path, 10), 0);
	log_set_level(LOG_ERROR + 1);
	assert_int_equal(volume_list(volume_scene.pool.pools, "", 2, &records, &count, &more, &err),
			 0);
	assert_int_equal(count, 2);
	assert_false(more);
	free(records);
	assert_int_equal(volume_list(volume_scene.pool.pools, "", 1, &records, &count, &more, &err),
			 0);
	assert_int_equal(count, 1);
	assert_true(more);
}

static void usage_is_told_only_where_the_volume_is_mounted(void **state)
{
	struct host_usage usage;
	struct error err = { 0 };
	assert_int_equal(volume_scene_create(VOLUME_SCENE_ID, &err), 0);
	assert_int_equal(volume_usage(volume_scene.pool.pools, VOLUME_SCENE_ID,
				      volume_scene.pool.staging, &usage, &err),
			 -1);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
	assert_int_equal(
		volume_usage(volume_scene.pool.pools, VOLUME_SCENE_ID, "some/path", &usage, &err),
		-1);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
	assert_int_equal(volume_scene_stage(&err), 0);
	assert_int_equal(volume_usage(volume_scene.pool.pools, VOLUME_SCENE_ID,
				      volume_scene.pool.staging, &usage, &err),
			 0);
	assert_int_equal(usage.total_bytes, 100 * GIB);
	assert_int_equal(volume_usage(volume_scene.pool.pools, "nobody", volume_scene.pool.staging,
				      &usage, &err),
			 -1);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		VOLUME_SCENE_ON_BOTH(each_step_asked_for_twice_is_done_once),
		VOLUME_SCENE_ON_LOOP(
			only_what_may_be_anywhere_is_looked_for_in_the_table_of_mounts),
		VOLUME_SCENE_ON_LOOP(
			each_call_reads_the_table_once_where_the_kernel_does_not_tell_places),
		VOLUME_SCENE_ON_BOTH(a_restarted_plugin_goes_on_where_it_stood),
		VOLUME_SCENE_ON_BOTH(what_is_unknown_is_unpublished_unstaged_and_deleted_already),
		VOLUME_SCENE_ON_BOTH(what_is_unknown_is_neither_staged_nor_published),
		VOLUME_SCENE_ON_BOTH(an_operation_on_a_volume_that_is_held_is_refused),
		VOLUME_SCENE_ON_BOTH(a_damaged_record_stops_its_volume_and_no_other),
		VOLUME_SCENE_ON_BOTH(a_record_of_another_volume_is_no_record),
		VOLUME_SCENE_ON_BOTH(a_list_comes_in_pages_and_survives_deletions),
		VOLUME_SCENE_ON_BOTH(a_list_says_that_there_is_more_only_if_there_is),
		VOLUME_SCENE_ON_BOTH(usage_is_told_only_where_the_volume_is_mounted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
