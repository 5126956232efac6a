/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

#undef error_set
#undef error_errno
#undef error_prefix
#undef error_not_named

/* Texts of errors become messages in the cluster, which stores whole characters alone and compares
 * with what it has stored. */
static void print_text(char text[ERROR_TEXT_MAX], const char *format, va_list args)
{
	vsnprintf(text, ERROR_TEXT_MAX, format, args);
	utf8_cut(text);
}

int error_set(struct error *err, enum error_code code, const char *format, ...)
{
	if (!err)
		return -1;
	/* By way of a buffer, because the arguments may point into the old text. */
	char text[ERROR_TEXT_MAX];
	va_list args;
	va_start(args, format);
	print_text(text, format, args);
	va_end(args);
	err->code = code;
	memcpy(err->text, text, sizeof(text));
	return -1;
}

static enum error_code code_of_errno(int errno_value)
{
	switch (errno_value) {
	case ENOENT:
	case ENODEV:
		return ERROR_NOT_FOUND;
	case EEXIST:
		return ERROR_EXISTS;
	case EBUSY:
		return ERROR_IN_USE;
	case ENOSPC:
	case EDQUOT:
	case EMFILE:
	case ENFILE:
		return ERROR_EXHAUSTED;
	case EFBIG:
		return ERROR_RANGE;
	case EACCES:
	case EPERM:
		return ERROR_FORBIDDEN;
	case ETIMEDOUT:
		return ERROR_TIMEOUT;
	case ECONNREFUSED:
	case ECONNRESET:
	case EPIPE:
		return ERROR_UNAVAILABLE;
	default:
		return ERROR_INTERNAL;
	}
}

int error_errno(struct error *err, int errno_value, const char *format, ...)
{
	char text[ERROR_TEXT_MAX];
	va_list args;
	va_start(args, format);
	print_text(text, format, args);
	va_end(args);
	return error_set(err, code_of_errno(errno_value), "%s: %s", text, strerror(errno_value));
}

int error_prefix(struct error *err, const char *format, ...)
{
	if (!err)
		return -1;
	char text[ERROR_TEXT_MAX];
	va_list args;
	va_start(args, format);
	print_text(text, format, args);
	va_end(args);
	return error_set(err, err->code, "%s: %s", text, err->text);
}

int error_not_named(struct error *err)
{
	if (err && err->code == ERROR_NOT_FOUND)
		err->code = ERROR_INTERNAL;
	return -1;
}

const char *error_code_name(enum error_code code)
{
	static const char *const names[] = {
		[ERROR_NONE] = "NONE",
		[ERROR_INVALID] = "INVALID",
		[ERROR_NOT_FOUND] = "NOT_FOUND",
		[ERROR_EXISTS] = "EXISTS",
		[ERROR_CONFLICT] = "CONFLICT",
		[ERROR_BUSY] = "BUSY",
		[ERROR_IN_USE] = "IN_USE",
		[ERROR_EXHAUSTED] = "EXHAUSTED",
		[ERROR_RANGE] = "RANGE",
		[ERROR_FORBIDDEN] = "FORBIDDEN",
		[ERROR_UNSUPPORTED] = "UNSUPPORTED",
		[ERROR_EXPIRED] = "EXPIRED",
		[ERROR_TIMEOUT] = "TIMEOUT",
		[ERROR_UNAVAILABLE] = "UNAVAILABLE",
		[ERROR_CANCELLED] = "CANCELLED",
		[ERROR_INTERNAL] = "INTERNAL",
	};
	return names[code];
}
