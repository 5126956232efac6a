/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The role "modify": gives volumes the VolumeAttributesClass that their claims name.
 */

#include "apply/role.h"

extern const struct role modify_role;
