/* SPDX-License-Identifier: Apache-2.0 */
#include "csi/argument.h"

#include <string.h>

#include "test.h"

static Csi__V1__VolumeCapability capability;
static Csi__V1__VolumeCapability__MountVolume mount_type;
static Csi__V1__VolumeCapability__BlockVolume block_type;
static Csi__V1__VolumeCapability__AccessMode access_mode;

static int make_capability(void **state)
{
	csi__v1__volume_capability__init(&capability);
	csi__v1__volume_capability__mount_volume__init(&mount_type);
	csi__v1__volume_capability__block_volume__init(&block_type);
	csi__v1__volume_capability__access_mode__init(&access_mode);
	access_mode.mode = CSI__V1__VOLUME_CAPABILITY__ACCESS_MODE__MODE__SINGLE_NODE_WRITER;
	capability.access_type_case = CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_MOUNT;
	capability.mount = &mount_type;
	capability.access_mode = &access_mode;
	return 0;
}

static void check_refused(const char *named)
{
	struct access access;
	struct error err = { 0 };
	assert_int_equal(csi_argument_access(&capability, &access, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_non_null(strstr(err.text, named));
}

static void a_mount_on_one_node_is_served_in_four_modes(void **state)
{
	static const int modes[][2] = {
		{ 1, ACCESS_WRITER },
		{ 2, ACCESS_READER },
		{ 6, ACCESS_SINGLE_WRITER },
		{ 7, ACCESS_MULTI_WRITER },
	};
	for (size_t i = 0; i < 4; i++) {
		struct access access;
		struct error err = { 0 };
		access_mode.mode = (Csi__V1__VolumeCapability__AccessMode__Mode)modes[i][0];
		assert_int_equal(csi_argument_access(&capability, &access, &err), 0);
		assert_int_equal(access.mode, modes[i][1]);
	}
}

static void modes_of_several_writers_and_unknown_ones_are_refused(void **state)
{
	static const int modes[] = { 0, 4, 5, 8, -1, 1000 };
	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		access_mode.mode = (Csi__V1__VolumeCapability__AccessMode__Mode)modes[i];
		check_refused("access_mode");
	}
	capability.access_mode = NULL;
	check_refused("access_mode");
}

static void neither_mount_nor_block_is_refused(void **state)
{
	capability.access_type_case = CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE__NOT_SET;
	check_refused("access_type");
	struct access access;
	struct error err = { 0 };
	assert_int_equal(csi_argument_access(NULL, &access, &err), -1);
	assert_string_equal(err.text, "volume_capability is missing");
}

static void a_mount_group_is_refused(void **state)
{
	struct access access;
	struct error err = { 0 };
	mount_type.volume_mount_group = (char *)"";
	assert_int_equal(csi_argument_access(&capability, &access, &err), 0);
	mount_type.volume_mount_group = (char *)"1000";
	check_refused("volume_mount_group");
}

static void a_raw_device_is_served_in_the_same_modes(void **state)
{
	struct access access;
	struct error err = { 0 };
	capability.access_type_case = CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_BLOCK;
	capability.block = &block_type;
	assert_int_equal(csi_argument_access(&capability, &access, &err), 0);
	assert_true(access.block);
	assert_string_equal(access.fs_type, "");
	access_mode.mode = CSI__V1__VOLUME_CAPABILITY__ACCESS_MODE__MODE__MULTI_NODE_MULTI_WRITER;
	check_refused("access_mode");
}

static void many_may_read_on_the_one_node(void **state)
{
	struct access access;
	struct error err = { 0 };
	access_mode.mode = CSI__V1__VOLUME_CAPABILITY__ACCESS_MODE__MODE__MULTI_NODE_READER_ONLY;
	assert_int_equal(csi_argument_access(&capability, &access, &err), 0);
	assert_int_equal(access.mode, ACCESS_READER);
	access_mode.mode = CSI__V1__VOLUME_CAPABILITY__ACCESS_MODE__MODE__MULTI_NODE_SINGLE_WRITER;
	check_refused("access_mode");
}

static void one_volume_is_not_both_mounted_and_raw(void **state)
{
	struct error err = { 0 };
	bool block = false;
	struct access accesses[] = { { .block = true, .fs_type = "" },
				     { .block = true, .fs_type = "" } };
	assert_int_equal(access_is_block(accesses, 2, &block, &err), 0);
	assert_true(block);
	accesses[1].block = false;
	assert_int_equal(access_is_block(accesses, 2, &block, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
}

static void flags_and_file_systems_have_the_limits_of_csi(void **state)
{
	static char flag[4098];
	struct access access;
	struct error err = { 0 };
	char *flags[] = { flag, (char *)"a" };
	memset(flag, 'x', 4096);
	mount_type.mount_flags = flags;
	mount_type.n_mount_flags = 1;
	assert_int_equal(csi_argument_access(&capability, &access, &err), 0);
	mount_type.n_mount_flags = 2;
	check_refused("mount_flags");
	mount_type.n_mount_flags = 0;
	mount_type.fs_type = flag;
	check_refused("fs_type");
}

static void two_file_systems_cannot_be_had_from_one_volume(void **state)
{
	struct access accesses[] = { { .fs_type = "" },
				     { .fs_type = "xfs" },
				     { .fs_type = "xfs" } };
	const char *fs_type = NULL;
	struct error err = { 0 };
	assert_int_equal(access_fs_type(accesses, 3, &fs_type, &err), 0);
	assert_string_equal(fs_type, "xfs");
	accesses[2].fs_type = "ext4";
	assert_int_equal(access_fs_type(accesses, 3, &fs_type, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
}

static void sizes_below_zero_are_refused(void **state)
{
	Csi__V1__CapacityRange range;
	struct capacity_range read;
	struct error err = { 0 };
	csi__v1__capacity_range__init(&range);
	range.required_bytes = -1;
	assert_int_equal(csi_argument_range(&range, &read, &err), -1);
	assert_non_null(strstr(err.text, "required_bytes"));
	range.required_bytes = 1;
	range.limit_bytes = INT64_MIN;
	assert_int_equal(csi_argument_range(&range, &read, &err), -1);
	assert_non_null(strstr(err.text, "limit_bytes"));
	assert_int_equal(csi_argument_range(NULL, &read, &err), 0);
	assert_int_equal(read.required_bytes, 0);
}

static void strings_and_maps_have_the_limits_of_csi(void **state)
{
	char text[130];
	struct error err = { 0 };
	memset(text, 'x', 129);
	text[129] = '\0';
	assert_int_equal(csi_argument_text(text, "volume_id", &err), -1);
	assert_non_null(strstr(err.text, "volume_id"));
	assert_int_equal(csi_argument_text(text + 1, "volume_id", &err), 0);
	assert_int_equal(csi_argument_text("", "volume_id", &err), -1);
	struct pair items[33];
	for (size_t i = 0; i < 33; i++)
		items[i] = (struct pair) { "", text + 1 };
	struct pairs pairs = { .items = items, .count = 32 };
	assert_int_equal(csi_argument_map(&pairs, "parameters", &err), 0);
	pairs.count = 33;
	assert_int_equal(csi_argument_map(&pairs, "parameters", &err), -1);
	assert_non_null(strstr(err.text, "parameters"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_mount_on_one_node_is_served_in_four_modes,
				       make_capability),
		cmocka_unit_test_setup(modes_of_several_writers_and_unknown_ones_are_refused,
				       make_capability),
		cmocka_unit_test_setup(neither_mount_nor_block_is_refused, make_capability),
		cmocka_unit_test_setup(a_mount_group_is_refused, make_capability),
		cmocka_unit_test_setup(a_raw_device_is_served_in_the_same_modes, make_capability),
		cmocka_unit_test_setup(many_may_read_on_the_one_node, make_capability),
		cmocka_unit_test(one_volume_is_not_both_mounted_and_raw),
		cmocka_unit_test_setup(flags_and_file_systems_have_the_limits_of_csi,
				       make_capability),
		cmocka_unit_test(two_file_systems_cannot_be_had_from_one_volume),
		cmocka_unit_test(sizes_below_zero_are_refused),
		cmocka_unit_test(strings_and_maps_have_the_limits_of_csi),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
