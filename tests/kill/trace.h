/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * kentledge-node under ptrace(2), to be ended in the middle of a call at a chosen change
 * (change.h). Its children, such as mkfs, are traced too: a change of theirs is a point like any
 * other.
 *
 *	trace_start --> trace_call … --> trace_strike --> gone --> trace_start
 *
 * Everything runs on the thread that started it; only the RPC itself is made on another one.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "change.h"
#include "node_scene.h"

#define TRACE_CHILDREN_MAX 64

struct trace_child {
	pid_t tid;
	pid_t tgid;
};

enum trace_side { TRACE_BEFORE, TRACE_AFTER };

struct trace_point {
	unsigned number; /* of the call's changes, from 1; 0: none */
	enum trace_side side;
	bool children_survive; /* a kill of the plugin alone */
};

struct trace {
	struct node_scene *scene;
	const char *preload; /* LD_PRELOAD of the program; NULL: none */
	pid_t pid;	     /* 0: does not run */
	struct trace_child children[TRACE_CHILDREN_MAX];

	/* Of the call that is under way: */
	bool counting;
	struct trace_point point;
	unsigned seen;
	pid_t struck_tid;     /* stopped at the point, or on its way to it */
	bool struck_in_child; /* it is not the plugin itself */
	bool struck;	      /* stands there */
	struct change change; /* the last one seen */
	void (*at_point)(void *context);
	void *context;
};

/* What a test wants to be called: 0, or -1 with the plugin's error. */
typedef int trace_rpc(void *context, struct error *err);

/* Before any thread is made. */
void trace_init(struct trace *trace, struct node_scene *scene);

/* Starts the program of the scene and connects the scene's channel. */
void trace_start(struct trace *trace);

/* *ret_changes may be NULL. */
int trace_call(struct trace *trace, trace_rpc *rpc, void *context, unsigned *ret_changes,
	       struct error *err);

/* Makes the call and kills the plugin at that point; at_point, if set, is called while everything
 * stands still there. False: the call came to its end before, and the plugin lives. */
bool trace_strike(struct trace *trace, const struct trace_point *point, trace_rpc *rpc,
		  void *context);

/* Kills it where it stands, with its children, and waits. */
void trace_kill(struct trace *trace);

/* Waits until children that survived have come to their end. */
void trace_wait_children(struct trace *trace);
