/* SPDX-License-Identifier: Apache-2.0 */
#include "record/io_limits.h"

#include <stdint.h>
#include <string.h>

#include "test.h"

static int parse(struct pair *items, size_t count, struct io_limits *limits, struct error *err)
{
	const struct pairs pairs = { .items = items, .count = count };
	return io_limits_parse(&pairs, limits, err);
}

static void each_parameter_sets_its_limit_and_what_is_missing_is_unlimited(void **state)
{
	struct error err = { 0 };
	struct io_limits limits = { .write_iops = 7 };
	struct pair items[] = { { "readIops", "500" },
				{ "readBandwidth", "100Mi" },
				{ "writeBandwidth", "1M" } };
	assert_int_equal(parse(items, 3, &limits, &err), 0);
	assert_int_equal(limits.read_iops, 500);
	assert_int_equal(limits.write_iops, 0);
	assert_int_equal(limits.read_bytes, 100 << 20);
	assert_int_equal(limits.write_bytes, 1000000);
	assert_false(io_limits_are_none(&limits));
	assert_int_equal(parse(NULL, 0, &limits, &err), 0);
	assert_true(io_limits_are_none(&limits));
	/* What a sidecar adds about the claim; and the largest and the least of numbers. */
	struct pair told[] = { { "csi.storage.k8s.io/pvc/name", "www" },
			       { "readIops", "4294967294" },
			       { "writeIops", "2" },
			       { "writeBandwidth", "0" } };
	assert_int_equal(parse(told, 4, &limits, &err), 0);
	assert_int_equal(limits.read_iops, 4294967294);
	assert_int_equal(limits.write_iops, 2);
	assert_int_equal(limits.write_bytes, 0);
}

/* external-resizer, --extra-modify-metadata */
static void what_a_sidecar_tells_of_the_claim_is_no_limit(void **state)
{
	struct error err = { 0 };
	struct io_limits limits;
	struct pair items[] = { { "csi.storage.k8s.io/pvc/name", "data" },
				{ "readIops", "500" },
				{ "csi.storage.k8s.io/pvc/namespace", "default" },
				{ "csi.storage.k8s.io/pv/name", "pvc-1" } };
	assert_int_equal(parse(items, 4, &limits, &err), 0);
	assert_int_equal(limits.read_iops, 500);
}

static void what_is_wrong_is_named_and_nothing_is_set(void **state)
{
	static const struct {
		const char *key, *value;
	} bad[] = {
		{ "iops", "5" },
		{ "ReadIops", "5" },
		{ "readIops", "" },
		{ "readIops", "-1" },
		{ "writeIops", "1.5" },
		{ "writeIops", "1k" },
		{ "readIops", " 1" },
		{ "readIops", "4294967296" },
		{ "readIops", "1" },
		{ "writeIops", "4294967295" },
		{ "readBandwidth", "1" },
		{ "readBandwidth", "fast" },
		{ "writeBandwidth", "" },
		{ "writeBandwidth", "-1Mi" },
		{ "readBandwidth", "99Ei" },
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct error err = { 0 };
		struct io_limits limits = { .read_iops = 7 };
		struct pair items[] = { { "writeIops", "9" }, { bad[i].key, bad[i].value } };
		assert_int_equal(parse(items, 2, &limits, &err), -1);
		assert_int_equal(err.code, ERROR_INVALID);
		assert_non_null(strstr(err.text, bad[i].key));
		assert_int_equal(limits.read_iops, 7);
		assert_int_equal(limits.write_iops, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_parameter_sets_its_limit_and_what_is_missing_is_unlimited),
		cmocka_unit_test(what_a_sidecar_tells_of_the_claim_is_no_limit),
		cmocka_unit_test(what_is_wrong_is_named_and_nothing_is_set),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
