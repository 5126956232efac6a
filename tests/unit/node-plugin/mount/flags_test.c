/* SPDX-License-Identifier: Apache-2.0 */
#include "mount/flags.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mount.h>

#include <cmocka.h>

static int parse(const char *flag, const char *flag2, struct mount_flags *ret_flags,
		 struct error *err)
{
	char *flags[] = { (char *)flag, (char *)flag2 };
	return mount_flags_parse(flags, flag2 ? 2 : 1, ret_flags, err);
}

static void sorts_flags_by_who_obeys_them(void **state)
{
	struct mount_flags flags;
	struct error err = { 0 };
	assert_int_equal(parse("noatime", "commit=30", &flags, &err), 0);
	assert_int_equal(flags.attributes, MOUNT_ATTR_NOATIME);
	assert_int_equal(flags.option_count, 1);
	assert_string_equal(flags.options[0], "commit=30");
	assert_false(flags.read_only);
}

static void read_only_is_for_the_mount_and_the_file_system(void **state)
{
	struct mount_flags flags;
	struct error err = { 0 };
	assert_int_equal(parse("ro", "noexec", &flags, &err), 0);
	assert_int_equal(flags.attributes, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOEXEC);
	assert_true(flags.read_only);
	assert_int_equal(flags.option_count, 0);
}

static void a_later_flag_overrides_an_earlier_one(void **state)
{
	struct mount_flags flags;
	struct error err = { 0 };
	assert_int_equal(parse("noatime", "strictatime", &flags, &err), 0);
	assert_int_equal(flags.attributes, MOUNT_ATTR_STRICTATIME);
	assert_int_equal(parse("noexec", "exec", &flags, &err), 0);
	assert_int_equal(flags.attributes, 0);
	assert_int_equal(parse("ro", "rw", &flags, &err), 0);
	assert_false(flags.read_only);
}

static void refuses_what_is_not_one_flag(void **state)
{
	static const char *const wrong[] = { "", "noatime,ro", "a b", "x\ny", "\x7f" };
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct mount_flags flags;
		struct error err = { 0 };
		assert_int_equal(parse(wrong[i], NULL, &flags, &err), -1);
		assert_int_equal(err.code, ERROR_INVALID);
		assert_non_null(strstr(err.text, "mount_flags"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sorts_flags_by_who_obeys_them),
		cmocka_unit_test(read_only_is_for_the_mount_and_the_file_system),
		cmocka_unit_test(a_later_flag_overrides_an_earlier_one),
		cmocka_unit_test(refuses_what_is_not_one_flag),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
