/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The role "provision": makes the volumes that claims wait for.
 */

#include "apply/role.h"

extern const struct role claim_role;
