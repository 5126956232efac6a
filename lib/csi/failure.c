/* SPDX-License-Identifier: Apache-2.0 */
#include "csi/failure.h"

enum csi_failure csi_failure_of(enum csi_change change, enum error_code code)
{
	switch (code) {
	case ERROR_CANCELLED:
	case ERROR_TIMEOUT:
	case ERROR_UNAVAILABLE:
	case ERROR_BUSY:
		return CSI_FAILURE_UNKNOWN;
	case ERROR_INVALID:
		return CSI_FAILURE_INFEASIBLE;
	case ERROR_NOT_FOUND:
	case ERROR_RANGE:
		return change == CSI_CHANGE_LIMITS ? CSI_FAILURE_FINAL : CSI_FAILURE_INFEASIBLE;
	/* FAILED_PRECONDITION: a volume that is written to. The node keeps what it has copied so
	 * far for the next call (node-plugin/pool/unfinished.h). */
	case ERROR_IN_USE:
		return change == CSI_CHANGE_COPY ? CSI_FAILURE_UNKNOWN : CSI_FAILURE_FINAL;
	/* Our node plugin has then made nothing (node-plugin/snapshot/create.h) and grown nothing
	 * (node-plugin/volume/expand.h). */
	case ERROR_EXHAUSTED:
		return change == CSI_CHANGE_LIMITS ? CSI_FAILURE_UNKNOWN : CSI_FAILURE_FINAL;
	default:
		return CSI_FAILURE_FINAL;
	}
}
