/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The data of a Secret (core/v1), for one use.
 *
 * They are taken out of the text of the object without a tree of it, since the copies in a tree
 * cannot be wiped: keys and decoded values lie in one struct secret, beside the text alone, and
 * kube_get_secret() wipes the text. No error holds a part of a value.
 *
 * A value is a string of CSI: UTF-8 without a NUL.
 */

#include <stddef.h>

#include "base/error.h"
#include "base/pairs.h"
#include "base/secret.h"
#include "kube/kind.h"

struct secret_data {
	struct pairs pairs; /* of the keys; none where nothing was read */
	struct secret room; /* holds all of them */
};

extern const struct kind secret_kind;

/* ERROR_INVALID names the key: "data.password: …". *ret_data must be { 0 } before. */
int secret_data_parse(const char *text, size_t length, struct secret_data *ret_data,
		      struct error *err);

/* Wipes and frees it; { 0 } afterwards. */
void secret_data_done(struct secret_data *data);

#define CLEANUP_SECRET_DATA CLEANUP(secret_data_done)
