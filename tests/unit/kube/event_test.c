/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/event.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "fake_api.h"
#include "fake_json.h"
#include "kube/claim.h"
#include "kube/json.h"
#include "kube/list.h"
#include "test.h"

static const struct kind event_kind = {
	.api_version = "v1",
	.name = "Event",
	.plural = "events",
	.namespaced = true,
	.size = sizeof(struct object),
};

struct fixture {
	struct fake_api *api;
	struct kube_client *client;
	struct event_recorder *recorder;
	struct object *claim;
};

static int set_up(void **state)
{
	struct fixture *fixture = must_alloc(sizeof(*fixture));
	fixture->api = fake_api_new();
	fixture->client = kube_client_new_over(fake_api_transport(fixture->api));
	fixture->recorder = event_recorder_new(fixture->client, "kentledge.io_p-1", "p-1");
	CLEANUP(json_object_putp)
	struct json_object *json =
		fake_json_of("{'metadata':{'namespace':'shop','name':'www-web-0','uid':'u-1',"
			     "'resourceVersion':'9'}}");
	struct error err;
	assert_int_equal(object_parse(&claim_kind, json, &fixture->claim, &err), 0);
	*state = fixture;
	return 0;
}

/* What waits is posted before this returns. */
static void flush(struct fixture *fixture)
{
	event_recorder_free(TAKE(fixture->recorder));
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	flush(fixture);
	object_unref(fixture->claim);
	kube_client_free(fixture->client);
	fake_api_free(fixture->api);
	free(fixture);
	return 0;
}

static void find_event(void *context, struct object *object)
{
	char **name = context;
	free(*name);
	*name = must_strdup(object->name);
}

/* The field of the only event there is. */
static char *event_field(struct fixture *fixture, const char *path)
{
	CLEANUP_FREE char *name = NULL;
	struct error err;
	const struct kube_scope scope = { .kind = &event_kind };
	assert_int_equal(fake_api_count(fixture->api, &event_kind), 1);
	assert_int_equal(kube_list(fixture->client, &scope, find_event, NULL, &name, NULL, &err),
			 0);
	return fake_api_field(fixture->api, &event_kind, "shop", name, path);
}

static void expect_field(struct fixture *fixture, const char *path, const char *value)
{
	CLEANUP_FREE char *field = event_field(fixture, path);
	assert_non_null(field);
	assert_string_equal(field, value);
}

static void posts_what_describe_shows(void **state)
{
	struct fixture *fixture = *state;
	event_record(fixture->recorder, fixture->claim, EVENT_WARNING, "ProvisioningFailed",
		     "no room on %s", "n1");
	flush(fixture);
	expect_field(fixture, "involvedObject.kind", "PersistentVolumeClaim");
	expect_field(fixture, "involvedObject.namespace", "shop");
	expect_field(fixture, "involvedObject.name", "www-web-0");
	expect_field(fixture, "involvedObject.uid", "u-1");
	expect_field(fixture, "involvedObject.apiVersion", "v1");
	expect_field(fixture, "type", "Warning");
	expect_field(fixture, "reason", "ProvisioningFailed");
	expect_field(fixture, "message", "no room on n1");
	expect_field(fixture, "source.component", "kentledge.io_p-1");
	expect_field(fixture, "reportingComponent", "kentledge.io_p-1");
	expect_field(fixture, "reportingInstance", "p-1");
	expect_field(fixture, "count", "1");
	CLEANUP_FREE char *name = event_field(fixture, "metadata.name");
	assert_int_equal(strncmp(name, "www-web-0.", 10), 0);
}

static void raises_the_count_of_a_repeated_event(void **state)
{
	struct fixture *fixture = *state;
	for (int i = 0; i < 5; i++) {
		event_record(fixture->recorder, fixture->claim, EVENT_NORMAL, "Provisioning",
			     "again");
		usleep(5000);
	}
	flush(fixture);
	expect_field(fixture, "count", "5");
	assert_int_equal(fake_api_requests(fixture->api, "POST", "/events"), 1);
}

static void keeps_apart_what_differs(void **state)
{
	struct fixture *fixture = *state;
	event_record(fixture->recorder, fixture->claim, EVENT_NORMAL, "A", "x");
	event_record(fixture->recorder, fixture->claim, EVENT_WARNING, "A", "x");
	event_record(fixture->recorder, fixture->claim, EVENT_NORMAL, "B", "x");
	event_record(fixture->recorder, fixture->claim, EVENT_NORMAL, "A", "y");
	event_record(fixture->recorder, fixture->claim, EVENT_NORMAL, "A", "x");
	flush(fixture);
	assert_int_equal(fake_api_count(fixture->api, &event_kind), 4);
}

static void posts_again_what_the_server_has_forgotten(void **state)
{
	struct fixture *fixture = *state;
	event_record(fixture->recorder, fixture->claim, EVENT_NORMAL, "A", "x");
	assert_true(fake_api_wait_count(fixture->api, &event_kind, 1));
	usleep(20000);
	CLEANUP_FREE char *name = event_field(fixture, "metadata.name");
	fake_api_remove(fixture->api, &event_kind, "shop", name);
	event_record(fixture->recorder, fixture->claim, EVENT_NORMAL, "A", "x");
	flush(fixture);
	expect_field(fixture, "count", "1");
}

static void posts_events_of_cluster_wide_things_in_the_default_namespace(void **state)
{
	struct fixture *fixture = *state;
	static const struct kind volume_kind = {
		.api_version = "v1",
		.name = "PersistentVolume",
		.plural = "persistentvolumes",
		.size = sizeof(struct object),
	};
	CLEANUP(json_object_putp)
	struct json_object *json = fake_json_of("{'metadata':{'name':'pvc-1','uid':'u-2'}}");
	CLEANUP(object_unrefp) struct object *volume = NULL;
	struct error err;
	assert_int_equal(object_parse(&volume_kind, json, &volume, &err), 0);
	event_record(fixture->recorder, volume, EVENT_WARNING, "VolumeFailedDelete", "in use");
	flush(fixture);
	assert_int_equal(fake_api_requests(fixture->api, "POST", "/namespaces/default/events"), 1);
	assert_int_equal(fake_api_count(fixture->api, &event_kind), 1);
}

static atomic_bool blocked;

static bool block(void *context, const char *method, const char *path, bool after)
{
	while (blocked)
		usleep(1000);
	return true;
}

static void *unblock_soon(void *context)
{
	usleep(100000);
	blocked = false;
	return NULL;
}

static struct object *claim_named(const char *name)
{
	CLEANUP_FREE char *text =
		must_printf("{'metadata':{'namespace':'shop','name':'%s','uid':'%s'}}", name, name);
	CLEANUP(json_object_putp) struct json_object *json = fake_json_of(text);
	struct object *claim = NULL;
	struct error err;
	assert_int_equal(object_parse(&claim_kind, json, &claim, &err), 0);
	return claim;
}

static void drops_the_newest_when_too_many_wait(void **state)
{
	struct fixture *fixture = *state;
	blocked = true;
	fake_api_set_hook(fixture->api, block, NULL);
	event_record(fixture->recorder, fixture->claim, EVENT_NORMAL, "First", "x");
	usleep(50000); /* it is with the recorder's thread now */
	for (int i = 0; i < 300; i++) {
		char name[16];
		snprintf(name, sizeof(name), "www-%d", i);
		CLEANUP(object_unrefp) struct object *claim = claim_named(name);
		event_record(fixture->recorder, claim, EVENT_NORMAL, "Many", "x");
	}
	blocked = false;
	flush(fixture);
	assert_int_equal(fake_api_count(fixture->api, &event_kind), 257);
}

/* A Parallel set of 300 under a quota: every pod is refused by a message of its own, again and
 * again. */
static void a_flood_about_one_object_costs_ten_event_objects_and_few_requests(void **state)
{
	struct fixture *fixture = *state;
	for (int round = 0; round < 10; round++)
		for (int i = 0; i < 300; i++)
			event_record(fixture->recorder, fixture->claim, EVENT_WARNING,
				     "FailedCreate", "create Pod web-%d failed", i);
	CLEANUP(object_unrefp) struct object *calm = claim_named("calm");
	event_record(fixture->recorder, calm, EVENT_WARNING, "FailedCreate", "no quota");
	/* Nor do failures hide that something went well. */
	event_record(fixture->recorder, fixture->claim, EVENT_NORMAL, "SuccessfulCreate", "web-0");
	flush(fixture);
	assert_int_equal(fake_api_count(fixture->api, &event_kind), 10 + 2);
	assert_in_range(fake_api_requests(fixture->api, NULL, "/events"), 12, 27);
}

static void combines_what_is_similar_and_shows_the_newest(void **state)
{
	struct fixture *fixture = *state;
	for (int i = 0; i < 12; i++) {
		event_record(fixture->recorder, fixture->claim, EVENT_WARNING, "FailedCreate",
			     "create Pod web-%d failed", i);
		assert_true(fake_api_wait_count(fixture->api, &event_kind, i < 10 ? i + 1 : 10));
		usleep(20000);
	}
	flush(fixture);
	CLEANUP_FREE char *name = NULL; /* of the last: their names grow */
	struct error err;
	const struct kube_scope scope = { .kind = &event_kind };
	assert_int_equal(kube_list(fixture->client, &scope, find_event, NULL, &name, NULL, &err),
			 0);
	CLEANUP_FREE char *message =
		fake_api_field(fixture->api, &event_kind, "shop", name, "message");
	CLEANUP_FREE char *count = fake_api_field(fixture->api, &event_kind, "shop", name, "count");
	assert_string_equal(message, "(combined from similar events): create Pod web-11 failed");
	assert_string_equal(count, "3");
}

/* A program that ends would otherwise wait for one answer after the other. */
static void stops_posting_at_the_end_when_the_server_does_not_answer(void **state)
{
	struct fixture *fixture = *state;
	blocked = true;
	fake_api_set_hook(fixture->api, block, NULL);
	fake_api_fail(fixture->api,
		      &(struct fake_api_failure) { .how = FAKE_API_LOST_REQUEST, .times = 100 });
	event_record(fixture->recorder, fixture->claim, EVENT_NORMAL, "First", "x");
	usleep(50000); /* it is with the recorder's thread now */
	for (int i = 0; i < 9; i++)
		event_record(fixture->recorder, fixture->claim, EVENT_NORMAL, "Many", "%d", i);
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, unblock_soon, NULL), 0);
	flush(fixture);
	pthread_join(thread, NULL);
	assert_in_range(fake_api_requests(fixture->api, "POST", "/events"), 1, 2);
}

static void cuts_long_messages_between_characters(void **state)
{
	struct fixture *fixture = *state;
	char message[2000];
	for (size_t i = 0; i + 2 < sizeof(message); i += 2)
		memcpy(message + i + 1, "\xc3\xa9", 2);
	message[0] = 'a';
	message[sizeof(message) - 1] = '\0';
	event_record(fixture->recorder, fixture->claim, EVENT_NORMAL, "Long", "%s", message);
	flush(fixture);
	CLEANUP_FREE char *posted = event_field(fixture, "message");
	assert_int_equal(strlen(posted), 1023);
	assert_int_equal((unsigned char)posted[1022], 0xa9);
}

int main(void)
{
#define with_fixture(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		with_fixture(posts_what_describe_shows),
		with_fixture(raises_the_count_of_a_repeated_event),
		with_fixture(keeps_apart_what_differs),
		with_fixture(posts_again_what_the_server_has_forgotten),
		with_fixture(posts_events_of_cluster_wide_things_in_the_default_namespace),
		with_fixture(drops_the_newest_when_too_many_wait),
		with_fixture(a_flood_about_one_object_costs_ten_event_objects_and_few_requests),
		with_fixture(combines_what_is_similar_and_shows_the_newest),
		with_fixture(stops_posting_at_the_end_when_the_server_does_not_answer),
		with_fixture(cuts_long_messages_between_characters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
