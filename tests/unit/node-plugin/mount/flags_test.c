/* SPDX-License-Identifier: Apache-2.0 */
#include "mount/flags.h"

#include <string.h>
#include <sys/mount.h>

#include "test.h"

static int parse(const char *flag, const char *flag2, struct mount_flags *ret_flags,
		 struct error *err)
{
	char *flags[] = { (char *)flag, (char *)flag2 };
	return mount_flags_parse(flags, flag2 ? 2 : 1, ret_flags, err);
}

static void sorts_flags_by_what_they_apply_to(void **state)
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

static void one_item_may_hold_several_options(void **state)
{
	struct mount_flags flags;
	struct error err = { 0 };
	assert_int_equal(parse("noatime,nodiratime,commit=30", "ro,discard", &flags, &err), 0);
	assert_int_equal(flags.attributes,
			 MOUNT_ATTR_NOATIME | MOUNT_ATTR_NODIRATIME | MOUNT_ATTR_RDONLY);
	assert_int_equal(flags.option_count, 2);
	assert_string_equal(flags.options[0], "commit=30");
	assert_string_equal(flags.options[1], "discard");
}

static void quotes_keep_a_comma_and_are_not_part_of_the_value(void **state)
{
	struct mount_flags flags;
	struct error err = { 0 };
	assert_int_equal(parse("noexec,context=\"system_u:object_r:container_file_t:s0:c1,c2\"",
			       "errors=remount-ro", &flags, &err),
			 0);
	assert_int_equal(flags.attributes, MOUNT_ATTR_NOEXEC);
	assert_int_equal(flags.option_count, 2);
	assert_string_equal(flags.options[0],
			    "context=system_u:object_r:container_file_t:s0:c1,c2");
	assert_string_equal(flags.options[1], "errors=remount-ro");
}

static void what_speaks_to_readers_of_fstab_is_dropped(void **state)
{
	struct mount_flags flags;
	struct error err = { 0 };
	assert_int_equal(
		parse("nofail,_netdev,x-systemd.automount,noauto", "comment=ours", &flags, &err),
		0);
	assert_int_equal(flags.attributes, 0);
	assert_int_equal(flags.option_count, 0);
	assert_int_equal(parse("user,exec", NULL, &flags, &err), 0);
	assert_int_equal(flags.attributes, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
}

static void refuses_what_is_no_option(void **state)
{
	static const char *const wrong[] = { "",     "noatime,", ",ro",		  "a,,b", "a b",
					     "x\ny", "\x7f",	 "context=\"a,b", "\"\"" };
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
		cmocka_unit_test(sorts_flags_by_what_they_apply_to),
		cmocka_unit_test(read_only_is_for_the_mount_and_the_file_system),
		cmocka_unit_test(a_later_flag_overrides_an_earlier_one),
		cmocka_unit_test(one_item_may_hold_several_options),
		cmocka_unit_test(quotes_keep_a_comma_and_are_not_part_of_the_value),
		cmocka_unit_test(what_speaks_to_readers_of_fstab_is_dropped),
		cmocka_unit_test(refuses_what_is_no_option),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
