/* SPDX-License-Identifier: Apache-2.0 */
#include "mount/table.h"

#include <string.h>
#include <sys/sysmacros.h>

#include "test.h"

#define ROOT "20 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"

static struct mount_table *parse(const char *text)
{
	struct mount_table *table = NULL;
	struct error err = { 0 };
	assert_int_equal(mount_table_parse(text, strlen(text), &table, &err), 0);
	return table;
}

static void reads_all_fields_of_a_line(void **state)
{
	CLEANUP(mount_table_freep)
	struct mount_table *table = parse(
		"36 35 7:12 /mnt1 /mnt2 rw,noatime master:1 propagate_from:2 - ext3 /dev/root "
		"rw,errors=continue\n");
	assert_int_equal(table->count, 1);
	const struct mount *mount = &table->mounts[0];
	assert_int_equal(mount->id, 36);
	assert_int_equal(mount->parent_id, 35);
	assert_true(mount->device == makedev(7, 12));
	assert_string_equal(mount->root, "/mnt1");
	assert_string_equal(mount->point, "/mnt2");
	assert_string_equal(mount->options, "rw,noatime");
	assert_string_equal(mount->type, "ext3");
	assert_string_equal(mount->source, "/dev/root");
	assert_string_equal(mount->super_options, "rw,errors=continue");
}

static void turns_escapes_back_into_what_they_stand_for(void **state)
{
	CLEANUP(mount_table_freep)
	struct mount_table *table =
		parse(ROOT "21 20 8:2 / /a\\040b\\011c\\012d\\134e rw - ext4 /dev/x\\040y rw\n");
	assert_string_equal(table->mounts[1].point, "/a b\tc\nd\\e");
	assert_string_equal(table->mounts[1].source, "/dev/x y");
	assert_non_null(mount_table_at(table, "/a b\tc\nd\\e"));
}

static void accepts_a_mount_without_optional_fields_and_an_empty_source(void **state)
{
	CLEANUP(mount_table_freep)
	struct mount_table *table = parse(ROOT "21 20 0:5 / /x rw - tmpfs  rw\n");
	assert_string_equal(table->mounts[1].source, "");
	assert_string_equal(table->mounts[1].super_options, "rw");
}

static void refuses_lines_that_make_no_sense_and_says_which(void **state)
{
	static const char *const lines[] = {
		"x 1 8:1 / / rw - ext4 /dev/sda1 rw\n",
		"20 1 8 / / rw - ext4 /dev/sda1 rw\n",
		"20 1 8: / / rw - ext4 /dev/sda1 rw\n",
		"20 1 :1 / / rw - ext4 /dev/sda1 rw\n",
		"20 1 8:1:1 / / rw - ext4 /dev/sda1 rw\n",
		"20 -1 8:1 / / rw - ext4 /dev/sda1 rw\n",
		"20 1x 8:1 / / rw - ext4 /dev/sda1 rw\n",
		"4294967296 1 8:1 / / rw - ext4 /dev/sda1 rw\n",
		"20 1 8:1 / / rw\n",
		"20 1 8:1 / / rw shared:1 ext4 dev rw\n",
		"\n",
		"20 1 8:1 / / rw - ext4\n",
	};
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		char text[256] = ROOT;
		struct mount_table *table = NULL;
		struct error err = { 0 };
		strcat(text, lines[i]);
		assert_int_equal(mount_table_parse(text, strlen(text), &table, &err), -1);
		assert_non_null(strstr(err.text, "line 2"));
		assert_null(table);
	}
}

static void finds_the_uppermost_of_mounts_that_lie_on_one_another(void **state)
{
	/* The order of the lines says nothing; the parents do. */
	CLEANUP(mount_table_freep)
	struct mount_table *table = parse("23 22 7:3 / /x rw - ext4 /dev/loop3 rw\n" ROOT
					  "21 20 7:1 / /x rw - ext4 /dev/loop1 rw\n"
					  "22 21 7:2 / /x rw - ext4 /dev/loop2 rw\n");
	assert_int_equal(mount_table_at(table, "/x")->id, 23);
	assert_int_equal(mount_table_covering(table, "/x/y")->id, 23);
	assert_null(mount_table_at(table, "/x/y"));
}

static void a_mount_further_up_hides_what_lies_below(void **state)
{
	CLEANUP(mount_table_freep)
	struct mount_table *table = parse(ROOT "21 20 7:1 / /a/b rw - ext4 /dev/loop1 rw\n"
					       "22 20 7:2 / /a rw - ext4 /dev/loop2 rw\n");
	assert_int_equal(mount_table_covering(table, "/a/b")->id, 22);
	assert_null(mount_table_at(table, "/a/b"));
}

static void a_name_that_begins_alike_is_another_folder(void **state)
{
	CLEANUP(mount_table_freep)
	struct mount_table *table = parse(ROOT "21 20 7:1 / /data rw - ext4 /dev/loop1 rw\n");
	assert_int_equal(mount_table_covering(table, "/database")->id, 20);
	assert_int_equal(mount_table_covering(table, "/data/x")->id, 21);
}

static void a_table_that_goes_in_circles_does_not_hold_us(void **state)
{
	CLEANUP(mount_table_freep)
	struct mount_table *table =
		parse("20 1 8:1 / / rw - ext4 a rw\n21 20 8:2 / / rw - ext4 b rw\n"
		      "20 21 8:3 / / rw - ext4 c rw\n");
	assert_non_null(mount_table_covering(table, "/x"));
}

static void a_table_without_a_root_has_no_place_for_anything(void **state)
{
	CLEANUP(mount_table_freep) struct mount_table *table = parse("");
	assert_null(mount_table_covering(table, "/x"));
	assert_null(mount_table_at(table, "/x"));
}

static void an_option_is_a_whole_word_of_the_list(void **state)
{
	assert_true(mount_has_option("ro", "ro"));
	assert_true(mount_has_option("noatime,ro,nodev", "ro"));
	assert_false(mount_has_option("errors=remount-ro,rot", "ro"));
	assert_false(mount_has_option("", "ro"));
}

static void a_loop_device_is_known_by_its_number_its_name_or_its_node(void **state)
{
	static const int wanted[] = { -1, 12, 3, -1, 5, -1, -1 };
	CLEANUP(mount_table_freep)
	struct mount_table *table = parse(ROOT "21 20 7:12 / /a rw - ext4 /dev/loop12 rw\n"
					       "22 20 0:40 / /b rw - btrfs /dev/loop3 rw\n"
					       "23 20 0:41 / /c rw - btrfs /dev/loop3p1 rw\n"
					       "24 20 0:5 /loop5 /d rw - devtmpfs udev rw\n"
					       "25 20 0:5 /loop-control /e rw - devtmpfs udev rw\n"
					       "26 20 0:42 / /f rw - tmpfs /dev/loop3 rw\n");
	for (size_t i = 0; i < table->count; i++)
		assert_int_equal(mount_loop_number(&table->mounts[i]), wanted[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_all_fields_of_a_line),
		cmocka_unit_test(turns_escapes_back_into_what_they_stand_for),
		cmocka_unit_test(accepts_a_mount_without_optional_fields_and_an_empty_source),
		cmocka_unit_test(refuses_lines_that_make_no_sense_and_says_which),
		cmocka_unit_test(finds_the_uppermost_of_mounts_that_lie_on_one_another),
		cmocka_unit_test(a_mount_further_up_hides_what_lies_below),
		cmocka_unit_test(a_name_that_begins_alike_is_another_folder),
		cmocka_unit_test(a_table_that_goes_in_circles_does_not_hold_us),
		cmocka_unit_test(a_table_without_a_root_has_no_place_for_anything),
		cmocka_unit_test(a_loop_device_is_known_by_its_number_its_name_or_its_node),
		cmocka_unit_test(an_option_is_a_whole_word_of_the_list),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
