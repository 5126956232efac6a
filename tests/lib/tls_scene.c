/* SPDX-License-Identifier: Apache-2.0 */
#include "tls_scene.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "test.h"

#define LOG_PATIENCE_MS 10000

int tls_scene_begin(void **state)
{
	struct error err = { 0 };
	struct tls_scene *scene = must_alloc(sizeof(*scene));
	uint16_t port = 0;
	snprintf(scene->log_path, sizeof(scene->log_path), "/tmp/kentledge-log-XXXXXX");
	scene->log_fd = mkostemp(scene->log_path, O_CLOEXEC);
	assert_true(scene->log_fd >= 0);
	log_set_fd(scene->log_fd);
	scene->ca = certificates_new();
	scene->server_folder = certificates_folder(scene->ca, SERVER_NAME);
	if (rpc_tls_new(scene->server_folder, &scene->server_tls, &err) < 0 ||
	    echo_server_new(&scene->service, 2, 0, &scene->server, &err) < 0 ||
	    rpc_server_listen_tls(scene->server, "127.0.0.1:0", scene->server_tls, CLIENT_NAME,
				  &port, &err) < 0 ||
	    rpc_server_start(scene->server, &err) < 0)
		fail_msg("%s", err.text);
	snprintf(scene->address, sizeof(scene->address), "127.0.0.1:%u", port);
	*state = scene;
	return 0;
}

int tls_scene_end(void **state)
{
	struct tls_scene *scene = *state;
	atomic_store(&scene->service.released, true);
	rpc_server_free(scene->server);
	rpc_tls_free(scene->server_tls);
	certificates_remove(scene->server_folder);
	certificates_free(scene->ca);
	log_set_fd(-1);
	close(scene->log_fd);
	unlink(scene->log_path);
	free(scene);
	return 0;
}

bool tls_scene_logged(const struct tls_scene *scene, const char *text)
{
	CLEANUP_FREE char *log = NULL;
	struct error err;
	assert_int_equal(file_read(scene->log_path, 1 << 20, &log, NULL, &err), 0);
	return strstr(log, text) != NULL;
}

bool tls_scene_logs(const struct tls_scene *scene, const char *text)
{
	uint64_t end_ms = clock_monotonic_ms() + LOG_PATIENCE_MS;
	while (!tls_scene_logged(scene, text)) {
		if (clock_monotonic_ms() > end_ms)
			return false;
		usleep(2000);
	}
	return true;
}

struct rpc_channel *tls_scene_channel(const struct tls_scene *scene, const struct certificates *ca,
				      const char *name, const char *server_name)
{
	CLEANUP(certificates_removep) char *folder = certificates_folder(ca, name);
	CLEANUP(rpc_tls_freep) struct rpc_tls *tls = NULL;
	struct rpc_channel *channel = NULL;
	struct error err = { 0 };
	if (rpc_tls_new(folder, &tls, &err) < 0 ||
	    rpc_channel_new_tls(scene->address, tls, server_name, &channel, &err) < 0)
		fail_msg("%s", err.text);
	return channel;
}

int tls_scene_connect(const struct tls_scene *scene)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	to.sin_port = htons((uint16_t)atoi(strchr(scene->address, ':') + 1));
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

bool tls_scene_accepts(const struct tls_scene *scene, const char *folder)
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
	CLEANUP_CLOSE int fd = tls_scene_connect(scene);
	assert_true(fd >= 0);
	SSL_set_fd(ssl, fd);
	char byte;
	/* With TLS 1.3 the client learns of a refusal only when it reads; an HTTP/2 server that
	 * accepts sends its SETTINGS at once. */
	bool accepted = SSL_connect(ssl) == 1 && SSL_read(ssl, &byte, 1) == 1;
	SSL_free(ssl);
	SSL_CTX_free(context);
	return accepted;
}
