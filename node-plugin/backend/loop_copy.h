/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Copies of an image: a clone where the pool can share blocks, elsewhere passes over what is there
 * already (folder/copy.h). A copy that was not finished is continued: it is compared, and only the
 * differences are written. The functions are those of struct backend.
 */

#include "backend/copy.h"
#include "base/error.h"

int backend_loop_copy_begin(struct backend_copy *copy, struct error *err);
int backend_loop_copy_take(struct backend_copy *copy, const struct copy_watch *held,
			   struct error *err);
int backend_loop_copy_finish(struct backend_copy *copy, struct error *err);
int backend_loop_copy_still(const struct backend_copy *copy, struct error *err);
