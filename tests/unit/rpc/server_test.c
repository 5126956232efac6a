/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/server.h"

#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "assert_outcome.h"
#include "base/clock.h"
#include "base/text.h"
#include "csi.pb-c.h"
#include "echo_scene.h"
#include "rpc/channel.h"
#include "rpc/channel_call.h"
#include "test.h"

#define LONG_MS 10000

static int begin(void **state)
{
	return echo_scene_begin(state, 4, 0);
}

static int begin_with_one_worker(void **state)
{
	return echo_scene_begin(state, 1, 0);
}

static int begin_with_small_messages(void **state)
{
	return echo_scene_begin(state, 2, 1024);
}

static int call(struct echo_scene *f, const char *name, char *answer, struct error *err)
{
	return echo_call(f->channel, "Echo", name, LONG_MS, answer, err);
}

static void a_call_comes_back_with_what_the_handler_filled_in(void **state)
{
	struct echo_scene *f = *state;
	struct error err = { 0 };
	Csi__V1__CreateVolumeRequest request = CSI__V1__CREATE_VOLUME_REQUEST__INIT;
	Csi__V1__CapacityRange range = CSI__V1__CAPACITY_RANGE__INIT;
	Csi__V1__CreateVolumeRequest__ParametersEntry entry =
		CSI__V1__CREATE_VOLUME_REQUEST__PARAMETERS_ENTRY__INIT;
	Csi__V1__CreateVolumeRequest__ParametersEntry *entries[] = { &entry };
	request.name = (char[]) { "pvc-1 \xc3\xa4" };
	request.capacity_range = &range;
	range.required_bytes = INT64_C(1) << 40;
	entry.key = (char[]) { "backend" };
	entry.value = (char[]) { "loop" };
	request.parameters = entries;
	request.n_parameters = 1;

	ProtobufCMessage *message;
	assert_int_equal(rpc_channel_call(f->channel, "test.Echo", "Echo", &request.base,
					  &csi__v1__create_volume_response__descriptor, LONG_MS,
					  &message, &err),
			 0);
	const Csi__V1__Volume *volume = ((Csi__V1__CreateVolumeResponse *)message)->volume;
	assert_string_equal(volume->volume_id, "pvc-1 \xc3\xa4");
	assert_true(volume->capacity_bytes == INT64_C(1) << 40);
	assert_int_equal(volume->n_volume_context, 1);
	assert_string_equal(volume->volume_context[0]->key, "backend");
	assert_string_equal(volume->volume_context[0]->value, "loop");
	protobuf_c_message_free_unpacked(message, NULL);
}

static void the_caller_is_known_by_the_kernel(void **state)
{
	struct error err = { 0 };
	char answer[ECHO_ANSWER_MAX], expected[64];
	assert_int_equal(call(*state, "peer", answer, &err), 0);
	snprintf(expected, sizeof(expected), "uid=%u pid=%d", geteuid(), getpid());
	assert_string_equal(answer, expected);
}

static void the_socket_is_for_its_owner_only(void **state)
{
	struct echo_scene *f = *state;
	struct stat st;
	assert_int_equal(stat(f->socket, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void local_methods_are_served_on_the_socket(void **state)
{
	struct echo_scene *f = *state;
	struct error err = { 0 };
	char answer[ECHO_ANSWER_MAX];
	assert_int_equal(echo_call(f->channel, "EchoLocally", "x", LONG_MS, answer, &err), 0);
	assert_string_equal(answer, "x");
}

static void every_error_crosses_with_its_code_and_text(void **state)
{
	struct echo_scene *f = *state;
	for (int code = ERROR_INVALID; code <= ERROR_INTERNAL; code++) {
		struct error err = { 0 };
		char name[32], text[32], answer[ECHO_ANSWER_MAX];
		snprintf(name, sizeof(name), "fail:%d", code);
		snprintf(text, sizeof(text), "because of %d", code);
		assert_int_equal(call(f, name, answer, &err), -1);
		/* Three codes share ABORTED. */
		bool aborted = code == ERROR_CONFLICT || code == ERROR_EXPIRED;
		assert_int_equal(err.code, aborted ? ERROR_BUSY : code);
		assert_non_null(strstr(err.text, text));
		assert_int_equal(atomic_load(&f->service.last_code), code);
	}
}

static void an_error_without_a_code_is_internal(void **state)
{
	struct error err = { 0 };
	char answer[ECHO_ANSWER_MAX];
	assert_int_equal(call(*state, "fail:0", answer, &err), -1);
	assert_int_equal(err.code, ERROR_INTERNAL);
}

static void a_text_of_any_bytes_crosses(void **state)
{
	struct echo_scene *f = *state;
	struct error err = { 0 };
	char answer[ECHO_ANSWER_MAX];
	char name[ECHO_ANSWER_MAX];
	memset(name, '%', sizeof(name));
	name[sizeof(name) - 1] = 0;
	assert_int_equal(call(f, name, answer, &err), 0);
	assert_string_equal(answer, name);
	assert_int_equal(echo_call(f->channel, "100%\r\n\xff", "x", LONG_MS, answer, &err), -1);
	assert_int_equal(err.code, ERROR_UNSUPPORTED);
}

static void what_the_table_does_not_name_is_unimplemented(void **state)
{
	struct echo_scene *f = *state;
	struct error err = { 0 };
	static const char *const methods[] = { "Ech", "EchoX", "echo", "" };
	char answer[ECHO_ANSWER_MAX];
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		err = (struct error) { 0 };
		assert_int_equal(echo_call(f->channel, methods[i], "x", LONG_MS, answer, &err), -1);
		assert_int_equal(err.code, ERROR_UNSUPPORTED);
	}
	assert_int_equal(echo_call(f->channel, "Nothing", "x", LONG_MS, answer, &err), -1);
	assert_non_null(strstr(err.text, "/test.Echo/Nothing"));
	assert_int_equal(atomic_load(&f->service.begun), 0);
}

/* Sends bytes as they are: a message type whose packed form is its one unknown field. */
static int call_raw(struct echo_scene *f, const void *bytes, size_t length, struct error *err)
{
	/* An unknown field is packed as its tag and its data, so the tag comes off the front. */
	const uint8_t *data = bytes;
	Csi__V1__CreateVolumeRequest request = CSI__V1__CREATE_VOLUME_REQUEST__INIT;
	ProtobufCMessageUnknownField field = {
		.tag = data[0] >> 3,
		.wire_type = (ProtobufCWireType)(data[0] & 7),
		.len = length - 1,
		.data = (uint8_t *)(data + 1),
	};
	request.base.unknown_fields = &field;
	request.base.n_unknown_fields = 1;
	ProtobufCMessage *response;
	int result = rpc_channel_call(f->channel, "test.Echo", "Echo", &request.base,
				      &csi__v1__create_volume_response__descriptor, LONG_MS,
				      &response, err);
	if (result == 0)
		protobuf_c_message_free_unpacked(response, NULL);
	return result;
}

static void a_string_with_nul_is_refused_by_the_name_of_its_field(void **state)
{
	struct echo_scene *f = *state;
	struct error err = { 0 };
	assert_int_equal(call_raw(f,
				  "\x0a\x03"
				  "a\0b",
				  5, &err),
			 -1);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_string_equal(err.text, "name: contains a NUL character");
	assert_int_equal(atomic_load(&f->service.begun), 0);
}

static void invalid_utf8_is_refused_by_the_name_of_its_field(void **state)
{
	struct echo_scene *f = *state;
	struct error err = { 0 };
	/* parameters { key: "k" value: "\xc0\x80" } */
	assert_int_equal(call_raw(f, "\x22\x07\x0a\x01k\x12\x02\xc0\x80", 9, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_string_equal(err.text, "parameters[0].value: not valid UTF-8");
}

static void a_cut_off_message_is_refused(void **state)
{
	struct echo_scene *f = *state;
	struct error err = { 0 };
	assert_int_equal(call_raw(f,
				  "\x0a\x7f"
				  "short",
				  7, &err),
			 -1);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_string_equal(err.text, "the message: malformed or cut off");
}

static void a_message_that_is_too_large_is_refused_unread(void **state)
{
	struct echo_scene *f = *state;
	struct error err = { 0 };
	char answer[ECHO_ANSWER_MAX];
	CLEANUP_FREE char *name = must_alloc(2001);
	memset(name, 'x', 2000);
	assert_int_equal(call(f, name, answer, &err), -1);
	assert_int_equal(err.code, ERROR_EXHAUSTED);
	assert_int_equal(call(f, "small", answer, &err), 0);
	assert_int_equal(atomic_load(&f->service.begun), 1);
}

static void wait_until(atomic_uint *counter, unsigned value)
{
	uint64_t give_up_ms = clock_monotonic_ms() + LONG_MS;
	while (atomic_load(counter) < value) {
		assert_true(clock_monotonic_ms() < give_up_ms);
		usleep(500);
	}
}

static void a_deadline_ends_the_call_and_the_handler_sees_it(void **state)
{
	struct echo_scene *f = *state;
	struct error err = { 0 };
	char answer[ECHO_ANSWER_MAX];
	uint64_t begin_ms = clock_monotonic_ms();
	assert_int_equal(echo_call(f->channel, "Echo", "hold", 500, answer, &err), -1);
	assert_int_equal(err.code, ERROR_TIMEOUT);
	assert_non_null(strstr(err.text, "within 500 ms"));
	assert_non_null(strstr(err.text, f->socket));
	assert_in_range(clock_monotonic_ms() - begin_ms, 495, 5000);
	wait_until(&f->service.seen_cancelled, 1);
}

/* Our own channel always waits; others go away. */
static void a_client_that_gives_up_is_seen_by_the_handler(void **state)
{
	struct echo_scene *f = *state;
	CLEANUP_FREE char *target = must_printf("unix:%s", f->socket);
	grpc_channel_credentials *credentials = grpc_insecure_credentials_create();
	grpc_channel *channel = grpc_channel_create(target, credentials, NULL);
	grpc_completion_queue *queue = grpc_completion_queue_create_for_pluck(NULL);
	grpc_call *handle =
		grpc_channel_create_call(channel, NULL, GRPC_PROPAGATE_DEFAULTS, queue,
					 grpc_slice_from_static_string("/test.Echo/Echo"), NULL,
					 gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
	grpc_slice bytes = grpc_slice_from_static_string("\x0a\x04hold");
	grpc_byte_buffer *message = grpc_raw_byte_buffer_create(&bytes, 1);
	const grpc_op ops[] = {
		{ .op = GRPC_OP_SEND_INITIAL_METADATA },
		{ .op = GRPC_OP_SEND_MESSAGE, .data.send_message = { message } },
		{ .op = GRPC_OP_SEND_CLOSE_FROM_CLIENT },
	};
	assert_int_equal(grpc_call_start_batch(handle, ops, 3, f, NULL), GRPC_CALL_OK);
	wait_until(&f->service.begun, 1);
	assert_int_equal(atomic_load(&f->service.seen_cancelled), 0);
	grpc_call_cancel(handle, NULL);
	wait_until(&f->service.seen_cancelled, 1);

	grpc_completion_queue_pluck(queue, f, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
	grpc_byte_buffer_destroy(message);
	grpc_call_unref(handle);
	grpc_completion_queue_destroy(queue);
	grpc_channel_destroy(channel);
	grpc_channel_credentials_release(credentials);
}

struct caller {
	struct echo_scene *scene;
	struct rpc_channel *channel;
	pthread_t thread;
	unsigned calls;
	unsigned wrong;
	struct error err;
};

static void *hold_in_thread(void *arg)
{
	struct caller *caller = arg;
	char answer[ECHO_ANSWER_MAX];
	caller->wrong =
		echo_call(caller->channel, "Echo", "hold", LONG_MS, answer, &caller->err) < 0;
	return NULL;
}

static void a_held_worker_does_not_keep_others_from_being_refused(void **state)
{
	struct echo_scene *f = *state;
	struct error err = { 0 };
	char answer[ECHO_ANSWER_MAX];
	struct caller holder = { .scene = f, .channel = f->channel };
	pthread_create(&holder.thread, NULL, hold_in_thread, &holder);
	wait_until(&f->service.begun, 1);
	/* The only worker is busy: an unknown method is answered, a known one waits. */
	assert_int_equal(echo_call(f->channel, "Nothing", "x", LONG_MS, answer, &err), -1);
	assert_int_equal(err.code, ERROR_UNSUPPORTED);
	assert_int_equal(echo_call(f->channel, "Echo", "x", 50, answer, &err), -1);
	assert_int_equal(err.code, ERROR_TIMEOUT);
	atomic_store(&f->service.released, true);
	pthread_join(holder.thread, NULL);
	assert_int_equal(holder.wrong, 0);
	/* What timed out while it waited is dropped before its handler. */
	assert_int_equal(call(f, "y", answer, &err), 0);
	assert_int_equal(atomic_load(&f->service.begun), 2);
}

static void hold_in_threads(struct echo_scene *f, struct caller *callers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		callers[i] = (struct caller) { .scene = f, .channel = f->channel };
		pthread_create(&callers[i].thread, NULL, hold_in_thread, &callers[i]);
	}
}

static void release_and_join(struct echo_scene *f, struct caller *callers, size_t count)
{
	atomic_store(&f->service.released, true);
	for (size_t i = 0; i < count; i++)
		pthread_join(callers[i].thread, NULL);
}

static void a_quick_call_never_waits_for_the_others(void **state)
{
	struct echo_scene *f = *state;
	struct error err = { 0 };
	char answer[ECHO_ANSWER_MAX];
	struct caller holders[12];
	hold_in_threads(f, holders, 12);
	wait_until(&f->service.begun, 3);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(
			echo_call(f->channel, "EchoQuickly", "quick", LONG_MS, answer, &err), 0);
	/* Of four workers one is kept for these. */
	assert_int_equal(atomic_load(&f->service.begun), 3 + 100);
	release_and_join(f, holders, 12);
	for (size_t i = 0; i < 12; i++)
		assert_int_equal(holders[i].wrong, 0);
	assert_int_equal(atomic_load(&f->service.begun), 12 + 100);
}

#define WAITING_MAX 96 /* as in rpc/server.c */
#define TOO_MANY 9

static void too_many_that_wait_are_refused_and_told_to_come_again(void **state)
{
	struct echo_scene *f = *state;
	struct error err = { 0 };
	char answer[ECHO_ANSWER_MAX];
	struct caller holders[1 + WAITING_MAX + TOO_MANY];
	const size_t count = sizeof(holders) / sizeof(*holders);
	unsigned refused = 0;
	hold_in_threads(f, holders, count);
	wait_until(&f->service.observed, TOO_MANY);
	assert_int_equal(echo_call(f->channel, "EchoQuickly", "x", LONG_MS, answer, &err), 0);
	assert_int_equal(atomic_load(&f->service.begun), 1 + 1);
	release_and_join(f, holders, count);
	for (size_t i = 0; i < count; i++) {
		refused += holders[i].wrong;
		if (holders[i].wrong)
			assert_refused(-1, ERROR_UNAVAILABLE, &holders[i].err,
				       "Echo: too many calls wait to be served; try again");
	}
	assert_int_equal(refused, TOO_MANY);
}

static void *call_in_thread(void *arg)
{
	struct caller *caller = arg;
	for (unsigned i = 0; i < caller->calls; i++) {
		char name[64], answer[ECHO_ANSWER_MAX];
		snprintf(name, sizeof(name), "%p-%u", arg, i);
		if (call(caller->scene, name, answer, &caller->err) < 0 ||
		    strcmp(name, answer) != 0)
			caller->wrong++;
	}
	return NULL;
}

static void many_callers_each_get_their_own_answer(void **state)
{
	struct echo_scene *f = *state;
	struct caller callers[32];
	for (size_t i = 0; i < 32; i++) {
		callers[i] = (struct caller) { .scene = f, .calls = 40 };
		pthread_create(&callers[i].thread, NULL, call_in_thread, &callers[i]);
	}
	for (size_t i = 0; i < 32; i++) {
		pthread_join(callers[i].thread, NULL);
		assert_int_equal(callers[i].wrong, 0);
	}
	assert_int_equal(atomic_load(&f->service.observed), 32 * 40);
}

static void *release_soon(void *arg)
{
	struct echo_service *service = arg;
	usleep(50000);
	atomic_store(&service->released, true);
	return NULL;
}

static void stopping_waits_for_calls_within_the_grace(void **state)
{
	struct echo_scene *f = *state;
	struct caller holder = { .scene = f, .channel = f->channel };
	pthread_create(&holder.thread, NULL, hold_in_thread, &holder);
	wait_until(&f->service.begun, 1);
	pthread_t releaser;
	pthread_create(&releaser, NULL, release_soon, &f->service);
	rpc_server_stop(f->server, LONG_MS);
	pthread_join(releaser, NULL);
	pthread_join(holder.thread, NULL);
	assert_int_equal(holder.wrong, 0);
	assert_int_equal(atomic_load(&f->service.seen_cancelled), 0);
}

static void stopping_cancels_calls_after_the_grace(void **state)
{
	struct echo_scene *f = *state;
	struct caller holders[3];
	for (size_t i = 0; i < 3; i++) {
		holders[i] = (struct caller) { .scene = f, .channel = f->channel };
		pthread_create(&holders[i].thread, NULL, hold_in_thread, &holders[i]);
	}
	wait_until(&f->service.begun, 3);
	uint64_t begin_ms = clock_monotonic_ms();
	rpc_server_stop(f->server, 20);
	assert_in_range(clock_monotonic_ms() - begin_ms, 15, 5000);
	for (size_t i = 0; i < 3; i++) {
		pthread_join(holders[i].thread, NULL);
		assert_int_equal(holders[i].wrong, 1);
	}
	assert_int_equal(atomic_load(&f->service.seen_cancelled), 3);
}

static void a_stopped_server_is_unavailable_and_its_name_is_told(void **state)
{
	struct echo_scene *f = *state;
	struct error err = { 0 };
	char answer[ECHO_ANSWER_MAX];
	rpc_server_stop(f->server, 0);
	assert_int_equal(call(f, "x", answer, &err), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	assert_non_null(strstr(err.text, f->socket));
}

static void a_channel_finds_the_server_that_comes_back(void **state)
{
	struct echo_scene *f = *state;
	struct error err = { 0 };
	char answer[ECHO_ANSWER_MAX];
	assert_int_equal(call(f, "x", answer, &err), 0);
	rpc_server_free(TAKE(f->server));
	assert_int_equal(call(f, "x", answer, &err), -1);
	assert_int_equal(echo_server_new(&f->service, 1, 0, &f->server, &err), 0);
	assert_int_equal(rpc_server_listen_unix(f->server, f->socket, &err), 0);
	assert_int_equal(rpc_server_start(f->server, &err), 0);
	uint64_t give_up_ms = clock_monotonic_ms() + LONG_MS;
	while (call(f, "x", answer, &err) < 0) {
		assert_int_equal(err.code, ERROR_UNAVAILABLE);
		assert_true(clock_monotonic_ms() < give_up_ms);
		usleep(10000);
	}
}

static void a_server_that_never_started_can_be_freed(void **state)
{
	struct echo_service service = { 0 };
	struct rpc_server *server;
	struct error err = { 0 };
	assert_int_equal(echo_server_new(&service, 2, 0, &server, &err), 0);
	rpc_server_free(server);
	rpc_server_free(NULL);
}

int main(void)
{
#define WITH(test, setup) cmocka_unit_test_setup_teardown(test, setup, echo_scene_end)
	const struct CMUnitTest tests[] = {
		WITH(a_call_comes_back_with_what_the_handler_filled_in, begin),
		WITH(the_caller_is_known_by_the_kernel, begin),
		WITH(the_socket_is_for_its_owner_only, begin),
		WITH(local_methods_are_served_on_the_socket, begin),
		WITH(every_error_crosses_with_its_code_and_text, begin),
		WITH(an_error_without_a_code_is_internal, begin),
		WITH(a_text_of_any_bytes_crosses, begin),
		WITH(what_the_table_does_not_name_is_unimplemented, begin),
		WITH(a_string_with_nul_is_refused_by_the_name_of_its_field, begin),
		WITH(invalid_utf8_is_refused_by_the_name_of_its_field, begin),
		WITH(a_cut_off_message_is_refused, begin),
		WITH(a_message_that_is_too_large_is_refused_unread, begin_with_small_messages),
		WITH(a_deadline_ends_the_call_and_the_handler_sees_it, begin),
		WITH(a_client_that_gives_up_is_seen_by_the_handler, begin),
		WITH(a_held_worker_does_not_keep_others_from_being_refused, begin_with_one_worker),
		WITH(a_quick_call_never_waits_for_the_others, begin),
		WITH(too_many_that_wait_are_refused_and_told_to_come_again, begin_with_one_worker),
		WITH(many_callers_each_get_their_own_answer, begin),
		WITH(stopping_waits_for_calls_within_the_grace, begin),
		WITH(stopping_cancels_calls_after_the_grace, begin),
		WITH(a_stopped_server_is_unavailable_and_its_name_is_told, begin),
		WITH(a_channel_finds_the_server_that_comes_back, begin),
		cmocka_unit_test(a_server_that_never_started_can_be_freed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
