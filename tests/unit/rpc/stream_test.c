/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/server.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "csi.pb-c.h"
#include "echo_scene.h"
#include "rpc/channel.h"
#include "rpc/channel_call.h"
#include "test.h"

#define LONG_MS 30000

/* One call of test.Echo/Stream: what to ask for, and what came. */
struct listener {
	struct echo_scene *scene;
	const char *name;
	int64_t count;
	int64_t bytes; /* of each message */
	int64_t stop_after;
	unsigned pause_ms; /* after the first message */
	uint32_t timeout_ms;
	pthread_t thread;

	int64_t seen;
	int64_t out_of_order;
	int result;
	struct error err;
};

static int begin(void **state)
{
	return echo_scene_begin(state, 4, 0);
}

static int begin_with_small_messages(void **state)
{
	return echo_scene_begin(state, 2, 1024);
}

static int hear(void *context, const ProtobufCMessage *message, struct error *err)
{
	struct listener *listener = context;
	const Csi__V1__Volume *volume = ((const Csi__V1__CreateVolumeResponse *)message)->volume;
	listener->out_of_order += volume->capacity_bytes != listener->seen ||
				  (int64_t)strlen(volume->volume_id) != listener->bytes;
	listener->seen++;
	if (listener->seen == 1 && listener->pause_ms)
		usleep(listener->pause_ms * 1000);
	return listener->stop_after && listener->seen == listener->stop_after ? 1 : 0;
}

static int listen_to(struct listener *listener)
{
	Csi__V1__CreateVolumeRequest request = CSI__V1__CREATE_VOLUME_REQUEST__INIT;
	Csi__V1__CapacityRange range = CSI__V1__CAPACITY_RANGE__INIT;
	const struct rpc_channel_reader reader = {
		.type = &csi__v1__create_volume_response__descriptor,
		.visit = hear,
		.context = listener,
	};
	range.required_bytes = listener->count;
	range.limit_bytes = listener->bytes;
	request.capacity_range = &range;
	request.name = (char *)(listener->name ? listener->name : "all");
	listener->result = rpc_channel_stream(
		listener->scene->channel, "test.Echo", "Stream", &request.base, &reader,
		listener->timeout_ms ? listener->timeout_ms : LONG_MS, &listener->err);
	return listener->result;
}

static void *listen_in_thread(void *arg)
{
	listen_to(arg);
	return NULL;
}

static void wait_until(atomic_uint *counter, unsigned value)
{
	uint64_t give_up_ms = clock_monotonic_ms() + LONG_MS;
	while (atomic_load(counter) < value) {
		assert_true(clock_monotonic_ms() < give_up_ms);
		usleep(500);
	}
}

/* The counter has not moved for a while. */
static unsigned wait_until_it_rests(atomic_uint *counter)
{
	unsigned before, now = atomic_load(counter);
	do {
		before = now;
		usleep(100000);
		now = atomic_load(counter);
	} while (now != before);
	return now;
}

static void messages_come_one_by_one_and_in_order(void **state)
{
	struct echo_scene *f = *state;
	struct listener listener = { .scene = f, .count = 5, .bytes = 3 };
	assert_int_equal(listen_to(&listener), 0);
	assert_int_equal(listener.seen, 5);
	assert_int_equal(listener.out_of_order, 0);
	assert_int_equal(atomic_load(&f->service.observed), 1);
	assert_int_equal(atomic_load(&f->service.last_code), ERROR_NONE);
}

static void a_stream_may_have_no_message(void **state)
{
	struct listener listener = { .scene = *state, .count = 0 };
	assert_int_equal(listen_to(&listener), 0);
	assert_int_equal(listener.seen, 0);
}

static void ten_thousand_messages_arrive(void **state)
{
	struct listener listener = { .scene = *state, .count = 10000, .bytes = 20 };
	assert_int_equal(listen_to(&listener), 0);
	assert_int_equal(listener.seen, 10000);
	assert_int_equal(listener.out_of_order, 0);
}

static void an_error_before_the_first_message_is_the_answer(void **state)
{
	struct echo_scene *f = *state;
	struct listener listener = { .scene = f, .name = "fail:3", .count = 0 };
	assert_int_equal(listen_to(&listener), -1);
	assert_int_equal(listener.err.code, 3);
	assert_string_equal(listener.err.text, "because of 3");
	assert_int_equal(atomic_load(&f->service.last_code), 3);
}

static void an_error_after_messages_comes_behind_them(void **state)
{
	struct listener listener = { .scene = *state, .name = "fail:3", .count = 7, .bytes = 1 };
	assert_int_equal(listen_to(&listener), -1);
	assert_int_equal(listener.seen, 7);
	assert_string_equal(listener.err.text, "because of 3");
}

static void a_client_that_leaves_in_the_middle_stops_the_handler(void **state)
{
	struct echo_scene *f = *state;
	struct listener listener = {
		.scene = f, .count = 1000000, .bytes = 1000, .stop_after = 10
	};
	assert_int_equal(listen_to(&listener), 1);
	assert_int_equal(listener.seen, 10);
	wait_until(&f->service.observed, 1);
	assert_int_equal(atomic_load(&f->service.stream_code), ERROR_CANCELLED);
	assert_true(atomic_load(&f->service.sent) < 100000);
}

static void a_slow_client_holds_up_its_own_handler_only(void **state)
{
	struct echo_scene *f = *state;
	struct listener slow = { .scene = f, .count = 3000, .bytes = 10000, .pause_ms = 1500 };
	pthread_create(&slow.thread, NULL, listen_in_thread, &slow);
	wait_until(&f->service.sent, 1);
	/* 30 MB are to come; what gRPC and the socket hold is far less. */
	assert_true(wait_until_it_rests(&f->service.sent) < 1500);
	char answer[ECHO_ANSWER_MAX];
	struct error err = { 0 };
	assert_int_equal(echo_call(f->channel, "Echo", "x", LONG_MS, answer, &err), 0);
	pthread_join(slow.thread, NULL);
	assert_int_equal(slow.result, 0);
	assert_int_equal(slow.seen, 3000);
	assert_int_equal(slow.out_of_order, 0);
}

static void the_deadline_ends_a_stream_that_its_client_does_not_read(void **state)
{
	struct echo_scene *f = *state;
	struct listener listener = {
		.scene = f, .count = 100000, .bytes = 10000, .pause_ms = 400, .timeout_ms = 200
	};
	assert_int_equal(listen_to(&listener), -1);
	assert_int_equal(listener.err.code, ERROR_TIMEOUT);
	wait_until(&f->service.observed, 1);
	assert_int_equal(atomic_load(&f->service.stream_code), ERROR_CANCELLED);
}

static void a_handler_between_messages_sees_the_deadline(void **state)
{
	struct echo_scene *f = *state;
	struct listener listener = {
		.scene = f, .name = "hold", .count = 2, .bytes = 1, .timeout_ms = 100
	};
	assert_int_equal(listen_to(&listener), -1);
	assert_int_equal(listener.seen, 2);
	assert_int_equal(listener.err.code, ERROR_TIMEOUT);
	wait_until(&f->service.seen_cancelled, 1);
}

static void a_message_that_is_too_large_is_refused_unread(void **state)
{
	struct echo_scene *f = *state;
	CLEANUP_FREE char *name = must_alloc(2001);
	memset(name, 'x', 2000);
	struct listener listener = { .scene = f, .name = name, .count = 1 };
	assert_int_equal(listen_to(&listener), -1);
	assert_int_equal(listener.err.code, ERROR_EXHAUSTED);
	assert_int_equal(atomic_load(&f->service.begun), 0);
}

static void many_streams_do_not_mix(void **state)
{
	struct listener listeners[16];
	for (size_t i = 0; i < 16; i++) {
		listeners[i] = (struct listener) { .scene = *state,
						   .count = 200,
						   .bytes = (int64_t)(i * 100) };
		pthread_create(&listeners[i].thread, NULL, listen_in_thread, &listeners[i]);
	}
	for (size_t i = 0; i < 16; i++) {
		pthread_join(listeners[i].thread, NULL);
		assert_int_equal(listeners[i].result, 0);
		assert_int_equal(listeners[i].seen, 200);
		assert_int_equal(listeners[i].out_of_order, 0);
	}
}

static void *release_soon(void *arg)
{
	struct echo_service *service = arg;
	usleep(50000);
	atomic_store(&service->released, true);
	return NULL;
}

static void stopping_waits_for_a_stream_within_the_grace(void **state)
{
	struct echo_scene *f = *state;
	struct listener listener = { .scene = f, .name = "hold", .count = 20, .bytes = 100 };
	pthread_t releaser;
	pthread_create(&listener.thread, NULL, listen_in_thread, &listener);
	wait_until(&f->service.sent, 1);
	pthread_create(&releaser, NULL, release_soon, &f->service);
	rpc_server_stop(f->server, LONG_MS);
	pthread_join(releaser, NULL);
	pthread_join(listener.thread, NULL);
	if (listener.result != 0)
		fail_msg("after %ld messages: %s", (long)listener.seen, listener.err.text);
	assert_int_equal(listener.seen, 20);
	assert_int_equal(atomic_load(&f->service.seen_cancelled), 0);
}

static void stopping_ends_a_stream_that_its_client_does_not_read(void **state)
{
	struct echo_scene *f = *state;
	struct listener listener = {
		.scene = f, .count = 100000, .bytes = 10000, .pause_ms = 1000
	};
	pthread_create(&listener.thread, NULL, listen_in_thread, &listener);
	wait_until(&f->service.sent, 1);
	wait_until_it_rests(&f->service.sent);
	uint64_t begin_ms = clock_monotonic_ms();
	rpc_server_stop(f->server, 20);
	assert_in_range(clock_monotonic_ms() - begin_ms, 15, 900);
	assert_int_equal(atomic_load(&f->service.stream_code), ERROR_CANCELLED);
	pthread_join(listener.thread, NULL);
	assert_int_equal(listener.result, -1);
	assert_true(listener.seen < listener.count);
}

int main(void)
{
#define WITH(test, setup) cmocka_unit_test_setup_teardown(test, setup, echo_scene_end)
	const struct CMUnitTest tests[] = {
		WITH(messages_come_one_by_one_and_in_order, begin),
		WITH(a_stream_may_have_no_message, begin),
		WITH(ten_thousand_messages_arrive, begin),
		WITH(an_error_before_the_first_message_is_the_answer, begin),
		WITH(an_error_after_messages_comes_behind_them, begin),
		WITH(a_client_that_leaves_in_the_middle_stops_the_handler, begin),
		WITH(a_slow_client_holds_up_its_own_handler_only, begin),
		WITH(the_deadline_ends_a_stream_that_its_client_does_not_read, begin),
		WITH(a_handler_between_messages_sees_the_deadline, begin),
		WITH(a_message_that_is_too_large_is_refused_unread, begin_with_small_messages),
		WITH(many_streams_do_not_mix, begin),
		WITH(stopping_waits_for_a_stream_within_the_grace, begin),
		WITH(stopping_ends_a_stream_that_its_client_does_not_read, begin),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
