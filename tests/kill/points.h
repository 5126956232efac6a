/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * All points of all calls of a life. At each the plugin is killed, or the power fails, once for
 * every way in which it may go on:
 *
 *	retry	 the same call again, as the kubelet and the provisioner do, and the life goes on
 *	instead	 the opposite call: the pod, or the claim, is not wanted any more, or wanted again
 */

#include <stdbool.h>

#include "life.h"

struct points_options {
	bool power;	     /* the power fails: what was not fsynced is gone, mounts too */
	unsigned every;	     /* 1: all points; n: each n-th */
	const char *preload; /* for the plugin */
	unsigned stop_after; /* this many failures; 0: never */
};

struct points_result {
	unsigned points;   /* changes of all calls, before and after each */
	unsigned kills;	   /* points tried, in all their ways */
	unsigned failures; /* each has been printed */
};

void points_try(const struct scenario *scenario, const struct points_options *options,
		struct points_result *ret_result);
