/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Which files are written, and with what: in a tree of plain files. That the kernel acts on them is
 * seen by tests/component/node_limits_test.c.
 */

#include "host/throttle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "test.h"

#define POD "0d1f2e3c-aaaa-bbbb-cccc-0123456789ab"
#define UNDERSCORED "0d1f2e3c_aaaa_bbbb_cccc_0123456789ab"

static char folder[64];

/* In the folder, with the path as $1. */
static void sh(const char *command, const char *path)
{
	char full[1200];
	snprintf(full, sizeof(full), "cd %s && set -- %s && { %s; }", folder, path, command);
	assert_int_equal(system(full), 0);
}

static int set_up(void **state)
{
	strcpy(folder, "/tmp/kentledge-throttle-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
	char command[96];
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static void make_v1_cgroup(const char *path)
{
	sh("p=blkio/$1; while mkdir -p $p; do for f in read_iops write_iops read_bps write_bps; do "
	   ": > $p/blkio.throttle.${f}_device; done; : > $p/cgroup.procs; "
	   "[ $p != blkio ] || break; p=$(dirname $p); done",
	   path);
}

static const char *content(const char *path)
{
	static char text[256];
	char full[512];
	snprintf(full, sizeof(full), "%s/%s", folder, path);
	FILE *file = fopen(full, "r");
	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	return text;
}

static const struct io_limits limits = { .read_iops = 100, .write_bytes = 1048576 };

static void in_v1_each_container_of_the_pod_is_limited_and_nobody_else(void **state)
{
	struct error err = { 0 };
	struct throttle throttle;
	make_v1_cgroup("deep/kubepods/burstable/pod" POD "/container");
	make_v1_cgroup("deep/kubepods/burstable/pod9/container");
	throttle_init(&throttle, folder);
	assert_int_equal(throttle.kind, THROTTLE_V1);
	assert_int_equal(throttle_set(&throttle, POD, makedev(7, 3), &limits, &err), 0);
	assert_string_equal(content("blkio/deep/kubepods/burstable/pod" POD
				    "/container/blkio.throttle.read_iops_device"),
			    "7:3 100\n");
	assert_string_equal(
		content("blkio/deep/kubepods/burstable/pod" POD "/blkio.throttle.write_bps_device"),
		"7:3 1048576\n");
	assert_string_equal(content("blkio/deep/kubepods/burstable/pod9/container/"
				    "blkio.throttle.read_iops_device"),
			    "");
	assert_string_equal(content("blkio/blkio.throttle.read_iops_device"), "");
	throttle_done(&throttle);
}

static void in_v2_the_pod_is_limited_by_one_line(void **state)
{
	struct error err = { 0 };
	struct throttle throttle;
	sh("echo cpu io memory > cgroup.controllers; mkdir -p $1; : > $1/io.max; "
	   ": > $1/cgroup.procs",
	   "kubepods.slice/kubepods-burstable-pod" UNDERSCORED ".slice");
	throttle_init(&throttle, folder);
	assert_int_equal(throttle.kind, THROTTLE_V2);
	assert_int_equal(throttle_set(&throttle, POD, makedev(7, 3), &limits, &err), 0);
	assert_string_equal(
		content("kubepods.slice/kubepods-burstable-pod" UNDERSCORED ".slice/io.max"),
		"7:3 rbps=max wbps=1048576 riops=100 wiops=max\n");
	throttle_done(&throttle);
}

static void a_pod_without_a_cgroup_is_said_to_have_none(void **state)
{
	struct error err = { 0 };
	struct throttle throttle;
	make_v1_cgroup("kubepods/pod9");
	throttle_init(&throttle, folder);
	assert_int_equal(throttle_set(&throttle, POD, makedev(7, 3), &limits, &err), 1);
	throttle_done(&throttle);
}

static void in_v2_a_cgroup_that_goes_meanwhile_needs_no_limit(void **state)
{
	struct error err = { 0 };
	struct throttle throttle;
	sh("echo io > cgroup.controllers; mkdir -p $1", "kubepods/pod" POD);
	throttle_init(&throttle, folder);
	assert_int_equal(throttle_set(&throttle, POD, makedev(7, 3), &limits, &err), 0);
	sh(": > $1/cgroup.procs", "kubepods/pod" POD);
	assert_int_equal(throttle_set(&throttle, POD, makedev(7, 3), &limits, &err), -1);
	assert_non_null(strstr(err.text, "io.max"));
	throttle_done(&throttle);
}

static void where_no_controller_is_there_it_is_refused(void **state)
{
	struct error err = { 0 };
	struct throttle throttle;
	throttle_init(&throttle, folder);
	assert_int_equal(throttle_set(&throttle, POD, makedev(7, 3), &limits, &err), -1);
	assert_int_equal(err.code, ERROR_IN_USE);
	assert_non_null(strstr(err.text, "blkio"));
	throttle_done(&throttle);
}

static void what_the_kernel_does_not_take_is_an_error(void **state)
{
	struct error err = { 0 };
	struct throttle throttle;
	make_v1_cgroup("kubepods/pod" POD);
	sh("f=$1; rm $f; ln -s /dev/null $f",
	   "blkio/kubepods/pod" POD "/blkio.throttle.read_iops_device");
	throttle_init(&throttle, folder);
	assert_int_equal(throttle_set(&throttle, POD, makedev(7, 3), &limits, &err), -1);
	assert_non_null(strstr(err.text, "blkio.throttle.read_iops_device"));
	assert_non_null(strstr(err.text, POD));
	throttle_done(&throttle);
}

static void the_pod_is_told_by_the_target_path(void **state)
{
	char pod[THROTTLE_POD_MAX];
	assert_true(throttle_pod_of_target(
		"/var/lib/kubelet/pods/" POD "/volumes/kubernetes.io~csi/pvc-1/mount", pod));
	assert_string_equal(pod, POD);
	assert_true(throttle_pod_of_target(
		"/var/lib/kubelet/plugins/kubernetes.io/csi/volumeDevices/publish/pvc-1/" POD,
		pod));
	assert_string_equal(pod, POD);
	assert_false(throttle_pod_of_target(
		"/var/lib/kubelet/plugins/kubernetes.io/csi/kentledge.io/ab12/globalmount", pod));
	assert_false(throttle_pod_of_target("/var/lib/kubelet/pods/../x", pod));
	assert_false(throttle_pod_of_target("/pods/", pod));
}

#define THROTTLE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		THROTTLE_TEST(in_v1_each_container_of_the_pod_is_limited_and_nobody_else),
		THROTTLE_TEST(in_v2_the_pod_is_limited_by_one_line),
		THROTTLE_TEST(a_pod_without_a_cgroup_is_said_to_have_none),
		THROTTLE_TEST(in_v2_a_cgroup_that_goes_meanwhile_needs_no_limit),
		THROTTLE_TEST(where_no_controller_is_there_it_is_refused),
		THROTTLE_TEST(what_the_kernel_does_not_take_is_an_error),
		THROTTLE_TEST(the_pod_is_told_by_the_target_path),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
