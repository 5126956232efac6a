/* SPDX-License-Identifier: Apache-2.0 */
#include "node_options.h"

#include <stdlib.h>
#include <string.h>

#include "test.h"

static int parse(const char *a, const char *b, struct options *ret_options, struct error *err)
{
	char *argv[] = { (char *)"kentledge-node", (char *)a, (char *)b, NULL };
	return options_parse(a ? (b ? 3 : 2) : 1, argv, ret_options, err);
}

static int set_node_name(void **state)
{
	return setenv("NODE_NAME", "node-1", 1);
}

static void the_defaults_are_the_places_of_a_cluster(void **state)
{
	struct options options;
	struct error err = { 0 };
	assert_int_equal(parse(NULL, NULL, &options, &err), 0);
	assert_int_equal(options.pools.count, 1);
	assert_string_equal(options.pools.places[0].name, "default");
	assert_string_equal(options.pools.places[0].path, "/var/lib/kentledge/pool");
	assert_string_equal(options.csi_socket, "/var/lib/kubelet/plugins/kentledge.io/csi.sock");
	assert_string_equal(options.registration_folder, "/var/lib/kubelet/plugins_registry");
	assert_string_equal(options.node_id, "node-1");
	assert_null(options.listen);
	assert_int_equal(options.pools.places[0].reserve_percent, POOL_RESERVE_AUTO);
	assert_int_equal(options.pool_policy, POOL_POLICY_MOST_ROOM);
	assert_true(options.provisioning_auto);
	options_done(&options);
}

static void inline_volumes_are_off_and_what_they_may_be_is_read(void **state)
{
	struct options options;
	struct error err = { 0 };
	assert_int_equal(parse(NULL, NULL, &options, &err), 0);
	assert_false(options.ephemeral.on);
	options_done(&options);
	assert_int_equal(parse("--ephemeral", "--ephemeral-max-size=64Mi", &options, &err), 0);
	assert_true(options.ephemeral.on);
	assert_int_equal(options.ephemeral.size_max_bytes, 64 << 20);
	options_done(&options);
	assert_int_equal(parse("--ephemeral-backends=zfs", NULL, &options, &err), -1);
	assert_non_null(strstr(err.text, "--ephemeral-backends: \"zfs\" is unknown"));
}

static void a_flag_overrides_the_environment(void **state)
{
	struct options options;
	struct error err = { 0 };
	assert_int_equal(parse("--node-id=other", "--reserve-percent=10", &options, &err), 0);
	assert_string_equal(options.node_id, "other");
	assert_int_equal(options.pools.places[0].reserve_percent, 10);
	options_done(&options);
	assert_int_equal(parse("--provisioning=reserved", NULL, &options, &err), 0);
	assert_false(options.provisioning_auto);
	assert_int_equal(options.provisioning, PROVISIONING_RESERVED);
	options_done(&options);
}

static void several_pools_have_names(void **state)
{
	struct options options;
	struct error err = { 0 };
	assert_int_equal(parse("--pool=fast=/mnt/nvme,bulk=/mnt/disk", NULL, &options, &err), 0);
	assert_int_equal(options.pools.count, 2);
	assert_string_equal(options.pools.places[0].name, "fast");
	assert_string_equal(options.pools.places[0].path, "/mnt/nvme");
	assert_string_equal(options.pools.places[1].name, "bulk");
	assert_string_equal(options.pools.places[1].path, "/mnt/disk");
	assert_true(options.pools.places[0].order < options.pools.places[1].order);
	options_done(&options);
}

static void each_pool_may_have_a_reserve_of_its_own(void **state)
{
	struct options options;
	struct error err = { 0 };
	assert_int_equal(
		parse("--pool=fast=/a,bulk=/b", "--reserve-percent=bulk=20", &options, &err), 0);
	assert_int_equal(options.pools.places[0].reserve_percent, POOL_RESERVE_AUTO);
	assert_int_equal(options.pools.places[1].reserve_percent, 20);
	options_done(&options);
	assert_int_equal(
		parse("--pool=fast=/a,bulk=/b", "--reserve-percent=10,fast=0", &options, &err), 0);
	assert_int_equal(options.pools.places[0].reserve_percent, 0);
	assert_int_equal(options.pools.places[1].reserve_percent, 10);
	options_done(&options);
	assert_int_equal(
		parse("--pool=fast=/a,bulk=/b", "--reserve-percent=10,fast=auto", &options, &err),
		0);
	assert_int_equal(options.pools.places[0].reserve_percent, POOL_RESERVE_AUTO);
	assert_int_equal(options.pools.places[1].reserve_percent, 10);
	options_done(&options);
	assert_int_equal(parse("--pool-policy=first", NULL, &options, &err), 0);
	assert_int_equal(options.pool_policy, POOL_POLICY_FIRST);
	options_done(&options);
}

static void refuses_what_it_cannot_use_and_names_it(void **state)
{
	static const struct {
		const char *a, *b, *named;
	} cases[] = {
		{ "--pol=/x", NULL, "--pol=/x" },
		{ "--pool", NULL, "--pool" },
		{ "--pool=relative", NULL, "--pool" },
		{ "--pool=fast=relative", NULL, "--pool" },
		{ "--pool=fast=/a,fast=/b", NULL, "--pool" },
		{ "--pool=a=/same,b=/same", NULL, "--pool" },
		{ "--pool=UPPER=/a", NULL, "--pool" },
		{ "--pool=a=/a,", NULL, "--pool" },
		{ "word", NULL, "word" },
		{ "--reserve-percent=91", NULL, "--reserve-percent" },
		{ "--reserve-percent=-1", NULL, "--reserve-percent" },
		{ "--reserve-percent=5%", NULL, "--reserve-percent" },
		{ "--provisioning=fat", NULL, "\"fat\" is neither auto" },
		{ "--reserve-percent=automatic", NULL, "neither auto nor" },
		{ "--reserve-percent=fast=5", NULL, "\"fast\"" },
		{ "--reserve-percent=default=x", NULL, "--reserve-percent" },
		{ "--pool-policy=last", NULL, "\"last\"" },
		{ "--workers=0", NULL, "--workers" },
		{ "--log-level=loud", NULL, "--log-level" },
		{ "--listen=0.0.0.0:9745", NULL, "--tls-dir" },
		{ "--tls-dir=/tls", NULL, "--listen" },
		{ "--node-id=", NULL, "--node-id" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct options options;
		struct error err = { 0 };
		assert_int_equal(parse(cases[i].a, cases[i].b, &options, &err), -1);
		assert_int_equal(err.code, ERROR_INVALID);
		assert_non_null(strstr(err.text, cases[i].named));
	}
}

static void a_node_needs_a_name(void **state)
{
	struct options options;
	struct error err = { 0 };
	unsetenv("NODE_NAME");
	assert_int_equal(parse(NULL, NULL, &options, &err), -1);
	assert_non_null(strstr(err.text, "NODE_NAME"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_defaults_are_the_places_of_a_cluster, set_node_name),
		cmocka_unit_test_setup(inline_volumes_are_off_and_what_they_may_be_is_read,
				       set_node_name),
		cmocka_unit_test_setup(a_flag_overrides_the_environment, set_node_name),
		cmocka_unit_test_setup(several_pools_have_names, set_node_name),
		cmocka_unit_test_setup(each_pool_may_have_a_reserve_of_its_own, set_node_name),
		cmocka_unit_test_setup(refuses_what_it_cannot_use_and_names_it, set_node_name),
		cmocka_unit_test(a_node_needs_a_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
