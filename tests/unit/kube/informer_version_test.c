/* SPDX-License-Identifier: Apache-2.0 */

/*
 * An informer of a kind of which servers may have several versions.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/clock.h"
#include "fake_api.h"
#include "kube/informer.h"
#include "test.h"

#define VERSIONED(version)                                                                         \
	.api_version = "example.com/" version, .name = "Thing", .plural = "things",                \
	.size = sizeof(struct object)

/* One that we do not know, and two that we do. */
static const struct kind unknown_kind = { VERSIONED("v1beta1") };
static const struct kind older_kind = { VERSIONED("v1beta2") };
static const struct kind newest_kind = { VERSIONED("v1"), .older = &older_kind };

struct fixture {
	struct fake_api *api;
	struct kube_client *client;
	struct informer *informer;
	atomic_uint added;
	atomic_uint deleted;
	atomic_uint failed;
	atomic_uint unserved;
	_Atomic(const struct kind *) served; /* the version that it was told of last */
};

static void note_change(void *context, const struct object *before, const struct object *after)
{
	struct fixture *fixture = context;
	fixture->added += !before;
	fixture->deleted += !after;
}

static void note_failure(void *context, const char *what, const struct error *err)
{
	struct fixture *fixture = context;
	fixture->failed++;
}

static void note_served(void *context, const struct kind *kind, bool served)
{
	struct fixture *fixture = context;
	fixture->unserved += !served;
	fixture->served = served ? kind : NULL;
}

#define eventually(condition)                                                                      \
	do {                                                                                       \
		uint64_t give_up_ms = clock_monotonic_ms() + 5000;                                 \
		while (!(condition) && clock_monotonic_ms() < give_up_ms)                          \
			usleep(2000);                                                              \
		assert_true(condition);                                                            \
	} while (0)

static int set_up(void **state)
{
	struct fixture *fixture = must_alloc(sizeof(*fixture));
	fixture->api = fake_api_new();
	fixture->client = kube_client_new_over(fake_api_transport(fixture->api));
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	kube_client_stop(fixture->client);
	informer_free(fixture->informer);
	kube_client_free(fixture->client);
	fake_api_free(fixture->api);
	free(fixture);
	return 0;
}

static void put(struct fixture *fixture, const struct kind *kind, const char *name)
{
	fake_api_putf(fixture->api, kind, "{'metadata':{'name':'%s'}}", name);
}

static void start(struct fixture *fixture)
{
	struct error err;
	const struct informer_options options = {
		.scope = { .kind = &newest_kind },
		.optional = true,
		.unserved_wait_ms = 30,
		.changed = note_change,
		.failed = note_failure,
		.served = note_served,
		.context = fixture,
	};
	fixture->informer = informer_new(fixture->client, &options);
	assert_int_equal(informer_wait_synced(fixture->informer, 5000, &err), 0);
}

static const struct kind *kind_of(struct fixture *fixture, const char *name)
{
	CLEANUP(object_unrefp) struct object *object = informer_get(fixture->informer, "", name);
	assert_non_null(object);
	return object->kind;
}

static void takes_the_newest_version(void **state)
{
	struct fixture *fixture = *state;
	put(fixture, &newest_kind, "a");
	start(fixture);
	assert_ptr_equal(informer_kind(fixture->informer), &newest_kind);
	assert_ptr_equal(kind_of(fixture, "a"), &newest_kind);
	assert_int_equal(fake_api_requests(fixture->api, NULL, "v1beta2"), 0);
}

static void takes_an_older_version_where_the_newest_is_not_served(void **state)
{
	struct fixture *fixture = *state;
	fake_api_set_served(fixture->api, &newest_kind, false);
	put(fixture, &older_kind, "a");
	start(fixture);
	assert_true(informer_serves(fixture->informer));
	assert_ptr_equal(informer_kind(fixture->informer), &older_kind);
	assert_ptr_equal(kind_of(fixture, "a"), &older_kind);
	eventually(fake_api_watches(fixture->api) == 1);
	put(fixture, &older_kind, "b");
	eventually(fixture->added == 2);
	assert_ptr_equal(kind_of(fixture, "b"), &older_kind);
	assert_int_equal(fixture->unserved + fixture->failed, 0);
}

/* Kubernetes' snapshot-controller has a webhook that knows two versions, and v1 is neither. */
static void break_webhook(struct fixture *fixture)
{
	fake_api_fail(fixture->api,
		      &(struct fake_api_failure) {
			      .path_part = "/v1/things",
			      .status = 500,
			      .times = 1000,
			      .message = "conversion webhook for example.com/v1beta2, Kind=Thing "
					 "failed: unexpected conversion version",
		      });
}

static void takes_an_older_version_where_a_webhook_cannot_convert(void **state)
{
	struct fixture *fixture = *state;
	break_webhook(fixture);
	put(fixture, &older_kind, "a");
	start(fixture);
	assert_ptr_equal(informer_kind(fixture->informer), &older_kind);
	assert_int_equal(informer_count(fixture->informer), 1);
	assert_int_equal(fixture->failed, 0);
}

/* It is served, so its objects must not seem to be gone. */
static void keeps_its_objects_where_no_version_can_be_read(void **state)
{
	struct fixture *fixture = *state;
	fake_api_set_served(fixture->api, &older_kind, false);
	put(fixture, &newest_kind, "a");
	start(fixture);
	eventually(fake_api_watches(fixture->api) == 1);
	break_webhook(fixture);
	fake_api_expire(fixture->api);
	eventually(fixture->failed >= 2);
	assert_int_equal(informer_count(fixture->informer), 1);
	assert_int_equal(fixture->deleted + fixture->unserved, 0);
}

static void a_version_that_is_unknown_to_us_does_not_count(void **state)
{
	struct fixture *fixture = *state;
	fake_api_set_served(fixture->api, &newest_kind, false);
	fake_api_set_served(fixture->api, &older_kind, false);
	put(fixture, &unknown_kind, "a");
	start(fixture);
	assert_false(informer_serves(fixture->informer));
	assert_int_equal(informer_count(fixture->informer), 0);
	usleep(100000);
	assert_int_equal(fixture->unserved, 1);
	put(fixture, &older_kind, "a");
	fake_api_set_served(fixture->api, &older_kind, true);
	eventually(fixture->served == &older_kind);
	assert_int_equal(fixture->added, 1);
}

/* What is written to an object goes to the version that it was read in. */
static void replaces_its_objects_when_the_version_changes(void **state)
{
	struct fixture *fixture = *state;
	fake_api_set_served(fixture->api, &newest_kind, false);
	fake_api_putf(fixture->api, &older_kind, "{'metadata':{'name':'a','uid':'u'}}");
	start(fixture);
	assert_ptr_equal(kind_of(fixture, "a"), &older_kind);
	eventually(fake_api_watches(fixture->api) == 1);
	fake_api_putf(fixture->api, &newest_kind, "{'metadata':{'name':'a','uid':'u'}}");
	fake_api_set_served(fixture->api, &newest_kind, true);
	fake_api_expire(fixture->api);
	eventually(informer_kind(fixture->informer) == &newest_kind);
	assert_ptr_equal(kind_of(fixture, "a"), &newest_kind);
	assert_int_equal(fixture->unserved, 0);
}

int main(void)
{
#define with_fixture(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		with_fixture(takes_the_newest_version),
		with_fixture(takes_an_older_version_where_the_newest_is_not_served),
		with_fixture(takes_an_older_version_where_a_webhook_cannot_convert),
		with_fixture(keeps_its_objects_where_no_version_can_be_read),
		with_fixture(a_version_that_is_unknown_to_us_does_not_count),
		with_fixture(replaces_its_objects_when_the_version_changes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
