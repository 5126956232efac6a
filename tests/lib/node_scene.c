/* SPDX-License-Identifier: Apache-2.0 */
#include "node_scene.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "refused_call.h"

#define START_TIMEOUT_MS 20000
#define FILE_BYTES_MAX (16 << 20)

static void give_up(const char *what)
{
	fprintf(stderr, "node scene: %s: %s\n", what, strerror(errno));
	abort();
}

static bool skip(const char *what)
{
	printf("SKIPPED: %s: %s (needs root with CAP_SYS_ADMIN and loop devices)\n", what,
	       strerror(errno));
	return false;
}

bool node_scene_can_mount(void)
{
	if (unshare(CLONE_NEWNS) < 0)
		return skip("unshare(CLONE_NEWNS)");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return skip("mount --make-rprivate /");
	if (access("/dev/loop-control", R_OK | W_OK) < 0)
		return skip("/dev/loop-control");
	return true;
}

void node_scene_init(struct node_scene *scene, const char *program)
{
	*scene = (struct node_scene) { .program = program, .folder = "/tmp/kentledge-node-XXXXXX" };
	if (!mkdtemp(scene->folder))
		give_up("mkdtemp");
	snprintf(scene->pool, sizeof(scene->pool), "%s/pool", scene->folder);
	snprintf(scene->socket, sizeof(scene->socket), "%s/csi.sock", scene->folder);
	snprintf(scene->registration, sizeof(scene->registration), "%s/registry", scene->folder);
	snprintf(scene->staging, sizeof(scene->staging), "%s/staging", scene->folder);
	snprintf(scene->target, sizeof(scene->target), "%s/target", scene->folder);
	snprintf(scene->log, sizeof(scene->log), "%s/log", scene->folder);
	if (mkdir(scene->registration, 0700) < 0 || mkdir(scene->staging, 0750) < 0)
		give_up("mkdir");
}

bool node_scene_init_on_disk(struct node_scene *scene, const char *program, const char *type,
			     const char *options, uint64_t size_bytes)
{
	struct loop_disk disk;
	if (!loop_disk_make(&disk, type, options, size_bytes, NULL))
		return false;
	node_scene_init(scene, program);
	scene->disk = disk;
	snprintf(scene->pool, sizeof(scene->pool), "%s/pool", disk.path);
	return true;
}

void node_scene_exec(const struct node_scene *scene)
{
	char pool[160], csi_socket[160], registration[160];
	int log_fd = open(scene->log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	snprintf(pool, sizeof(pool), "--pool=%s", scene->pool);
	snprintf(csi_socket, sizeof(csi_socket), "--csi-socket=%s", scene->socket);
	snprintf(registration, sizeof(registration), "--registration-dir=%s", scene->registration);
	dup2(log_fd, 2);
	if (scene->refused_call)
		refuse_call(scene->refused_call, ENOSYS);
	/* Inline volumes may be anything, and the reserve and the provisioning are the same
	 * wherever the pool is, unless the scene says otherwise. */
	execl(scene->program, scene->program, pool, csi_socket, registration, "--node-id=node-1",
	      "--log-level=debug", "--http=", "--ephemeral", "--ephemeral-backends=loop,directory",
	      "--ephemeral-provisioning=thin,thick", "--ephemeral-max-size=1Ti",
	      "--ephemeral-share-percent=100", "--reserve-percent=5", "--provisioning=thin",
	      scene->more_flags[0], scene->more_flags[1], scene->more_flags[2], NULL);
	_exit(126);
}

static void wait_ms(long ms)
{
	nanosleep(&(struct timespec) { .tv_nsec = ms * 1000000 }, NULL);
}

static void wait_for_socket(const struct node_scene *scene)
{
	uint64_t deadline_ms = clock_monotonic_ms() + START_TIMEOUT_MS;
	while (!node_scene_logged(scene, "event=started", "")) {
		int status;
		if (waitpid(scene->pid, &status, WNOHANG) == scene->pid ||
		    clock_monotonic_ms() > deadline_ms)
			give_up("kentledge-node does not start");
		wait_ms(5);
	}
}

void node_scene_connect(struct node_scene *scene)
{
	struct error err = { 0 };
	rpc_channel_free(scene->channel);
	scene->channel = NULL;
	if (rpc_channel_new_unix(scene->socket, &scene->channel, &err) < 0)
		give_up(err.text);
}

void node_scene_start(struct node_scene *scene)
{
	unlink(scene->log);
	fflush(NULL);
	scene->pid = fork();
	if (scene->pid < 0)
		give_up("fork");
	if (scene->pid == 0)
		node_scene_exec(scene);
	wait_for_socket(scene);
	node_scene_connect(scene);
}

void node_scene_kill(struct node_scene *scene, int signal_number)
{
	kill(scene->pid, signal_number);
}

int node_scene_wait(struct node_scene *scene)
{
	int status = 0;
	if (waitpid(scene->pid, &status, 0) != scene->pid)
		give_up("waitpid");
	scene->pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

void node_scene_restart(struct node_scene *scene, int signal_number)
{
	node_scene_kill(scene, signal_number);
	node_scene_wait(scene);
	node_scene_start(scene);
}

int node_scene_bring_up(const struct node_scene *scene, const struct node_volume *volume,
			struct error *err)
{
	struct rpc_channel *channel = scene->channel;
	if (node_client_create(channel, volume, err) < 0 ||
	    node_client_stage(channel, volume, scene->staging, err) < 0)
		return -1;
	return node_client_publish(channel, volume, scene->staging, scene->target, false, err);
}

int node_scene_take_down(const struct node_scene *scene, const char *id, struct error *err)
{
	struct rpc_channel *channel = scene->channel;
	if (node_client_unpublish(channel, id, scene->target, err) < 0 ||
	    node_client_unstage(channel, id, scene->staging, err) < 0)
		return -1;
	return node_client_delete(channel, id, err);
}

static void show_log(const struct node_scene *scene)
{
	CLEANUP_FREE char *text = NULL;
	if (file_read(scene->log, FILE_BYTES_MAX, &text, NULL, NULL) == 0)
		fputs(text, stderr);
}

void node_scene_done(struct node_scene *scene)
{
	rpc_channel_free(scene->channel);
	scene->channel = NULL;
	if (scene->pid) {
		node_scene_kill(scene, SIGTERM);
		int status = node_scene_wait(scene);
		if (status != 0) {
			show_log(scene);
			fprintf(stderr, "kentledge-node ended with %d\n", status);
			abort();
		}
	}
	unsigned mounts = node_scene_mounts(scene);
	unsigned loops = node_scene_loops(scene);
	char command[128];
	snprintf(command, sizeof(command), "rm -rf --one-file-system %s", scene->folder);
	if (mounts || loops || system(command) != 0) {
		fprintf(stderr, "%u mounts and %u loop devices are left\n", mounts, loops);
		abort();
	}
	if (scene->disk.path[0])
		loop_disk_remove(&scene->disk);
}

const char *node_scene_path(const struct node_scene *scene, const char *name)
{
	static char paths[8][256];
	static unsigned next;
	char *path = paths[next++ % 8];
	snprintf(path, sizeof(paths[0]), "%s/%s", scene->folder, name);
	return path;
}

const char *node_scene_make_folder(const struct node_scene *scene, const char *name)
{
	const char *path = node_scene_path(scene, name);
	if (mkdir(path, 0750) < 0 && errno != EEXIST)
		give_up("mkdir");
	return path;
}

static unsigned count_in(const char *text, const char *what)
{
	unsigned count = 0;
	for (const char *found = strstr(text, what); found; found = strstr(found + 1, what))
		count++;
	return count;
}

unsigned node_scene_mounts(const struct node_scene *scene)
{
	CLEANUP_FREE char *text = NULL;
	char point[80];
	if (file_read("/proc/self/mounts", FILE_BYTES_MAX, &text, NULL, NULL) < 0)
		give_up("/proc/self/mounts");
	snprintf(point, sizeof(point), " %s/", scene->folder);
	return count_in(text, point);
}

unsigned node_scene_loops(const struct node_scene *scene)
{
	DIR *dir = opendir("/sys/block");
	unsigned count = 0;
	for (const struct dirent *entry; dir && (entry = readdir(dir));) {
		char path[512];
		CLEANUP_FREE char *text = NULL;
		snprintf(path, sizeof(path), "/sys/block/%s/loop/backing_file", entry->d_name);
		if (file_read(path, 4096, &text, NULL, NULL) == 0)
			count += strncmp(text, scene->pool, strlen(scene->pool)) == 0;
	}
	if (dir)
		closedir(dir);
	return count;
}

unsigned node_scene_entries(const struct node_scene *scene, const char *folder)
{
	char path[192];
	snprintf(path, sizeof(path), "%s/%s", scene->pool, folder);
	DIR *dir = opendir(path);
	unsigned count = 0;
	for (const struct dirent *entry; dir && (entry = readdir(dir));)
		count += entry->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return count;
}

void node_scene_expect_empty_trash(const struct node_scene *scene)
{
	for (unsigned i = 0; i < 2000 && node_scene_entries(scene, "trash"); i++)
		wait_ms(10);
	if (node_scene_entries(scene, "trash")) {
		fprintf(stderr, "the trash is not empty\n");
		abort();
	}
}

bool node_scene_logged(const struct node_scene *scene, const char *text, const char *more)
{
	CLEANUP_FREE char *log = NULL;
	if (file_read(scene->log, FILE_BYTES_MAX, &log, NULL, NULL) < 0)
		return false;
	char *rest = NULL;
	for (char *line = strtok_r(log, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		if (strstr(line, text) && strstr(line, more))
			return true;
	return false;
}

bool node_scene_logs(const struct node_scene *scene, const char *text, const char *more)
{
	for (unsigned i = 0; i < 1000; i++) {
		if (node_scene_logged(scene, text, more))
			return true;
		wait_ms(10);
	}
	return false;
}
