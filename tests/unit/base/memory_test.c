/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "test.h"

#define BLOCK_BYTES 4096
#define BLOCKS 8192

DEFINE_CLEANUP(FILE *, fclose);

static long anonymous_kb(void)
{
	CLEANUP(fclosep) FILE *status = fopen("/proc/self/status", "re");
	char line[256];
	long kb = -1;
	assert_non_null(status);
	while (kb < 0 && fgets(line, sizeof(line), status))
		sscanf(line, "RssAnon: %ld kB", &kb);
	assert_true(kb > 0);
	return kb;
}

/* The last block stays and keeps the heap from shrinking by itself. */
static void free_memory_goes_back_to_the_kernel(void **state)
{
	static char *blocks[BLOCKS];
	for (size_t i = 0; i < BLOCKS; i++) {
		blocks[i] = malloc(BLOCK_BYTES);
		memset(blocks[i], 1, BLOCK_BYTES);
	}
	for (size_t i = 0; i + 1 < BLOCKS; i++)
		free(blocks[i]);
	long before_kb = anonymous_kb();
	memory_trim();
	long after_kb = anonymous_kb();
	free(blocks[BLOCKS - 1]);
	/* A sanitizer's malloc has ways of its own. */
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	assert_true(after_kb < before_kb - 16 * 1024);
#else
	(void)before_kb;
	(void)after_kb;
#endif
}

static void stacks_of_threads_are_less_than_a_huge_page(void **state)
{
	pthread_attr_t attributes;
	size_t size_bytes = 0;
	assert_int_equal(pthread_getattr_default_np(&attributes), 0);
	pthread_attr_getstacksize(&attributes, &size_bytes);
	pthread_attr_destroy(&attributes);
	assert_in_range(size_bytes, 256 << 10, (2 << 20) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(free_memory_goes_back_to_the_kernel),
		cmocka_unit_test(stacks_of_threads_are_less_than_a_huge_page),
	};
	memory_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
