/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The label by which a pool is recognised: a small file in its folder, written when the pool is
 * made, with a number that no other pool has.
 *
 *	<pool>/pool			the label of this one
 *	<pool>/neighbours/<id>		the labels of the others of this node
 *	<node's folder>/pools/<id>	the labels of all that this node had, and where they lay
 *
 * A disk that is not mounted leaves an empty folder where a pool should be. Only its neighbours,
 * and the node's own record beside the plugin's socket, distinguish it from a pool that is yet to
 * be made (pool/pools.h).
 */

#include <stdbool.h>

#include "base/error.h"
#include "pool/place.h"

#define POOL_LABEL_ID_LENGTH 32
#define POOL_LABEL_PATH_MAX 1024
#define POOL_LABEL_NOTES "pools"

struct pool_label {
	char id[POOL_LABEL_ID_LENGTH + 1]; /* hexadecimal */
	char name[POOL_PLACE_NAME_MAX + 1];
	char path[POOL_LABEL_PATH_MAX]; /* of one that the node noted; else "" */
};

/* There is a label in this folder, or the volumes of a pool that lost it or had none yet. */
bool pool_label_is_at(const char *path);

/* The pool in this folder is the one with this id. */
bool pool_label_is(const char *path, const char *id);

/* 1: there is none, or it is damaged. */
int pool_label_read(int root_fd, struct pool_label *ret_label, struct error *err);

/* A new label, written durably. */
int pool_label_make(int root_fd, const char *name, struct pool_label *ret_label, struct error *err);

/* Records the label in a folder of that name; one that is recorded already is not written again. */
int pool_label_note(int at_fd, const char *folder, const struct pool_label *label,
		    struct error *err);

/* Calls back for each label that is recorded there. */
typedef void pool_label_visitor(void *context, const struct pool_label *label);
int pool_label_visit(int at_fd, const char *folder, pool_label_visitor *visit, void *context,
		     struct error *err);
