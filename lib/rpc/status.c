/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/status.h"

#include <stddef.h>

grpc_status_code rpc_status_of_error(enum error_code code)
{
	switch (code) {
	case ERROR_NONE:
		return GRPC_STATUS_OK;
	case ERROR_INVALID:
		return GRPC_STATUS_INVALID_ARGUMENT;
	case ERROR_NOT_FOUND:
		return GRPC_STATUS_NOT_FOUND;
	case ERROR_EXISTS:
		return GRPC_STATUS_ALREADY_EXISTS;
	/* CSI spec, ListVolumes: a starting_token that is no longer good is ABORTED. */
	case ERROR_EXPIRED:
	case ERROR_CONFLICT:
	case ERROR_BUSY:
		return GRPC_STATUS_ABORTED;
	case ERROR_IN_USE:
		return GRPC_STATUS_FAILED_PRECONDITION;
	case ERROR_EXHAUSTED:
		return GRPC_STATUS_RESOURCE_EXHAUSTED;
	case ERROR_RANGE:
		return GRPC_STATUS_OUT_OF_RANGE;
	case ERROR_FORBIDDEN:
		return GRPC_STATUS_PERMISSION_DENIED;
	case ERROR_UNSUPPORTED:
		return GRPC_STATUS_UNIMPLEMENTED;
	case ERROR_TIMEOUT:
		return GRPC_STATUS_DEADLINE_EXCEEDED;
	case ERROR_UNAVAILABLE:
		return GRPC_STATUS_UNAVAILABLE;
	case ERROR_CANCELLED:
		return GRPC_STATUS_CANCELLED;
	case ERROR_INTERNAL:
		return GRPC_STATUS_INTERNAL;
	}
	return GRPC_STATUS_INTERNAL;
}

enum error_code rpc_error_of_status(grpc_status_code status)
{
	switch (status) {
	case GRPC_STATUS_OK:
		return ERROR_NONE;
	case GRPC_STATUS_INVALID_ARGUMENT:
		return ERROR_INVALID;
	case GRPC_STATUS_NOT_FOUND:
		return ERROR_NOT_FOUND;
	case GRPC_STATUS_ALREADY_EXISTS:
		return ERROR_EXISTS;
	case GRPC_STATUS_ABORTED:
		return ERROR_BUSY;
	case GRPC_STATUS_FAILED_PRECONDITION:
		return ERROR_IN_USE;
	case GRPC_STATUS_RESOURCE_EXHAUSTED:
		return ERROR_EXHAUSTED;
	case GRPC_STATUS_OUT_OF_RANGE:
		return ERROR_RANGE;
	case GRPC_STATUS_PERMISSION_DENIED:
	case GRPC_STATUS_UNAUTHENTICATED:
		return ERROR_FORBIDDEN;
	case GRPC_STATUS_UNIMPLEMENTED:
		return ERROR_UNSUPPORTED;
	case GRPC_STATUS_DEADLINE_EXCEEDED:
		return ERROR_TIMEOUT;
	case GRPC_STATUS_UNAVAILABLE:
		return ERROR_UNAVAILABLE;
	case GRPC_STATUS_CANCELLED:
		return ERROR_CANCELLED;
	case GRPC_STATUS_UNKNOWN:
	case GRPC_STATUS_DATA_LOSS:
	case GRPC_STATUS_INTERNAL:
	case GRPC_STATUS__DO_NOT_USE:
		return ERROR_INTERNAL;
	}
	return ERROR_INTERNAL;
}

const char *rpc_status_name(grpc_status_code status)
{
	static const char *const names[] = {
		[GRPC_STATUS_OK] = "OK",
		[GRPC_STATUS_CANCELLED] = "Canceled",
		[GRPC_STATUS_UNKNOWN] = "Unknown",
		[GRPC_STATUS_INVALID_ARGUMENT] = "InvalidArgument",
		[GRPC_STATUS_DEADLINE_EXCEEDED] = "DeadlineExceeded",
		[GRPC_STATUS_NOT_FOUND] = "NotFound",
		[GRPC_STATUS_ALREADY_EXISTS] = "AlreadyExists",
		[GRPC_STATUS_PERMISSION_DENIED] = "PermissionDenied",
		[GRPC_STATUS_RESOURCE_EXHAUSTED] = "ResourceExhausted",
		[GRPC_STATUS_FAILED_PRECONDITION] = "FailedPrecondition",
		[GRPC_STATUS_ABORTED] = "Aborted",
		[GRPC_STATUS_OUT_OF_RANGE] = "OutOfRange",
		[GRPC_STATUS_UNIMPLEMENTED] = "Unimplemented",
		[GRPC_STATUS_INTERNAL] = "Internal",
		[GRPC_STATUS_UNAVAILABLE] = "Unavailable",
		[GRPC_STATUS_DATA_LOSS] = "DataLoss",
		[GRPC_STATUS_UNAUTHENTICATED] = "Unauthenticated",
	};
	size_t count = sizeof(names) / sizeof(*names);
	return (size_t)status < count ? names[status] : "Unknown";
}
