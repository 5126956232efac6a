/* SPDX-License-Identifier: Apache-2.0 */
#include "base/secret.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "test.h"

/* The flags of the mapping that holds the address: proc_pid_smaps(5). */
static bool mapping_has_flag(const void *address, const char *flag)
{
	char line[512];
	bool inside = false, found = false;
	FILE *maps = fopen("/proc/self/smaps", "r");
	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps)) {
		unsigned long begin, end;
		if (sscanf(line, "%lx-%lx ", &begin, &end) == 2)
			inside = begin <= (unsigned long)address && (unsigned long)address < end;
		if (inside && strncmp(line, "VmFlags:", 8) == 0)
			found = strstr(line, flag) != NULL;
	}
	fclose(maps);
	return found;
}

static void a_secret_lies_in_memory_that_is_not_dumped(void **state)
{
	CLEANUP_SECRET struct secret secret = { 0 };
	struct error err = { 0 };
	assert_int_equal(secret_copy(&secret, "correct horse", 13, &err), 0);
	assert_memory_equal(secret.bytes, "correct horse", 13);
	assert_int_equal(secret.length, 13);
	assert_true(mapping_has_flag(secret.bytes, " dd"));
	assert_true(mapping_has_flag(secret.bytes, " wf"));
}

static void a_secret_that_is_done_has_no_memory_any_more(void **state)
{
	struct secret secret = { 0 };
	assert_int_equal(secret_copy(&secret, "correct horse", 13, NULL), 0);
	void *pages = secret.bytes;
	secret_done(&secret);
	assert_null(secret.bytes);
	assert_int_equal(secret.length, 0);
	unsigned char resident;
	assert_int_equal(mincore(pages, 1, &resident), -1);
	assert_int_equal(errno, ENOMEM);
	secret_done(&secret);
}

static void an_empty_secret_is_there_and_has_no_bytes(void **state)
{
	CLEANUP_SECRET struct secret secret = { 0 };
	assert_int_equal(secret_copy(&secret, "", 0, NULL), 0);
	assert_non_null(secret.bytes);
	assert_int_equal(secret.length, 0);
}

static void a_process_that_forbids_dumps_has_none(void **state)
{
	struct rlimit limit;
	assert_int_equal(secret_forbid_dumps(NULL), 0);
	assert_int_equal(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
	assert_int_equal(getrlimit(RLIMIT_CORE, &limit), 0);
	assert_int_equal(limit.rlim_max, 0);
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); /* the leak checker needs it */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_secret_lies_in_memory_that_is_not_dumped),
		cmocka_unit_test(a_secret_that_is_done_has_no_memory_any_more),
		cmocka_unit_test(an_empty_secret_is_there_and_has_no_bytes),
		cmocka_unit_test(a_process_that_forbids_dumps_has_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
