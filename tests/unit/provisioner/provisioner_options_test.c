/* SPDX-License-Identifier: Apache-2.0 */
#include "provisioner_options.h"

#include <string.h>

#include "test.h"

#define PARSE(options, err, ...)                                                                   \
	options_parse((int)(sizeof((const char *[]) { "p", ##__VA_ARGS__ }) / sizeof(char *)),     \
		      (char *const *)(const char *[]) { "p", ##__VA_ARGS__, NULL }, options, err)

static void has_defaults_for_everything(void **state)
{
	struct options options;
	struct error err;
	assert_int_equal(PARSE(&options, &err), 0);
	assert_null(options.kubeconfig);
	assert_string_equal(options.node_service, "kentledge-node");
	assert_true(options.leader_elect);
	assert_int_equal(options.workers, 64);
	assert_int_equal(options.roles, 2047); /* all */
	assert_false(options.snapshots_always);
	assert_string_equal(options.snapshot_lease_namespace, "kube-system");
	assert_string_equal(options.deployment, "");
	assert_int_equal(options.capacity_poll_ms, 60000);
	assert_int_equal(options.node_gone_after_s, 86400);
	assert_int_equal(options.health_poll_ms, 60000);
	assert_true(options.forget_released);
	assert_int_equal(options.call_timeout_ms, 30000);
	assert_int_equal(options.resize_timeout_ms, 10000);
	assert_int_equal(options.modify_timeout_ms, 10000);
	assert_int_equal(options.backoff_min_ms, 1000);
	assert_int_equal(options.backoff_max_ms, 300000);
	assert_false(options.cross_namespace);
	assert_false(options.publish_readonly);
	assert_false(options.extra_modify_metadata);
	assert_int_equal(options.snapshot_timeout_ms, 60000);
	assert_string_equal(options.snapshot_prefix, "snapshot");
	assert_string_equal(options.group_prefix, "groupsnapshot");
	assert_false(options.extra_metadata);
	assert_int_equal(options.log_level, LOG_INFO);
}

static void reads_every_flag(void **state)
{
	struct options options;
	struct error err;
	assert_int_equal(PARSE(&options, &err, "--kubeconfig=/k", "--namespace", "ns",
			       "--node-service=svc", "--tls-dir=/t", "--http=", "--workers=3",
			       "--leader-elect=false", "--roles=reclaim", "--timeout=5",
			       "--deployment=d", "--modify-timeout=7", "--extra-modify-metadata",
			       "--capacity-poll-interval=9", "--snapshot-timeout=7",
			       "--snapshot-name-prefix=snap", "--groupsnapshot-name-prefix=snaps",
			       "--extra-create-metadata", "--log-level=debug",
			       "--node-gone-after=5m", "--forget-released=false",
			       "--health-poll-interval=11"),
			 0);
	assert_string_equal(options.kubeconfig, "/k");
	assert_string_equal(options.namespace, "ns");
	assert_string_equal(options.node_service, "svc");
	assert_string_equal(options.tls_folder, "/t");
	assert_string_equal(options.http_address, "");
	assert_false(options.leader_elect);
	assert_int_equal(options.workers, 3);
	assert_int_equal(options.roles, 2);
	assert_string_equal(options.deployment, "d");
	assert_int_equal(options.capacity_poll_ms, 9000);
	assert_int_equal(options.node_gone_after_s, 300);
	assert_int_equal(options.health_poll_ms, 11000);
	assert_false(options.forget_released);
	assert_int_equal(options.call_timeout_ms, 5000);
	assert_int_equal(options.modify_timeout_ms, 7000);
	assert_true(options.extra_modify_metadata);
	assert_int_equal(options.snapshot_timeout_ms, 7000);
	assert_string_equal(options.snapshot_prefix, "snap");
	assert_string_equal(options.group_prefix, "snaps");
	assert_true(options.extra_metadata);
	assert_int_equal(options.log_level, LOG_DEBUG);
	assert_int_equal(PARSE(&options, &err, "--node-gone-after=90s"), 0);
	assert_int_equal(options.node_gone_after_s, 90);
	assert_int_equal(PARSE(&options, &err, "--node-gone-after=365d"), 0);
	assert_int_equal(options.node_gone_after_s, 365 * 86400);
	assert_int_equal(PARSE(&options, &err, "--leader-elect"), 0);
	assert_true(options.leader_elect);
}

static void reads_how_long_and_what_is_allowed(void **state)
{
	struct options options;
	struct error err;
	assert_int_equal(PARSE(&options, &err, "--resize-timeout=6", "--retry-interval-start=2",
			       "--retry-interval-max=4", "--controller-publish-readonly=true",
			       "--feature-gates=CrossNamespaceVolumeDataSource=true"),
			 0);
	assert_int_equal(options.resize_timeout_ms, 6000);
	assert_int_equal(options.backoff_min_ms, 2000);
	assert_int_equal(options.backoff_max_ms, 4000);
	assert_true(options.publish_readonly);
	assert_true(options.cross_namespace);
	/* The last one counts. */
	assert_int_equal(PARSE(&options, &err,
			       "--feature-gates=CrossNamespaceVolumeDataSource=true,"
			       "CrossNamespaceVolumeDataSource=false"),
			 0);
	assert_false(options.cross_namespace);
	assert_int_equal(
		PARSE(&options, &err, "--retry-interval-start=10", "--retry-interval-max=9"), -1);
	assert_non_null(strstr(err.text, "--retry-interval-max=9"));
}

static void says_who_is_the_snapshot_controller(void **state)
{
	struct options options;
	struct error err;
	assert_int_equal(PARSE(&options, &err, "--snapshot-controller=always"), 0);
	assert_true(options.snapshots_always);
	assert_int_equal(options.roles, 2047);
	assert_int_equal(PARSE(&options, &err, "--snapshot-controller=never"), 0);
	assert_int_equal(options.roles, 1951);
	assert_int_equal(
		PARSE(&options, &err, "--snapshot-controller=never", "--roles=snapshot-controller"),
		-1);
	assert_non_null(strstr(err.text, "leaves no role"));
}

static void asks_for_help(void **state)
{
	struct options options;
	struct error err;
	assert_int_equal(PARSE(&options, &err, "--help"), 1);
}

static void refuses_and_names_what_is_wrong(void **state)
{
	static const char *const bad[] = {
		"--roles=provision,recycle",
		"--roles=reclaim,",
		"--roles=,",
		"--snapshot-controller=perhaps",
		"--nope",
		"--workers=0",
		"--workers=257",
		"--workers=x",
		"--workers=-1",
		"--timeout=0",
		"--timeout=1h",
		"--snapshot-timeout=0",
		"--snapshot-name-prefix=",
		"--snapshot-name-prefix=Snap",
		"--snapshot-name-prefix=-snap",
		"--snapshot-name-prefix=a/b",
		"--groupsnapshot-name-prefix=a/b",
		"--health-poll-interval=0",
		"--resize-timeout=0",
		"--retry-interval-start=0",
		"--retry-interval-max=3601",
		"--feature-gates=CrossNamespaceVolumeDataSource",
		"--feature-gates=CrossNamespaceVolumeDataSource=",
		"--feature-gates=CrossNamespaceVolumeDataSource=yes",
		"--feature-gates=CrossNamespaceVolumeDataSource=true,",
		"--feature-gates=Topology=true",
		"--node-gone-after=0s",
		"--node-gone-after=5",
		"--node-gone-after=h",
		"--node-gone-after=-1h",
		"--node-gone-after=1h30m",
		"--node-gone-after=366d",
		"--node-gone-after=99999999999999999999d",
		"--node-gone-after=18446744073709551615d",
		"--leader-elect=yes",
		"--log-level=loud",
		"extra",
		"--workers=99999999999999999999",
		"--kubeconfig",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct options options = { .workers = 77 };
		struct error err;
		if (PARSE(&options, &err, bad[i]) != -1)
			fail_msg("%s was taken", bad[i]);
		assert_int_equal(err.code, ERROR_INVALID);
		if (!strstr(err.text, bad[i]))
			fail_msg("\"%s\" does not name %s", err.text, bad[i]);
		assert_int_equal(options.workers, 77);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_defaults_for_everything),
		cmocka_unit_test(reads_every_flag),
		cmocka_unit_test(reads_how_long_and_what_is_allowed),
		cmocka_unit_test(says_who_is_the_snapshot_controller),
		cmocka_unit_test(asks_for_help),
		cmocka_unit_test(refuses_and_names_what_is_wrong),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
