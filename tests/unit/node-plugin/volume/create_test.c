/* SPDX-License-Identifier: Apache-2.0 */
#include "volume/create.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "disk/image_blocks.h"
#include "pool/room.h"
#include "test.h"
#include "volume/delete.h"
#include "volume/expand.h"
#include "volume/volume.h"
#include "volume_scene.h"

#define GIB (1ULL << 30)

static void the_same_name_in_another_size_or_kind_is_taken(void **state)
{
	struct volume_record record;
	struct error err = { 0 };
	assert_int_equal(volume_scene_create(VOLUME_SCENE_ID, &err), 0);
	struct volume_spec larger = volume_scene_spec(VOLUME_SCENE_ID);
	larger.range.required_bytes = 2 * GIB;
	assert_int_equal(volume_create(volume_scene.pool.pools, &larger, &record, &err), -1);
	assert_int_equal(err.code, ERROR_EXISTS);
	struct volume_spec smaller = volume_scene_spec(VOLUME_SCENE_ID);
	smaller.range = (struct capacity_range) { 1, GIB - 1 };
	assert_int_equal(volume_create(volume_scene.pool.pools, &smaller, &record, &err), -1);
	assert_int_equal(err.code, ERROR_EXISTS);
	struct volume_spec other = volume_scene_spec(VOLUME_SCENE_ID);
	other.parameters.backend =
		volume_scene.kind == BACKEND_LOOP ? BACKEND_DIRECTORY : BACKEND_LOOP;
	assert_int_equal(volume_create(volume_scene.pool.pools, &other, &record, &err), -1);
	assert_int_equal(err.code, ERROR_EXISTS);
	struct volume_spec within = volume_scene_spec(VOLUME_SCENE_ID);
	within.range.required_bytes = GIB - 5;
	assert_int_equal(volume_create(volume_scene.pool.pools, &within, &record, &err), 1);
	assert_int_equal(record.size_bytes, GIB);
}

static void a_pool_without_its_folder_for_new_volumes_makes_none(void **state)
{
	struct error err = { 0 };
	char tmp[256];
	snprintf(tmp, sizeof(tmp), "%s/pool/tmp", volume_scene.pool.folder);
	assert_int_equal(rmdir(tmp), 0);
	assert_int_equal(volume_scene_create(VOLUME_SCENE_ID, &err), -1);
	assert_int_equal(err.code, ERROR_INTERNAL);
	pool_scene_restart(&volume_scene.pool);
	assert_int_equal(volume_scene_create(VOLUME_SCENE_ID, &err), 0);
}

static void an_unknown_file_system_or_too_small_a_size_is_refused(void **state)
{
	struct volume_record record;
	struct error err = { 0 };
	struct volume_spec spec = volume_scene_spec(VOLUME_SCENE_ID);
	spec.fs_type = "nosuchfs";
	assert_int_equal(volume_create(volume_scene.pool.pools, &spec, &record, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_non_null(strstr(err.text, "nosuchfs"));
	spec.fs_type = "xfs";
	spec.range = (struct capacity_range) { .limit_bytes = 16 << 20 };
	assert_int_equal(volume_create(volume_scene.pool.pools, &spec, &record, &err), -1);
	assert_int_equal(err.code, ERROR_RANGE);
	assert_int_equal(pool_scene_count(&volume_scene.pool, "volumes"), 0);
}

static void a_claim_that_does_not_fit_is_refused_and_leaves_nothing(void **state)
{
	struct volume_record record;
	struct error err = { 0 };
	struct volume_spec spec = volume_scene_spec(VOLUME_SCENE_ID);
	spec.range.required_bytes = 96 * GIB;
	assert_int_equal(volume_create(volume_scene.pool.pools, &spec, &record, &err), -1);
	assert_int_equal(err.code, ERROR_RANGE);
	spec.elsewhere = true;
	assert_int_equal(volume_create(volume_scene.pool.pools, &spec, &record, &err), -1);
	assert_int_equal(err.code, ERROR_EXHAUSTED);
	volume_scene_assert_empty();
}

static void where_the_pool_cannot_hold_a_directory_the_class_must_accept_that(void **state)
{
	struct error err = { 0 };
	struct volume_record record;
	struct volume_spec spec = volume_scene_spec(VOLUME_SCENE_ID);
	spec.parameters.enforce = true;
	assert_int_equal(volume_create(volume_scene.pool.pools, &spec, &record, &err), -1);
	assert_int_equal(err.code, ERROR_EXHAUSTED);
	assert_non_null(strstr(err.text, "no quota"));
	assert_non_null(strstr(err.text, "enforce: \"false\""));
	assert_int_equal(pool_scene_count(&volume_scene.pool, "volumes"), 0);
}

static void a_held_directory_is_as_large_as_its_quota(void **state)
{
	struct error err = { 0 };
	struct volume_record record;
	struct host_usage usage;
	struct volume_spec spec = volume_scene_spec(VOLUME_SCENE_ID);
	spec.parameters.enforce = true;
	volume_scene.pool.fake->can_quota = true;
	assert_int_equal(volume_create(volume_scene.pool.pools, &spec, &record, &err), 0);
	assert_int_equal(record.quota, QUOTA_PROJECT);
	assert_int_equal(volume_scene.pool.fake->quotas[record.project_id].limit_bytes, 1ULL << 30);
	assert_int_equal(volume_scene_stage(&err), 0);
	assert_int_equal(volume_scene_unstage(&err), 0);
	volume_scene.pool.fake->quotas[record.project_id].limit_bytes =
		0; /* as lost with the power */
	assert_int_equal(volume_scene_stage(&err), 0);
	assert_int_equal(volume_scene.pool.fake->quotas[record.project_id].limit_bytes, 1ULL << 30);
	volume_scene.pool.fake->quotas[record.project_id].used_bytes = 1ULL << 29;
	assert_int_equal(volume_usage(volume_scene.pool.pools, VOLUME_SCENE_ID,
				      volume_scene.pool.staging, &usage, &err),
			 0);
	assert_int_equal(usage.total_bytes, 1ULL << 30);
	assert_int_equal(usage.used_bytes, 1ULL << 29);
	assert_int_equal(usage.available_bytes, 1ULL << 29);

	/* What it holds of the disk was promised to it, and is not counted twice. */
	struct capacity_space space;
	assert_int_equal(pool_space(volume_scene.pool.pool, &space, &err), 0);
	assert_int_equal(space.promised_bytes, 1ULL << 30);
	assert_int_equal(space.allocated_bytes, 1ULL << 29);

	const struct volume_expansion expansion = { .id = VOLUME_SCENE_ID,
						    .range = { .required_bytes = 1ULL << 31 } };
	uint64_t bytes = 0;
	bool filesystem = true;
	assert_int_equal(
		volume_expand(volume_scene.pool.pools, &expansion, &bytes, &filesystem, &err), 0);
	assert_int_equal(bytes, 1ULL << 31);
	assert_false(filesystem);
	assert_int_equal(volume_scene.pool.fake->quotas[record.project_id].limit_bytes, 1ULL << 31);
	assert_int_equal(volume_scene_unstage(&err), 0);
	assert_int_equal(volume_delete(volume_scene.pool.pools, VOLUME_SCENE_ID, &err), 0);
	assert_int_equal(fake_host_quota_count(volume_scene.pool.fake), 0);
	volume_scene_assert_empty();
}

static void a_held_directory_too_small_for_anything_is_refused(void **state)
{
	struct error err = { 0 };
	struct volume_record record;
	struct volume_spec spec = volume_scene_spec(VOLUME_SCENE_ID);
	spec.parameters.enforce = true;
	spec.range = (struct capacity_range) { .limit_bytes = 4096 };
	volume_scene.pool.fake->can_quota = true;
	assert_int_equal(volume_create(volume_scene.pool.pools, &spec, &record, &err), -1);
	assert_int_equal(err.code, ERROR_RANGE);
	volume_scene_assert_empty();
}

/* Between its request and its limit lies no multiple of 4096 bytes. */
#define ODD_BYTES 100000000ULL
static const struct capacity_range odd_range = { ODD_BYTES, ODD_BYTES };

static void assert_odd_growth_refused(uint64_t bytes)
{
	struct error err = { 0 };
	uint64_t grown_bytes = 0;
	bool filesystem = false;
	const struct volume_expansion expansion = { .id = VOLUME_SCENE_ID,
						    .range = { bytes + 1000, bytes + 1000 } };
	assert_int_equal(
		volume_expand(volume_scene.pool.pools, &expansion, &grown_bytes, &filesystem, &err),
		-1);
	assert_int_equal(err.code, ERROR_RANGE);
	assert_non_null(strstr(err.text, "multiple of 4096"));
	assert_int_equal(volume_delete(volume_scene.pool.pools, VOLUME_SCENE_ID, &err), 0);
	volume_scene_assert_empty();
}

/* Its device would be smaller than what was asked for, or its quota could not be set. */
static void a_device_or_a_quota_of_no_whole_unit_is_refused(void **state)
{
	struct error err = { 0 };
	struct volume_record record;
	struct volume_spec spec = volume_scene_spec(VOLUME_SCENE_ID);
	spec.block = volume_scene.kind == BACKEND_LOOP;
	spec.parameters.enforce = true;
	spec.range = odd_range;
	volume_scene.pool.fake->can_quota = true;
	assert_int_equal(volume_create(volume_scene.pool.pools, &spec, &record, &err), -1);
	assert_int_equal(err.code, ERROR_RANGE);
	assert_non_null(strstr(err.text, "multiple of 4096"));
	volume_scene_assert_empty();
	spec.range.limit_bytes = 0;
	assert_int_equal(volume_create(volume_scene.pool.pools, &spec, &record, &err), 0);
	assert_int_equal(record.size_bytes % 4096, 0);
	assert_odd_growth_refused(record.size_bytes);
}

static void make_odd_copy(struct volume_spec *spec)
{
	struct error err = { 0 };
	struct volume_record record;
	struct volume_spec copy = *spec;
	copy.name = "pvc-2";
	copy.source.kind = SOURCE_VOLUME;
	snprintf(copy.source.id, sizeof(copy.source.id), "%s", VOLUME_SCENE_ID);
	assert_int_equal(volume_create(volume_scene.pool.pools, &copy, &record, &err), 0);
	assert_int_equal(record.size_bytes, ODD_BYTES);
	assert_int_equal(volume_delete(volume_scene.pool.pools, "pvc-2", &err), 0);
}

static void an_image_of_no_whole_unit_serves(void **state)
{
	static const enum provisioning ways[] = { PROVISIONING_THIN, PROVISIONING_RESERVED,
						  PROVISIONING_THICK };
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		struct error err = { 0 };
		struct volume_record record;
		struct volume_spec spec = volume_scene_spec(VOLUME_SCENE_ID);
		spec.range = odd_range;
		spec.parameters.provisioning = ways[i];
		assert_int_equal(volume_create(volume_scene.pool.pools, &spec, &record, &err), 0);
		assert_int_equal(record.size_bytes, ODD_BYTES);
		assert_int_equal(volume_scene_stage(&err), 0);
		assert_int_equal(volume_scene_unstage(&err), 0);
		make_odd_copy(&spec);
		assert_int_equal(volume_delete(volume_scene.pool.pools, VOLUME_SCENE_ID, &err), 0);
		volume_scene_assert_empty();
	}
}

/* A class that names none, in a pool that shares its disk or not. */
static enum provisioning made_without_a_name(const char *name, bool shares_disk)
{
	struct error err = { 0 };
	struct volume_record record;
	struct volume_spec spec = volume_scene_spec(name);
	spec.range = odd_range;
	spec.parameters.provisioning_open = true;
	volume_scene.pool.pool->shares_disk = shares_disk;
	assert_int_equal(volume_create(volume_scene.pool.pools, &spec, &record, &err), 0);
	return record.provisioning;
}

static void delete (const char *id)
{
	struct error err = { 0 };
	assert_int_equal(volume_delete(volume_scene.pool.pools, id, &err), 0);
}

static void on_a_shared_disk_an_image_is_reserved_unless_its_class_says_more(void **state)
{
	volume_scene.pool.settings.provisioning_auto = true;
	bool stay = image_blocks_stay(volume_scene.pool.pool->site.root_fd);
	assert_int_equal(made_without_a_name("pvc-own", false), PROVISIONING_THIN);
	assert_int_equal(made_without_a_name("pvc-shared", true),
			 stay ? PROVISIONING_RESERVED : PROVISIONING_THIN);
	delete ("pvc-own");
	delete ("pvc-shared");
	struct error err = { 0 };
	struct volume_record record;
	struct volume_spec spec = volume_scene_spec(VOLUME_SCENE_ID);
	spec.range = odd_range;
	assert_int_equal(volume_create(volume_scene.pool.pools, &spec, &record, &err), 0);
	assert_int_equal(record.provisioning, PROVISIONING_THIN);
	delete (VOLUME_SCENE_ID);
}

/* As after an update: made when the default was another one. */
static void a_retry_of_a_class_that_names_none_finds_its_volume(void **state)
{
	struct error err = { 0 };
	struct volume_record record;
	struct volume_spec spec = volume_scene_spec(VOLUME_SCENE_ID);
	spec.range = odd_range;
	spec.parameters.provisioning_open = true;
	assert_int_equal(volume_create(volume_scene.pool.pools, &spec, &record, &err), 0);
	volume_scene.pool.settings.provisioning = PROVISIONING_RESERVED;
	assert_int_equal(volume_create(volume_scene.pool.pools, &spec, &record, &err), 1);
	assert_int_equal(record.provisioning, PROVISIONING_THIN);
	spec.parameters.provisioning_open = false;
	spec.parameters.provisioning = PROVISIONING_RESERVED;
	assert_int_equal(volume_create(volume_scene.pool.pools, &spec, &record, &err), -1);
	delete (VOLUME_SCENE_ID);
	assert_int_equal(made_without_a_name("pvc-2", false), PROVISIONING_RESERVED);
	delete ("pvc-2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		VOLUME_SCENE_ON_BOTH(the_same_name_in_another_size_or_kind_is_taken),
		VOLUME_SCENE_ON_LOOP(a_pool_without_its_folder_for_new_volumes_makes_none),
		VOLUME_SCENE_ON_LOOP(an_unknown_file_system_or_too_small_a_size_is_refused),
		VOLUME_SCENE_ON_BOTH(a_claim_that_does_not_fit_is_refused_and_leaves_nothing),
		VOLUME_SCENE_ON_DIRECTORY(
			where_the_pool_cannot_hold_a_directory_the_class_must_accept_that),
		VOLUME_SCENE_ON_DIRECTORY(a_held_directory_is_as_large_as_its_quota),
		VOLUME_SCENE_ON_DIRECTORY(a_held_directory_too_small_for_anything_is_refused),
		VOLUME_SCENE_ON_BOTH(a_device_or_a_quota_of_no_whole_unit_is_refused),
		VOLUME_SCENE_ON_LOOP(an_image_of_no_whole_unit_serves),
		VOLUME_SCENE_ON_LOOP(
			on_a_shared_disk_an_image_is_reserved_unless_its_class_says_more),
		VOLUME_SCENE_ON_LOOP(a_retry_of_a_class_that_names_none_finds_its_volume),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
