/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Release at the end of a scope.
 *
 * A variable declared with one of these is released when it goes out of scope, on every path. It
 * must be initialised where it is declared. TAKE() hands the value over to another owner and leaves
 * an empty one behind.
 */

#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(function) __attribute__((cleanup(function)))

/* Defines x_freep(), for CLEANUP(x_freep), out of x_free(). The free function must accept an
 * empty value (NULL). */
#define DEFINE_CLEANUP(type, function)                                                             \
	static inline void function##p(type *p)                                                    \
	{                                                                                          \
		if (*p)                                                                            \
			function(*p);                                                              \
	}                                                                                          \
	struct cleanup_needs_a_semicolon

static inline void cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_close(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#define CLEANUP_FREE CLEANUP(cleanup_free)
#define CLEANUP_CLOSE CLEANUP(cleanup_close)

#define TAKE(p)                                                                                    \
	({                                                                                         \
		__typeof__(p) take_value = (p);                                                    \
		(p) = NULL;                                                                        \
		take_value;                                                                        \
	})

#define TAKE_FD(fd)                                                                                \
	({                                                                                         \
		int take_fd = (fd);                                                                \
		(fd) = -1;                                                                         \
		take_fd;                                                                           \
	})
