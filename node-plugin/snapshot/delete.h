/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Removing a snapshot: a rename into the trash, then the removal of its files.
 */

#include "base/error.h"

struct pools;

/* group: the group snapshot with which it is deleted; "": with none. ERROR_INVALID if it is of
 * another one. 1: there was none. */
int snapshot_delete(struct pools *pools, const char *id, const char *group, struct error *err);
