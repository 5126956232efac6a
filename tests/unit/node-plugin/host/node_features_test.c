/* SPDX-License-Identifier: Apache-2.0 */
#include "host/node_features.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/metric.h"
#include "base/text.h"
#include "disk/filesystem_grow.h"
#include "host/throttle.h"
#include "node_scene.h"
#include "test.h"

static struct node_features features;

static void nothing_is_known_before_it_was_tried(void **state)
{
	struct error err = { 0 };
	assert_int_equal(node_features_require(&features, FEATURE_LOOP, &err), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
}

static void what_this_kernel_can_do_is_found_by_trying_and_nothing_is_left(void **state)
{
	char folder[] = "/tmp/kentledge-features-XXXXXX";
	assert_non_null(mkdtemp(folder));
	CLEANUP_CLOSE int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct throttle throttle;
	throttle_init(&throttle, THROTTLE_FOLDER);
	node_features_probe(&features, fd, &throttle);
	assert_int_equal(features.has[FEATURE_IO_LIMITS], throttle.kind != THROTTLE_NONE);
	throttle_done(&throttle);
	assert_int_equal(rmdir(folder), 0);

	static const enum node_feature needed[] = { FEATURE_LOOP, FEATURE_EXT4, FEATURE_XFS,
						    FEATURE_BTRFS, FEATURE_FREEZE };
	for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++) {
		struct error err = { 0 };
		if (node_features_require(&features, needed[i], &err) < 0)
			fail_msg("%s", err.text);
	}
	assert_int_equal(features.has[FEATURE_EXT4_GROWS], filesystem_grows_mounted("ext4"));
	for (int i = 0; i < FEATURE_COUNT; i++)
		assert_int_equal(features.has[i], features.reason[i][0] == '\0');
}

static void what_is_missing_has_a_reason(void **state)
{
	struct error err = { 0 };
	struct node_features nothing = { 0 };
	struct throttle throttle;
	throttle_init(&throttle, "/proc/self/no-cgroups");
	node_features_probe(&nothing, -1, &throttle);
	throttle_done(&throttle);
	assert_int_equal(node_features_require(&nothing, FEATURE_IO_LIMITS, &err), -1);
	assert_non_null(strstr(err.text, "/proc/self/no-cgroups"));
	assert_int_equal(node_features_require(&nothing, FEATURE_LOOP, &err), -1);
	assert_int_equal(err.code, ERROR_IN_USE);
	assert_non_null(strstr(err.text, "this node cannot do loop: no image for a trial"));
}

static void each_is_a_metric(void **state)
{
	CLEANUP_TEXT struct text text = TEXT_INIT;
	node_features_report(&features);
	metric_render(&text);
	assert_non_null(strstr(text.data, "kentledge_feature{feature=\"xfs\"} 1"));
	char line[80];
	snprintf(line, sizeof(line), "kentledge_feature{feature=\"ext4_grows\"} %d",
		 features.has[FEATURE_EXT4_GROWS]);
	assert_non_null(strstr(text.data, line));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_known_before_it_was_tried),
		cmocka_unit_test(what_this_kernel_can_do_is_found_by_trying_and_nothing_is_left),
		cmocka_unit_test(what_is_missing_has_a_reason),
		cmocka_unit_test(each_is_a_metric),
	};
	if (!node_scene_can_mount())
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
