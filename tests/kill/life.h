/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The life of a volume as a list of steps, each with the call that takes it back:
 *
 *	create  stage  publish | unpublish  unstage  delete
 *
 * A life goes through all steps, and then takes them back in reverse order: that many calls can be
 * killed. At its end nothing may be left. A new RPC is one more step in a scenario (scenario.c).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "disk.h"
#include "node_client.h"
#include "node_scene.h"
#include "trace.h"

struct life;

typedef int life_call(struct life *life, struct error *err);

struct life_step {
	const char *name;
	life_call *call;
	const char *undo_name;
	life_call *undo; /* NULL: there is nothing to take back */

	/* What is there from this step on until it is taken back. */
	unsigned mounts;
	unsigned loops;

	/* Looks at what the call said it did. May be NULL. -1 with what is wrong. */
	life_call *check;

	/* The power took away what the step did; it comes again by itself (a mount). */
	bool lost_with_power;
};

struct scenario {
	const char *name;
	struct node_volume volume;
	const struct life_step *steps;
	size_t step_count;
	unsigned every;	  /* of the points of children, such as mkfs, only each n-th is taken */
	size_t skipped;	  /* the first steps, whose points another scenario tries */
	const char *flag; /* of the plugin; NULL: none besides what all lives have */
};

extern const struct scenario scenarios[];
extern const size_t scenario_count;

struct life {
	const struct scenario *scenario;
	struct node_scene scene;
	struct trace trace;
	struct disk disk;
	const char *preload;
	char staging[128];
	char target[128];
	bool marked; /* data was written into the volume that must be found again */
	uint64_t capacity_bytes;
	uint64_t first_bytes; /* of the file system, before it grew */
};

/* A life of this scenario can be lived here; if not, says why. */
bool life_is_possible(const struct scenario *scenario);

void life_init(struct life *life, const struct scenario *scenario, const char *preload);
void life_done(struct life *life);

/* From scratch, after something went wrong: disk, folders and plugin are new. */
void life_renew(struct life *life);

/* Calls: 0 to 2 * step_count - 1. NULL if there is nothing to take back. */
const char *life_call_name(const struct life *life, size_t number);
trace_rpc *life_rpc(const struct life *life, size_t number, void **ret_context);

/* Makes a call and looks at its answer, its effect and at what is there. */
int life_live(struct life *life, size_t number, struct error *err);

/* Everything is as at the beginning: no mount, device, file or record, and the same capacity. */
int life_check_nothing_left(struct life *life, struct error *err);
