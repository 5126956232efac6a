/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/client.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "fake_api.h"
#include "fake_json.h"
#include "http/client.h"
#include "kube/claim.h"
#include "kube/json.h"
#include "kube/list.h"
#include "kube/verbs.h"
#include "kube/watch.h"
#include "test.h"

static const struct kind node_kind = {
	.api_version = "v1",
	.name = "Node",
	.plural = "nodes",
	.size = sizeof(struct object),
};

static const struct kind set_kind = {
	.api_version = "apps/v1",
	.name = "StatefulSet",
	.plural = "statefulsets",
	.namespaced = true,
	.size = sizeof(struct object),
};

struct fixture {
	struct fake_api *api;
	struct kube_client *client;
};

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
	kube_client_free(fixture->client);
	fake_api_free(fixture->api);
	free(fixture);
	return 0;
}

static int create(struct fixture *fixture, const char *name, struct object **object,
		  struct error *err)
{
	CLEANUP(json_object_putp)
	struct json_object *json = object_json(&claim_kind, "default", name);
	return kube_create(fixture->client, &claim_kind, "default", json, object, err);
}

static void creates_gets_and_deletes(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP(object_unrefp) struct object *made = NULL;
	CLEANUP(object_unrefp) struct object *got = NULL;
	struct error err;
	assert_int_equal(create(fixture, "c", &made, &err), 0);
	assert_int_equal(kube_get(fixture->client, &claim_kind, "default", "c", &got, &err), 0);
	assert_string_equal(got->uid, made->uid);
	assert_string_equal(claim_of(got)->phase, "Pending");
	assert_int_equal(
		kube_delete(fixture->client, &claim_kind, "default", "c", "other", NULL, &err), -1);
	assert_int_equal(err.code, ERROR_CONFLICT);
	assert_int_equal(kube_delete(fixture->client, &claim_kind, "default", "c", got->uid,
				     got->resource_version, &err),
			 0);
	assert_false(fake_api_exists(fixture->api, &claim_kind, "default", "c"));
}

static void asks_under_the_path_of_the_kind(void **state)
{
	struct fixture *fixture = *state;
	struct error err;
	kube_get(fixture->client, &node_kind, NULL, "n 1", NULL, &err);
	kube_get(fixture->client, &set_kind, "default", "web", NULL, &err);
	assert_int_equal(fake_api_requests(fixture->api, "GET", "/api/v1/nodes/n%201"), 1);
	assert_int_equal(fake_api_requests(fixture->api, "GET",
					   "/apis/apps/v1/namespaces/default/statefulsets/web"),
			 1);
}

static void refuses_names_that_would_lead_elsewhere(void **state)
{
	static const char *const names[] = { "", ".", "..", "../nodes/n", "a/b", "a%2fb" };
	struct fixture *fixture = *state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct error err;
		assert_int_equal(
			kube_get(fixture->client, &claim_kind, "default", names[i], NULL, &err),
			-1);
		assert_int_equal(err.code, ERROR_INVALID);
		assert_non_null(strstr(err.text, "metadata.name"));
		assert_int_equal(kube_get(fixture->client, &claim_kind, names[i], "c", NULL, &err),
				 -1);
		assert_non_null(strstr(err.text, "metadata.namespace"));
	}
	assert_int_equal(fake_api_requests(fixture->api, NULL, NULL), 0);
}

static void turns_each_status_into_a_decision(void **state)
{
	static const struct {
		int status;
		enum error_code code;
	} cases[] = {
		{ 400, ERROR_INVALID },	  { 401, ERROR_FORBIDDEN },   { 403, ERROR_FORBIDDEN },
		{ 404, ERROR_NOT_FOUND }, { 405, ERROR_UNSUPPORTED }, { 409, ERROR_CONFLICT },
		{ 410, ERROR_EXPIRED },	  { 413, ERROR_INVALID },     { 415, ERROR_UNSUPPORTED },
		{ 422, ERROR_INVALID },	  { 500, ERROR_UNAVAILABLE }, { 503, ERROR_UNAVAILABLE },
		{ 504, ERROR_TIMEOUT },	  { 302, ERROR_INTERNAL },
	};
	struct fixture *fixture = *state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err;
		fake_api_fail_next(fixture->api, "GET", NULL, FAKE_API_STATUS, cases[i].status);
		assert_int_equal(kube_get(fixture->client, &claim_kind, "default", "c", NULL, &err),
				 -1);
		if (err.code != cases[i].code)
			fail_msg("%d became %s", cases[i].status, error_code_name(err.code));
		assert_string_equal(err.text, "get PersistentVolumeClaim default/c: "
					      "a fault of the test");
	}
}

static void says_that_a_name_is_taken_and_by_what(void **state)
{
	struct fixture *fixture = *state;
	struct error err;
	assert_int_equal(create(fixture, "c", NULL, &err), 0);
	assert_int_equal(create(fixture, "c", NULL, &err), -1);
	assert_int_equal(err.code, ERROR_EXISTS);
	assert_string_equal(err.text, "create PersistentVolumeClaim default/c: "
				      "persistentvolumeclaims \"c\" already exists");
}

static void leaves_open_what_happened_without_an_answer(void **state)
{
	struct fixture *fixture = *state;
	struct error err;
	fake_api_fail_next(fixture->api, "POST", NULL, FAKE_API_LOST_REQUEST, 0);
	assert_int_equal(create(fixture, "c", NULL, &err), -1);
	assert_int_equal(err.code, ERROR_TIMEOUT);
	assert_false(fake_api_exists(fixture->api, &claim_kind, "default", "c"));
	fake_api_fail_next(fixture->api, "POST", NULL, FAKE_API_LOST_ANSWER, 0);
	assert_int_equal(create(fixture, "c", NULL, &err), -1);
	assert_int_equal(err.code, ERROR_TIMEOUT);
	assert_true(fake_api_exists(fixture->api, &claim_kind, "default", "c"));
}

static void waits_as_long_as_a_throttling_server_asks(void **state)
{
	struct fixture *fixture = *state;
	struct error err;
	const struct fake_api_failure throttled = {
		.method = "POST",
		.how = FAKE_API_STATUS,
		.status = 429,
		.retry_after_s = 1,
	};
	fake_api_fail(fixture->api, &throttled);
	uint64_t begun_ms = clock_monotonic_ms();
	assert_int_equal(create(fixture, "c", NULL, &err), 0);
	assert_in_range(clock_monotonic_ms() - begun_ms, 1000, 4000);
	assert_int_equal(fake_api_requests(fixture->api, "POST", NULL), 2);
}

static void *stop_soon(void *client)
{
	usleep(50000);
	kube_client_stop(client);
	return NULL;
}

static void a_stop_ends_the_waiting(void **state)
{
	struct fixture *fixture = *state;
	struct error err;
	pthread_t thread;
	const struct fake_api_failure throttled = {
		.how = FAKE_API_STATUS,
		.status = 429,
		.retry_after_s = 9,
	};
	fake_api_fail(fixture->api, &throttled);
	assert_int_equal(pthread_create(&thread, NULL, stop_soon, fixture->client), 0);
	uint64_t begun_ms = clock_monotonic_ms();
	assert_int_equal(create(fixture, "c", NULL, &err), -1);
	assert_int_equal(err.code, ERROR_CANCELLED);
	assert_in_range(clock_monotonic_ms() - begun_ms, 40, 4000);
	pthread_join(thread, NULL);
}

static int patch(struct fixture *fixture, enum kube_patch_type type, const char *text,
		 const char *subresource, struct error *err)
{
	CLEANUP(json_object_putp) struct json_object *json = fake_json_of(text);
	return kube_patch(fixture->client, &claim_kind, "default", "c", subresource, type, json,
			  NULL, err);
}

static void expect_field(struct fixture *fixture, const char *path, const char *value)
{
	CLEANUP_FREE char *field = fake_api_field(fixture->api, &claim_kind, "default", "c", path);
	if (!value)
		assert_null(field);
	else
		assert_string_equal(field, value);
}

static void patches_in_three_ways(void **state)
{
	struct fixture *fixture = *state;
	struct error err;
	fake_api_put(fixture->api, &claim_kind,
		     "{'metadata':{'namespace':'default','name':'c','finalizers':['a']},"
		     "'spec':{'volumeName':'x','storageClassName':'y'}}");
	assert_int_equal(patch(fixture, KUBE_PATCH_MERGE,
			       "{'spec':{'volumeName':'z','storageClassName':null}}", NULL, &err),
			 0);
	expect_field(fixture, "spec", "{\"volumeName\":\"z\"}");
	expect_field(fixture, "metadata.generation", "2");
	assert_int_equal(patch(fixture, KUBE_PATCH_STRATEGIC,
			       "{'metadata':{'finalizers':['b'],'ownerReferences':["
			       "{'apiVersion':'v1','kind':'A','name':'a','uid':'1'}]}}",
			       NULL, &err),
			 0);
	expect_field(fixture, "metadata.finalizers", "[\"a\",\"b\"]");
	expect_field(fixture, "metadata.generation", "2");
	assert_int_equal(patch(fixture, KUBE_PATCH_STRATEGIC,
			       "{'metadata':{'$deleteFromPrimitiveList/finalizers':['a'],"
			       "'ownerReferences':[{'$patch':'delete','uid':'1'}]}}",
			       NULL, &err),
			 0);
	expect_field(fixture, "metadata.finalizers", "[\"b\"]");
	expect_field(fixture, "metadata.ownerReferences", "[]");
	assert_int_equal(patch(fixture, KUBE_PATCH_JSON,
			       "[{'op':'test','path':'/metadata/finalizers/0','value':'b'},"
			       "{'op':'remove','path':'/metadata/finalizers/0'},"
			       "{'op':'add','path':'/metadata/annotations','value':{}},"
			       "{'op':'add','path':'/metadata/annotations/a~1b','value':'c'}]",
			       NULL, &err),
			 0);
	expect_field(fixture, "metadata.finalizers", "[]");
	expect_field(fixture, "metadata.annotations", "{\"a/b\":\"c\"}");
	assert_int_equal(patch(fixture, KUBE_PATCH_JSON,
			       "[{'op':'test','path':'/spec/volumeName','value':'other'}]", NULL,
			       &err),
			 -1);
	assert_int_equal(err.code, ERROR_INVALID);
}

static void writes_the_status_by_its_subresource_only(void **state)
{
	struct fixture *fixture = *state;
	struct error err;
	assert_int_equal(create(fixture, "c", NULL, &err), 0);
	assert_int_equal(
		patch(fixture, KUBE_PATCH_MERGE, "{'status':{'phase':'Lost'}}", NULL, &err), 0);
	expect_field(fixture, "status.phase", "Pending");
	assert_int_equal(patch(fixture, KUBE_PATCH_MERGE,
			       "{'status':{'phase':'Bound'},'spec':{'volumeName':'no'}}", "status",
			       &err),
			 0);
	expect_field(fixture, "status.phase", "Bound");
	expect_field(fixture, "spec.volumeName", NULL);
	expect_field(fixture, "metadata.generation", "1");
}

static void notices_that_another_client_wrote_meanwhile(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP(object_unrefp) struct object *made = NULL;
	struct error err;
	assert_int_equal(create(fixture, "c", &made, &err), 0);
	fake_api_edit(fixture->api, &claim_kind, "default", "c", "{'spec':{'volumeName':'v'}}");
	CLEANUP(json_object_putp) struct json_object *json = json_object_new_object();
	json_set_string(json_child(json, "metadata"), "resourceVersion", made->resource_version);
	json_set_string(json_child(json, "spec"), "volumeName", "other");
	assert_int_equal(kube_patch(fixture->client, &claim_kind, "default", "c", NULL,
				    KUBE_PATCH_MERGE, json, NULL, &err),
			 -1);
	assert_int_equal(err.code, ERROR_CONFLICT);
	expect_field(fixture, "spec.volumeName", "v");
}

static void deletes_when_the_last_finalizer_is_gone(void **state)
{
	struct fixture *fixture = *state;
	struct error err;
	fake_api_put(fixture->api, &claim_kind,
		     "{'metadata':{'namespace':'default','name':'c','finalizers':['a']}}");
	assert_int_equal(
		kube_delete(fixture->client, &claim_kind, "default", "c", NULL, NULL, &err), 0);
	assert_true(fake_api_exists(fixture->api, &claim_kind, "default", "c"));
	CLEANUP(object_unrefp) struct object *object = NULL;
	assert_int_equal(kube_get(fixture->client, &claim_kind, "default", "c", &object, &err), 0);
	assert_true(object->deleted_s > 0);
	assert_int_equal(
		patch(fixture, KUBE_PATCH_MERGE, "{'metadata':{'finalizers':null}}", NULL, &err),
		0);
	assert_false(fake_api_exists(fixture->api, &claim_kind, "default", "c"));
}

static void refuse_each(void *context, struct object *object)
{
	fail_msg("%s was handed over", object->name);
}

static void hands_over_nothing_of_a_list_that_fails(void **state)
{
	struct fixture *fixture = *state;
	struct error err;
	char name[16];
	for (int i = 0; i < 501; i++) {
		snprintf(name, sizeof(name), "c-%d", i);
		assert_int_equal(create(fixture, name, NULL, &err), 0);
	}
	const struct kube_scope scope = { .kind = &claim_kind };
	fake_api_fail_next(fixture->api, "GET", "continue=", FAKE_API_STATUS, 500);
	assert_int_equal(kube_list(fixture->client, &scope, refuse_each, NULL, NULL, NULL, &err),
			 -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	const struct fake_api_failure expired = {
		.path_part = "continue=",
		.how = FAKE_API_STATUS,
		.status = 410,
		.times = 10,
	};
	fake_api_fail(fixture->api, &expired);
	assert_int_equal(kube_list(fixture->client, &scope, refuse_each, NULL, NULL, NULL, &err),
			 -1);
	assert_int_equal(err.code, ERROR_EXPIRED);
}

static void watches_from_a_version_on(void **state)
{
	struct fixture *fixture = *state;
	CLEANUP(kube_watch_closep) struct kube_watch *watch = NULL;
	CLEANUP(object_unrefp) struct object *made = NULL;
	CLEANUP(object_unrefp) struct object *seen = NULL;
	enum kube_watch_type type;
	struct error err;
	assert_int_equal(create(fixture, "a", &made, &err), 0);
	assert_int_equal(create(fixture, "b", NULL, &err), 0);
	const struct kube_scope scope = { .kind = &claim_kind, .namespace = "default" };
	assert_int_equal(
		kube_watch_open(fixture->client, &scope, made->resource_version, &watch, &err), 0);
	assert_int_equal(kube_watch_next(watch, &type, &seen, &err), 0);
	assert_int_equal(type, KUBE_ADDED);
	assert_string_equal(seen->name, "b");
	object_unref(TAKE(seen));
	fake_api_send_bookmarks(fixture->api);
	assert_int_equal(kube_watch_next(watch, &type, &seen, &err), 0);
	assert_int_equal(type, KUBE_BOOKMARK);
	assert_string_equal(seen->name, "");
	fake_api_expire(fixture->api);
	struct object *none = NULL;
	assert_int_equal(kube_watch_next(watch, &type, &none, &err), -1);
	assert_int_equal(err.code, ERROR_EXPIRED);
}

static bool die_after_the_effect(void *context, const char *method, const char *path, bool after)
{
	return !(after && strcmp(method, "POST") == 0);
}

static void can_be_stopped_by_a_test_behind_the_effect(void **state)
{
	struct fixture *fixture = *state;
	struct error err;
	fake_api_set_hook(fixture->api, die_after_the_effect, NULL);
	assert_int_equal(create(fixture, "c", NULL, &err), -1);
	assert_int_equal(err.code, ERROR_CANCELLED);
	assert_true(fake_api_exists(fixture->api, &claim_kind, "default", "c"));
}

/* A transport that notes how long a request may take before it passes it on. */
struct timed {
	const struct kube_transport *inner;
	uint32_t timeout_ms; /* of the last request */
	unsigned requests;
};

static int timed_request(void *context, const struct http_request *request,
			 struct http_response *ret_response, struct error *err)
{
	struct timed *timed = context;
	timed->timeout_ms = request->timeout_ms;
	timed->requests++;
	return timed->inner->request(timed->inner->context, request, ret_response, err);
}

/* Counts down, 300 ms at each question, as a clock would. */
static uint32_t time_left(void *context)
{
	uint32_t *left_ms = context;
	uint32_t now_ms = *left_ms;
	*left_ms -= now_ms < 300 ? now_ms : 300;
	return now_ms;
}

static int create_over(struct kube_client *client, const char *name, struct error *err)
{
	CLEANUP(json_object_putp)
	struct json_object *json = object_json(&claim_kind, "default", name);
	return kube_create(client, &claim_kind, "default", json, NULL, err);
}

static void a_write_may_take_no_longer_than_the_lease_that_allows_it(void **state)
{
	struct fixture *fixture = *state;
	struct timed timed = { .inner = fake_api_transport(fixture->api) };
	const struct kube_transport transport = { .context = &timed, .request = timed_request };
	CLEANUP(kube_client_freep) struct kube_client *client = kube_client_new_over(&transport);
	uint32_t left_ms = 500;
	struct error err;
	kube_client_bound_writes(client, time_left, &left_ms);

	assert_int_equal(create_over(client, "a", &err), 0);
	assert_int_equal(timed.timeout_ms, 500);
	assert_int_equal(create_over(client, "b", &err), 0);
	assert_int_equal(timed.timeout_ms, 200);

	/* The lease is over: the write is not even sent. Reading is no danger to the next holder.
	 */
	assert_int_equal(create_over(client, "c", &err), -1);
	assert_int_equal(err.code, ERROR_CANCELLED);
	assert_int_equal(timed.requests, 2);
	assert_int_equal(kube_get(client, &claim_kind, "default", "a", NULL, &err), 0);
	assert_true(timed.timeout_ms > 20000);
}

static void a_write_that_the_server_puts_off_is_not_sent_after_the_lease(void **state)
{
	struct fixture *fixture = *state;
	uint32_t left_ms = 200;
	struct error err;
	kube_client_bound_writes(fixture->client, time_left, &left_ms);
	fake_api_fail(fixture->api, &(struct fake_api_failure) { .method = "POST",
								 .how = FAKE_API_STATUS,
								 .status = 429,
								 .retry_after_s = 1 });
	assert_int_equal(create_over(fixture->client, "a", &err), -1);
	assert_int_equal(err.code, ERROR_CANCELLED);
	assert_int_equal(fake_api_requests(fixture->api, "POST", "persistentvolumeclaims"), 1);
}

int main(void)
{
#define with_fixture(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		with_fixture(creates_gets_and_deletes),
		with_fixture(a_write_may_take_no_longer_than_the_lease_that_allows_it),
		with_fixture(a_write_that_the_server_puts_off_is_not_sent_after_the_lease),
		with_fixture(asks_under_the_path_of_the_kind),
		with_fixture(refuses_names_that_would_lead_elsewhere),
		with_fixture(turns_each_status_into_a_decision),
		with_fixture(says_that_a_name_is_taken_and_by_what),
		with_fixture(leaves_open_what_happened_without_an_answer),
		with_fixture(waits_as_long_as_a_throttling_server_asks),
		with_fixture(a_stop_ends_the_waiting),
		with_fixture(patches_in_three_ways),
		with_fixture(writes_the_status_by_its_subresource_only),
		with_fixture(notices_that_another_client_wrote_meanwhile),
		with_fixture(deletes_when_the_last_finalizer_is_gone),
		with_fixture(hands_over_nothing_of_a_list_that_fails),
		with_fixture(watches_from_a_version_on),
		with_fixture(can_be_stopped_by_a_test_behind_the_effect),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
