/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/informer.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "fake_api.h"
#include "kube/claim.h"
#include "test.h"

/* What the informer told. */
struct log {
	pthread_mutex_t lock;
	unsigned added;
	unsigned changed;
	unsigned deleted;
	unsigned failed;
	unsigned unparsed;
	unsigned unserved;
	unsigned deleted_while_served;
	unsigned served_again;
	char last_failure[ERROR_TEXT_MAX];
};

static struct log heard = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void note_change(void *context, const struct object *before, const struct object *after)
{
	struct log *log = context;
	assert_true(before || after);
	pthread_mutex_lock(&log->lock);
	log->added += !before;
	log->deleted += !after;
	log->changed += before && after;
	pthread_mutex_unlock(&log->lock);
}

static void note_failure(void *context, const char *what, const struct error *err)
{
	struct log *log = context;
	pthread_mutex_lock(&log->lock);
	log->unparsed += strcmp(what, "parse") == 0;
	log->failed += strcmp(what, "parse") != 0;
	snprintf(log->last_failure, sizeof(log->last_failure), "%s", err->text);
	pthread_mutex_unlock(&log->lock);
}

static void note_served(void *context, const struct kind *kind, bool served)
{
	struct log *log = context;
	pthread_mutex_lock(&log->lock);
	log->unserved += !served;
	log->served_again += served;
	pthread_mutex_unlock(&log->lock);
}

static struct log heard_now(void)
{
	pthread_mutex_lock(&heard.lock);
	struct log copy = heard;
	pthread_mutex_unlock(&heard.lock);
	return copy;
}

#define eventually(condition)                                                                      \
	do {                                                                                       \
		uint64_t give_up_ms = clock_monotonic_ms() + 5000;                                 \
		while (!(condition) && clock_monotonic_ms() < give_up_ms)                          \
			usleep(2000);                                                              \
		assert_true(condition);                                                            \
	} while (0)

static void index_by_class(const struct object *object, struct text *key)
{
	const struct claim *claim = (const struct claim *)object;
	if (claim->class_name)
		text_append_string(key, claim->class_name);
}

struct fixture {
	struct fake_api *api;
	struct kube_client *client;
	struct informer *informer;
};

static void put_claim(struct fixture *fixture, const char *name, const char *class_name)
{
	fake_api_putf(fixture->api, &claim_kind,
		      "{'metadata':{'namespace':'default','name':'%s'},"
		      "'spec':{'storageClassName':'%s',"
		      "'resources':{'requests':{'storage':'1Gi'}}}}",
		      name, class_name);
}

static void start(struct fixture *fixture)
{
	const struct informer_options options = {
		.scope = { .kind = &claim_kind },
		.index = { index_by_class },
		.changed = note_change,
		.failed = note_failure,
		.context = &heard,
	};
	fixture->informer = informer_new(fixture->client, &options);
}

static void start_synced(struct fixture *fixture)
{
	struct error err;
	start(fixture);
	assert_int_equal(informer_wait_synced(fixture->informer, 5000, &err), 0);
	eventually(fake_api_watches(fixture->api) == 1);
}

static int set_up(void **state)
{
	struct fixture *fixture = must_alloc(sizeof(*fixture));
	fixture->api = fake_api_new();
	fixture->client = kube_client_new_over(fake_api_transport(fixture->api));
	heard = (struct log) { .lock = PTHREAD_MUTEX_INITIALIZER };
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

static void lists_what_is_there_and_follows_what_comes(void **state)
{
	struct fixture *fixture = *state;
	put_claim(fixture, "a", "fast");
	start_synced(fixture);
	assert_int_equal(informer_count(fixture->informer), 1);
	put_claim(fixture, "b", "slow");
	eventually(informer_count(fixture->informer) == 2);
	fake_api_edit(fixture->api, &claim_kind, "default", "b", "{'spec':{'volumeName':'pv-b'}}");
	eventually(heard_now().changed == 1);
	CLEANUP(object_unrefp) struct object *b = informer_get(fixture->informer, "default", "b");
	assert_non_null(b);
	assert_string_equal(claim_of(b)->volume_name, "pv-b");
	fake_api_remove(fixture->api, &claim_kind, "default", "a");
	eventually(heard_now().deleted == 1);
	assert_null(informer_get(fixture->informer, "default", "a"));
	assert_int_equal(heard_now().failed, 0);
}

static size_t count_in(struct informer *informer, const char *key)
{
	CLEANUP_OBJECT_LIST struct object_list list = { 0 };
	informer_list(informer, key, &list);
	return list.count;
}

static void groups_objects_by_the_index_key(void **state)
{
	struct fixture *fixture = *state;
	put_claim(fixture, "a", "fast");
	put_claim(fixture, "b", "fast");
	put_claim(fixture, "c", "slow");
	start_synced(fixture);
	assert_int_equal(count_in(fixture->informer, "fast"), 2);
	assert_int_equal(count_in(fixture->informer, "slow"), 1);
	assert_int_equal(count_in(fixture->informer, "none"), 0);
	assert_int_equal(count_in(fixture->informer, NULL), 3);
	put_claim(fixture, "a", "slow");
	eventually(count_in(fixture->informer, "slow") == 2);
	assert_int_equal(count_in(fixture->informer, "fast"), 1);
}

static void lists_more_than_one_page(void **state)
{
	struct fixture *fixture = *state;
	char name[16];
	for (int i = 0; i < 1203; i++) {
		snprintf(name, sizeof(name), "c-%d", i);
		put_claim(fixture, name, "fast");
	}
	start_synced(fixture);
	assert_int_equal(informer_count(fixture->informer), 1203);
	assert_int_equal(fake_api_requests(fixture->api, "GET", "limit=500"), 3);
}

static void begins_the_list_again_when_its_second_page_has_expired(void **state)
{
	struct fixture *fixture = *state;
	char name[16];
	for (int i = 0; i < 600; i++) {
		snprintf(name, sizeof(name), "c-%d", i);
		put_claim(fixture, name, "fast");
	}
	fake_api_fail_next(fixture->api, "GET", "continue=", FAKE_API_STATUS, 410);
	start_synced(fixture);
	assert_int_equal(informer_count(fixture->informer), 600);
	assert_int_equal(heard_now().added, 600);
	assert_int_equal(fake_api_requests(fixture->api, "GET", "limit=500"), 4);
	assert_int_equal(heard_now().failed, 0);
}

static void takes_a_cut_watch_up_where_it_broke(void **state)
{
	struct fixture *fixture = *state;
	put_claim(fixture, "a", "fast");
	start_synced(fixture);
	fake_api_set_down(fixture->api, true);
	eventually(fake_api_watches(fixture->api) == 0);
	fake_api_remove(fixture->api, &claim_kind, "default", "a");
	put_claim(fixture, "b", "fast");
	usleep(100000);
	fake_api_set_down(fixture->api, false);
	eventually(heard_now().deleted == 1 && informer_count(fixture->informer) == 1);
	assert_true(heard_now().failed >= 1);
	assert_int_equal(fake_api_requests(fixture->api, "GET", "limit=500"), 1);
}

static void opens_a_watch_that_ended_in_good_order_again(void **state)
{
	struct fixture *fixture = *state;
	start_synced(fixture);
	put_claim(fixture, "a", "fast");
	eventually(heard_now().added == 1);
	fake_api_end_watches(fixture->api);
	put_claim(fixture, "b", "fast");
	eventually(heard_now().added == 2);
	assert_int_equal(heard_now().failed, 0);
}

static void lists_again_after_410_and_reports_what_vanished(void **state)
{
	struct fixture *fixture = *state;
	put_claim(fixture, "a", "fast");
	put_claim(fixture, "b", "fast");
	start_synced(fixture);
	fake_api_set_down(fixture->api, true);
	eventually(fake_api_watches(fixture->api) == 0);
	fake_api_remove(fixture->api, &claim_kind, "default", "a");
	fake_api_expire(fixture->api);
	fake_api_set_down(fixture->api, false);
	eventually(heard_now().deleted == 1);
	assert_int_equal(informer_count(fixture->informer), 1);
	assert_int_equal(heard_now().added, 2);
	assert_int_equal(fake_api_requests(fixture->api, "GET", "limit=500"), 2);
}

static void lists_again_after_a_410_when_the_watch_is_opened(void **state)
{
	struct fixture *fixture = *state;
	fake_api_fail_next(fixture->api, "GET", "watch=1", FAKE_API_STATUS, 410);
	start(fixture);
	eventually(fake_api_watches(fixture->api) == 1);
	assert_int_equal(fake_api_requests(fixture->api, "GET", "limit=500"), 2);
	put_claim(fixture, "a", "fast");
	eventually(heard_now().added == 1);
}

static void lists_again_after_a_line_that_is_no_event(void **state)
{
	static const char *const lines[] = {
		"{\"type\":\"ADDED\",\"object\":{",
		"",
		"[]",
		"{\"type\":\"SURPRISE\",\"object\":{}}",
		"{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":400}}",
	};
	struct fixture *fixture = *state;
	start_synced(fixture);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		fake_api_send_line(fixture->api, lines[i]);
		eventually(fake_api_requests(fixture->api, "GET", "limit=500") == i + 2);
		eventually(fake_api_watches(fixture->api) == 1);
		char name[16];
		snprintf(name, sizeof(name), "c-%zu", i);
		put_claim(fixture, name, "fast");
		eventually(heard_now().added == i + 1);
	}
	assert_int_equal(heard_now().deleted, 0);
}

static void leaves_out_an_object_that_cannot_be_parsed(void **state)
{
	struct fixture *fixture = *state;
	fake_api_put(fixture->api, &claim_kind,
		     "{'metadata':{'namespace':'default','name':'odd'},"
		     "'spec':{'resources':{'requests':{'storage':'lots'}}}}");
	put_claim(fixture, "a", "fast");
	start_synced(fixture);
	assert_int_equal(informer_count(fixture->informer), 1);
	assert_int_equal(heard_now().unparsed, 1);
	assert_non_null(strstr(heard_now().last_failure, "odd"));
	assert_non_null(strstr(heard_now().last_failure, "spec.resources.requests.storage"));
	fake_api_edit(fixture->api, &claim_kind, "default", "odd", "{'spec':{'volumeName':7}}");
	eventually(heard_now().unparsed == 2);
	put_claim(fixture, "b", "fast");
	eventually(informer_count(fixture->informer) == 2);
	assert_int_equal(fake_api_requests(fixture->api, "GET", "watch=1"), 1);
}

static void forgets_an_object_that_is_deleted_as_something_that_cannot_be_parsed(void **state)
{
	struct fixture *fixture = *state;
	put_claim(fixture, "a", "fast");
	start_synced(fixture);
	fake_api_edit(fixture->api, &claim_kind, "default", "a", "{'spec':{'volumeName':7}}");
	eventually(heard_now().unparsed == 1);
	fake_api_remove(fixture->api, &claim_kind, "default", "a");
	eventually(heard_now().deleted == 1);
	assert_int_equal(informer_count(fixture->informer), 0);
	assert_int_equal(fake_api_requests(fixture->api, "GET", "watch=1"), 1);
}

static void tells_apart_one_that_was_deleted_and_made_again(void **state)
{
	struct fixture *fixture = *state;
	put_claim(fixture, "a", "fast");
	start_synced(fixture);
	fake_api_set_down(fixture->api, true);
	eventually(fake_api_watches(fixture->api) == 0);
	fake_api_remove(fixture->api, &claim_kind, "default", "a");
	put_claim(fixture, "a", "fast");
	fake_api_expire(fixture->api);
	fake_api_set_down(fixture->api, false);
	eventually(heard_now().deleted == 1 && heard_now().added == 2);
	assert_int_equal(heard_now().changed, 0);
}

static void knows_which_versions_it_has_seen(void **state)
{
	struct fixture *fixture = *state;
	start_synced(fixture);
	fake_api_skip_versions(fixture->api, 899); /* 999, then 1000: more digits */
	put_claim(fixture, "a", "fast");
	CLEANUP_FREE char *version = fake_api_field(fixture->api, &claim_kind, "default", "a",
						    "metadata.resourceVersion");
	assert_string_equal(version, "1000");
	eventually(informer_has_seen(fixture->informer, version));
	assert_true(informer_has_seen(fixture->informer, "999"));
	assert_false(informer_has_seen(fixture->informer, "1001"));
	assert_true(informer_has_seen(fixture->informer, "not-a-number"));
	fake_api_skip_versions(fixture->api, 500);
	assert_false(informer_has_seen(fixture->informer, "1500"));
	fake_api_send_bookmarks(fixture->api);
	eventually(informer_has_seen(fixture->informer, "1500"));
}

static void says_why_it_is_not_synced(void **state)
{
	struct fixture *fixture = *state;
	struct error err;
	fake_api_set_down(fixture->api, true);
	start(fixture);
	eventually(heard_now().failed >= 1);
	assert_int_equal(informer_wait_synced(fixture->informer, 10, &err), -1);
	assert_int_equal(err.code, ERROR_TIMEOUT);
	assert_non_null(strstr(err.text, "persistentvolumeclaims"));
	assert_non_null(strstr(err.text, "connection refused"));
	assert_false(informer_synced(fixture->informer));
	fake_api_set_down(fixture->api, false);
	assert_int_equal(informer_wait_synced(fixture->informer, 5000, &err), 0);
}

static void sees_an_object_leave_its_label_selector_as_deleted(void **state)
{
	struct fixture *fixture = *state;
	fake_api_put(fixture->api, &claim_kind,
		     "{'metadata':{'namespace':'default','name':'a','labels':{'app':'web'}},"
		     "'spec':{}}");
	put_claim(fixture, "b", "fast");
	const struct informer_options options = {
		.scope = { .kind = &claim_kind,
			   .namespace = "default",
			   .label_selector = "app=web" },
		.changed = note_change,
		.failed = note_failure,
		.context = &heard,
	};
	struct error err;
	fixture->informer = informer_new(fixture->client, &options);
	assert_int_equal(informer_wait_synced(fixture->informer, 5000, &err), 0);
	assert_int_equal(informer_count(fixture->informer), 1);
	fake_api_edit(fixture->api, &claim_kind, "default", "a",
		      "{'metadata':{'labels':{'app':'db'}}}");
	eventually(heard_now().deleted == 1);
	assert_int_equal(informer_count(fixture->informer), 0);
}

static void start_optional(struct fixture *fixture, uint32_t unserved_wait_ms)
{
	struct error err;
	const struct informer_options options = {
		.scope = { .kind = &claim_kind },
		.optional = true,
		.unserved_wait_ms = unserved_wait_ms,
		.changed = note_change,
		.failed = note_failure,
		.served = note_served,
		.context = &heard,
	};
	fixture->informer = informer_new(fixture->client, &options);
	assert_int_equal(informer_wait_synced(fixture->informer, 5000, &err), 0);
}

static size_t lists(struct fixture *fixture)
{
	return fake_api_requests(fixture->api, "GET", "limit=500");
}

static void counts_a_kind_that_is_not_served_as_listed(void **state)
{
	struct fixture *fixture = *state;
	fake_api_set_served(fixture->api, &claim_kind, false);
	put_claim(fixture, "a", "fast");
	start_optional(fixture, 0);
	assert_false(informer_serves(fixture->informer));
	assert_int_equal(informer_count(fixture->informer), 0);
	usleep(300000); /* longer than the first waits after a failure */
	assert_int_equal(lists(fixture), 1);
	assert_int_equal(fake_api_requests(fixture->api, NULL, "watch=1"), 0);
	assert_int_equal(heard_now().unserved, 1);
	assert_int_equal(heard_now().failed, 0);
}

static void lists_a_kind_as_soon_as_it_is_served(void **state)
{
	struct fixture *fixture = *state;
	fake_api_set_served(fixture->api, &claim_kind, false);
	start_optional(fixture, 30);
	eventually(lists(fixture) >= 3);
	assert_int_equal(heard_now().unserved, 1);
	put_claim(fixture, "a", "fast");
	fake_api_set_served(fixture->api, &claim_kind, true);
	eventually(heard_now().added == 1);
	assert_true(informer_serves(fixture->informer));
	eventually(fake_api_watches(fixture->api) == 1);
	put_claim(fixture, "b", "fast");
	eventually(heard_now().added == 2);
	assert_int_equal(heard_now().served_again, 1);
	assert_int_equal(heard_now().failed, 0);
}

static void note_served_at_deletion(void *context, const struct object *before,
				    const struct object *after)
{
	struct fixture *fixture = context;
	note_change(&heard, before, after);
	if (after)
		return;
	pthread_mutex_lock(&heard.lock);
	heard.deleted_while_served += informer_serves(fixture->informer);
	pthread_mutex_unlock(&heard.lock);
}

/* Else the end of its objects would look like a deletion. */
static void says_that_a_kind_is_not_served_before_its_objects_go(void **state)
{
	struct fixture *fixture = *state;
	struct error err;
	put_claim(fixture, "a", "fast");
	const struct informer_options options = {
		.scope = { .kind = &claim_kind },
		.optional = true,
		.unserved_wait_ms = 50,
		.changed = note_served_at_deletion,
		.context = fixture,
	};
	fixture->informer = informer_new(fixture->client, &options);
	assert_int_equal(informer_wait_synced(fixture->informer, 5000, &err), 0);
	eventually(fake_api_watches(fixture->api) == 1);
	fake_api_set_served(fixture->api, &claim_kind, false);
	eventually(heard_now().deleted == 1);
	usleep(20000);
	assert_int_equal(heard_now().deleted_while_served, 0);
}

static void reports_the_objects_of_a_kind_that_is_served_no_more(void **state)
{
	struct fixture *fixture = *state;
	put_claim(fixture, "a", "fast");
	put_claim(fixture, "b", "fast");
	start_optional(fixture, 50);
	assert_int_equal(heard_now().unserved + heard_now().served_again, 0);
	eventually(fake_api_watches(fixture->api) == 1);
	for (unsigned round = 1; round <= 2; round++) {
		fake_api_set_served(fixture->api, &claim_kind, false);
		eventually(heard_now().deleted == 2 * round && heard_now().unserved == round);
		assert_int_equal(informer_count(fixture->informer), 0);
		assert_false(informer_serves(fixture->informer));
		fake_api_set_served(fixture->api, &claim_kind, true);
		eventually(heard_now().added == 2 + 2 * round);
		eventually(fake_api_watches(fixture->api) == 1);
		assert_int_equal(heard_now().served_again, round);
	}
}

/* An aggregated API that lists and does not watch. */
static void does_not_hurry_where_only_the_watch_is_not_served(void **state)
{
	struct fixture *fixture = *state;
	put_claim(fixture, "a", "fast");
	fake_api_fail(fixture->api, &(struct fake_api_failure) { .method = "GET",
								 .path_part = "watch=1",
								 .status = 404,
								 .times = 1000 });
	start_optional(fixture, 0);
	usleep(500000);
	assert_in_range(lists(fixture), 2, 8);
	assert_true(heard_now().failed >= 1);
	assert_int_equal(heard_now().deleted, 0);
	assert_int_equal(heard_now().unserved, 0);
}

/* A kind that every API server serves. */
static void keeps_what_it_has_where_404_is_a_fault(void **state)
{
	struct fixture *fixture = *state;
	struct error err;
	put_claim(fixture, "a", "fast");
	start_synced(fixture);
	fake_api_set_served(fixture->api, &claim_kind, false);
	eventually(heard_now().failed >= 2);
	assert_int_equal(informer_count(fixture->informer), 1);
	assert_int_equal(heard_now().deleted, 0);
	fake_api_set_served(fixture->api, &claim_kind, true);
	eventually(fake_api_watches(fixture->api) == 1);
	assert_int_equal(informer_wait_synced(fixture->informer, 5000, &err), 0);
}

int main(void)
{
#define with_fixture(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		with_fixture(lists_what_is_there_and_follows_what_comes),
		with_fixture(groups_objects_by_the_index_key),
		with_fixture(lists_more_than_one_page),
		with_fixture(begins_the_list_again_when_its_second_page_has_expired),
		with_fixture(takes_a_cut_watch_up_where_it_broke),
		with_fixture(opens_a_watch_that_ended_in_good_order_again),
		with_fixture(lists_again_after_410_and_reports_what_vanished),
		with_fixture(lists_again_after_a_410_when_the_watch_is_opened),
		with_fixture(lists_again_after_a_line_that_is_no_event),
		with_fixture(leaves_out_an_object_that_cannot_be_parsed),
		with_fixture(forgets_an_object_that_is_deleted_as_something_that_cannot_be_parsed),
		with_fixture(tells_apart_one_that_was_deleted_and_made_again),
		with_fixture(knows_which_versions_it_has_seen),
		with_fixture(says_why_it_is_not_synced),
		with_fixture(counts_a_kind_that_is_not_served_as_listed),
		with_fixture(lists_a_kind_as_soon_as_it_is_served),
		with_fixture(says_that_a_kind_is_not_served_before_its_objects_go),
		with_fixture(reports_the_objects_of_a_kind_that_is_served_no_more),
		with_fixture(does_not_hurry_where_only_the_watch_is_not_served),
		with_fixture(keeps_what_it_has_where_404_is_a_fault),
		with_fixture(sees_an_object_leave_its_label_selector_as_deleted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
