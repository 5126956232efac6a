/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * kentledge-node as a process of its own on the real kernel, in a mount namespace that ends with
 * the test program: whatever goes wrong, no mount is left on the machine.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "loop_disk.h"
#include "node_client.h"
#include "rpc/channel.h"

struct node_scene {
	const char *program; /* TEST_NODE_PROGRAM */
	char folder[64];
	struct loop_disk disk; /* where the pool is, if it has one of its own */
	char pool[128];
	char socket[128];
	char registration[128];
	char staging[128]; /* a folder */
	char target[128];  /* nothing is there yet, as the kubelet leaves it */
	char log[128];	   /* what the process wrote, of all starts */
	const char *more_flags[4];
	unsigned refused_call; /* its number; 0: none (refused_call.h) */
	pid_t pid;
	struct rpc_channel *channel;
};

/* Call first in main(). False, after saying why: mounts cannot be made here, skip (77). */
bool node_scene_can_mount(void);

/* A folder under /tmp; the process is not started. */
void node_scene_init(struct node_scene *scene, const char *program);

/* The same with the pool on a disk of its own, which goes with the scene. False, after saying why:
 * there cannot be such a disk (loop_disk.h). */
bool node_scene_init_on_disk(struct node_scene *scene, const char *program, const char *type,
			     const char *options, uint64_t size_bytes);

/* Ends the process, and fails the test program if a mount or loop device of it is left. */
void node_scene_done(struct node_scene *scene);

/* Waits until the socket answers. */
void node_scene_start(struct node_scene *scene);

/* The two parts of it, for who starts the program in another way: in the new process, and when it
 * has logged that it started. */
__attribute__((noreturn)) void node_scene_exec(const struct node_scene *scene);
void node_scene_connect(struct node_scene *scene);

void node_scene_kill(struct node_scene *scene, int signal_number);

/* Exit status, or -signal. */
int node_scene_wait(struct node_scene *scene);

/* Ended by this signal, and started again. */
void node_scene_restart(struct node_scene *scene, int signal_number);

/* A volume is made, staged and published at the scene's two places; and all the way back. */
int node_scene_bring_up(const struct node_scene *scene, const struct node_volume *volume,
			struct error *err);
int node_scene_take_down(const struct node_scene *scene, const char *id, struct error *err);

/* <folder>/<name>, made if it is a folder that is missing. Static, overwritten after 8 calls. */
const char *node_scene_path(const struct node_scene *scene, const char *name);
const char *node_scene_make_folder(const struct node_scene *scene, const char *name);

/* Mounts below the scene's folder, and loop devices whose image is in its pool. */
unsigned node_scene_mounts(const struct node_scene *scene);
unsigned node_scene_loops(const struct node_scene *scene);

/* Entries of a folder of the pool. */
unsigned node_scene_entries(const struct node_scene *scene, const char *folder);

/* What is large is removed aside: fails the test unless the pool's trash is empty within 20 s. */
void node_scene_expect_empty_trash(const struct node_scene *scene);

/* Whether the log has a line with both texts now, and whether it gets one within 10 s. The plugin
 * may log what it does after its peer has seen it, so a test awaits a line and never looks for it
 * once. */
bool node_scene_logged(const struct node_scene *scene, const char *text, const char *more);
bool node_scene_logs(const struct node_scene *scene, const char *text, const char *more);
