/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/list.h"

#include <string.h>

#include "base/text.h"
#include "kube/call.h"
#include "kube/json.h"
#include "kube/list_text.h"

/* A page of usual objects is a few megabytes. One that exceeds PAGE_BYTES_MAX is asked for again
 * with half as many objects, so that what the objects' authors put into them costs requests, not
 * memory. A page of a single object may be as large as any answer. */
#define PAGE_OBJECTS 500
#define PAGE_BYTES_MAX (8u << 20)

/* After so many lists that expire in the middle the call fails: the caller tries again later. */
#define RESTARTS_MAX 3

struct listing {
	const struct kube_scope *scope;
	struct object_list objects;
	size_t capacity;
	void (*skipped)(void *context, const struct error *err);
	void *context;
	char *continue_token;	/* NULL: the first or behind the last page */
	char *resource_version; /* of the list, the same on each page */
	unsigned page_objects; /* asked for at once; half as many after a page that was too large */
};

static void listing_done(struct listing *listing)
{
	object_list_done(&listing->objects);
	free(listing->continue_token);
	free(listing->resource_version);
	listing->continue_token = NULL;
	listing->resource_version = NULL;
	listing->capacity = 0;
}

static void keep(struct listing *listing, struct object *taken)
{
	struct object_list *objects = &listing->objects;
	if (objects->count == listing->capacity) {
		listing->capacity = listing->capacity ? listing->capacity * 2 : 16;
		objects->items =
			must_realloc(objects->items, listing->capacity * sizeof(*objects->items));
	}
	objects->items[objects->count++] = taken;
}

static void parse_item(void *context, const struct json_span *text)
{
	struct listing *listing = context;
	struct object *object;
	struct error err;
	if (object_parse_text(listing->scope->kind, text->text, text->length, &object, &err) == 0) {
		keep(listing, object);
		return;
	}
	object_name_error(listing->scope->kind, text->text, text->length, &err);
	error_prefix(&err, "%s", listing->scope->kind->name);
	if (listing->skipped)
		listing->skipped(listing->context, &err);
}

static char *metadata_string(struct json_object *metadata, const char *key)
{
	struct json_object *member = json_find(metadata, key);
	const char *string =
		json_object_is_type(member, json_type_string) ? json_object_get_string(member) : "";
	return *string ? must_strdup(string) : NULL;
}

static int parse_page(struct listing *listing, const struct http_response *page, struct error *err)
{
	CLEANUP(json_object_putp) struct json_object *metadata = NULL;
	if (list_text_parse(page->body, page->body_length, parse_item, listing, &metadata, err) < 0)
		return error_prefix(err, "list %s", listing->scope->kind->name);
	free(listing->continue_token);
	listing->continue_token = metadata_string(metadata, "continue");
	if (!listing->resource_version)
		listing->resource_version = metadata_string(metadata, "resourceVersion");
	if (!listing->resource_version)
		return error_set(err, ERROR_INTERNAL,
				 "list %s: the answer lacks metadata.resourceVersion",
				 listing->scope->kind->name);
	return 0;
}

static int fetch_page(struct kube_client *client, struct listing *listing, struct error *err)
{
	const struct kube_scope *scope = listing->scope;
	CLEANUP_TEXT struct text query = TEXT_INIT;
	text_printf(&query, "limit=%u", listing->page_objects);
	kube_query_add(&query, "continue", listing->continue_token);
	kube_query_add(&query, "labelSelector", scope->label_selector);
	kube_query_add(&query, "fieldSelector", scope->field_selector);
	const struct kube_call call = {
		.verb = "list",
		.method = "GET",
		.kind = scope->kind,
		.namespace = scope->namespace,
		.query = text_string(&query),
		.body_max = listing->page_objects > 1 ? PAGE_BYTES_MAX : 0,
	};
	struct http_response page;
	if (kube_call(client, &call, &page, err) < 0)
		return -1;
	int r = parse_page(listing, &page, err);
	http_response_done(&page);
	return r;
}

static int fetch_all(struct kube_client *client, struct listing *listing, struct error *err)
{
	do {
		while (fetch_page(client, listing, err) < 0) {
			if (err->code != ERROR_EXHAUSTED || listing->page_objects == 1)
				return -1;
			listing->page_objects /= 2;
		}
	} while (listing->continue_token);
	return 0;
}

int kube_list(struct kube_client *client, const struct kube_scope *scope,
	      void (*each)(void *context, struct object *object),
	      void (*skipped)(void *context, const struct error *err), void *context,
	      char **ret_resource_version, struct error *err)
{
	CLEANUP(listing_done)
	struct listing listing = {
		.scope = scope,
		.skipped = skipped,
		.context = context,
		.page_objects = PAGE_OBJECTS,
	};
	struct error unread;
	err = err ? err : &unread;
	/* A list that took so long that its continue token is too old (410) starts again: half of
	 * it as it was then and half as it is now would be a state that never existed. */
	for (unsigned restarts = 0; fetch_all(client, &listing, err) < 0; restarts++) {
		if (err->code != ERROR_EXPIRED || restarts == RESTARTS_MAX)
			return -1;
		listing_done(&listing);
	}
	for (size_t i = 0; i < listing.objects.count; i++)
		each(context, listing.objects.items[i]);
	if (ret_resource_version)
		*ret_resource_version = TAKE(listing.resource_version);
	return 0;
}
