/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What each code says of the effect of a call. Requirements Z6, Z7, A20, B8, B9 and C26.
 */

#include "csi/failure.h"

#include "test.h"

#define U CSI_FAILURE_UNKNOWN
#define F CSI_FAILURE_FINAL
#define I CSI_FAILURE_INFEASIBLE

static void tells_final_failures_from_others(void **state)
{
	static const struct {
		enum error_code code;
		enum csi_failure copy;
		enum csi_failure size;
		enum csi_failure limits;
	} rows[] = {
		{ ERROR_CANCELLED, U, U, U },	{ ERROR_TIMEOUT, U, U, U },
		{ ERROR_UNAVAILABLE, U, U, U }, { ERROR_BUSY, U, U, U },
		{ ERROR_INVALID, I, I, I },	{ ERROR_NOT_FOUND, I, I, F },
		{ ERROR_RANGE, I, I, F },	{ ERROR_IN_USE, U, F, F },
		{ ERROR_EXHAUSTED, F, F, U },	{ ERROR_EXISTS, F, F, F },
		{ ERROR_FORBIDDEN, F, F, F },	{ ERROR_UNSUPPORTED, F, F, F },
		{ ERROR_INTERNAL, F, F, F },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		enum error_code code = rows[i].code;
		if (csi_failure_of(CSI_CHANGE_COPY, code) != rows[i].copy ||
		    csi_failure_of(CSI_CHANGE_SIZE, code) != rows[i].size ||
		    csi_failure_of(CSI_CHANGE_LIMITS, code) != rows[i].limits)
			fail_msg("%s is taken for something else", error_code_name(code));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_final_failures_from_others),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
