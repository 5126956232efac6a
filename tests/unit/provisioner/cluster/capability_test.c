/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/capability.h"

#include <string.h>

#include "cluster/persistent_volume.h"
#include "sample.h"
#include "test.h"

#define VOLUME                                                                                     \
	"{'metadata':{'name':'pvc-u1','uid':'v1'},'spec':{'capacity':{'storage':'1Gi'},"           \
	"'accessModes':['ReadWriteOnce'],'mountOptions':['noatime','nodev'],"                      \
	"'csi':{'driver':'kentledge.io','volumeHandle':'pvc-u1','fsType':'xfs'}}}"

static struct csi_capability capability_of(struct object *object)
{
	const struct persistent_volume *volume = persistent_volume_of(object);
	return capability_make(volume->access_modes, volume->block, volume->fs_type,
			       volume->mount_options, volume->mount_option_count);
}

static void a_file_system_is_named_with_its_options(void **state)
{
	CLEANUP(object_unrefp)
	struct object *volume = sample_object(&persistent_volume_kind, VOLUME, NULL);
	struct csi_capability capability = capability_of(volume);
	assert_false(capability.block);
	assert_int_equal(capability.access_mode, CSI_SINGLE_NODE_MULTI_WRITER);
	assert_string_equal(capability.fs_type, "xfs");
	assert_int_equal(capability.mount_flag_count, 2);
	assert_string_equal(capability.mount_flags[0], "noatime");
}

/* CSI has no file system there, and Kubernetes keeps the options that it does not use. */
static void a_block_device_is_a_block_device_alone(void **state)
{
	CLEANUP(object_unrefp)
	struct object *volume =
		sample_object(&persistent_volume_kind, VOLUME, "{'spec':{'volumeMode':'Block'}}");
	struct csi_capability capability = capability_of(volume);
	assert_true(capability.block);
	assert_null(capability.fs_type);
	assert_int_equal(capability.mount_flag_count, 0);
}

static void access_modes_are_those_of_the_creation(void **state)
{
	static const struct {
		const char *patch;
		enum csi_access_mode mode;
	} rows[] = {
		{ "{'spec':{'accessModes':['ReadWriteOncePod']}}", CSI_SINGLE_NODE_SINGLE_WRITER },
		{ "{'spec':{'accessModes':['ReadOnlyMany']}}", CSI_MULTI_NODE_READER_ONLY },
		{ "{'spec':{'accessModes':['ReadWriteOnce','ReadOnlyMany']}}",
		  CSI_SINGLE_NODE_MULTI_WRITER },
		{ "{'spec':{'accessModes':['ReadWriteMany','ReadWriteOnce']}}",
		  CSI_MULTI_NODE_MULTI_WRITER },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEANUP(object_unrefp)
		struct object *volume =
			sample_object(&persistent_volume_kind, VOLUME, rows[i].patch);
		struct csi_capability capability = capability_of(volume);
		assert_int_equal(capability.access_mode, rows[i].mode);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_system_is_named_with_its_options),
		cmocka_unit_test(a_block_device_is_a_block_device_alone),
		cmocka_unit_test(access_modes_are_those_of_the_creation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
