/* SPDX-License-Identifier: Apache-2.0 */
#include "volume/create.h"
#include "volume/delete.h"
#include "volume/publish.h"
#include "volume/stage.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/secret.h"
#include "pool/room.h"
#include "pool_scene.h"
#include "test.h"

/*
 * Each step that changes something in the kernel fails, or is the last thing that the plugin does
 * before it is killed; then the same call comes again, as the kubelet and the provisioner would
 * send it. Afterwards the answer is right, and the way back leaves nothing.
 */

#define ID "pvc-1"

static struct pool_scene scene;
static struct volume_spec spec;
static bool held;   /* a directory volume by a quota */
static bool sealed; /* a loop volume is encrypted */

static unsigned char key[] = "at least thirty-two bytes of a key";
static const struct secret secret = { .bytes = key, .length = sizeof(key) - 1 };

static int do_create(void *context)
{
	struct volume_record record;
	struct error err = { 0 };
	return volume_create(scene.pools, &spec, &record, &err);
}

static int do_stage(void *context)
{
	struct error err = { 0 };
	struct access access = pool_scene_writer;
	access.secret = sealed ? &secret : NULL;
	return volume_stage(scene.pools, ID, scene.staging, &access, &err);
}

static int do_publish(void *context)
{
	struct error err = { 0 };
	struct volume_publication publication = {
		.staging_path = scene.staging,
		.target_path = scene.target,
		.access = &pool_scene_writer,
	};
	return volume_publish(scene.pools, ID, &publication, &err);
}

static int do_unpublish(void *context)
{
	struct error err = { 0 };
	return volume_unpublish(scene.pools, ID, scene.target, &err);
}

static int do_unstage(void *context)
{
	struct error err = { 0 };
	return volume_unstage(scene.pools, ID, scene.staging, &err);
}

static int do_delete(void *context)
{
	struct error err = { 0 };
	return volume_delete(scene.pools, ID, &err);
}

static int (*const calls[])(void *context) = { do_create,    do_stage,	 do_publish,
					       do_unpublish, do_unstage, do_delete };

#define CALLS (sizeof(calls) / sizeof(*calls))

static void begin(enum backend_kind kind)
{
	pool_scene_init(&scene);
	spec = pool_scene_spec(ID);
	spec.parameters.backend = kind;
	spec.parameters.enforce = kind == BACKEND_LOOP || held;
	spec.parameters.encryption = sealed ? ENCRYPTION_FSCRYPT : ENCRYPTION_NONE;
	scene.fake->can_quota = held;
}

/* What must hold after call number `last` was answered. */
static void check_state(size_t last)
{
	bool staged = last >= 1 && last <= 3;
	struct error err = { 0 };
	/* What could not be removed is, a few minutes later. */
	assert_int_equal(pool_empty_trash(scene.pool, NULL, &err), 0);
	assert_int_equal(pool_scene_count(&scene, "volumes"), last < 5);
	assert_int_equal(fake_host_mounts_at(scene.fake, scene.staging), staged);
	assert_int_equal(fake_host_mounts_at(scene.fake, scene.target), last == 2);
	assert_int_equal(access(scene.target, F_OK) == 0, last == 2);
	assert_int_equal(fake_host_loop_count(scene.fake),
			 staged && spec.parameters.backend == BACKEND_LOOP);
	assert_int_equal(fake_host_quota_count(scene.fake), held && last < 5);
	assert_int_equal(pool_scene_count(&scene, "tmp"), 0);
	assert_int_equal(pool_scene_count(&scene, "trash"), 0);
	struct capacity_space space;
	assert_int_equal(pool_space(scene.pool, &space, &err), 0);
	assert_int_equal(space.promised_bytes, last < 5 ? 1ULL << 30 : 0);
}

/* False when the call has fewer steps. */
static bool fail_once(enum backend_kind kind, size_t call, unsigned step)
{
	begin(kind);
	for (size_t i = 0; i < call; i++)
		assert_int_equal(calls[i](NULL), 0);
	fake_host_fail_at(scene.fake, step);
	bool failed = calls[call](NULL) < 0;
	fake_host_fail_at(scene.fake, 0);
	if (failed)
		assert_true(calls[call](NULL) >= 0);
	check_state(call);
	for (size_t i = call + 1; i < CALLS; i++) {
		assert_int_equal(calls[i](NULL), 0);
		check_state(i);
	}
	pool_scene_done(&scene);
	return failed;
}

static bool kill_once(enum backend_kind kind, size_t call, unsigned step, enum fake_moment moment)
{
	begin(kind);
	for (size_t i = 0; i < call; i++)
		assert_int_equal(calls[i](NULL), 0);
	/* The child is the plugin from here on: the pool is its. */
	int outcome = 0;
	fake_host_kill_at(scene.fake, step, moment);
	bool killed = fake_host_run_child(scene.fake, calls[call], NULL, &outcome);
	pool_scene_restart(&scene);
	int again = calls[call](NULL);
	assert_true(again >= 0);
	check_state(call);
	for (size_t i = call + 1; i < CALLS; i++) {
		assert_int_equal(calls[i](NULL), 0);
		check_state(i);
	}
	pool_scene_done(&scene);
	return killed;
}

static unsigned points;

static void fail_everywhere(enum backend_kind kind)
{
	for (size_t call = 0; call < CALLS; call++)
		for (unsigned step = 1; fail_once(kind, call, step); step++)
			points++;
}

static void kill_everywhere(enum backend_kind kind)
{
	for (size_t call = 0; call < CALLS; call++)
		for (unsigned step = 1; kill_once(kind, call, step, FAKE_BEFORE); step++)
			points += 1 + kill_once(kind, call, step, FAKE_AFTER);
}

static void a_loop_volume_survives_a_failure_at_every_step(void **state)
{
	points = 0;
	fail_everywhere(BACKEND_LOOP);
	print_message("failed at %u points\n", points);
	assert_true(points >= 5); /* mkfs, attach, mount, bind, two unmounts */
}

static void a_directory_volume_survives_a_failure_at_every_step(void **state)
{
	points = 0;
	fail_everywhere(BACKEND_DIRECTORY);
	print_message("failed at %u points\n", points);
	assert_true(points >= 4); /* two binds, two unmounts */
}

static void a_loop_volume_survives_a_kill_at_every_step(void **state)
{
	points = 0;
	kill_everywhere(BACKEND_LOOP);
	print_message("killed at %u points\n", points);
	assert_true(points >= 10);
}

static void a_directory_volume_survives_a_kill_at_every_step(void **state)
{
	points = 0;
	kill_everywhere(BACKEND_DIRECTORY);
	print_message("killed at %u points\n", points);
	assert_true(points >= 8);
}

static void a_directory_volume_with_a_quota_survives_a_failure_at_every_step(void **state)
{
	points = 0;
	held = true;
	fail_everywhere(BACKEND_DIRECTORY);
	held = false;
	print_message("failed at %u points\n", points);
	assert_true(points >= 6); /* project, limit, two binds, two unmounts */
}

static void a_directory_volume_with_a_quota_survives_a_kill_at_every_step(void **state)
{
	points = 0;
	held = true;
	kill_everywhere(BACKEND_DIRECTORY);
	held = false;
	print_message("killed at %u points\n", points);
	assert_true(points >= 14);
}

static void an_encrypted_volume_survives_a_failure_and_a_kill_at_every_step(void **state)
{
	points = 0;
	sealed = true;
	fail_everywhere(BACKEND_LOOP);
	kill_everywhere(BACKEND_LOOP);
	sealed = false;
	print_message("failed or killed at %u points\n", points);
	assert_true(points >= 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_loop_volume_survives_a_failure_at_every_step),
		cmocka_unit_test(a_directory_volume_survives_a_failure_at_every_step),
		cmocka_unit_test(a_loop_volume_survives_a_kill_at_every_step),
		cmocka_unit_test(a_directory_volume_survives_a_kill_at_every_step),
		cmocka_unit_test(a_directory_volume_with_a_quota_survives_a_failure_at_every_step),
		cmocka_unit_test(a_directory_volume_with_a_quota_survives_a_kill_at_every_step),
		cmocka_unit_test(an_encrypted_volume_survives_a_failure_and_a_kill_at_every_step),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
