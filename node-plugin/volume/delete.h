/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Removing a volume: make sure that it is not in use, rename it into the trash, then remove its
 * files.
 */

#include "base/error.h"

struct pools;
struct volume_folder;

/* 1: there was none. ERROR_IN_USE while it is mounted or its device is in use; the text says where.
 */
int volume_delete(struct pools *pools, const char *id, struct error *err);

/* The same for a volume whose folder is open and whose lock is held. */
int volume_delete_open(struct pools *pools, const struct volume_folder *folder, struct error *err);
