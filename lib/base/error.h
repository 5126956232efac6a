/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Why something failed.
 *
 * An error lives on the stack of the caller that handles it: there is nothing to free and nothing
 * thread-local. Every function that can fail takes one as its last parameter and returns
 *
 *	 0	done
 *	-1	failed; *err says why, and no ret_ parameter was touched
 *	>0	a documented outcome that the direct caller handles and never forwards
 *
 * A code is a decision that a caller can take, not a diagnosis; the diagnosis is the text. Three
 * places turn an error into an answer: rpc/status.c (gRPC status), kube/event.c (event), and the
 * retry of kube/workqueue.c. Libraries never log what they return.
 */

#include <stdbool.h>

enum error_code {
	ERROR_NONE = 0,
	ERROR_INVALID,	   /* the request is wrong and stays wrong: names the field */
	ERROR_NOT_FOUND,   /* what was named does not exist */
	ERROR_EXISTS,	   /* the name is taken by something else */
	ERROR_CONFLICT,	   /* another writer changed it meanwhile: read again */
	ERROR_BUSY,	   /* another operation on the same object is under way: try again */
	ERROR_IN_USE,	   /* it must be released first (precondition) */
	ERROR_EXHAUSTED,   /* no room or quota here; elsewhere or later there may be */
	ERROR_RANGE,	   /* a size that can never be served */
	ERROR_FORBIDDEN,   /* not allowed to */
	ERROR_UNSUPPORTED, /* not implemented here */
	ERROR_EXPIRED,	   /* a resource version or token that is too old: list again */
	ERROR_TIMEOUT,	   /* no answer in time: it may have happened or not */
	ERROR_UNAVAILABLE, /* could not be reached: try again */
	ERROR_CANCELLED,   /* the caller went away, or we are stopping */
	ERROR_INTERNAL,	   /* anything else: our fault or the kernel's */
};

#define ERROR_TEXT_MAX 1024

struct error {
	enum error_code code;
	char text[ERROR_TEXT_MAX];
};

/* Each of these sets *err and returns -1, so that a function can say `return error_set(…)`. The
 * text is cut at ERROR_TEXT_MAX, after a whole UTF-8 character; err may be NULL where the caller
 * needs no reason. */
__attribute__((format(printf, 3, 4))) int error_set(struct error *err, enum error_code code,
						    const char *format, ...);

/* The text gets ": <strerror>" behind it; the code follows from the errno value. */
__attribute__((format(printf, 3, 4))) int error_errno(struct error *err, int errno_value,
						      const char *format, ...);

/* Puts "<text>: " before the text of an error that is already set. */
__attribute__((format(printf, 2, 3))) int error_prefix(struct error *err, const char *format, ...);

/* Of an error that is already set: what is missing is not what the caller named, so NOT_FOUND would
 * mislead it; it becomes INTERNAL. */
int error_not_named(struct error *err);

/* "INVALID", "NOT_FOUND", …: for logs and metrics. */
const char *error_code_name(enum error_code code);

/* What they return is seen by compilers and analysers, too, which do not look into error.c. */
static inline int error_failed(int result)
{
	return -1;
}
#define error_set(...) error_failed(error_set(__VA_ARGS__))
#define error_errno(...) error_failed(error_errno(__VA_ARGS__))
#define error_prefix(...) error_failed(error_prefix(__VA_ARGS__))
#define error_not_named(err) error_failed(error_not_named(err))
