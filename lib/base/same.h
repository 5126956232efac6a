/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Whether two strings that may be NULL, since a field may be missing, say the same. */

#include <stdbool.h>
#include <string.h>

/* Both are there. */
static inline bool same(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

/* Or neither is. */
static inline bool same_or_none(const char *a, const char *b)
{
	return a == b || same(a, b);
}
