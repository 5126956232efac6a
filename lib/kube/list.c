/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/list.h"

#include <string.h>

#include "base/text.h"
#include "kube/call.h"
#include "kube/json.h"
#include "kube/list_text.h"

#define PAGE_OBJECTS "500"

/* A server that expires every list in the middle is given up: the caller comes back later. */
#define RESTARTS_MAX 3

struct listing {
	const struct kube_scope *scope;
	struct object_list objects;
	size_t capacity;
	void (*skipped)(void *context, const struct error *err);
	void *context;
	char *continue_token;	/* NULL: the first or behind the last page */
	char *resource_version; /* of the list, the same on each page */
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

static void parse_item(void *context, struct json_object *json)
{
	struct listing *listing = context;
	struct object *object;
	struct error err;
	if (object_parse(listing->scope->kind, json, &object, &err) == 0) {
		keep(listing, object);
		return;
	}
	struct json_object *name = json_find(json, "metadata.name");
	error_prefix(&err, "%s %.253s", listing->scope->kind->name,
		     name ? json_object_get_string(name) : "without a name");
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
	kube_query_add(&query, "limit", PAGE_OBJECTS);
	kube_query_add(&query, "continue", listing->continue_token);
	kube_query_add(&query, "labelSelector", scope->label_selector);
	kube_query_add(&query, "fieldSelector", scope->field_selector);
	const struct kube_call call = {
		.verb = "list",
		.method = "GET",
		.kind = scope->kind,
		.namespace = scope->namespace,
		.query = text_string(&query),
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
		if (fetch_page(client, listing, err) < 0)
			return -1;
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
	};
	struct error unread;
	err = err ? err : &unread;
	/* A list that took so long that its continue token is too old (410) begins anew: half of it
	 * as it was then and half as it is now would be a state that never was. */
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
