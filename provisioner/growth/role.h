/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The role "resize": grows the volumes of claims that ask for more.
 */

#include "apply/role.h"

extern const struct role growth_role;
