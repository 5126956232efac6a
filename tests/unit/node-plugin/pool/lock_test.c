/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/lock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void a_second_operation_on_the_same_volume_is_refused(void **state)
{
	struct volume_locks locks;
	struct error err = { 0 };
	volume_locks_init(&locks);
	{
		struct volume_lock first CLEANUP_VOLUME_LOCK = { 0 };
		struct volume_lock second CLEANUP_VOLUME_LOCK = { 0 };
		assert_int_equal(volume_lock_take(&locks, "pvc-1", &first, &err), 0);
		assert_int_equal(volume_lock_take(&locks, "pvc-1", &second, &err), -1);
		assert_int_equal(err.code, ERROR_BUSY);
		assert_non_null(strstr(err.text, "pvc-1"));
	}
	struct volume_lock third CLEANUP_VOLUME_LOCK = { 0 };
	assert_int_equal(volume_lock_take(&locks, "pvc-1", &third, &err), 0);
	volume_lock_done(&third);
	volume_locks_done(&locks);
}

static void different_volumes_do_not_know_of_one_another(void **state)
{
	struct volume_locks locks;
	struct volume_lock held[3] = { 0 };
	struct error err = { 0 };
	volume_locks_init(&locks);
	assert_int_equal(volume_lock_take(&locks, "pvc-1", &held[0], &err), 0);
	assert_int_equal(volume_lock_take(&locks, "pvc-2", &held[1], &err), 0);
	assert_int_equal(volume_lock_take(&locks, "pvc-3", &held[2], &err), 0);
	/* In another order than they were taken. */
	volume_lock_done(&held[1]);
	volume_lock_done(&held[0]);
	assert_int_equal(volume_lock_take(&locks, "pvc-3", &held[0], &err), -1);
	volume_lock_done(&held[2]);
	assert_null(locks.held);
	volume_locks_done(&locks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_second_operation_on_the_same_volume_is_refused),
		cmocka_unit_test(different_volumes_do_not_know_of_one_another),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
