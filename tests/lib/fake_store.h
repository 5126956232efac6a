/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The objects of the API server of the tests, the rules by which they change, and the history of
 * their changes. Without locks: fake_api.c holds one.
 */

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A request's path, taken apart. */
struct fake_path {
	char *collection; /* "/api/v1/pods": without the namespace */
	char *namespace;  /* "": of the whole cluster, or all namespaces */
	char *name;	  /* NULL: the collection itself */
	char *subresource;
	char *query; /* behind the "?", still escaped; "" if there is none */
};

bool fake_path_parse(const char *text, struct fake_path *ret_path);
void fake_path_done(struct fake_path *path);

/* A parameter of the query, unescaped, yours; NULL if it is not there. */
char *fake_path_parameter(const struct fake_path *path, const char *key);

struct fake_record {
	struct fake_record *prev;
	struct fake_record *next;
	char *collection;
	char *namespace;
	char *name;
	struct json_object *json; /* never changed in place */
};

struct fake_change {
	uint64_t version;
	char *collection;
	char *namespace;
	struct json_object *before; /* NULL: it was created */
	struct json_object *after;  /* NULL: it was deleted */
	struct json_object *last;   /* of a deletion: the object with the version of its end */
};

/* A mutating admission webhook: may change the object that a client is about to write. */
typedef void fake_store_webhook(void *context, const char *collection, struct json_object *object);

struct fake_store {
	struct fake_record *records; /* sorted by collection, namespace and name */
	uint64_t version;
	uint64_t oldest_version; /* what happened before is forgotten */
	uint64_t next_uid;
	fake_store_webhook *webhook; /* NULL: none */
	void *webhook_context;
	const char *template_default; /* member of a pod spec that is filled in; or NULL */
	struct fake_change *changes;
	size_t change_count;
	size_t change_capacity;
};

void fake_store_init(struct fake_store *store);
void fake_store_done(struct fake_store *store);

struct fake_record *fake_store_find(struct fake_store *store, const char *collection,
				    const char *namespace, const char *name);

/* Creates or replaces without any rule; the json's reference is taken. */
void fake_store_put(struct fake_store *store, const char *collection, struct json_object *json);
void fake_store_remove(struct fake_store *store, struct fake_record *record);

/* What the API does with a request. Returns the HTTP status; *ret_json is the body, yours. */
int fake_store_handle(struct fake_store *store, const char *method, const struct fake_path *path,
		      const char *content_type, struct json_object *body,
		      struct json_object **ret_json);

/* A meta/v1 Status, yours. */
struct json_object *fake_status(int code, const char *reason, const char *message);
