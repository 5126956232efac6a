/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A namespace's editor makes many large objects. The server here makes its pages up, so that the
 * memory of this process is what the informer needs.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "kube/claim.h"
#include "kube/informer.h"
#include "kube/transport.h"
#include "test.h"

#define CLAIMS 450
#define ANNOTATION_BYTES (250 << 10)

/* What an informer of such claims may need of private memory: a page, its parse, and the claims. */
#define MEMORY_MAX_KIB (24 << 10)

struct server {
	atomic_uint lists;
	atomic_uint refused; /* pages that were too large */
	atomic_bool stopped;
	atomic_bool watched;
};

static void append_claim(struct text *page, unsigned number)
{
	static char value[ANNOTATION_BYTES];
	memset(value, 'x', sizeof(value));
	text_printf(page,
		    "{\"metadata\":{\"name\":\"c-%u\",\"namespace\":\"evil\",\"uid\":\"u-%u\","
		    "\"resourceVersion\":\"%u\",\"annotations\":{\"a\":\"",
		    number, number, number + 1);
	text_append(page, value, sizeof(value));
	text_append_string(page, "\",\"volume.kubernetes.io/selected-node\":\"n1\"}},"
				 "\"spec\":{\"accessModes\":[\"ReadWriteOnce\"]}}");
}

static unsigned parameter(const char *path, const char *name, unsigned fallback)
{
	const char *found = strstr(path, name);
	return found ? (unsigned)strtoul(found + strlen(name), NULL, 10) : fallback;
}

/* As lib/http: what exceeds the bound ends the transfer. */
static int serve_page(void *context, const struct http_request *request,
		      struct http_response *ret_response, struct error *err)
{
	struct server *server = context;
	unsigned next = parameter(request->path, "continue=", 0);
	unsigned end = next + parameter(request->path, "limit=", CLAIMS);
	size_t body_max = request->body_max ? request->body_max : HTTP_BODY_MAX;
	CLEANUP_TEXT struct text page = TEXT_INIT;
	server->lists++;
	text_append_string(&page, "{\"items\":[");
	for (unsigned first = next; next < end && next < CLAIMS; next++) {
		text_append_string(&page, next > first ? "," : "");
		append_claim(&page, next);
		if (page.length > body_max) {
			server->refused++;
			return error_set(err, ERROR_EXHAUSTED, "the answer is too large");
		}
	}
	text_append_string(&page, "],\"metadata\":{\"resourceVersion\":\"1000\"");
	if (next < CLAIMS)
		text_printf(&page, ",\"continue\":\"%u\"", next);
	text_append_string(&page, "}}");
	*ret_response = (struct http_response) { .status = 200, .body_length = page.length };
	ret_response->body = text_take(&page);
	return 0;
}

static int open_watch(void *context, const struct http_request *request, void **ret_stream,
		      struct http_response *ret_response, struct error *err)
{
	*ret_stream = context;
	return 0;
}

/* One claim grows to 1.5 MB, and one appears of which we would read too much. */
static int next_line(void *context, void *stream, char **ret_line, size_t *ret_length,
		     struct error *err)
{
	struct server *server = context;
	static atomic_uint lines;
	CLEANUP_TEXT struct text line = TEXT_INIT;
	unsigned number = lines++;
	while (number >= 3 && !server->stopped)
		usleep(1000);
	if (server->stopped)
		return error_set(err, ERROR_CANCELLED, "stopped");
	char *filler = must_alloc(1500001);
	memset(filler, 'x', 1500000);
	if (number == 0)
		text_printf(&line,
			    "{\"type\":\"MODIFIED\",\"object\":{\"metadata\":{\"name\":\"c-0\","
			    "\"namespace\":\"evil\",\"uid\":\"u-0\",\"resourceVersion\":\"1001\","
			    "\"annotations\":{\"a\":\"%s\"},\"labels\":{\"large\":\"yes\"}}}}",
			    filler);
	else if (number == 1)
		text_printf(&line,
			    "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"worse\","
			    "\"namespace\":\"evil\",\"uid\":\"u-w\",\"resourceVersion\":\"1002\"},"
			    "\"spec\":{\"volumeName\":\"%s\"}}}",
			    filler);
	else
		text_append_string(&line, "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":"
					  "\"good\",\"namespace\":\"shop\",\"uid\":\"u-g\","
					  "\"resourceVersion\":\"1003\"}}}");
	free(filler);
	*ret_length = line.length;
	*ret_line = text_take(&line);
	return 0;
}

static void close_watch(void *context, void *stream)
{
}

static void stop(void *context)
{
	((struct server *)context)->stopped = true;
}

static unsigned long status_kib(const char *field)
{
	char line[256];
	unsigned long kib = 0;
	FILE *file = fopen("/proc/self/status", "r");
	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, field, strlen(field)) == 0)
			sscanf(line + strlen(field), ": %lu", &kib);
	if (file)
		fclose(file);
	return kib;
}

static atomic_uint skipped;
static char last_skipped[2 * ERROR_TEXT_MAX];

static void note_skipped(void *context, const char *what, const struct error *err)
{
	snprintf(last_skipped, sizeof(last_skipped), "%s: %s", what, err->text);
	skipped++;
}

static bool has(struct informer *informer, const char *namespace, const char *name)
{
	CLEANUP(object_unrefp) struct object *object = informer_get(informer, namespace, name);
	return object != NULL;
}

static void many_large_claims_keep_no_claim_from_being_served(void **state)
{
	struct server server = { 0 };
	const struct kube_transport transport = { .context = &server,
						  .request = serve_page,
						  .open = open_watch,
						  .read_line = next_line,
						  .close = close_watch,
						  .stop = stop };
	CLEANUP(kube_client_freep) struct kube_client *client = kube_client_new_over(&transport);
	const struct informer_options options = { .scope = { .kind = &claim_kind },
						  .failed = note_skipped };
	unsigned long before_kib = status_kib("RssAnon");
	unsigned long peak_kib = before_kib;
	struct informer *informer = informer_new(client, &options);
	for (int i = 0; i < 30000 && !has(informer, "shop", "good"); i++) {
		unsigned long now_kib = status_kib("RssAnon");
		peak_kib = now_kib > peak_kib ? now_kib : peak_kib;
		usleep(1000);
	}
	assert_true(has(informer, "shop", "good"));
	assert_int_equal(informer_count(informer), CLAIMS + 1);
	printf("lists %u, of which too large %u; private memory grew by %lu KiB\n", server.lists,
	       server.refused, peak_kib - before_kib);
	/* 500, 250, 125, 62, then 31 or so at a time. */
	assert_in_range(server.refused, 1, 5);
	assert_in_range(server.lists, 10, 22);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	assert_in_range(peak_kib - before_kib, 0, MEMORY_MAX_KIB);
#endif

	CLEANUP(object_unrefp) struct object *grown = informer_get(informer, "evil", "c-0");
	assert_string_equal(pairs_get(&grown->labels, "large"), "yes");
	CLEANUP(object_unrefp) struct object *claim = informer_get(informer, "evil", "c-1");
	assert_string_equal(pairs_get(&claim->annotations, CLAIM_SELECTED_NODE_ANNOTATION), "n1");
	assert_null(pairs_get(&claim->annotations, "a"));

	assert_int_equal(skipped, 1);
	assert_non_null(strstr(last_skipped, "evil/worse: what is read of it is 1500"));
	kube_client_stop(client);
	informer_free(informer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_large_claims_keep_no_claim_from_being_served),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
