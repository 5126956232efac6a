/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What kube-scheduler does for the claims of one pod: it selects a node on which each claim, by
 * itself, has room by the capacity objects, writes it to one claim after the other, waits until all
 * are bound, and selects again when it finds a selection removed. A claim that has a node, because
 * its volume is there or because it was selected, ties the others to it.
 */

#include <stdbool.h>
#include <stddef.h>

#include "provision_scene.h"

struct fake_pod {
	const char *claims[4]; /* ended by NULL */
	const char *nodes[3];  /* the nodes that it may run on, the best first; ended by NULL */
	const char *class_name;
	size_t selections; /* so often all claims were sent to a node */
};

/* One look at the pod. Call it again and again. */
void fake_scheduler_look(struct provision_scene *scene, struct fake_pod *pod);

/* Until all claims of all pods are bound; false after 10 s. */
bool fake_scheduler_run(struct provision_scene *scene, struct fake_pod *pods, size_t count);
