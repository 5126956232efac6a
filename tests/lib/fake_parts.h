/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the parts of the fake kernel share: fake_host.c has the table and the steps at which it
 * fails or ends, fake_mounts.c, fake_loops.c, fake_filesystems.c and fake_quotas.c have a noun
 * each. Tests include fake_host.h alone.
 */

#include <limits.h>

#include "base/error.h"
#include "fake_host.h"

struct fake_host *fake_of(struct host *host);

/* Begins a step: fails it, or ends the process before its effect. The end of the step ends it right
 * after that. */
int fake_begin_step(struct fake_host *fake, const char *what, struct error *err);
int fake_end_step(struct fake_host *fake);

void fake_path_of(int fd, char path[static PATH_MAX]);

/* The mount in which a path ends, as the code under test would find it. */
struct fake_mount *fake_covering(struct fake_host *fake, const char *path);

/* Each puts its functions into the table. */
void fake_mounts_fill(struct host *host);
void fake_loops_fill(struct host *host);
void fake_filesystems_fill(struct host *host);
void fake_quotas_fill(struct host *host);
