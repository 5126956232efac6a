/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/lease.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "fake_api.h"
#include "kube/json.h"
#include "test.h"

static const struct kind lease_kind = {
	.api_version = "coordination.k8s.io/v1",
	.name = "Lease",
	.plural = "leases",
	.namespaced = true,
	.size = sizeof(struct object),
};

#define DURATION_MS 1000
#define RENEW_DEADLINE_MS 600
#define RETRY_MS 60

#define eventually(condition)                                                                      \
	do {                                                                                       \
		uint64_t give_up_ms = clock_monotonic_ms() + 8000;                                 \
		while (!(condition) && clock_monotonic_ms() < give_up_ms)                          \
			usleep(1000);                                                              \
		assert_true(condition);                                                            \
	} while (0)

/* One replica of a program. */
struct replica {
	struct kube_client *client;
	struct lease *lease;
	atomic_uint acquired;
	atomic_uint lost;
	atomic_uint taken;
	char other[64]; /* the holder that `taken` was called with last */
	atomic_uint failed;
	atomic_ullong lost_ms;
};

static void note_acquired(void *context)
{
	((struct replica *)context)->acquired++;
}

static void note_taken(void *context, const char *holder)
{
	struct replica *replica = context;
	snprintf(replica->other, sizeof(replica->other), "%s", holder);
	replica->taken++;
}

static void note_lost(void *context)
{
	struct replica *replica = context;
	replica->lost_ms = clock_monotonic_ms();
	replica->lost++;
}

static void note_failed(void *context, const struct error *err)
{
	((struct replica *)context)->failed++;
}

static void replica_start(struct replica *replica, struct fake_api *api, const char *identity)
{
	memset(replica, 0, sizeof(*replica));
	replica->client = kube_client_new_over(fake_api_connect(api));
	const struct lease_options options = {
		.namespace = "default",
		.name = "kentledge-io",
		.identity = identity,
		.duration_ms = DURATION_MS,
		.renew_deadline_ms = RENEW_DEADLINE_MS,
		.retry_ms = RETRY_MS,
		.acquired = note_acquired,
		.lost = note_lost,
		.taken = note_taken,
		.failed = note_failed,
		.context = replica,
	};
	replica->lease = lease_new(replica->client, &options);
}

static void replica_end(struct replica *replica)
{
	lease_free(replica->lease);
	kube_client_free(replica->client);
}

/* As if the program had been killed: it can no longer reach the server. */
static void replica_kill(struct replica *replica)
{
	kube_client_stop(replica->client);
	replica_end(replica);
}

static char *lease_field(struct fake_api *api, const char *path)
{
	return fake_api_field(api, &lease_kind, "default", "kentledge-io", path);
}

static void takes_a_lease_without_a_holder_and_renews_it(void **state)
{
	CLEANUP(fake_api_freep) struct fake_api *api = fake_api_new();
	struct replica a;
	replica_start(&a, api, "a");
	eventually(a.acquired == 1);
	assert_true(lease_held(a.lease));
	assert_in_range(lease_time_left_ms(a.lease), 1, RENEW_DEADLINE_MS);
	CLEANUP_FREE char *holder = lease_field(api, "spec.holderIdentity");
	assert_string_equal(holder, "a");
	CLEANUP_FREE char *first = lease_field(api, "spec.renewTime");
	usleep(3 * RETRY_MS * 1000);
	CLEANUP_FREE char *second = lease_field(api, "spec.renewTime");
	assert_true(strcmp(first, second) < 0);
	CLEANUP_FREE char *transitions = lease_field(api, "spec.leaseTransitions");
	assert_string_equal(transitions, "0");
	assert_int_equal(a.lost, 0);
	lease_stop(a.lease);
	assert_int_equal(lease_time_left_ms(a.lease), 0);
	replica_end(&a);
}

static void gives_it_to_one_of_two_and_to_the_other_when_it_is_returned(void **state)
{
	CLEANUP(fake_api_freep) struct fake_api *api = fake_api_new();
	struct replica a, b;
	replica_start(&a, api, "a");
	eventually(lease_held(a.lease));
	replica_start(&b, api, "b");
	usleep((DURATION_MS + 300) * 1000);
	assert_true(lease_held(a.lease));
	assert_false(lease_held(b.lease));
	assert_int_equal(b.failed, 0);
	assert_int_equal(b.taken, 1); /* once, however often it looks */
	assert_string_equal(b.other, "a");
	assert_int_equal(a.taken, 0);
	uint64_t returned_ms = clock_monotonic_ms();
	replica_end(&a);
	eventually(lease_held(b.lease));
	assert_in_range(clock_monotonic_ms() - returned_ms, 0, DURATION_MS - 200);
	CLEANUP_FREE char *transitions = lease_field(api, "spec.leaseTransitions");
	assert_string_equal(transitions, "1");
	replica_end(&b);
}

static void takes_it_over_from_a_holder_that_died(void **state)
{
	CLEANUP(fake_api_freep) struct fake_api *api = fake_api_new();
	struct replica a, b;
	replica_start(&a, api, "a");
	eventually(lease_held(a.lease));
	replica_start(&b, api, "b");
	usleep(2 * RETRY_MS * 1000);
	uint64_t died_ms = clock_monotonic_ms();
	replica_kill(&a);
	eventually(lease_held(b.lease));
	assert_in_range(clock_monotonic_ms() - died_ms, DURATION_MS - RETRY_MS * 3,
			DURATION_MS + 3000);
	CLEANUP_FREE char *holder = lease_field(api, "spec.holderIdentity");
	assert_string_equal(holder, "b");
	replica_end(&b);
}

static void loses_it_in_time_when_the_server_is_gone(void **state)
{
	CLEANUP(fake_api_freep) struct fake_api *api = fake_api_new();
	struct replica a;
	replica_start(&a, api, "a");
	eventually(lease_held(a.lease));
	uint64_t gone_ms = clock_monotonic_ms();
	fake_api_set_down(api, true);
	eventually(a.lost == 1);
	assert_in_range(a.lost_ms - gone_ms, RENEW_DEADLINE_MS - RETRY_MS - 50,
			RENEW_DEADLINE_MS + 1000);
	assert_false(lease_held(a.lease));
	assert_true(a.failed >= 1);
	replica_end(&a);
}

static void loses_it_when_another_has_taken_it(void **state)
{
	CLEANUP(fake_api_freep) struct fake_api *api = fake_api_new();
	struct replica a;
	replica_start(&a, api, "a");
	eventually(lease_held(a.lease));
	fake_api_edit(api, &lease_kind, "default", "kentledge-io",
		      "{'spec':{'holderIdentity':'thief'}}");
	eventually(a.lost == 1);
	assert_false(lease_held(a.lease));
	CLEANUP_FREE char *holder = lease_field(api, "spec.holderIdentity");
	assert_string_equal(holder, "thief");
	replica_end(&a);
	CLEANUP_FREE char *after = lease_field(api, "spec.holderIdentity");
	assert_string_equal(after, "thief");
}

static void keeps_it_through_a_short_trouble_and_lost_answers(void **state)
{
	CLEANUP(fake_api_freep) struct fake_api *api = fake_api_new();
	struct replica a;
	fake_api_fail_next(api, "POST", "leases", FAKE_API_LOST_ANSWER, 0);
	replica_start(&a, api, "a");
	eventually(lease_held(a.lease));
	fake_api_fail_next(api, "PATCH", "leases", FAKE_API_LOST_ANSWER, 0);
	fake_api_fail_next(api, "GET", "leases", FAKE_API_STATUS, 500);
	fake_api_fail_next(api, "PATCH", "leases", FAKE_API_LOST_REQUEST, 0);
	usleep(10 * RETRY_MS * 1000);
	assert_int_equal(a.acquired, 1);
	assert_int_equal(a.lost, 0);
	assert_true(lease_held(a.lease));
	assert_true(a.failed >= 3);
	replica_end(&a);
}

static void respects_a_longer_duration_of_the_holder(void **state)
{
	CLEANUP(fake_api_freep) struct fake_api *api = fake_api_new();
	struct replica b;
	fake_api_put(api, &lease_kind,
		     "{'metadata':{'namespace':'default','name':'kentledge-io'},"
		     "'spec':{'holderIdentity':'a','leaseDurationSeconds':2,"
		     "'renewTime':'2020-01-01T00:00:00.000000Z','leaseTransitions':7,"
		     "'strategy':'kept'}}");
	uint64_t begun_ms = clock_monotonic_ms();
	replica_start(&b, api, "b");
	eventually(lease_held(b.lease));
	assert_in_range(clock_monotonic_ms() - begun_ms, 1950, 5000);
	CLEANUP_FREE char *transitions = lease_field(api, "spec.leaseTransitions");
	assert_string_equal(transitions, "8");
	CLEANUP_FREE char *kept = lease_field(api, "spec.strategy");
	assert_string_equal(kept, "kept");
	replica_end(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_a_lease_without_a_holder_and_renews_it),
		cmocka_unit_test(gives_it_to_one_of_two_and_to_the_other_when_it_is_returned),
		cmocka_unit_test(takes_it_over_from_a_holder_that_died),
		cmocka_unit_test(loses_it_in_time_when_the_server_is_gone),
		cmocka_unit_test(loses_it_when_another_has_taken_it),
		cmocka_unit_test(keeps_it_through_a_short_trouble_and_lost_answers),
		cmocka_unit_test(respects_a_longer_duration_of_the_holder),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
