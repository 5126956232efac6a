/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"

#include <malloc.h>
#include <pthread.h>

/* Less than a huge page, so that the kernel gives none to a stack. */
#define STACK_BYTES (1 << 20)

/* Fixed, since glibc raises both with each large block that is freed (mallopt(3)). */
#define MMAP_THRESHOLD_BYTES (128 << 10)
#define TRIM_THRESHOLD_BYTES (128 << 10)

void memory_init(void)
{
	pthread_attr_t attributes;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	pthread_setattr_default_np(&attributes);
	pthread_attr_destroy(&attributes);
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD_BYTES);
	mallopt(M_TRIM_THRESHOLD, TRIM_THRESHOLD_BYTES);
}

void memory_trim(void)
{
	malloc_trim(0);
}
