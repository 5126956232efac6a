/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/server.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "certificates.h"
#include "echo_service.h"
#include "rpc/channel.h"
#include "rpc/tls.h"

#define LONG_MS 10000
#define SERVER_NAME "kentledge-node"
#define CLIENT_NAME "kentledge-provisioner"

struct fixture {
	struct certificates *ca;
	char *server_folder;
	struct rpc_tls *server_tls;
	struct echo_service service;
	struct rpc_server *server;
	char address[32];
	char log_path[64];
	int log_fd;
};

static int begin(void **state)
{
	struct error err = { 0 };
	struct fixture *f = must_alloc(sizeof(*f));
	uint16_t port = 0;
	snprintf(f->log_path, sizeof(f->log_path), "/tmp/kentledge-log-XXXXXX");
	f->log_fd = mkostemp(f->log_path, O_CLOEXEC);
	assert_true(f->log_fd >= 0);
	log_set_fd(f->log_fd);
	f->ca = certificates_new();
	f->server_folder = certificates_folder(f->ca, SERVER_NAME);
	if (rpc_tls_new(f->server_folder, &f->server_tls, &err) < 0 ||
	    echo_server_new(&f->service, 2, 0, &f->server, &err) < 0 ||
	    rpc_server_listen_tls(f->server, "127.0.0.1:0", f->server_tls, CLIENT_NAME, &port,
				  &err) < 0 ||
	    rpc_server_start(f->server, &err) < 0)
		fail_msg("%s", err.text);
	snprintf(f->address, sizeof(f->address), "127.0.0.1:%u", port);
	*state = f;
	return 0;
}

static int end(void **state)
{
	struct fixture *f = *state;
	rpc_server_free(f->server);
	rpc_tls_free(f->server_tls);
	certificates_remove(f->server_folder);
	certificates_free(f->ca);
	log_set_fd(-1);
	close(f->log_fd);
	unlink(f->log_path);
	free(f);
	return 0;
}

static bool log_says(struct fixture *f, const char *text)
{
	CLEANUP_FREE char *log = NULL;
	struct error err;
	assert_int_equal(file_read(f->log_path, 1 << 20, &log, NULL, &err), 0);
	return strstr(log, text) != NULL;
}

/* A channel with a certificate of this CA for the name, to a server that shall be server_name. */
static struct rpc_channel *connect_as(struct fixture *f, const struct certificates *ca,
				      const char *name, const char *server_name)
{
	CLEANUP(certificates_removep) char *folder = certificates_folder(ca, name);
	CLEANUP(rpc_tls_freep) struct rpc_tls *tls = NULL;
	struct rpc_channel *channel = NULL;
	struct error err = { 0 };
	if (rpc_tls_new(folder, &tls, &err) < 0 ||
	    rpc_channel_new_tls(f->address, tls, server_name, &channel, &err) < 0)
		fail_msg("%s", err.text);
	return channel;
}

static int call(struct rpc_channel *channel, const char *name, char *answer, struct error *err)
{
	return echo_call(channel, "Echo", name, LONG_MS, answer, err);
}

static void the_provisioner_is_served_and_known_by_its_name(void **state)
{
	struct fixture *f = *state;
	CLEANUP(rpc_channel_freep)
	struct rpc_channel *channel = connect_as(f, f->ca, CLIENT_NAME, SERVER_NAME);
	struct error err = { 0 };
	char answer[ECHO_ANSWER_MAX] = "";
	if (call(channel, "peer", answer, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(answer, CLIENT_NAME);
}

static void a_method_for_the_node_alone_is_refused(void **state)
{
	struct fixture *f = *state;
	CLEANUP(rpc_channel_freep)
	struct rpc_channel *channel = connect_as(f, f->ca, CLIENT_NAME, SERVER_NAME);
	struct error err = { 0 };
	char answer[ECHO_ANSWER_MAX];
	assert_int_equal(echo_call(channel, "EchoLocally", "x", LONG_MS, answer, &err), -1);
	assert_int_equal(err.code, ERROR_FORBIDDEN);
	assert_non_null(strstr(err.text, "EchoLocally"));
	assert_int_equal(atomic_load(&f->service.begun), 0);
}

static void another_name_of_the_same_ca_is_refused_and_told_why(void **state)
{
	struct fixture *f = *state;
	CLEANUP(rpc_channel_freep)
	struct rpc_channel *channel = connect_as(f, f->ca, "somebody", SERVER_NAME);
	struct error err = { 0 };
	char answer[ECHO_ANSWER_MAX];
	assert_int_equal(call(channel, "x", answer, &err), -1);
	assert_int_equal(err.code, ERROR_FORBIDDEN);
	assert_non_null(strstr(err.text, "\"somebody\""));
	assert_non_null(strstr(err.text, "\"" CLIENT_NAME "\""));
	assert_int_equal(atomic_load(&f->service.begun), 0);
	assert_true(log_says(f, "caller refused"));
}

static void a_certificate_without_a_name_is_refused(void **state)
{
	struct fixture *f = *state;
	CLEANUP(rpc_channel_freep)
	struct rpc_channel *channel = connect_as(f, f->ca, NULL, SERVER_NAME);
	struct error err = { 0 };
	char answer[ECHO_ANSWER_MAX];
	assert_int_equal(call(channel, "x", answer, &err), -1);
	assert_int_equal(err.code, ERROR_FORBIDDEN);
	assert_non_null(strstr(err.text, "no DNS name"));
}

static void a_client_of_another_ca_does_not_get_in(void **state)
{
	struct fixture *f = *state;
	CLEANUP(certificates_freep) struct certificates *other = certificates_new();
	CLEANUP(rpc_channel_freep)
	struct rpc_channel *channel = connect_as(f, other, CLIENT_NAME, SERVER_NAME);
	struct error err = { 0 };
	char answer[ECHO_ANSWER_MAX];
	assert_int_equal(call(channel, "x", answer, &err), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	assert_non_null(strstr(err.text, f->address));
	assert_int_equal(atomic_load(&f->service.begun), 0);
}

static void a_server_of_another_name_is_not_trusted(void **state)
{
	struct fixture *f = *state;
	CLEANUP(rpc_channel_freep)
	struct rpc_channel *channel = connect_as(f, f->ca, CLIENT_NAME, "kentledge-other");
	struct error err = { 0 };
	char answer[ECHO_ANSWER_MAX];
	assert_int_equal(call(channel, "x", answer, &err), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	assert_int_equal(atomic_load(&f->service.begun), 0);
}

static int connect_plain(const struct fixture *f)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	to.sin_port = htons((uint16_t)atoi(strchr(f->address, ':') + 1));
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

/* How a TLS client with these files (NULL: none) fares: true if the server keeps talking to it. */
static bool server_accepts(const struct fixture *f, const char *folder)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	if (folder) {
		CLEANUP_FREE char *certificate = must_printf("%s/tls.crt", folder);
		CLEANUP_FREE char *key = must_printf("%s/tls.key", folder);
		assert_int_equal(
			SSL_CTX_use_certificate_file(context, certificate, SSL_FILETYPE_PEM), 1);
		assert_int_equal(SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM), 1);
	}
	SSL_CTX_set_alpn_protos(context, (const unsigned char *)"\x02h2", 3);
	SSL *ssl = SSL_new(context);
	CLEANUP_CLOSE int fd = connect_plain(f);
	SSL_set_fd(ssl, fd);
	char byte;
	/* With TLS 1.3 the client learns of a refusal only when it reads; an HTTP/2 server that
	 * accepts sends its SETTINGS at once. */
	bool accepted = SSL_connect(ssl) == 1 && SSL_read(ssl, &byte, 1) == 1;
	SSL_free(ssl);
	SSL_CTX_free(context);
	return accepted;
}

static void a_client_without_a_certificate_fails_the_handshake(void **state)
{
	struct fixture *f = *state;
	CLEANUP(certificates_removep) char *good = certificates_folder(f->ca, CLIENT_NAME);
	assert_true(server_accepts(f, good));
	assert_false(server_accepts(f, NULL));
	assert_true(log_says(f, "grpc says"));
}

static void an_expired_client_fails_the_handshake(void **state)
{
	struct fixture *f = *state;
	CLEANUP(certificates_removep) char *expired = certificates_folder(f->ca, CLIENT_NAME);
	certificates_issue(f->ca, expired, CLIENT_NAME, -7200, -3600);
	assert_false(server_accepts(f, expired));
}

static void noise_on_the_port_does_not_disturb_others(void **state)
{
	struct fixture *f = *state;
	CLEANUP_CLOSE int noise = connect_plain(f);
	assert_true(write(noise, "GET / HTTP/1.1\r\n\r\n", 18) == 18);
	CLEANUP(rpc_channel_freep)
	struct rpc_channel *channel = connect_as(f, f->ca, CLIENT_NAME, SERVER_NAME);
	struct error err = { 0 };
	char answer[ECHO_ANSWER_MAX];
	assert_int_equal(call(channel, "x", answer, &err), 0);
}

static void new_certificates_are_used_without_a_restart(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	char answer[ECHO_ANSWER_MAX];
	CLEANUP(rpc_channel_freep)
	struct rpc_channel *old = connect_as(f, f->ca, CLIENT_NAME, SERVER_NAME);
	assert_int_equal(call(old, "x", answer, &err), 0);

	CLEANUP(certificates_freep) struct certificates *next = certificates_new();
	certificates_issue(next, f->server_folder, SERVER_NAME, -60, 3600);
	CLEANUP(rpc_channel_freep)
	struct rpc_channel *new = connect_as(f, next, CLIENT_NAME, SERVER_NAME);
	if (call(new, "y", answer, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(rpc_tls_generation(f->server_tls), 2);
	assert_true(log_says(f, "certificates read again"));
	/* A connection that stands is not cut; a new one of the old CA is refused. */
	assert_int_equal(call(old, "z", answer, &err), 0);
	CLEANUP(rpc_channel_freep)
	struct rpc_channel *late = connect_as(f, f->ca, CLIENT_NAME, SERVER_NAME);
	assert_int_equal(call(late, "x", answer, &err), -1);
}

/* Between the failure and the next call nobody waits on the channel, so nothing of gRPC runs. */
static void a_channel_whose_handshake_failed_connects_when_called_again(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	char answer[ECHO_ANSWER_MAX];
	CLEANUP(certificates_freep) struct certificates *next = certificates_new();
	CLEANUP(rpc_channel_freep)
	struct rpc_channel *channel = connect_as(f, next, CLIENT_NAME, SERVER_NAME);
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
	struct fixture *f = *state;
	struct error err = { 0 };
	char answer[ECHO_ANSWER_MAX];
	certificates_issue(f->ca, f->server_folder, SERVER_NAME, -7200, -3600);
	CLEANUP(rpc_channel_freep)
	struct rpc_channel *channel = connect_as(f, f->ca, CLIENT_NAME, SERVER_NAME);
	if (call(channel, "x", answer, &err) < 0)
		fail_msg("%s", err.text);
	assert_true(log_says(f, "expired"));
}

static void a_taken_address_is_an_error_that_says_so(void **state)
{
	struct fixture *f = *state;
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
	struct fixture *f = *state;
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
	struct fixture *f = *state;
	CLEANUP(rpc_channel_freep)
	struct rpc_channel *channel = connect_as(f, f->ca, CLIENT_NAME, SERVER_NAME);
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
#define WITH(test) cmocka_unit_test_setup_teardown(test, begin, end)
	const struct CMUnitTest tests[] = {
		WITH(the_provisioner_is_served_and_known_by_its_name),
		WITH(a_method_for_the_node_alone_is_refused),
		WITH(another_name_of_the_same_ca_is_refused_and_told_why),
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
