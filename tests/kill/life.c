/* SPDX-License-Identifier: Apache-2.0 */
#include "life.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

#define DISK_BYTES (2ULL << 30)
#define SETTLE_MS 5000

static void give_up(const char *what)
{
	fprintf(stderr, "life: %s: %s\n", what, strerror(errno));
	abort();
}

static void make_place(struct life *life)
{
	struct node_scene *scene = &life->scene;
	node_scene_init(scene, TEST_NODE_PROGRAM);
	scene->more_flags[0] = life->scenario->flag;
	const char *folder = node_scene_make_folder(scene, "disk");
	disk_init(&life->disk, folder, DISK_BYTES);
	snprintf(scene->pool, sizeof(scene->pool), "%s/pool", folder);
	snprintf(life->staging, sizeof(life->staging), "%s",
		 node_scene_make_folder(scene, "staging"));
	snprintf(life->target, sizeof(life->target), "%s", node_scene_path(scene, "target"));
	trace_init(&life->trace, scene);
	life->trace.preload = life->preload;
	trace_start(&life->trace);
}

static void live_once(struct life *life)
{
	struct error err = { 0 };
	life->capacity_bytes = 0;
	life->marked = false;
	for (size_t call = 0; call < 2 * life->scenario->step_count; call++)
		if (life_live(life, call, &err) < 0) {
			fprintf(stderr, "%s: %s without any kill: %s\n", life->scenario->name,
				life_call_name(life, call), err.text);
			abort();
		}
	/* The disk's own tables have grown now to what a life needs. */
	if (life_check_nothing_left(life, &err) < 0)
		give_up(err.text);
}

void life_init(struct life *life, const struct scenario *scenario, const char *preload)
{
	*life = (struct life) { .scenario = scenario, .preload = preload };
	make_place(life);
	live_once(life);
}

static void clear_place(struct life *life)
{
	char command[160];
	trace_kill(&life->trace);
	disk_done(&life->disk); /* volumes at staging and target hold it */
	rpc_channel_free(life->scene.channel);
	life->scene.channel = NULL;
	snprintf(command, sizeof(command), "rm -rf --one-file-system %s", life->scene.folder);
	if (system(command) != 0)
		give_up(command);
}

void life_done(struct life *life)
{
	clear_place(life);
}

void life_renew(struct life *life)
{
	clear_place(life);
	make_place(life);
	live_once(life);
}

static const struct life_step *step_of(const struct life *life, size_t number)
{
	size_t count = life->scenario->step_count;
	return &life->scenario->steps[number < count ? number : 2 * count - 1 - number];
}

static bool is_undo(const struct life *life, size_t number)
{
	return number >= life->scenario->step_count;
}

static life_call *call_of(const struct life *life, size_t number)
{
	const struct life_step *step = step_of(life, number);
	return is_undo(life, number) ? step->undo : step->call;
}

const char *life_call_name(const struct life *life, size_t number)
{
	const struct life_step *step = step_of(life, number);
	return is_undo(life, number) ? step->undo_name : step->name;
}

/* The life and the call, for the thread that makes it. */
struct arguments {
	struct life *life;
	life_call *call;
};

static int make_call(void *context, struct error *err)
{
	struct arguments *arguments = context;
	return arguments->call(arguments->life, err);
}

trace_rpc *life_rpc(const struct life *life, size_t number, void **ret_context)
{
	static struct arguments arguments;
	arguments = (struct arguments) { (struct life *)(uintptr_t)life, call_of(life, number) };
	*ret_context = &arguments;
	return arguments.call ? make_call : NULL;
}

static int check_count(const char *what, unsigned found, unsigned wanted, struct error *err)
{
	if (found == wanted)
		return 0;
	return error_set(err, ERROR_INTERNAL, "%u %s are there instead of %u", found, what, wanted);
}

static int check_places(const struct life *life, size_t steps, struct error *err)
{
	unsigned mounts = 1; /* the disk */
	unsigned loops = 0;
	for (size_t i = 0; i < steps; i++) {
		mounts += life->scenario->steps[i].mounts;
		loops += life->scenario->steps[i].loops;
	}
	if (check_count("mounts", node_scene_mounts(&life->scene), mounts, err) < 0)
		return -1;
	return check_count("loop devices", node_scene_loops(&life->scene), loops, err);
}

int life_live(struct life *life, size_t number, struct error *err)
{
	void *context;
	const struct life_step *step = step_of(life, number);
	trace_rpc *rpc = life_rpc(life, number, &context);
	size_t count = life->scenario->step_count;
	if (rpc && trace_call(&life->trace, rpc, context, NULL, err) < 0)
		return -1;
	if (!is_undo(life, number) && step->check && step->check(life, err) < 0)
		return -1;
	return check_places(life, is_undo(life, number) ? 2 * count - 1 - number : number + 1, err);
}

static char *leftover;
static size_t leftover_size;

static int look_at_entry(const char *path, const struct stat *info, int type, struct FTW *where)
{
	/* The pool's own folders remain, and the file by which it is known. */
	bool own = where->level <= 1 && (type == FTW_D || strcmp(path + where->base, "pool") == 0);
	if (!own)
		snprintf(leftover, leftover_size, "%s", path);
	return leftover[0] != '\0';
}

static int check_files(const struct life *life, struct error *err)
{
	char path[256] = "";
	struct stat info;
	leftover = path;
	leftover_size = sizeof(path);
	if (nftw(life->scene.pool, look_at_entry, 16, FTW_PHYS | FTW_MOUNT) < 0)
		return error_errno(err, errno, "%s", life->scene.pool);
	if (path[0])
		return error_set(err, ERROR_INTERNAL, "%s is left", path);
	if (lstat(life->target, &info) == 0)
		return error_set(err, ERROR_INTERNAL, "the target is left");
	return 0;
}

static int check_capacity(struct life *life, struct error *err)
{
	struct node_capacity capacity = { 0 };
	if (node_client_capacity(life->scene.channel, &life->scenario->volume, &capacity, err) < 0)
		return -1;
	if (!life->capacity_bytes)
		life->capacity_bytes = capacity.available_bytes;
	if (capacity.available_bytes != life->capacity_bytes)
		return error_set(err, ERROR_INTERNAL,
				 "GetCapacity says %" PRIu64 " bytes instead of %" PRIu64,
				 capacity.available_bytes, life->capacity_bytes);
	return 0;
}

static int check_pool(void *context, struct error *err)
{
	struct life *life = context;
	if (check_files(life, err) < 0)
		return -1;
	return check_capacity(life, err);
}

int life_check_nothing_left(struct life *life, struct error *err)
{
	uint64_t deadline_ms = clock_monotonic_ms() + SETTLE_MS;
	trace_wait_children(&life->trace);
	if (check_places(life, 0, err) < 0)
		return -1;
	/* A started plugin empties the trash while it serves already. */
	while (trace_call(&life->trace, check_pool, life, NULL, err) < 0) {
		if (clock_monotonic_ms() > deadline_ms)
			return -1;
		usleep(5000);
	}
	return 0;
}

bool life_is_possible(const struct scenario *scenario)
{
	if (access("/dev/shm", W_OK) < 0)
		printf("%s: /dev/shm is not there; the disk lies in /tmp\n", scenario->name);
	return true;
}
