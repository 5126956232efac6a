/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/server.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "test.h"
#include "tls_scene.h"

#define LONG_MS 10000

static int call(struct rpc_channel *channel, const char *name, char *answer, struct error *err)
{
	return echo_call(channel, "Echo", name, LONG_MS, answer, err);
}

static void the_provisioner_is_served_and_known_by_its_name(void **state)
{
	struct tls_scene *f = *state;
	CLEANUP(rpc_channel_freep)
	struct rpc_channel *channel = tls_scene_channel(f, f->ca, CLIENT_NAME, SERVER_NAME);
	struct error err = { 0 };
	char answer[ECHO_ANSWER_MAX] = "";
	if (call(channel, "peer", answer, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(answer, CLIENT_NAME);
}

static void a_method_for_the_node_alone_is_refused(void **state)
{
	struct tls_scene *f = *state;
	CLEANUP(rpc_channel_freep)
	struct rpc_channel *channel = tls_scene_channel(f, f->ca, CLIENT_NAME, SERVER_NAME);
	struct error err = { 0 };
	char answer[ECHO_ANSWER_MAX];
	assert_int_equal(echo_call(channel, "EchoLocally", "x", LONG_MS, answer, &err), -1);
	assert_int_equal(err.code, ERROR_FORBIDDEN);
	assert_non_null(strstr(err.text, "EchoLocally"));
	assert_int_equal(atomic_load(&f->service.begun), 0);
}

static void another_name_of_the_same_ca_is_refused_and_logged(void **state)
{
	struct tls_scene *f = *state;
	CLEANUP(rpc_channel_freep)
	struct rpc_channel *channel = tls_scene_channel(f, f->ca, "other-client", SERVER_NAME);
	struct error err = { 0 };
	char answer[ECHO_ANSWER_MAX];
	assert_int_equal(call(channel, "x", answer, &err), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	assert_int_equal(atomic_load(&f->service.begun), 0);
	assert_true(tls_scene_logs(f, "connection refused"));
	assert_true(tls_scene_logs(f, "other-client"));
}

static void a_certificate_without_a_name_is_refused(void **state)
{
	struct tls_scene *f = *state;
	CLEANUP(rpc_channel_freep)
	struct rpc_channel *channel = tls_scene_channel(f, f->ca, NULL, SERVER_NAME);
	struct error err = { 0 };
	char answer[ECHO_ANSWER_MAX];
	assert_int_equal(call(channel, "x", answer, &err), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	assert_int_equal(atomic_load(&f->service.begun), 0);
	assert_true(tls_scene_logs(f, "no DNS name"));
}

static void a_client_of_another_ca_does_not_get_in(void **state)
{
	struct tls_scene *f = *state;
	CLEANUP(certificates_freep) struct certificates *other = certificates_new();
	CLEANUP(rpc_channel_freep)
	struct rpc_channel *channel = tls_scene_channel(f, other, CLIENT_NAME, SERVER_NAME);
	struct error err = { 0 };
	char answer[ECHO_ANSWER_MAX];
	assert_int_equal(call(channel, "x", answer, &err), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	assert_non_null(strstr(err.text, f->address));
	assert_int_equal(atomic_load(&f->service.begun), 0);
}

static void a_server_of_another_name_is_not_trusted(void **state)
{
	struct tls_scene *f = *state;
	CLEANUP(rpc_channel_freep)
	struct rpc_channel *channel = tls_scene_channel(f, f->ca, CLIENT_NAME, "kentledge-other");
	struct error err = { 0 };
	char answer[ECHO_ANSWER_MAX];
	assert_int_equal(call(channel, "x", answer, &err), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	assert_int_equal(atomic_load(&f->service.begun), 0);
}

static void a_client_without_a_certificate_fails_the_handshake(void **state)
{
	struct tls_scene *f = *state;
	CLEANUP(certificates_removep) char *good = certificates_folder(f->ca, CLIENT_NAME);
	assert_true(tls_scene_accepts(f, good));
	assert_false(tls_scene_accepts(f, NULL));
	assert_true(tls_scene_logs(f, "connection refused"));
}

static void an_expired_client_fails_the_handshake(void **state)
{
	struct tls_scene *f = *state;
	CLEANUP(certificates_removep) char *expired = certificates_folder(f->ca, CLIENT_NAME);
	certificates_issue(f->ca, expired, CLIENT_NAME, -7200, -3600);
	assert_false(tls_scene_accepts(f, expired));
}

static void noise_on_the_port_does_not_disturb_others(void **state)
{
	struct tls_scene *f = *state;
	CLEANUP_CLOSE int noise = tls_scene_connect(f);
	assert_true(write(noise, "GET / HTTP/1.1\r\n\r\n", 18) == 18);
	CLEANUP(rpc_channel_freep)
	struct rpc_channel *channel = tls_scene_channel(f, f->ca, CLIENT_NAME, SERVER_NAME);
	struct error err = { 0 };
	char answer[ECHO_ANSWER_MAX];
	assert_int_equal(call(channel, "x", answer, &err), 0);
}

static void new_certificates_are_used_without_a_restart(void **state)
{
	struct tls_scene *f = *state;
	struct error err = { 0 };
	char answer[ECHO_ANSWER_MAX];
	CLEANUP(rpc_channel_freep)
	struct rpc_channel *old = tls_scene_channel(f, f->ca, CLIENT_NAME, SERVER_NAME);
	assert_int_equal(call(old, "x", answer, &err), 0);

	CLEANUP(certificates_freep) struct certificates *next = certificates_new();
	certificates_issue(next, f->server_folder, SERVER_NAME, -60, 3600);
	CLEANUP(rpc_channel_freep)
	struct rpc_channel *new = tls_scene_channel(f, next, CLIENT_NAME, SERVER_NAME);
	if (call(new, "y", answer, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(rpc_tls_generation(f->server_tls), 2);
	assert_true(tls_scene_logs(f, "certificates read again"));
	/* A connection that stands is not cut; a new one of the old CA is refused. */
	assert_int_equal(call(old, "z", answer, &err), 0);
	CLEANUP(rpc_channel_freep)
	struct rpc_channel *late = tls_scene_channel(f, f->ca, CLIENT_NAME, SERVER_NAME);
	assert_int_equal(call(late, "x", answer, &err), -1);
}

/* Between the failure and the next call nobody waits on the channel, so nothing of gRPC runs. */
static void a_channel_whose_handshake_failed_connects_when_called_again(void **state)
{
	struct tls_scene *f = *state;
	struct error err = { 0 };
	char answer[ECHO_ANSWER_MAX];
	CLEANUP(certificates_freep) struct certificates *next = certificates_new();
	CLEANUP(rpc_channel_freep)
	struct rpc_channel *channel = tls_scene_channel(f, next, CLIENT_NAME, SERVER_NAME);
	assert_int_equal(call(channel, "x", answer, &err), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	assert_int_equal(call(channel, "x", answer, &err), -1);

	certificates_issue(next, f->server_folder, SERVER_NAME, -60, 3600);
	if (call(channel, "y", answer, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(answer, "y");
}

static void bad_new_certificates_leave_the_old_in_force(void **state)
{
	struct tls_scene *f = *state;
	struct error err = { 0 };
	char answer[ECHO_ANSWER_MAX];
	certificates_issue(f->ca, f->server_folder, SERVER_NAME, -7200, -3600);
	CLEANUP(rpc_channel_freep)
	struct rpc_channel *channel = tls_scene_channel(f, f->ca, CLIENT_NAME, SERVER_NAME);
	if (call(channel, "x", answer, &err) < 0)
		fail_msg("%s", err.text);
	assert_true(tls_scene_logs(f, "expired"));
}

static void a_taken_address_is_an_error_that_says_so(void **state)
{
	struct tls_scene *f = *state;
	struct error err = { 0 };
	struct echo_service service = { 0 };
	struct rpc_server *second;
	assert_int_equal(echo_server_new(&service, 1, 0, &second, &err), 0);
	assert_int_equal(
		rpc_server_listen_tls(second, f->address, f->server_tls, CLIENT_NAME, NULL, &err),
		-1);
	assert_non_null(strstr(err.text, f->address));
	assert_non_null(strstr(err.text, "in use"));
	assert_int_equal(
		rpc_server_listen_tls(second, "nonsense", f->server_tls, CLIENT_NAME, NULL, &err),
		-1);
	assert_non_null(strstr(err.text, "nonsense"));
	rpc_server_free(second);
}

static void an_address_without_a_port_is_refused(void **state)
{
	struct tls_scene *f = *state;
	struct error err = { 0 };
	struct rpc_channel *channel = NULL;
	static const char *const addresses[] = { "10.0.0.7", "10.0.0.7:", ":9745", "" };
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		assert_int_equal(rpc_channel_new_tls(addresses[i], f->server_tls, SERVER_NAME,
						     &channel, &err),
				 -1);
		assert_int_equal(err.code, ERROR_INVALID);
	}
}

static void a_server_that_is_not_there_is_unavailable_at_once(void **state)
{
	struct tls_scene *f = *state;
	CLEANUP(rpc_channel_freep)
	struct rpc_channel *channel = tls_scene_channel(f, f->ca, CLIENT_NAME, SERVER_NAME);
	struct error err = { 0 };
	char answer[ECHO_ANSWER_MAX];
	rpc_server_stop(f->server, 0);
	uint64_t begin_ms = clock_monotonic_ms();
	assert_int_equal(call(channel, "x", answer, &err), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	assert_non_null(strstr(err.text, f->address));
	assert_true(clock_monotonic_ms() - begin_ms < 3000);
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, tls_scene_begin, tls_scene_end)
	const struct CMUnitTest tests[] = {
		WITH(the_provisioner_is_served_and_known_by_its_name),
		WITH(a_method_for_the_node_alone_is_refused),
		WITH(another_name_of_the_same_ca_is_refused_and_logged),
		WITH(a_certificate_without_a_name_is_refused),
		WITH(a_client_of_another_ca_does_not_get_in),
		WITH(a_server_of_another_name_is_not_trusted),
		WITH(a_client_without_a_certificate_fails_the_handshake),
		WITH(an_expired_client_fails_the_handshake),
		WITH(noise_on_the_port_does_not_disturb_others),
		WITH(new_certificates_are_used_without_a_restart),
		WITH(a_channel_whose_handshake_failed_connects_when_called_again),
		WITH(bad_new_certificates_leave_the_old_in_force),
		WITH(a_taken_address_is_an_error_that_says_so),
		WITH(an_address_without_a_port_is_refused),
		WITH(a_server_that_is_not_there_is_unavailable_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
