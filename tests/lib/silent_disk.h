/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A disk that stops answering when a test says so: a file system in user space (FUSE) of which the
 * test program is the server. It holds one file, `disk`, in which another file system can be made
 * and mounted through a loop device: then that device is silent as a broken disk is.
 *
 *	answers --silent_disk_silence--> silent --silent_disk_end--> every request fails
 *
 * While it is silent, whatever touches it waits in the kernel. silent_disk_end() aborts the
 * connection, which also happens when the test program ends: so no test waits without an end.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct silent_disk {
	char folder[64];
	char path[96];	/* where it is mounted */
	char file[128]; /* <path>/disk */
	uint64_t bytes;
	int fuse_fd;
	int data_fd; /* the file's content */
	atomic_bool silent;
	pthread_t server;
};

/* In the mount namespace of the test program (node_scene_can_mount() comes first). False, after
 * saying why: there is no FUSE here. */
bool silent_disk_start(struct silent_disk *disk, uint64_t bytes);

void silent_disk_silence(struct silent_disk *disk);

/* What waits fails now; it is unmounted, and its folder is removed. */
void silent_disk_end(struct silent_disk *disk);
