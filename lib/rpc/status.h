/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Errors and gRPC status codes, one to one where it matters: a code that crosses the wire comes
 * back as the same error_code (ERROR_BUSY <-> ABORTED, ERROR_IN_USE <-> FAILED_PRECONDITION,
 * ERROR_RANGE <-> OUT_OF_RANGE, …). CSI spec, "Error Scheme".
 */

#include <grpc/status.h>

#include "base/error.h"

grpc_status_code rpc_status_of_error(enum error_code code);
enum error_code rpc_error_of_status(grpc_status_code status);

/* "NotFound", as grpc-go and with it the dashboards of CSI sidecars spell the codes. */
const char *rpc_status_name(grpc_status_code status);
