/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How fast kentledge-node serves, and in how much memory: every call and a volume's whole life, by
 * one caller and by many, with few and with many volumes there, beside the floor of the same run
 * (floor.h). Numbers are this machine's of this moment; the ratios are what counts.
 *
 *	csi_bench [ROUNDS]
 *	csi_bench only BACKEND|empty CALLERS ROUNDS	one line of it, for a profiler
 *	csi_bench mount BACKEND COMMAND...	runs COMMAND with the path of a mounted volume added
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cpu_time.h"
#include "cycle.h"
#include "floor.h"
#include "memory_use.h"
#include "node_client.h"
#include "node_scene.h"

#define DEFAULT_ROUNDS 200
#define CALLERS_MAX 32
#define MANY_VOLUMES 3000
#define SIZE_BYTES (1ULL << 30)

struct plugin {
	struct rpc_channel *channel;
	struct node_volume volume;
};

static int plugin_step(void *context, enum cycle_step step, const char *name, const char *folder,
		       struct error *err)
{
	struct plugin *plugin = context;
	struct node_volume volume = plugin->volume;
	char staging[300], target[300];
	volume.name = name;
	snprintf(staging, sizeof(staging), "%s/staging", folder);
	snprintf(target, sizeof(target), "%s/target", folder);
	mkdir(staging, 0750); /* the kubelet's part */
	switch (step) {
	case CYCLE_CREATE:
		return node_client_create(plugin->channel, &volume, err);
	case CYCLE_STAGE:
		return node_client_stage(plugin->channel, &volume, staging, err);
	case CYCLE_PUBLISH:
		return node_client_publish(plugin->channel, &volume, staging, target, false, err);
	case CYCLE_UNPUBLISH:
		return node_client_unpublish(plugin->channel, name, target, err);
	case CYCLE_UNSTAGE:
		return node_client_unstage(plugin->channel, name, staging, err);
	default:
		return node_client_delete(plugin->channel, name, err);
	}
}

/* Six calls that do nothing: what a cycle costs by gRPC alone, here and there. */
static int empty_step(void *context, enum cycle_step step, const char *name, const char *folder,
		      struct error *err)
{
	struct plugin *plugin = context;
	return node_client_plugin_info(plugin->channel, err);
}

static struct node_volume volume_of(const char *backend)
{
	bool loop = strcmp(backend, "loop") == 0;
	return (struct node_volume) {
		.backend = backend,
		.fs_type = loop ? "ext4" : "",
		.size_bytes = SIZE_BYTES,
	};
}

static void must(int outcome, const struct error *err)
{
	if (outcome < 0) {
		fprintf(stderr, "csi_bench: %s\n", err->text);
		exit(1);
	}
}

static void print_memory(const char *when, struct memory_use use)
{
	printf("memory, MB, %s: anonymous %.1f, private %.1f, Pss %.1f\n", when,
	       (double)use.anonymous_kb / 1024, (double)use.private_kb / 1024,
	       (double)use.pss_kb / 1024);
}

static const char *program(void)
{
	const char *given = getenv("KENTLEDGE_NODE");
	if (given)
		return given;
	fprintf(stderr, "csi_bench: KENTLEDGE_NODE names no program\n");
	exit(2);
}

static void print_head(void)
{
	printf("%-32s", "p50/p99 ms");
	for (int step = 0; step < CYCLE_STEPS; step++)
		printf(" %13s", cycle_step_names[step]);
	printf(" %8s  %s\n", "cycles/s", "CPU ms a cycle: client server programs machine");
}

static void print_cpu(const struct cpu_time *cpu, size_t cycles)
{
	printf("  %20.2f %6.2f %8.2f %7.2f\n", cpu->client_ms / (double)cycles,
	       cpu->server_ms / (double)cycles, cpu->programs_ms / (double)cycles,
	       cpu->machine_ms / (double)cycles);
}

static void print_result(const char *title, struct cycle_result *result, const struct cpu_time *cpu)
{
	printf("%-32s", title);
	for (int step = 0; step < CYCLE_STEPS; step++)
		printf(" %6.2f/%6.2f", samples_percentile(&result->steps[step], 50),
		       samples_percentile(&result->steps[step], 99));
	printf(" %8.0f", result->cycles_per_second);
	print_cpu(cpu, result->steps[CYCLE_WHOLE].count);
	fflush(stdout);
}

/* One line of the table; the median of a whole cycle. */
static double run(struct node_scene *scene, pid_t server, const struct cycle_taker *takers,
		  unsigned callers, unsigned rounds, const char *what)
{
	struct cycle_result result;
	struct cpu_time begin, cpu;
	char title[80];
	cpu_time_read(server, &begin);
	cycle_run(takers, callers, rounds, scene->folder, &result);
	cpu_time_read(server, &cpu);
	cpu_time_subtract(&cpu, &begin);
	snprintf(title, sizeof(title), "%s, %u caller%s", what, callers, callers > 1 ? "s" : "");
	print_result(title, &result, &cpu);
	double median = samples_percentile(&result.steps[CYCLE_WHOLE], 50);
	cycle_result_done(&result);
	return median;
}

static double run_plugin(struct node_scene *scene, cycle_step_fn *step, const char *backend,
			 unsigned callers, unsigned rounds, const char *what)
{
	struct plugin plugins[CALLERS_MAX];
	struct cycle_taker takers[CALLERS_MAX];
	struct error err = { 0 };
	for (unsigned i = 0; i < callers; i++) {
		plugins[i].volume = volume_of(backend);
		must(rpc_channel_new_unix(scene->socket, &plugins[i].channel, &err), &err);
		must(node_client_plugin_info(plugins[i].channel, &err), &err); /* connects */
		takers[i] = (struct cycle_taker) { step, &plugins[i] };
	}
	double median = run(scene, scene->pid, takers, callers, rounds, what);
	for (unsigned i = 0; i < callers; i++)
		rpc_channel_free(plugins[i].channel);
	return median;
}

static double run_floor(struct node_scene *scene, const char *backend, unsigned callers,
			unsigned rounds, unsigned there)
{
	struct floor_pool pool = { .loop = strcmp(backend, "loop") == 0 };
	struct cycle_taker takers[CALLERS_MAX];
	snprintf(pool.path, sizeof(pool.path), "%s", node_scene_make_folder(scene, "floor"));
	if (floor_fill(&pool, there) < 0) {
		perror(pool.path);
		exit(1);
	}
	for (unsigned i = 0; i < callers; i++)
		takers[i] = (struct cycle_taker) { floor_step, &pool };
	return run(scene, 0, takers, callers, rounds, "  floor: the system calls");
}

static void compare(struct node_scene *scene, const char *backend, unsigned callers,
		    unsigned rounds, unsigned there)
{
	char what[80];
	snprintf(what, sizeof(what), there ? "%s, %u there" : "%s", backend, there);
	double ours = run_plugin(scene, plugin_step, backend, callers, rounds, what);
	double calls =
		run_plugin(scene, empty_step, backend, callers, rounds, "  floor: empty calls");
	double floor = run_floor(scene, backend, callers, rounds, there);
	printf("  cycle p50 over the two floors: %.2f\n", ours / (floor + calls));
}

static void make_many(struct node_scene *scene)
{
	struct node_volume volume = volume_of("directory");
	struct error err = { 0 };
	char name[64];
	/* Small, so that they all fit. */
	volume.size_bytes = 1 << 20;
	volume.name = name;
	for (int i = 0; i < MANY_VOLUMES; i++) {
		snprintf(name, sizeof(name), "pvc-there-%d", i);
		must(node_client_create(scene->channel, &volume, &err), &err);
	}
}

static int measure(unsigned rounds)
{
	struct node_scene scene;
	node_scene_init(&scene, program());
	node_scene_start(&scene);
	sleep(1);
	print_memory("idle", memory_use_of(scene.pid));
	printf("\n");
	print_head();
	compare(&scene, "directory", 1, rounds, 0);
	compare(&scene, "directory", CALLERS_MAX, rounds, 0);
	compare(&scene, "loop", 1, rounds / 2, 0);
	compare(&scene, "loop", CALLERS_MAX, rounds / 4, 0);
	struct memory_use after = memory_use_of(scene.pid);
	make_many(&scene);
	compare(&scene, "directory", 1, rounds, MANY_VOLUMES);
	compare(&scene, "loop", 1, rounds / 2, MANY_VOLUMES);
	printf("\n");
	print_memory("after the load", after);
	char when[64];
	snprintf(when, sizeof(when), "with %d volumes", MANY_VOLUMES);
	print_memory(when, memory_use_of(scene.pid));
	node_scene_done(&scene);
	return 0;
}

static int measure_one(const char *backend, unsigned callers, unsigned rounds)
{
	struct node_scene scene;
	bool empty = strcmp(backend, "empty") == 0;
	node_scene_init(&scene, program());
	node_scene_start(&scene);
	print_head();
	run_plugin(&scene, empty ? empty_step : plugin_step, backend,
		   callers < CALLERS_MAX ? callers : CALLERS_MAX, rounds, backend);
	node_scene_done(&scene);
	return 0;
}

static int run_command(char **words, const char *path)
{
	size_t count = 0;
	while (words[count])
		count++;
	char **argv = calloc(count + 2, sizeof(*argv));
	memcpy(argv, words, count * sizeof(*argv));
	argv[count] = (char *)path;
	pid_t pid = fork();
	if (pid == 0) {
		execvp(argv[0], argv);
		perror(argv[0]);
		_exit(127);
	}
	int status = 1;
	waitpid(pid, &status, 0);
	free(argv);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static int with_volume(const char *backend, char **command)
{
	struct node_scene scene;
	struct error err = { 0 };
	node_scene_init(&scene, program());
	node_scene_start(&scene);
	struct plugin plugin = { scene.channel, volume_of(backend) };
	plugin.volume.size_bytes = 4 * SIZE_BYTES;
	for (enum cycle_step step = CYCLE_CREATE; step <= CYCLE_PUBLISH; step++)
		must(plugin_step(&plugin, step, "pvc-io", scene.folder, &err), &err);
	int status = run_command(command, node_scene_path(&scene, "target"));
	for (enum cycle_step step = CYCLE_UNPUBLISH; step <= CYCLE_DELETE; step++)
		must(plugin_step(&plugin, step, "pvc-io", scene.folder, &err), &err);
	node_scene_done(&scene);
	return status;
}

int main(int argc, char **argv)
{
	if (!node_scene_can_mount())
		return 77;
	if (argc > 3 && strcmp(argv[1], "mount") == 0)
		return with_volume(argv[2], argv + 3);
	if (argc == 5 && strcmp(argv[1], "only") == 0)
		return measure_one(argv[2], (unsigned)atoi(argv[3]), (unsigned)atoi(argv[4]));
	unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : DEFAULT_ROUNDS;
	return measure(rounds < 4 ? 4 : rounds);
}
