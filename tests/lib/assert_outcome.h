/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * cmocka's assertions for what functions of the house answer: an outcome and an error. Where they
 * fail, they print the error.
 */

#include <stdint.h>
#include <string.h>

#include "base/error.h"
#include "test.h"

static inline void tell_error(const struct error *err)
{
	print_error("%s: %s\n", error_code_name(err->code), err->text);
}

static inline void check_outcome(int outcome, int expected, const struct error *err,
				 const char *file, int line)
{
	if (outcome < 0 && expected >= 0)
		tell_error(err);
	_assert_int_equal((uintmax_t)outcome, (uintmax_t)expected, file, line);
}

static inline void check_refused(int outcome, enum error_code code, const struct error *err,
				 const char *text, const char *file, int line)
{
	_assert_int_equal((uintmax_t)outcome, (uintmax_t)-1, file, line);
	if (err->code != code || !strstr(err->text, text))
		tell_error(err);
	_assert_int_equal(err->code, code, file, line);
	_assert_true(strstr(err->text, text) != NULL, "the error's text", file, line);
}

/* An outcome above 0 is named by the function's header. */
#define assert_outcome(outcome, expected, err)                                                     \
	check_outcome(outcome, expected, err, __FILE__, __LINE__)

#define assert_done(outcome, err) assert_outcome(outcome, 0, err)

/* With this code, and this in its text. */
#define assert_refused(outcome, code, err, text)                                                   \
	check_refused(outcome, code, err, text, __FILE__, __LINE__)
