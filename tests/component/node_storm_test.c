/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Many callers, who call anything on any volume at the same time. What they are answered is held
 * against a model: calls on one volume must have had their answers in some order one after the
 * other, an order that agrees with who was done before whom began. ABORTED is for those alone who
 * met somebody. STORM_SECONDS=60 for long.
 */

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "node_client.h"
#include "node_test.h"
#include "test.h"

#define CALLERS 32
#define VOLUMES 16
#define EPISODE_MAX 10 /* calls of one volume that are looked at together */
#define DEFAULT_SECONDS 5
#define SEED 20261124u
#define MIB (1ULL << 20)

enum call { CREATE, STAGE, PUBLISH, UNPUBLISH, UNSTAGE, DELETE, CALLS };

static const char *const call_names[] = { "CreateVolume",      "NodeStageVolume",
					  "NodePublishVolume", "NodeUnpublishVolume",
					  "NodeUnstageVolume", "DeleteVolume" };

#define CREATED 1u
#define STAGED 2u
#define PUBLISHED 4u
#define STATES 8u

/* The model: what a call on a volume in this state is answered, and the state after it. */
static enum error_code answer(enum call call, unsigned *state)
{
	unsigned before = *state;
	if ((call == STAGE || call == PUBLISH) && !(before & CREATED))
		return ERROR_NOT_FOUND;
	if (call == PUBLISH && !(before & STAGED))
		return ERROR_IN_USE;
	if (call == DELETE && before & (STAGED | PUBLISHED))
		return ERROR_IN_USE;
	static const unsigned sets[CALLS] = { CREATED, STAGED, PUBLISHED, 0, 0, 0 };
	static const unsigned clears[CALLS] = { 0, 0, 0, PUBLISHED, STAGED, CREATED };
	*state = (before | sets[call]) & ~clears[call];
	return ERROR_NONE;
}

struct event {
	enum call call;
	enum error_code code;
	uint64_t begin, end;
};

struct storm_volume {
	char name[32], staging[128], target[128];
	struct node_volume volume;
	unsigned states; /* the states in which it may be, as bits */
	struct event events[EPISODE_MAX];
	size_t count;
	size_t under_way;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; /* for all below */
static struct storm_volume volumes[VOLUMES];
static uint64_t moment;
static unsigned long answered[CALLS], aborted, wrong, side_by_side;
static uint64_t last_begin, last_end; /* of a call that did something */
static const struct storm_volume *last_volume;

static int set_up(void **state)
{
	node_scene_init(&scene, TEST_NODE_PROGRAM);
	scene.more_flags[0] = "--workers=32";
	node_scene_start(&scene);
	return 0;
}

static bool overlaps(const struct event *a, const struct event *b)
{
	return a->begin < b->end && b->begin < a->end;
}

/* A call may come next if all that were over before it began have had their turn. */
static bool may_come(const struct storm_volume *volume, unsigned taken, size_t next)
{
	for (size_t i = 0; i < volume->count; i++)
		if (!(taken & 1u << i) && volume->events[i].end < volume->events[next].begin)
			return false;
	return true;
}

/* ABORTED; or CANCELLED, by a call that came meanwhile and ends what was begun. */
static bool is_turned_away(enum error_code code)
{
	return code == ERROR_BUSY || code == ERROR_CANCELLED;
}

/* All states to which orders lead that explain the answers. */
static unsigned explain(const struct storm_volume *volume, unsigned states)
{
	static unsigned char reached[1u << EPISODE_MAX];
	unsigned all = (1u << volume->count) - 1;
	memset(reached, 0, sizeof(reached));
	reached[0] = (unsigned char)states;
	for (unsigned taken = 0; taken < all; taken++)
		for (size_t next = 0; next < volume->count; next++) {
			const struct event *event = &volume->events[next];
			if (taken & 1u << next || !may_come(volume, taken, next))
				continue;
			for (unsigned before = 0; before < STATES; before++) {
				unsigned after = before;
				if (reached[taken] & 1u << before &&
				    (is_turned_away(event->code) ||
				     answer(event->call, &after) == event->code))
					reached[taken | 1u << next] |= (unsigned char)(1u << after);
			}
		}
	return reached[all];
}

static bool met_somebody(const struct storm_volume *volume, const struct event *event)
{
	for (size_t i = 0; i < volume->count; i++)
		if (&volume->events[i] != event && overlaps(&volume->events[i], event))
			return true;
	return false;
}

static void complain(const struct storm_volume *volume, const char *what)
{
	wrong++;
	print_error("%s: %s (states %x)\n", volume->name, what, volume->states);
	for (size_t i = 0; i < volume->count; i++)
		print_error("  %s: %s from %llu to %llu\n", call_names[volume->events[i].call],
			    error_code_name(volume->events[i].code),
			    (unsigned long long)volume->events[i].begin,
			    (unsigned long long)volume->events[i].end);
}

/* Nobody is calling any more: all that happened since it was quiet last is judged. */
static void judge(struct storm_volume *volume)
{
	for (size_t i = 0; i < volume->count; i++)
		if (is_turned_away(volume->events[i].code) &&
		    !met_somebody(volume, &volume->events[i]))
			complain(volume, "turned away, and no other call was there");
	unsigned states = explain(volume, volume->states);
	if (!states)
		complain(volume, "no order explains these answers");
	volume->states = states ? states : (1u << STATES) - 1;
	volume->count = 0;
}

static int make_call(const struct storm_volume *volume, enum call call, struct error *err)
{
	switch (call) {
	case CREATE:
		return node_client_create(scene.channel, &volume->volume, err);
	case STAGE:
		return node_client_stage(scene.channel, &volume->volume, volume->staging, err);
	case PUBLISH:
		return node_client_publish(scene.channel, &volume->volume, volume->staging,
					   volume->target, false, err);
	case UNPUBLISH:
		return node_client_unpublish(scene.channel, volume->name, volume->target, err);
	case UNSTAGE:
		return node_client_unstage(scene.channel, volume->name, volume->staging, err);
	default:
		return node_client_delete(scene.channel, volume->name, err);
	}
}

/* One that lay within another one's time, on another volume: they ran side by side. */
static void note_side_by_side(const struct storm_volume *volume, const struct event *event)
{
	if (event->code != ERROR_NONE)
		return;
	side_by_side += last_volume && last_volume != volume && last_begin > event->begin &&
			last_end < event->end;
	last_volume = volume;
	last_begin = event->begin;
	last_end = event->end;
}

/* Anything else is told with its text. */
static bool is_usual(enum call call, enum error_code code)
{
	if (code == ERROR_NONE || code == ERROR_BUSY)
		return true;
	if (code == ERROR_CANCELLED)
		return call == CREATE || call == STAGE;
	if (code == ERROR_NOT_FOUND)
		return call == STAGE || call == PUBLISH;
	return code == ERROR_IN_USE && (call == PUBLISH || call == DELETE);
}

static void call_one(struct storm_volume *volume, enum call call)
{
	struct error err = { 0 };
	pthread_mutex_lock(&mutex);
	if (volume->count == EPISODE_MAX) {
		pthread_mutex_unlock(&mutex);
		return; /* it is left alone until it is quiet */
	}
	struct event *event = &volume->events[volume->count++];
	*event = (struct event) { .call = call, .begin = ++moment, .end = UINT64_MAX };
	volume->under_way++;
	pthread_mutex_unlock(&mutex);

	int outcome = make_call(volume, call, &err);

	pthread_mutex_lock(&mutex);
	event->end = ++moment;
	event->code = outcome < 0 ? err.code : ERROR_NONE;
	answered[call] += event->code == ERROR_NONE;
	aborted += is_turned_away(event->code);
	if (!is_usual(call, event->code))
		print_error("%s: %s: %s\n", volume->name, call_names[call], err.text);
	note_side_by_side(volume, event);
	if (--volume->under_way == 0)
		judge(volume);
	pthread_mutex_unlock(&mutex);
}

struct caller {
	pthread_t thread;
	unsigned seed;
	uint64_t until_ms;
};

static void *call_at_random(void *context)
{
	struct caller *caller = context;
	while (clock_monotonic_ms() < caller->until_ms) {
		struct storm_volume *volume =
			&volumes[(unsigned)rand_r(&caller->seed) / 7 % VOLUMES];
		call_one(volume, (enum call)((unsigned)rand_r(&caller->seed) / 7 % CALLS));
	}
	return NULL;
}

static void prepare(unsigned number)
{
	struct storm_volume *volume = &volumes[number];
	bool loop = number % 4 != 3;
	*volume = (struct storm_volume) { .states = 1 };
	snprintf(volume->name, sizeof(volume->name), "pvc-%u", number);
	snprintf(volume->staging, sizeof(volume->staging), "%s/staging-%u", scene.folder, number);
	snprintf(volume->target, sizeof(volume->target), "%s/target-%u", scene.folder, number);
	mkdir(volume->staging, 0750);
	volume->volume = (struct node_volume) { .name = volume->name,
						.backend = loop ? "loop" : "directory",
						.fs_type = loop ? "ext4" : "",
						.size_bytes = 16 * MIB };
}

static uint64_t storm_seconds(void)
{
	const char *text = getenv("STORM_SECONDS");
	return text ? strtoul(text, NULL, 10) : DEFAULT_SECONDS;
}

static void remove_all(void)
{
	for (unsigned i = 0; i < VOLUMES; i++)
		for (enum call call = UNPUBLISH; call <= DELETE; call++) {
			struct error err = { 0 };
			assert_int_equal(make_call(&volumes[i], call, &err), 0);
		}
	assert_int_equal(node_scene_mounts(&scene), 0);
	assert_int_equal(node_scene_loops(&scene), 0);
	assert_int_equal(node_scene_entries(&scene, "volumes"), 0);
	assert_int_equal(node_scene_entries(&scene, "tmp"), 0);
	node_scene_expect_empty_trash(&scene);
}

static void any_calls_at_any_time_are_answered_as_if_they_came_one_after_the_other(void **state)
{
	static struct caller callers[CALLERS];
	for (unsigned i = 0; i < VOLUMES; i++)
		prepare(i);
	uint64_t until_ms = clock_monotonic_ms() + storm_seconds() * 1000;
	for (unsigned i = 0; i < CALLERS; i++) {
		callers[i] = (struct caller) { .seed = SEED + i, .until_ms = until_ms };
		pthread_create(&callers[i].thread, NULL, call_at_random, &callers[i]);
	}
	for (unsigned i = 0; i < CALLERS; i++)
		pthread_join(callers[i].thread, NULL);
	for (unsigned i = 0; i < CALLS; i++) {
		printf("%s: %lu\n", call_names[i], answered[i]);
		assert_true(answered[i] > 0);
	}
	printf("ABORTED: %lu; one within another's time on another volume: %lu\n", aborted,
	       side_by_side);
	assert_int_equal(wrong, 0);
	assert_true(aborted > 0);
	assert_true(side_by_side > 0);
	remove_all();
}

int main(void)
{
	if (!node_scene_can_mount())
		return 77;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			any_calls_at_any_time_are_answered_as_if_they_came_one_after_the_other,
			set_up, node_test_tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
