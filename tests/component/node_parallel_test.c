/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Many callers at once, on the real kernel.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node_client.h"
#include "node_test.h"
#include "test.h"

#define CALLERS 32
#define ROUNDS 2
#define PUBLISH_ROUNDS 300
#define MIB (1ULL << 20)

struct caller {
	pthread_t thread;
	char name[32];
	char staging[128];
	char target[128];
	struct node_volume volume;
	struct error err;
	int outcome;
	uint64_t largest_bytes;
};

static struct caller callers[CALLERS];

static int cycle(struct caller *caller)
{
	const struct node_volume *volume = &caller->volume;
	struct error *err = &caller->err;
	if (node_client_create(scene.channel, volume, err) < 0 ||
	    node_client_stage(scene.channel, volume, caller->staging, err) < 0 ||
	    node_client_publish(scene.channel, volume, caller->staging, caller->target, false,
				err) < 0 ||
	    node_client_unpublish(scene.channel, caller->name, caller->target, err) < 0 ||
	    node_client_unstage(scene.channel, caller->name, caller->staging, err) < 0)
		return -1;
	return node_client_delete(scene.channel, caller->name, err);
}

static void *run_cycles(void *context)
{
	struct caller *caller = context;
	for (int i = 0; i < ROUNDS && caller->outcome == 0; i++)
		caller->outcome = cycle(caller);
	return NULL;
}

static void prepare(unsigned number)
{
	struct caller *caller = &callers[number];
	bool loop = number % 4 != 3;
	*caller = (struct caller) { 0 };
	snprintf(caller->name, sizeof(caller->name), "pvc-%u", number);
	snprintf(caller->staging, sizeof(caller->staging), "%s/staging-%u", scene.folder, number);
	snprintf(caller->target, sizeof(caller->target), "%s/target-%u", scene.folder, number);
	mkdir(caller->staging, 0750);
	caller->volume = (struct node_volume) {
		.name = caller->name,
		.backend = loop ? "loop" : "directory",
		.fs_type = loop ? "ext4" : "",
		.size_bytes = 16 * MIB,
	};
}

static void thirty_two_volumes_live_at_once(void **state)
{
	for (unsigned i = 0; i < CALLERS; i++)
		prepare(i);
	for (unsigned i = 0; i < CALLERS; i++)
		assert_int_equal(pthread_create(&callers[i].thread, NULL, run_cycles, &callers[i]),
				 0);
	for (unsigned i = 0; i < CALLERS; i++)
		pthread_join(callers[i].thread, NULL);
	for (unsigned i = 0; i < CALLERS; i++) {
		if (callers[i].outcome < 0)
			print_error("%s: %s\n", callers[i].name, callers[i].err.text);
		assert_int_equal(callers[i].outcome, 0);
	}
	assert_int_equal(node_scene_mounts(&scene), 0);
	assert_int_equal(node_scene_loops(&scene), 0);
	assert_int_equal(node_scene_entries(&scene, "volumes"), 0);
	assert_int_equal(node_scene_entries(&scene, "tmp"), 0);
	node_scene_expect_empty_trash(&scene);
}

static pthread_barrier_t barrier;

static void *create_together(void *context)
{
	struct caller *caller = context;
	pthread_barrier_wait(&barrier);
	caller->outcome = node_client_create(scene.channel, &callers[0].volume, &caller->err);
	return NULL;
}

/* How many were told to come again; all others must have got the volume. */
static unsigned create_at_once(unsigned count)
{
	unsigned busy = 0;
	pthread_barrier_init(&barrier, NULL, count);
	for (unsigned i = 0; i < count; i++) {
		prepare(i);
		pthread_create(&callers[i].thread, NULL, create_together, &callers[i]);
	}
	for (unsigned i = 0; i < count; i++)
		pthread_join(callers[i].thread, NULL);
	for (unsigned i = 0; i < count; i++) {
		if (callers[i].outcome < 0)
			assert_int_equal(callers[i].err.code, ERROR_BUSY);
		busy += callers[i].outcome < 0;
	}
	pthread_barrier_destroy(&barrier);
	return busy;
}

static void of_several_who_want_the_same_volume_one_works_and_the_others_come_again(void **state)
{
	unsigned busy = 0;
	for (int round = 0; round < 20 && busy == 0; round++) {
		struct error err = { 0 };
		unsigned now_busy = create_at_once(8);
		assert_true(now_busy < 8);
		busy += now_busy;
		assert_int_equal(node_scene_entries(&scene, "volumes"), 1);
		assert_int_equal(node_client_delete(scene.channel, "pvc-0", &err), 0);
	}
	assert_true(busy > 0);
}

static atomic_bool is_over;

/* Is in everybody's way. */
static void *create_again_and_again(void *context)
{
	struct caller *caller = context;
	while (!is_over) {
		struct error err = { 0 };
		if (node_client_create(scene.channel, &callers[0].volume, &err) < 0 &&
		    err.code != ERROR_BUSY)
			caller->outcome = -1;
	}
	return NULL;
}

static void let_go(unsigned first, unsigned end)
{
	is_over = true;
	for (unsigned i = first; i < end; i++) {
		pthread_join(callers[i].thread, NULL);
		assert_int_equal(callers[i].outcome, 0);
	}
}

/* Looked at when nobody calls any more. */
struct count {
	unsigned turned_away;
	unsigned changed; /* something, although it was turned away */
	unsigned failed;
};

static int publish(const struct caller *caller)
{
	struct error err = { 0 };
	while (node_client_publish(scene.channel, &caller->volume, caller->staging, caller->target,
				   false, &err) < 0)
		if (err.code != ERROR_BUSY)
			return -1;
	return 0;
}

static int unpublish(const struct caller *caller, struct count *count)
{
	struct error err = { 0 };
	while (node_client_unpublish(scene.channel, caller->name, caller->target, &err) < 0) {
		if (err.code != ERROR_BUSY)
			return -1;
		count->turned_away++;
		count->changed += node_scene_mounts(&scene) != 2;
	}
	return 0;
}

static void an_unpublication_that_is_turned_away_has_changed_nothing(void **state)
{
	struct caller *caller = &callers[0];
	struct count count = { 0 };
	is_over = false;
	for (unsigned i = 0; i < 8; i++)
		prepare(i);
	assert_int_equal(node_client_create(scene.channel, &caller->volume, &caller->err), 0);
	assert_int_equal(
		node_client_stage(scene.channel, &caller->volume, caller->staging, &caller->err),
		0);
	for (unsigned i = 1; i < 8; i++)
		pthread_create(&callers[i].thread, NULL, create_again_and_again, &callers[i]);
	for (unsigned round = 0; round < PUBLISH_ROUNDS; round++)
		if (publish(caller) < 0 || unpublish(caller, &count) < 0)
			count.failed++;
	let_go(1, 8);
	assert_int_equal(count.failed, 0);
	assert_true(count.turned_away > 0);
	assert_int_equal(count.changed, 0);
	assert_int_equal(
		node_client_unstage(scene.channel, caller->name, caller->staging, &caller->err), 0);
	assert_int_equal(node_client_delete(scene.channel, caller->name, &caller->err), 0);
}

#define EPHEMERAL_ROUNDS 40 /* each makes an image and a file system */
#define EPHEMERAL "csi-0123456789abcdef"

/* Is in the way, and changes nothing. */
static void *unstage_again_and_again(void *context)
{
	struct caller *caller = context;
	while (!is_over) {
		struct error err = { 0 };
		if (node_client_unstage(scene.channel, EPHEMERAL, caller->staging, &err) < 0 &&
		    err.code != ERROR_BUSY)
			caller->outcome = -1;
	}
	return NULL;
}

static int publish_ephemeral(struct count *count)
{
	struct error err = { 0 };
	while (node_client_publish_ephemeral(scene.channel, EPHEMERAL, "16Mi", "", "", scene.target,
					     &err) < 0) {
		if (err.code != ERROR_BUSY)
			return -1;
		count->turned_away++;
		count->changed += node_scene_entries(&scene, "volumes");
	}
	return 0;
}

static int unpublish_ephemeral(void)
{
	struct error err = { 0 };
	while (node_client_unpublish(scene.channel, EPHEMERAL, scene.target, &err) < 0)
		if (err.code != ERROR_BUSY)
			return -1;
	return 0;
}

static void a_publication_that_is_turned_away_has_made_no_ephemeral_volume(void **state)
{
	struct count count = { 0 };
	is_over = false;
	for (unsigned i = 0; i < 7; i++) {
		prepare(i);
		pthread_create(&callers[i].thread, NULL, unstage_again_and_again, &callers[i]);
	}
	for (unsigned round = 0; round < EPHEMERAL_ROUNDS; round++)
		if (publish_ephemeral(&count) < 0 || unpublish_ephemeral() < 0)
			count.failed++;
	let_go(0, 7);
	assert_int_equal(count.failed, 0);
	assert_true(count.turned_away > 0);
	assert_int_equal(count.changed, 0);
	assert_int_equal(node_scene_entries(&scene, "volumes"), 0);
}

/* Of the file system below the staging path it would be more than the volume has. */
static void *ask_again_and_again(void *context)
{
	struct caller *caller = context;
	while (!is_over) {
		uint64_t bytes = 0, inodes = 0;
		struct error err = { 0 };
		if (node_client_stats(scene.channel, callers[0].name, callers[0].staging, &bytes,
				      &inodes, &err) == 0 &&
		    bytes > caller->largest_bytes)
			caller->largest_bytes = bytes;
	}
	return NULL;
}

static void what_lies_below_a_volume_is_not_told_as_the_volumes(void **state)
{
	struct caller *caller = &callers[0];
	int outcome = 0;
	for (unsigned i = 0; i < 5; i++)
		prepare(i);
	is_over = false;
	for (unsigned i = 1; i < 5; i++)
		pthread_create(&callers[i].thread, NULL, ask_again_and_again, &callers[i]);
	outcome = node_client_create(scene.channel, &caller->volume, &caller->err);
	for (unsigned round = 0; round < PUBLISH_ROUNDS && outcome == 0; round++) {
		outcome = node_client_stage(scene.channel, &caller->volume, caller->staging,
					    &caller->err);
		if (outcome == 0)
			outcome = node_client_unstage(scene.channel, caller->name, caller->staging,
						      &caller->err);
	}
	is_over = true;
	uint64_t largest_bytes = 0;
	for (unsigned i = 1; i < 5; i++) {
		pthread_join(callers[i].thread, NULL);
		if (callers[i].largest_bytes > largest_bytes)
			largest_bytes = callers[i].largest_bytes;
	}
	assert_true(largest_bytes > 0);
	assert_true(largest_bytes <= caller->volume.size_bytes);
	assert_string_equal(caller->err.text, "");
	assert_int_equal(outcome, 0);
	assert_int_equal(node_client_delete(scene.channel, caller->name, &caller->err), 0);
}

int main(void)
{
	if (!node_scene_can_mount())
		return 77;
	const struct CMUnitTest tests[] = {
		NODE_TEST(thirty_two_volumes_live_at_once),
		NODE_TEST(of_several_who_want_the_same_volume_one_works_and_the_others_come_again),
		NODE_TEST(an_unpublication_that_is_turned_away_has_changed_nothing),
		NODE_TEST(what_lies_below_a_volume_is_not_told_as_the_volumes),
		NODE_TEST(a_publication_that_is_turned_away_has_made_no_ephemeral_volume),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
