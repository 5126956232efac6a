/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A disk with a file system of its own, for what the machine's own one cannot do: an image under
 * /tmp on a loop device, mounted in the test's own mount namespace. Call node_scene_can_mount()
 * first.
 */

#include <stdbool.h>
#include <stdint.h>

struct disk_scene {
	char folder[64]; /* under /tmp */
	char mount[128]; /* where it is mounted */
	bool mounted;
};

/* False, after saying why: this kernel or machine has no such file system, skip (77). */
bool disk_scene_init(struct disk_scene *scene, const char *fs_type, uint64_t size_bytes);
void disk_scene_done(struct disk_scene *scene);
