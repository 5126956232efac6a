/* SPDX-License-Identifier: Apache-2.0 */
#include "http/client.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <utlist.h>

#include "base/clock.h"
#include "http/token.h"
#include "http/transfer.h"

/* The most that the loop sleeps; libcurl's own timers and curl_multi_wakeup() end it earlier. */
#define POLL_MAX_MS 60000

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
	CURLM *multi;
	pthread_t thread;

	pthread_mutex_t lock;
	struct transfer *incoming; /* not yet in the loop's hands */
	struct transfer *running;  /* the loop's */
	uint64_t heard_ms;	   /* when the server last said anything */
	uint64_t stuck_ms;	   /* when its connections were given up; 0: never */
	bool stopping;
	bool quitting;
};

/*
 * The loop's thread. It takes the lock for its own bookkeeping and never while in libcurl.
 */

/* Under the lock. From here on the transfer is the asking thread's again. */
static void end(struct http_client *client, struct transfer *transfer)
{
	DL_DELETE(client->running, transfer);
	transfer->ended = true;
	pthread_cond_broadcast(&transfer->changed);
}

static void end_with(struct http_client *client, struct transfer *transfer, enum error_code code,
		     const char *why)
{
	curl_multi_remove_handle(client->multi, transfer->easy);
	pthread_mutex_lock(&client->lock);
	transfer->failed = true;
	error_set(&transfer->error, code, "%s", why);
	end(client, transfer);
	pthread_mutex_unlock(&client->lock);
}

static struct transfer *take_incoming(struct http_client *client)
{
	pthread_mutex_lock(&client->lock);
	struct transfer *transfer = client->incoming;
	if (transfer) {
		DL_DELETE(client->incoming, transfer);
		DL_APPEND(client->running, transfer);
	}
	pthread_mutex_unlock(&client->lock);
	return transfer;
}

static void start_incoming(struct http_client *client)
{
	struct transfer *transfer;
	while ((transfer = take_incoming(client)))
		if (curl_multi_add_handle(client->multi, transfer->easy) != CURLM_OK)
			end_with(client, transfer, ERROR_INTERNAL, "libcurl refused the request");
}

/* A request got no answer in its time. If nothing else came from the server meanwhile either, it is
 * not that request which is slow: whatever is under way is given up, and connections that are older
 * are not used again (see max_connection_age_s()). TCP would take minutes to notice a peer that is
 * frozen but alive. Under the lock. */
static void judge_timeout(struct http_client *client, const struct transfer *transfer)
{
	uint64_t since_ms = transfer->is_stream ? transfer->heard_ms : transfer->begun_ms;
	if (client->heard_ms <= since_ms)
		client->stuck_ms = clock_monotonic_ms();
}

struct doom {
	enum error_code code;
	const char *why;
};

/* Under the lock. False where there is no reason to end the transfer. */
static bool is_doomed(struct http_client *client, const struct transfer *transfer, uint64_t now_ms,
		      struct doom *ret_doom)
{
	bool silent = transfer->silence_ms && !transfer->paused &&
		      now_ms - transfer->heard_ms >= transfer->silence_ms;
	if (client->stopping || transfer->closing)
		*ret_doom = (struct doom) { ERROR_CANCELLED, "the client was stopped" };
	else if (silent)
		*ret_doom =
			(struct doom) { ERROR_TIMEOUT, "the server has been silent for too long" };
	else if (transfer->begun_ms < client->stuck_ms)
		*ret_doom = (struct doom) {
			transfer->has_effect ? ERROR_TIMEOUT : ERROR_UNAVAILABLE,
			"the server no longer answers on this connection",
		};
	else
		return false;
	if (silent)
		judge_timeout(client, transfer);
	return true;
}

/* Under the lock. */
static struct transfer *find_doomed(struct http_client *client, uint64_t now_ms,
				    struct doom *ret_doom)
{
	struct transfer *transfer;
	DL_FOREACH(client->running, transfer)
	if (is_doomed(client, transfer, now_ms, ret_doom))
		return transfer;
	return NULL;
}

static void end_doomed(struct http_client *client)
{
	uint64_t now_ms = clock_monotonic_ms();
	for (;;) {
		struct doom doom = { ERROR_CANCELLED, "" };
		pthread_mutex_lock(&client->lock);
		struct transfer *transfer = find_doomed(client, now_ms, &doom);
		pthread_mutex_unlock(&client->lock);
		if (!transfer)
			return;
		end_with(client, transfer, doom.code, doom.why);
	}
}

static struct transfer *take_resumable(struct http_client *client)
{
	struct transfer *transfer;
	pthread_mutex_lock(&client->lock);
	DL_FOREACH(client->running, transfer)
	if (transfer->resume)
		break;
	if (transfer) {
		transfer->resume = false;
		transfer->paused = false;
		transfer->heard_ms = clock_monotonic_ms();
	}
	pthread_mutex_unlock(&client->lock);
	return transfer;
}

/* What libcurl held back comes through the write callback from within curl_easy_pause(). */
static void resume_streams(struct http_client *client)
{
	struct transfer *transfer;
	while ((transfer = take_resumable(client)))
		curl_easy_pause(transfer->easy, CURLPAUSE_CONT);
}

static void finish(struct http_client *client, CURL *easy, CURLcode code)
{
	struct transfer *transfer;
	curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
	curl_multi_remove_handle(client->multi, easy);
	pthread_mutex_lock(&client->lock);
	if (code != CURLE_OK)
		transfer_fail(transfer, code);
	if (code == CURLE_OPERATION_TIMEDOUT)
		judge_timeout(client, transfer);
	end(client, transfer);
	pthread_mutex_unlock(&client->lock);
}

static void finish_transfers(struct http_client *client)
{
	CURLMsg *message;
	int rest;
	while ((message = curl_multi_info_read(client->multi, &rest)))
		if (message->msg == CURLMSG_DONE)
			finish(client, message->easy_handle, message->data.result);
}

/* How long no stream becomes too silent. */
static int sleep_ms(struct http_client *client)
{
	uint64_t now_ms = clock_monotonic_ms();
	uint64_t sleep = POLL_MAX_MS;
	struct transfer *transfer;
	pthread_mutex_lock(&client->lock);
	DL_FOREACH(client->running, transfer)
	{
		uint64_t due_ms = transfer->heard_ms + transfer->silence_ms;
		if (!transfer->silence_ms || transfer->paused)
			continue;
		if (due_ms <= now_ms)
			sleep = 0;
		else if (due_ms - now_ms < sleep)
			sleep = due_ms - now_ms;
	}
	pthread_mutex_unlock(&client->lock);
	return (int)sleep;
}

static bool quitting(struct http_client *client)
{
	pthread_mutex_lock(&client->lock);
	bool quit = client->quitting;
	pthread_mutex_unlock(&client->lock);
	return quit;
}

static void *run(void *context)
{
	struct http_client *client = context;
	while (!quitting(client)) {
		int active;
		start_incoming(client);
		resume_streams(client);
		curl_multi_perform(client->multi, &active);
		finish_transfers(client);
		end_doomed(client);
		curl_multi_poll(client->multi, NULL, 0, sleep_ms(client), NULL);
	}
	return NULL;
}

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
	char *token CLEANUP(token_wipep) = NULL;
	if (client->token_file && token_file_get(client->token_file, &token, err) < 0)
		return -1;
	if (!token && !options->token)
		return 0;
	char *line CLEANUP(token_wipep) =
		must_printf("Authorization: Bearer %s", token ? token : options->token);
	transfer_add_header(transfer, line);
	return 0;
}

/* In whole seconds, which is all that libcurl knows; 0: any. A connection that was stuck is older
 * by at least the time for which the request waited. */
static long max_connection_age_s(struct http_client *client)
{
	pthread_mutex_lock(&client->lock);
	uint64_t stuck_ms = client->stuck_ms;
	pthread_mutex_unlock(&client->lock);
	return stuck_ms ? (long)((clock_monotonic_ms() - stuck_ms) / 1000 + 1) : 0;
}

static int prepare(struct http_client *client, const struct http_request *request, bool is_stream,
		   struct transfer **ret_transfer, struct error *err)
{
	struct transfer *transfer CLEANUP(transfer_freep) =
		transfer_new(&client->lock, &client->heard_ms, is_stream, request);
	char *url CLEANUP_FREE = must_printf("%s%s", client->options.base_url, request->path);
	CURL *easy = transfer->easy;
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, client->options.user_agent);
	set_connection(easy);
	curl_easy_setopt(easy, CURLOPT_MAXLIFETIME_CONN, max_connection_age_s(client));
	set_tls(easy, &client->options);
	if (set_token(client, transfer, err) < 0)
		return -1;
	*ret_transfer = TAKE(transfer);
	return 0;
}

/*
 * The outside.
 */

/* libcurl undoes percent signs, and looks for what is not ASCII then by libidn2, which a release
 * does without (cmake/CurlHttp.cmake). In brackets they begin the zone of an address (RFC 6874). */
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

static void initialise_curl(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

static CURLM *make_multi(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, initialise_curl);
	CURLM *multi = curl_multi_init();
	if (!multi)
		abort(); /* as when memory is out: base/text.h */
	curl_multi_setopt(multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
	return multi;
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
	client->multi = make_multi();
	pthread_mutex_init(&client->lock, NULL);
	if (pthread_create(&client->thread, NULL, run, client) != 0)
		abort(); /* as when memory is out: base/text.h */
	*ret_client = client;
	return 0;
}

void http_client_stop(struct http_client *client)
{
	pthread_mutex_lock(&client->lock);
	client->stopping = true;
	pthread_mutex_unlock(&client->lock);
	curl_multi_wakeup(client->multi);
}

void http_client_free(struct http_client *client)
{
	if (!client)
		return;
	pthread_mutex_lock(&client->lock);
	client->quitting = true;
	pthread_mutex_unlock(&client->lock);
	curl_multi_wakeup(client->multi);
	pthread_join(client->thread, NULL);
	curl_multi_cleanup(client->multi);
	pthread_mutex_destroy(&client->lock);
	token_file_free(client->token_file);
	free_options(&client->options);
	free(client);
}

static int submit(struct http_client *client, struct transfer *transfer, struct error *err)
{
	pthread_mutex_lock(&client->lock);
	bool stopping = client->stopping;
	if (!stopping)
		DL_APPEND(client->incoming, transfer);
	pthread_mutex_unlock(&client->lock);
	if (stopping)
		return error_set(err, ERROR_CANCELLED, "the client was stopped");
	curl_multi_wakeup(client->multi);
	return 0;
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
	ret_response->body_length = transfer->body.length;
	ret_response->body = text_take(&transfer->body);
	return 0;
}

/* Until the transfer has ended or, for a stream, its status is known to be good. */
static void await(struct http_client *client, struct transfer *transfer)
{
	pthread_mutex_lock(&client->lock);
	while (!transfer->ended && !transfer->opened)
		pthread_cond_wait(&transfer->changed, &client->lock);
	pthread_mutex_unlock(&client->lock);
}

int http_client_request(struct http_client *client, const struct http_request *request,
			struct http_response *ret_response, struct error *err)
{
	struct transfer *transfer CLEANUP(transfer_freep) = NULL;
	if (prepare(client, request, false, &transfer, err) < 0 ||
	    submit(client, transfer, err) < 0)
		return -1;
	await(client, transfer);
	return take_response(client, transfer, ret_response, err);
}

void http_response_done(struct http_response *response)
{
	free(response->body);
	*response = (struct http_response) { 0 };
}

/* A stream may have opened and ended already: its lines are still to be read. */
static bool has_opened(struct http_client *client, const struct transfer *transfer)
{
	pthread_mutex_lock(&client->lock);
	bool opened = transfer->opened;
	pthread_mutex_unlock(&client->lock);
	return opened;
}

int http_client_open(struct http_client *client, const struct http_request *request,
		     struct http_stream **ret_stream, struct http_response *ret_response,
		     struct error *err)
{
	struct transfer *transfer CLEANUP(transfer_freep) = NULL;
	if (prepare(client, request, true, &transfer, err) < 0 || submit(client, transfer, err) < 0)
		return -1;
	await(client, transfer);
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
	curl_multi_wakeup(client->multi);
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
	pthread_mutex_lock(&client->lock);
	while (!transfer->lines && !transfer->ended)
		pthread_cond_wait(&transfer->changed, &client->lock);
	int r = transfer_take_line(transfer, ret_line, ret_length);
	if (r == 0)
		ask_to_resume(client, transfer);
	else
		r = read_end(client, transfer, err);
	pthread_mutex_unlock(&client->lock);
	return r;
}

void http_stream_close(struct http_stream *stream)
{
	if (!stream)
		return;
	struct http_client *client = stream->client;
	struct transfer *transfer = stream->transfer;
	pthread_mutex_lock(&client->lock);
	transfer->closing = true;
	if (!transfer->ended)
		curl_multi_wakeup(client->multi);
	while (!transfer->ended)
		pthread_cond_wait(&transfer->changed, &client->lock);
	pthread_mutex_unlock(&client->lock);
	transfer_free(transfer);
	free(stream);
}
