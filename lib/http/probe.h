/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A probe that any client in the cluster may read: /healthz or /readyz. The client learns only
 * whether it passes. The reason why it does not, which names disks and addresses, goes to the log:
 * when it begins to fail, when the reason becomes another one (once a minute at most, however often
 * it is asked for), and when it passes again.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct http_probe {
	const char *name; /* "readyz" */
	int (*look)(void *context, struct error *err);
	void *context;

	bool passed_once;
	bool fails;
	struct error reason; /* that was logged last */
	uint64_t logged_ms;  /* then */
};

/* Looks, and logs what is to be logged; without a look it passes. One thread at a time. */
bool http_probe_passes(struct http_probe *probe);
