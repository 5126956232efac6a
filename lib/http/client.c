/* SPDX-License-Identifier: Apache-2.0 */
#include "http/client.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "http/token.h"
#include "http/transfer.h"
#include "http/transfer_loop.h"

/* A peer that is gone is noticed after this time, both while we wait (keep-alive) and while what
 * we sent is not acknowledged (tcp(7), TCP_USER_TIMEOUT). */
#define PEER_GONE_MS 30000

/* RFC 3986 §2. */
#define URL_CHARACTERS                                                                             \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:/?#[]@!$&'()*+,;=%"

struct http_stream {
	struct http_client *client;
	struct transfer *transfer;
};

struct http_client {
	struct http_client_options options; /* the strings are the client's */
	struct token_file *token_file;
	struct transfer_loop loop;
};

/*
 * What every request of a client has in common.
 */

static int on_socket(void *context, curl_socket_t fd, curlsocktype purpose)
{
	const unsigned timeout_ms = PEER_GONE_MS;
	(void)context;
	(void)purpose;
	/* An address that is no TCP one has no such option; it works without. */
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof(timeout_ms));
	return CURL_SOCKOPT_OK;
}

static void set_blob(CURL *easy, CURLoption option, const char *text)
{
	struct curl_blob blob = {
		.data = (void *)text,
		.len = strlen(text),
		.flags = CURL_BLOB_NOCOPY, /* lives as long as the client */
	};
	curl_easy_setopt(easy, option, &blob);
}

static void set_tls(CURL *easy, const struct http_client_options *options)
{
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	/* The CA may be replaced while we run: parsed again for each connection. */
	curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, 0L);
	if (options->ca_pem || options->ca_file)
		curl_easy_setopt(easy, CURLOPT_CAPATH, NULL); /* only ours, not the system's too */
	if (options->ca_pem)
		set_blob(easy, CURLOPT_CAINFO_BLOB, options->ca_pem);
	else if (options->ca_file)
		curl_easy_setopt(easy, CURLOPT_CAINFO, options->ca_file);
	if (options->certificate_pem)
		set_blob(easy, CURLOPT_SSLCERT_BLOB, options->certificate_pem);
	else if (options->certificate_file)
		curl_easy_setopt(easy, CURLOPT_SSLCERT, options->certificate_file);
	if (options->key_pem)
		set_blob(easy, CURLOPT_SSLKEY_BLOB, options->key_pem);
	else if (options->key_file)
		curl_easy_setopt(easy, CURLOPT_SSLKEY, options->key_file);
}

static void set_connection(CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* whatever the environment names */
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, PEER_GONE_MS / 2000L);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, 5L);
	curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, on_socket);
}

static int set_token(struct http_client *client, struct transfer *transfer, struct error *err)
{
	const struct http_client_options *options = &client->options;
	CLEANUP(token_wipep) char *token = NULL;
	if (client->token_file && token_file_get(client->token_file, &token, err) < 0)
		return -1;
	if (!token && !options->token)
		return 0;
	CLEANUP(token_wipep)
	char *line = must_printf("Authorization: Bearer %s", token ? token : options->token);
	transfer_add_header(transfer, line);
	return 0;
}

static int prepare(struct http_client *client, const struct http_request *request, bool is_stream,
		   struct transfer **ret_transfer, struct error *err)
{
	CLEANUP(transfer_freep)
	struct transfer *transfer =
		transfer_new(&client->loop.lock, &client->loop.heard_ms, is_stream, request);
	CLEANUP_FREE char *url = must_printf("%s%s", client->options.base_url, request->path);
	CURL *easy = transfer->easy;
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, client->options.user_agent);
	set_connection(easy);
	curl_easy_setopt(easy, CURLOPT_MAXLIFETIME_CONN,
			 transfer_loop_connection_age_max_s(&client->loop));
	set_tls(easy, &client->options);
	if (set_token(client, transfer, err) < 0)
		return -1;
	*ret_transfer = TAKE(transfer);
	return 0;
}

/*
 * The outside.
 */

/* libcurl undoes percent signs, and looks for what is not ASCII then by libidn2: no API server has
 * such a name. In brackets they begin the zone of an address (RFC 6874). */
static bool host_is_plain(const char *url)
{
	const char *host = strstr(url, "://") + 3;
	return *host == '[' || !memchr(host, '%', strcspn(host, "/?#"));
}

static int check_options(const struct http_client_options *options, struct error *err)
{
	const char *url = options->base_url;
	if (!url || (strncmp(url, "https://", 8) != 0 && strncmp(url, "http://", 7) != 0))
		return error_set(err, ERROR_INVALID,
				 "the server's address must begin with https://, not \"%s\"",
				 url ? url : "");
	if (strspn(url, URL_CHARACTERS) != strlen(url) || !host_is_plain(url))
		return error_set(err, ERROR_INVALID,
				 "the server's address \"%s\" holds characters that no address may",
				 url);
	if (strchr(url, '@'))
		return error_set(err, ERROR_INVALID,
				 "the server's address must not hold a user name");
	return 0;
}

static void copy_options(struct http_client *client, const struct http_client_options *options)
{
	client->options = (struct http_client_options) {
		.base_url = must_strdup(options->base_url),
		.user_agent = must_strdup(options->user_agent ? options->user_agent
							      : "kentledge/" KENTLEDGE_VERSION),
		.ca_file = must_strdup(options->ca_file),
		.certificate_file = must_strdup(options->certificate_file),
		.key_file = must_strdup(options->key_file),
		.ca_pem = must_strdup(options->ca_pem),
		.certificate_pem = must_strdup(options->certificate_pem),
		.key_pem = must_strdup(options->key_pem),
	};
}

static int set_up_token(struct http_client *client, const struct http_client_options *options,
			struct error *err)
{
	char *token = NULL;
	if (options->token_file)
		client->token_file = token_file_new(options->token_file);
	else if (options->token && token_check(options->token, &token, err) < 0)
		return -1;
	client->options.token = token;
	return 0;
}

static void free_options(struct http_client_options *options)
{
	free((char *)options->base_url);
	free((char *)options->user_agent);
	free((char *)options->ca_file);
	free((char *)options->certificate_file);
	free((char *)options->key_file);
	free((char *)options->ca_pem);
	free((char *)options->certificate_pem);
	token_wipe((char *)options->key_pem);
	token_wipe((char *)options->token);
}

int http_client_new(const struct http_client_options *options, struct http_client **ret_client,
		    struct error *err)
{
	if (check_options(options, err) < 0)
		return -1;
	struct http_client *client = must_alloc(sizeof(*client));
	copy_options(client, options);
	if (set_up_token(client, options, err) < 0) {
		free_options(&client->options);
		free(client);
		return -1;
	}
	transfer_loop_init(&client->loop);
	*ret_client = client;
	return 0;
}

void http_client_stop(struct http_client *client)
{
	transfer_loop_stop(&client->loop);
}

void http_client_free(struct http_client *client)
{
	if (!client)
		return;
	transfer_loop_done(&client->loop);
	token_file_free(client->token_file);
	free_options(&client->options);
	free(client);
}

static int fail(const struct http_client *client, const struct transfer *transfer,
		struct error *err)
{
	return error_set(err, transfer->error.code, "%s: %s", client->options.base_url,
			 transfer->error.text);
}

static int take_response(const struct http_client *client, struct transfer *transfer,
			 struct http_response *ret_response, struct error *err)
{
	if (transfer->failed)
		return fail(client, transfer, err);
	ret_response->status = transfer->status;
	ret_response->retry_after_s = transfer->retry_after_s;
	ret_response->secret = transfer->body.secret;
	ret_response->body_length = transfer->body.length;
	ret_response->body = text_take(&transfer->body);
	return 0;
}

int http_client_request(struct http_client *client, const struct http_request *request,
			struct http_response *ret_response, struct error *err)
{
	CLEANUP(transfer_freep) struct transfer *transfer = NULL;
	if (prepare(client, request, false, &transfer, err) < 0 ||
	    transfer_loop_submit(&client->loop, transfer, err) < 0)
		return -1;
	transfer_loop_await(&client->loop, transfer);
	return take_response(client, transfer, ret_response, err);
}

void http_response_done(struct http_response *response)
{
	if (response->secret && response->body)
		explicit_bzero(response->body, response->body_length);
	free(response->body);
	*response = (struct http_response) { 0 };
}

/* A stream may have opened and ended already: its lines are still to be read. */
static bool has_opened(struct http_client *client, const struct transfer *transfer)
{
	pthread_mutex_lock(&client->loop.lock);
	bool opened = transfer->opened;
	pthread_mutex_unlock(&client->loop.lock);
	return opened;
}

int http_client_open(struct http_client *client, const struct http_request *request,
		     struct http_stream **ret_stream, struct http_response *ret_response,
		     struct error *err)
{
	CLEANUP(transfer_freep) struct transfer *transfer = NULL;
	if (prepare(client, request, true, &transfer, err) < 0 ||
	    transfer_loop_submit(&client->loop, transfer, err) < 0)
		return -1;
	transfer_loop_await(&client->loop, transfer);
	if (!has_opened(client, transfer)) {
		if (take_response(client, transfer, ret_response, err) < 0)
			return -1;
		*ret_stream = NULL;
		return 0;
	}
	struct http_stream *stream = must_alloc(sizeof(*stream));
	stream->client = client;
	stream->transfer = TAKE(transfer);
	*ret_stream = stream;
	return 0;
}

/* Under the lock. What is left without a whole line must go on however long it is. */
static void ask_to_resume(struct http_client *client, struct transfer *transfer)
{
	size_t unread = transfer->body.length - transfer->read_bytes;
	if (!transfer->paused || transfer->ended ||
	    (transfer->lines && unread > TRANSFER_HOLD_BYTES / 2))
		return;
	transfer->resume = true;
	transfer_loop_wake(&client->loop);
}

/* Under the lock; no whole line is left. */
static int read_end(const struct http_client *client, const struct transfer *transfer,
		    struct error *err)
{
	if (transfer->failed)
		return fail(client, transfer, err);
	if (transfer->body.length > transfer->read_bytes)
		return error_set(err, ERROR_UNAVAILABLE,
				 "%s: the stream ended in the middle of a line",
				 client->options.base_url);
	return 1;
}

int http_stream_read_line(struct http_stream *stream, char **ret_line, size_t *ret_length,
			  struct error *err)
{
	struct http_client *client = stream->client;
	struct transfer *transfer = stream->transfer;
	pthread_mutex_lock(&client->loop.lock);
	while (!transfer->lines && !transfer->ended)
		pthread_cond_wait(&transfer->changed, &client->loop.lock);
	int r = transfer_take_line(transfer, ret_line, ret_length);
	if (r == 0)
		ask_to_resume(client, transfer);
	else
		r = read_end(client, transfer, err);
	pthread_mutex_unlock(&client->loop.lock);
	return r;
}

void http_stream_close(struct http_stream *stream)
{
	if (!stream)
		return;
	struct http_client *client = stream->client;
	struct transfer *transfer = stream->transfer;
	pthread_mutex_lock(&client->loop.lock);
	transfer->closing = true;
	if (!transfer->ended)
		transfer_loop_wake(&client->loop);
	while (!transfer->ended)
		pthread_cond_wait(&transfer->changed, &client->loop.lock);
	pthread_mutex_unlock(&client->loop.lock);
	transfer_free(transfer);
	free(stream);
}
