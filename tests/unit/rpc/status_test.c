/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/status.h"

#include "test.h"

/* CSI spec, "Error Scheme", and what csi-sanity expects. */
static void errors_become_the_codes_that_csi_names(void **state)
{
	static const struct {
		enum error_code error;
		grpc_status_code status;
	} cases[] = {
		{ ERROR_NONE, 0 },	{ ERROR_CANCELLED, 1 },	   { ERROR_INVALID, 3 },
		{ ERROR_TIMEOUT, 4 },	{ ERROR_NOT_FOUND, 5 },	   { ERROR_EXISTS, 6 },
		{ ERROR_FORBIDDEN, 7 }, { ERROR_EXHAUSTED, 8 },	   { ERROR_IN_USE, 9 },
		{ ERROR_BUSY, 10 },	{ ERROR_RANGE, 11 },	   { ERROR_UNSUPPORTED, 12 },
		{ ERROR_INTERNAL, 13 }, { ERROR_UNAVAILABLE, 14 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(rpc_status_of_error(cases[i].error), cases[i].status);
		assert_int_equal(rpc_error_of_status(cases[i].status), cases[i].error);
	}
}

static void what_shares_a_status_comes_back_as_busy(void **state)
{
	assert_int_equal(rpc_status_of_error(ERROR_CONFLICT), GRPC_STATUS_ABORTED);
	assert_int_equal(rpc_status_of_error(ERROR_EXPIRED), GRPC_STATUS_ABORTED);
	assert_int_equal(rpc_error_of_status(GRPC_STATUS_ABORTED), ERROR_BUSY);
}

static void statuses_of_others_have_an_error_too(void **state)
{
	assert_int_equal(rpc_error_of_status(GRPC_STATUS_UNAUTHENTICATED), ERROR_FORBIDDEN);
	assert_int_equal(rpc_error_of_status(GRPC_STATUS_UNKNOWN), ERROR_INTERNAL);
	assert_int_equal(rpc_error_of_status(GRPC_STATUS_DATA_LOSS), ERROR_INTERNAL);
	assert_int_equal(rpc_error_of_status((grpc_status_code)99), ERROR_INTERNAL);
	assert_int_equal(rpc_status_of_error((enum error_code)99), GRPC_STATUS_INTERNAL);
}

static void a_status_has_the_name_that_go_gives_it(void **state)
{
	assert_string_equal(rpc_status_name(GRPC_STATUS_OK), "OK");
	assert_string_equal(rpc_status_name(GRPC_STATUS_CANCELLED), "Canceled");
	assert_string_equal(rpc_status_name(GRPC_STATUS_UNAUTHENTICATED), "Unauthenticated");
	assert_string_equal(rpc_status_name((grpc_status_code)99), "Unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_become_the_codes_that_csi_names),
		cmocka_unit_test(what_shares_a_status_comes_back_as_busy),
		cmocka_unit_test(statuses_of_others_have_an_error_too),
		cmocka_unit_test(a_status_has_the_name_that_go_gives_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
