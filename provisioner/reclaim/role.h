/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The role "reclaim": deletes volumes that were released, data first, and keeps our finalizer on
 * those that will have to be.
 */

#include "apply/role.h"

extern const struct role reclaim_role;
