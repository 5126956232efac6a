/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"

/* Pages of the program's own file that nothing but these tests reads. */
static const char table[256 << 10] = { [0] = 'a', [100 << 10] = 'b', [(256 << 10) - 1] = 'c' };

static unsigned sum_table(void)
{
	unsigned sum = 0;
	for (size_t i = 0; i < sizeof(table); i++)
		sum += (unsigned char)((volatile const char *)table)[i];
	return sum;
}

DEFINE_CLEANUP(FILE *, fclose);

static long resident_file_kb(void)
{
	CLEANUP(fclosep) FILE *status = fopen("/proc/self/status", "re");
	char line[256];
	long kb = -1;
	assert_non_null(status);
	while (kb < 0 && fgets(line, sizeof(line), status))
		sscanf(line, "RssFile: %ld kB", &kb);
	assert_true(kb > 0);
	return kb;
}

static void pages_of_the_program_are_given_back(void **state)
{
	sum_table();
	long before_kb = resident_file_kb();
	memory_settle();
	assert_true(resident_file_kb() <= before_kb - (long)(sizeof(table) >> 10));
}

static void what_was_given_back_reads_as_before(void **state)
{
	memory_settle();
	assert_int_equal(sum_table(), 'a' + 'b' + 'c');
}

static int (*volatile compare)(const char *, const char *) = strcmp;

static void relocated_addresses_stay(void **state)
{
	static const char *const words[] = { "stage", "publish" };
	memory_settle();
	assert_int_equal(compare(words[1], "publish"), 0);
}

static void *settle_often(void *context)
{
	for (int i = 0; i < 20; i++)
		memory_settle();
	return NULL;
}

static void threads_may_settle_at_the_same_time(void **state)
{
	pthread_t threads[4];
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, settle_often, NULL), 0);
	for (int i = 0; i < 20; i++)
		assert_int_equal(sum_table(), 'a' + 'b' + 'c');
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
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
		cmocka_unit_test(pages_of_the_program_are_given_back),
		cmocka_unit_test(what_was_given_back_reads_as_before),
		cmocka_unit_test(relocated_addresses_stay),
		cmocka_unit_test(threads_may_settle_at_the_same_time),
		cmocka_unit_test(stacks_of_threads_are_less_than_a_huge_page),
	};
	memory_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
