/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * All kinds of data: by the kind that a record names, or by what lies in a folder.
 */

#include "backend/backend.h"
#include "record/parameters.h"

const struct backend *backend_of_kind(enum backend_kind kind);

/* By its data; NULL if there is none. */
const struct backend *backend_of_folder(int folder_fd);
