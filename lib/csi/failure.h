/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the error of a call that changes something says about the effect. Pure.
 *
 * The caller of CSI repeats a call until it has a definite answer. Until then it asks for the same,
 * and undoes nothing that may be under way.
 */

#include "base/error.h"

/* What was to be changed. */
enum csi_change {
	CSI_CHANGE_COPY,   /* something was to be made: a volume, a snapshot, a group of them */
	CSI_CHANGE_SIZE,   /* ControllerExpandVolume */
	CSI_CHANGE_LIMITS, /* ControllerModifyVolume */
};

enum csi_failure {
	CSI_FAILURE_UNKNOWN, /* it may have happened, or may happen yet: ask for the same again */
	CSI_FAILURE_FINAL,   /* nothing was changed, and nothing is going on */
	CSI_FAILURE_INFEASIBLE, /* the same, and a retry soon would end alike */
};

enum csi_failure csi_failure_of(enum csi_change change, enum error_code code);
