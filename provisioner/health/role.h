/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The role "health": asks each node for the health of its volumes, once a minute, and writes what
 * is wrong into the claims' status. It deletes and moves nothing.
 */

#include "apply/role.h"

extern const struct role health_role;
