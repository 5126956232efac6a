/* SPDX-License-Identifier: Apache-2.0 */
#include "volume/ephemeral_policy.h"

#include <string.h>

#include "test.h"

#define GIB (1ULL << 30)

static struct ephemeral_policy policy;
static struct volume_record record;

static int set_up(void **state)
{
	policy = (struct ephemeral_policy)EPHEMERAL_POLICY_INIT;
	policy.on = true;
	record = (struct volume_record) { .backend = BACKEND_LOOP,
					  .enforce = true,
					  .size_bytes = GIB };
	return 0;
}

static void refuses(const char *pool, const char *word)
{
	struct error err = { 0 };
	assert_int_equal(ephemeral_policy_check(&policy, &record, pool, &err), -1);
	assert_int_equal(err.code, ERROR_FORBIDDEN);
	if (!strstr(err.text, word))
		fail_msg("\"%s\" does not say \"%s\"", err.text, word);
}

static void allows(const char *pool)
{
	struct error err = { 0 };
	if (ephemeral_policy_check(&policy, &record, pool, &err) < 0)
		fail_msg("%s", err.text);
}

static void nothing_is_allowed_until_it_is_switched_on(void **state)
{
	struct ephemeral_policy off = EPHEMERAL_POLICY_INIT;
	assert_false(off.on);
	policy.on = false;
	refuses(NULL, "node.ephemeral.enabled");
}

static void by_default_it_is_a_thin_image_of_a_gibibyte_in_any_pool(void **state)
{
	allows(NULL);
	allows("fast");
	record.size_bytes++;
	refuses(NULL, "size: an inline volume of this node holds at most 1Gi");
	record.size_bytes--;
	record.provisioning = PROVISIONING_THICK;
	refuses(NULL, "provisioning: \"thick\"");
	record.provisioning = PROVISIONING_THIN;
	record.backend = BACKEND_DIRECTORY;
	refuses(NULL, "backend: \"directory\"");
}

static void a_size_that_does_not_hold_is_never_allowed(void **state)
{
	policy.backends |= 1U << BACKEND_DIRECTORY;
	record.backend = BACKEND_DIRECTORY;
	allows(NULL);
	record.enforce = false;
	refuses(NULL, "enforce");
}

static void a_pool_must_be_among_those_named(void **state)
{
	policy.pools = "bulk,scratch";
	allows("bulk");
	allows("scratch");
	allows(NULL);
	refuses("scrat", "pool: \"scrat\"");
	refuses("fast", "--ephemeral-pools");
}

static void lists_are_read_and_unknown_names_refused(void **state)
{
	struct error err = { 0 };
	unsigned bits = 0;
	assert_int_equal(ephemeral_policy_read_backends("directory,loop", &bits, &err), 0);
	assert_int_equal(bits, 1U << BACKEND_LOOP | 1U << BACKEND_DIRECTORY);
	assert_int_equal(ephemeral_policy_read_provisionings("thick", &bits, &err), 0);
	assert_int_equal(bits, 1U << PROVISIONING_THICK);
	assert_int_equal(ephemeral_policy_read_backends("loop,", &bits, &err), -1);
	assert_int_equal(ephemeral_policy_read_backends("loop,zfs", &bits, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_non_null(strstr(err.text, "\"zfs\" is unknown"));
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_allowed_until_it_is_switched_on),
		TEST(by_default_it_is_a_thin_image_of_a_gibibyte_in_any_pool),
		TEST(a_size_that_does_not_hold_is_never_allowed),
		TEST(a_pool_must_be_among_those_named),
		TEST(lists_are_read_and_unknown_names_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
