/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/lock.h"

#include <string.h>

#include "test.h"

static void a_second_operation_on_the_same_volume_is_refused(void **state)
{
	struct locks locks;
	struct error err = { 0 };
	locks_init(&locks);
	{
		CLEANUP_LOCK struct lock first = { 0 };
		CLEANUP_LOCK struct lock second = { 0 };
		assert_int_equal(lock_take(&locks, LOCK_VOLUME, "pvc-1", &first, &err), 0);
		assert_int_equal(lock_take(&locks, LOCK_VOLUME, "pvc-1", &second, &err), -1);
		assert_int_equal(err.code, ERROR_BUSY);
		assert_non_null(strstr(err.text, "pvc-1"));
	}
	CLEANUP_LOCK struct lock third = { 0 };
	assert_int_equal(lock_take(&locks, LOCK_VOLUME, "pvc-1", &third, &err), 0);
	lock_done(&third);
	locks_done(&locks);
}

static void different_volumes_do_not_know_of_one_another(void **state)
{
	struct locks locks;
	struct lock held[3] = { 0 };
	struct error err = { 0 };
	locks_init(&locks);
	assert_int_equal(lock_take(&locks, LOCK_VOLUME, "pvc-1", &held[0], &err), 0);
	assert_int_equal(lock_take(&locks, LOCK_VOLUME, "pvc-2", &held[1], &err), 0);
	assert_int_equal(lock_take(&locks, LOCK_VOLUME, "pvc-3", &held[2], &err), 0);
	/* In another order than they were taken. */
	lock_done(&held[1]);
	lock_done(&held[0]);
	assert_int_equal(lock_take(&locks, LOCK_VOLUME, "pvc-3", &held[0], &err), -1);
	lock_done(&held[2]);
	assert_null(locks.held);
	locks_done(&locks);
}

static void a_call_that_ends_a_volume_asks_its_holder_to_give_up(void **state)
{
	struct locks locks;
	struct lock held = { 0 }, other = { 0 };
	struct error err = { 0 };
	locks_init(&locks);
	assert_int_equal(lock_take(&locks, LOCK_VOLUME, "pvc-1", &held, &err), 0);
	assert_int_equal(lock_take(&locks, LOCK_VOLUME, "pvc-1", &other, &err), -1);
	assert_false(lock_is_unwanted(&held));
	assert_int_equal(lock_take_to_end(&locks, LOCK_VOLUME, "pvc-1", &other, &err), -1);
	assert_int_equal(err.code, ERROR_BUSY);
	assert_true(lock_is_unwanted(&held));
	lock_done(&held);
	assert_int_equal(lock_take_to_end(&locks, LOCK_VOLUME, "pvc-1", &other, &err), 0);
	assert_false(lock_is_unwanted(&other));
	lock_done(&other);
	locks_done(&locks);
}

static void the_end_of_a_staging_ends_no_other_work(void **state)
{
	struct locks locks;
	struct error err = { 0 };
	struct lock making = { 0 }, staging = { .work = LOCK_WORK_STAGING };
	struct lock unstaging = { .work = LOCK_WORK_STAGING };
	locks_init(&locks);
	assert_int_equal(lock_take(&locks, LOCK_VOLUME, "pvc-1", &making, &err), 0);
	assert_int_equal(lock_take(&locks, LOCK_VOLUME, "pvc-2", &staging, &err), 0);
	assert_int_equal(lock_take_to_end(&locks, LOCK_VOLUME, "pvc-1", &unstaging, &err), -1);
	assert_false(lock_is_unwanted(&making));
	assert_int_equal(lock_take_to_end(&locks, LOCK_VOLUME, "pvc-2", &unstaging, &err), -1);
	assert_true(lock_is_unwanted(&staging));
	lock_done(&making);
	lock_done(&staging);
	locks_done(&locks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_second_operation_on_the_same_volume_is_refused),
		cmocka_unit_test(different_volumes_do_not_know_of_one_another),
		cmocka_unit_test(a_call_that_ends_a_volume_asks_its_holder_to_give_up),
		cmocka_unit_test(the_end_of_a_staging_ends_no_other_work),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
